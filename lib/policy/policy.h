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

enum ai_classifier { AI_RULE, AI_SVM_LINEAR, AI_SVM_RBF, AI_LOGISTIC, AI_CRF };

/* What ai-calibrate found out on documents that had no part in training. */
struct ai_certificate {
    bool there;
    char model[65], tokenizer[65];      /* digests of the calibration streams' headers */
    char prompts[AI_DIGEST_LEN + 1];    /* of the documents, whatever their order */
    char features[AI_DIGEST_LEN + 1];   /* of what the policy read of them */
    double confidence;                  /* that the bounds hold, of each */
    double documents, skipped;          /* how many; share of layers skipped on them */
    bool has_flips, has_losses;
    double flips, flip_limit, flip_bound; /* answers changed; the limit asked for; the exact upper bound */
    double losses, loss_limit, loss_bound; /* right answers lost, likewise */
};

struct ai_policy {
    char model[65];                     /* digest of the model it was trained for; "": any */
    char head[16];                      /* of the features it was trained on; "": any */
    char digest[AI_DIGEST_LEN + 1];     /* of the policy's own text */
    bool has_layers;
    struct ai_layers layers;            /* where it may stop; all if !has_layers */
    enum ai_classifier classifier;

    size_t n;                           /* features */
    char names[AI_POLICY_FEATURES][32];
    bool by_number;                     /* names are not known: those of the stream, in order */
    size_t index[AI_POLICY_FEATURES];   /* in the features of a stream, by ai_policy_bind */

    struct ai_rule *rule;               /* AI_RULE */

    /* All but rules: x' = (x - mean) / sd; stops where the decision value is above threshold.
     * A rule reads threshold by that name. */
    double mean[AI_POLICY_FEATURES], sd[AI_POLICY_FEATURES];
    bool has_threshold;                 /* false: a rule that needs one and has none */
    double threshold;
    double weight[AI_POLICY_FEATURES], bias; /* of x'; a linear SVM's is folded from the support vectors */
    double gamma, rho;                  /* RBF */
    size_t n_sv;
    double *sv;                         /* [n_sv][1 + n]: coefficient, then the vector */
    double transition[2][2];            /* CRF: [unsettled or settled before][now] */

    size_t n_ladder;
    double *ladder;                     /* thresholds that calibration may try, falling: fixed by training */
    size_t n_trained;
    uint64_t *trained;                  /* prompt digests of the training documents, rising; none: not known */
    struct ai_certificate certificate;
    struct ai_buf notes;                /* the file's lines that mean nothing to a program */
};

/* "never"; a file in the format of ai-policy(5); a file that svm-train made (policy/libsvm.h);
 * or, if there is no such file and the text has an operator in it, a rule such as
 * "gap>0.8 && layer>=4". */
struct ai_policy *ai_policy_open(const char *file_or_rule, struct ai_err *err) AI_CHECKED;
/* A file of ai-policy(5) from its bytes; name stands in messages. */
struct ai_policy *ai_policy_parse(const char *name, const void *data, size_t n, struct ai_err *err) AI_CHECKED;
void ai_policy_free(struct ai_policy *p);

/* Finds the policy's features among those a stream offers (once, before scoring).
 * Fails naming the one that is missing. */
int ai_policy_bind(struct ai_policy *p, const char *const *names, size_t n, struct ai_err *err) AI_CHECKED;

/* The policy's features x [p->n] at one layer, out of the stream's values in
 * ai_policy_bind's order; depth is layer / layers where the stream has none. */
void ai_policy_row(const struct ai_policy *p, const float *values, unsigned layer, unsigned layers, double *x);

/* What a policy remembers of one document between its layers; zeroed at its start. */
struct ai_memory {
    bool begun;
    double log_odds;                    /* AI_CRF: at the layer before */
};

/* > 0: stop at this layer.  Layers come in rising order.  values: the stream's, in
 * ai_policy_bind's order; layers: the model's L. */
double ai_policy_score(const struct ai_policy *p, struct ai_memory *m, const float *values, unsigned layer,
                       unsigned layers);

/* The decision value for x [n], threshold not subtracted; not of rules. */
double ai_policy_decision(const struct ai_policy *p, struct ai_memory *m, const double *x);

/* Appends the file's text. */
int ai_policy_format(const struct ai_policy *p, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* "rule", "svm-linear", "svm-rbf", "logistic", "crf" */
const char *ai_classifier_name(enum ai_classifier c);

#endif
