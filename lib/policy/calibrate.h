/* A threshold with a guarantee: learn then test (Angelopoulos et al., arXiv 2110.01052).
 *
 * Thresholds are tried from the strictest to the boldest, in an order fixed before any
 * calibration document was seen.  Each is tested with the exact binomial test of "it changes
 * more than the limit"; the first that cannot be refuted ends the walk, and the one before it
 * is taken.  Since the walk ends at its first failure, a threshold beyond the limit is taken with
 * probability 1 - confidence at most, however many were tried (fixed-sequence testing). */
#ifndef AI_POLICY_CALIBRATE_H
#define AI_POLICY_CALIBRATE_H

#include "base/buf.h"
#include "policy/gather.h"

struct ai_calibration_doc {
    size_t begin;             /* of its rows */
    uint32_t last_token;      /* at full depth */
    uint32_t label_token;     /* AI_NO_TOKEN: not known */
    uint64_t number, prompt_digest, features_digest;
};

struct ai_calibration_row {
    double value;             /* the decision value; not of rules */
    uint32_t token;
    uint16_t layer;
};

struct ai_calibration {
    const struct ai_policy *policy; /* borrowed */
    unsigned layers;          /* L, before the first document */
    struct ai_calibration_doc *docs;
    size_t n_docs, cap_docs;
    struct ai_calibration_row *rows;
    size_t n_rows, cap_rows;
    double *x;                /* [n_rows, policy->n], for rules only */
    size_t cap_x;
    size_t unknown;           /* documents without a prompt digest */
};

/* Takes a document.  Returns 0, 1 if it trained the policy (and is not taken), -1. */
int ai_calibration_add(struct ai_calibration *c, const struct ai_gathered *doc, struct ai_err *err) AI_CHECKED;
void ai_calibration_free(struct ai_calibration *c); /* what c owns */

struct ai_calibrate_options {
    double max_flip;          /* share of documents whose answer changes; < 0: no limit */
    double max_loss;          /* share whose right answer becomes another; < 0: no limit */
    double confidence;        /* that each limit holds */
};

/* What one threshold does to the calibration documents. */
struct ai_exits {
    uint64_t flips, losses;
    double skipped;           /* share of layers */
};
void ai_calibration_exits(const struct ai_calibration *c, double threshold, struct ai_exits *out);

/* The thresholds to try, falling: the policy's ladder; 1 to 0 for a rule that reads `threshold`;
 * 12 to -1 for other machines without a ladder; one that means nothing for other rules.
 * *v is owned by the caller.  Returns how many, 0 with err. */
size_t ai_ladder(const struct ai_policy *p, double **v, struct ai_err *err) AI_CHECKED;

/* Walks down the ladder.  Sets p's threshold and the certificate's numbers and digests of
 * documents; p is c->policy, or a policy like it.  Returns 0, 1 if no threshold is safe
 * (p is as it was), -1 (AI_EINPUT: a document without a label under max_loss). */
int ai_calibrate(const struct ai_calibration *c, const struct ai_calibrate_options *o, struct ai_policy *p,
                 struct ai_err *err) AI_CHECKED;

#endif
