/* Training an exit policy from features of full-depth documents. */
#ifndef AI_POLICY_TRAIN_H
#define AI_POLICY_TRAIN_H

#include "policy/policy.h"

/* Rows grouped by document, layers rising; the last layer gives the label and is no row. */
struct ai_training {
    size_t n;                /* features a row */
    unsigned layers;         /* L */
    size_t rows, cap_x, cap_row[3];
    double *x;               /* [rows, n] */
    signed char *label;      /* [rows] +1: this layer's top token is the last layer's; -1 */
    uint16_t *layer;         /* [rows] */
    uint32_t *doc;           /* [rows] index of the document, from 0, rising */
    uint32_t docs;
};

int ai_training_add(struct ai_training *t, const double *x, unsigned layer, uint32_t doc, int label,
                    struct ai_err *err) AI_CHECKED;
void ai_training_free(struct ai_training *t);

struct ai_train_options {
    enum ai_classifier classifier; /* not AI_RULE */
    double cost;             /* SVMs */
    double gamma;            /* RBF; 0: 1 / n */
    size_t max_sv;           /* RBF: with more support vectors it is trained on fewer rows; 0: as many as there are */
    double l2;               /* chain and logistic */
    size_t max_rows;         /* per machine; more are sampled, whole documents for the chain */
    unsigned folds;
    double max_flip;         /* share of documents whose answer may change */
    uint64_t seed;
    bool keep_layers;        /* check idle layers too: features or a chain look back to the layer checked before */
};

/* What held-out folds say of the policy. */
struct ai_train_report {
    size_t rows_used, positive;
    size_t flips;            /* documents whose answer would change */
    double skipped;          /* share of layers skipped */
    double skipped_error;    /* standard error of that */
    size_t n_sv;             /* support vectors of the largest fold's machine */
    bool exits;              /* false: no threshold keeps max_flip, the policy never stops */
};

/* Trains p (its names and n are set).  The threshold is the lowest for which, on
 * documents outside the fold that trained, (flips + 1) / (documents + 1) stays at
 * or below max_flip; folds and the final machine, whose values differ in scale, are
 * compared by rank.  p->layers become those of the rows; layers at which hardly anybody
 * would stop are left out of p->layers when that does not cost more than it saves.
 * p->ladder becomes the thresholds that calibration may try.  Returns 0 or -1. */
int ai_policy_train(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                    struct ai_train_report *report, struct ai_err *err) AI_CHECKED;

/* Of SVMs in o's manner, linear and RBF over a grid of cost and gamma, the one whose held-out
 * exits skip most layers; of those within one standard error of it, the one that decides
 * fastest (fewest support vectors; linear has none).  Sets o's classifier, cost and gamma.
 * tried, if not NULL, hears of each.  Returns 0 or -1. */
int ai_svm_search(struct ai_policy *p, const struct ai_training *t, struct ai_train_options *o,
                  void (*tried)(void *arg, const struct ai_train_options *o, const struct ai_train_report *report),
                  void *arg, struct ai_err *err) AI_CHECKED;

/* The steps of ai_policy_train, one after the other:
 * p's scaling; */
void ai_fit_scaling(struct ai_policy *p, const struct ai_training *t);
/* layers and threshold, the latter as a rank, and the report but rows_used and positive; */
int ai_held_out(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                struct ai_train_report *report, struct ai_err *err) AI_CHECKED;
/* a machine, on the documents d for which fold_of[d] != fold (fold_of NULL: on all).
 * Returns 0, 1 when one of the two labels is missing, -1. */
int ai_fit_machine(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                   const unsigned *fold_of, unsigned fold, struct ai_train_report *report, struct ai_err *err) AI_CHECKED;

#endif
