/* Exit policies: will the answer still change after this layer?  A policy knows
 * features by name and number, nothing of models. */
#ifndef AI_POLICY_POLICY_H
#define AI_POLICY_POLICY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "control/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AI_POLICY_FEATURES = 32 }; /* at most, of one policy */

enum ai_classifier { AI_RULE, AI_SVM_LINEAR, AI_SVM_RBF };

struct ai_policy {
    char model[65];                     /* digest of the model it was trained for; "": any */
    char head[16];                      /* of the features it was trained on; "": any */
    char digest[AI_DIGEST_LEN + 1];     /* of the policy's own text */
    bool has_layers;
    struct ai_layers layers;            /* where it may stop; all if !has_layers */
    enum ai_classifier classifier;

    size_t n;                           /* features */
    char names[AI_POLICY_FEATURES][32];
    size_t index[AI_POLICY_FEATURES];   /* in the features of a stream, by ai_policy_bind */

    struct ai_rule *rule;               /* AI_RULE */

    /* SVMs: x' = (x - mean) / sd; stops when the decision value is above threshold */
    double mean[AI_POLICY_FEATURES], sd[AI_POLICY_FEATURES];
    double threshold;
    double weight[AI_POLICY_FEATURES], bias; /* linear, of x': folded from the support vectors */
    double gamma, rho;                  /* RBF */
    size_t n_sv;
    double *sv;                         /* [n_sv][1 + n]: coefficient, then the vector */
};

/* "never"; a file in the format of ai-policy(5); or, if there is no such file and the
 * text has an operator in it, a rule such as "gap>0.8 && layer>=4". */
struct ai_policy *ai_policy_open(const char *file_or_rule, struct ai_err *err) AI_CHECKED;
/* The same from a file's bytes; name stands in messages. */
struct ai_policy *ai_policy_parse(const char *name, const void *data, size_t n, struct ai_err *err) AI_CHECKED;
void ai_policy_free(struct ai_policy *p);

/* Finds the policy's features among those a stream offers (once, before scoring).
 * Fails naming the one that is missing. */
int ai_policy_bind(struct ai_policy *p, const char *const *names, size_t n, struct ai_err *err) AI_CHECKED;

/* The policy's features x [p->n] at one layer, out of the stream's values in
 * ai_policy_bind's order; depth is layer / layers where the stream has none. */
void ai_policy_row(const struct ai_policy *p, const float *values, unsigned layer, unsigned layers, double *x);

/* > 0: stop at this layer.  values: the stream's, in ai_policy_bind's order; layers: the model's L. */
double ai_policy_score(const struct ai_policy *p, const float *values, unsigned layer, unsigned layers);

/* The decision value of an SVM for x [n], threshold not subtracted. */
double ai_policy_decision(const struct ai_policy *p, const double *x);

/* Appends the file's text.  notes: further `key value` lines, each ending in a line
 * feed, kept for readers ("" for none). */
int ai_policy_format(const struct ai_policy *p, const char *notes, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* "rule", "svm-linear", "svm-rbf" */
const char *ai_classifier_name(enum ai_classifier c);

#endif
