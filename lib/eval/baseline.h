/* What a policy is held against: every fixed depth, which is dropping the last k layers,
 * and an oracle that knows the last layer's answer.  From a run of a feature stream of all
 * layers (ai_eval_run_read of AI_KIND_FEATURES). */
#ifndef AI_EVAL_BASELINE_H
#define AI_EVAL_BASELINE_H

#include "eval/score.h"

/* Arithmetic as a share of full depth, estimated from the layers, and what it buys. */
struct ai_eval_point { double arithmetic, accuracy, agreement; };

enum { AI_EVAL_FRONTIER = 201 };

struct ai_eval_baseline {
    unsigned layers;                 /* L */
    uint64_t documents;
    struct ai_eval_score *depth;     /* [L + 1] everybody stops at layer d; documents 0: not known */
    double *settled;                 /* [L + 1] share whose answer is, from layer d on, the last one's */
    struct ai_eval_score oracle;     /* each stops at the first layer that says what the last one says */
    /* The oracle with less arithmetic: it gives up documents, those first that save most, and
     * stops these at the first layer.  No policy on these states agrees more at any of these costs. */
    struct ai_eval_point frontier[AI_EVAL_FRONTIER]; /* arithmetic rising; the last is the oracle */
    size_t n_frontier;
};

/* task: its index in the run, or SIZE_MAX.  The run's answers are changed while it works,
 * and the last layer's again afterwards.  NULL with err. */
struct ai_eval_baseline *ai_eval_baseline_new(struct ai_eval_run *run, size_t task, struct ai_err *err) AI_CHECKED;
void ai_eval_baseline_free(struct ai_eval_baseline *b);

/* The deepest depth whose arithmetic is at most that share, and the best one of those, by
 * accuracy or, without labels, by agreement.  0: there is none. */
unsigned ai_eval_deepest(const struct ai_eval_baseline *b, double arithmetic);
unsigned ai_eval_best(const struct ai_eval_baseline *b, double arithmetic);

#endif
