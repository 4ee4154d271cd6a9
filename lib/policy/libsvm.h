/* The files of svm-train and svm-scale as a policy.  libsvm's own reader believes what a
 * file says of its lengths and cannot read a pipe, so this is another one. */
#ifndef AI_POLICY_LIBSVM_H
#define AI_POLICY_LIBSVM_H

#include "policy/policy.h"

/* Do these bytes begin like a model of svm-train? */
bool ai_is_libsvm(const void *data, size_t n);

/* A model of two classes, 1 (stop) and another, C-SVC or nu-SVC, linear or RBF: a policy
 * whose features are those of the stream by number, as ai-view --to=svmlight counts them.
 * It decides as svm-predict does, ties included.  Returns it or NULL. */
struct ai_policy *ai_libsvm_parse(const char *name, const void *data, size_t n, struct ai_err *err) AI_CHECKED;

/* Sets the scaling of a policy from ai_libsvm_parse to that of svm-scale -s.  Features that the
 * file leaves out never changed in training: svm-scale drops them, and so does this. */
int ai_libsvm_range(struct ai_policy *p, const char *file, struct ai_err *err) AI_CHECKED;

#endif
