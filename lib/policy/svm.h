/* libsvm behind one file: C-SVC on dense rows. */
#ifndef AI_POLICY_SVM_H
#define AI_POLICY_SVM_H

#include "policy/policy.h"

/* Trains on rows x [m, p->n], already scaled, with labels +1 / -1 (both present).
 * Fills p's weight and bias (linear: support vectors folded to one vector) or
 * gamma, rho and sv (RBF); p->classifier says which.  The decision value is
 * positive for +1.  Returns 0 or -1. */
int ai_svm_train(struct ai_policy *p, const double *x, const signed char *label, size_t m, double cost, double gamma,
                 struct ai_err *err) AI_CHECKED;

#endif
