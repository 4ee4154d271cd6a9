/* What a run got right and what it saved. */
#ifndef AI_EVAL_SCORE_H
#define AI_EVAL_SCORE_H

#include "eval/run.h"

/* Shares are fractions; NAN: not known. */
struct ai_eval_score {
    const char *task;              /* "all", or a task's name; borrowed from the run */
    unsigned layers;               /* L */
    uint64_t documents;
    uint64_t unanswered;           /* of them, without a decision: wrong where a label is known */
    uint64_t answers;              /* decisions of them all */
    double accuracy;               /* of the documents with a known label token: first answer is that token */
    double accuracy_dense;         /* the same of the dense run */
    double agreement;              /* documents with all answers as in the dense run */
    double agreement_low, agreement_high; /* exact interval (Clopper and Pearson, Biometrika 1934), 95 % */
    uint64_t flips;                /* documents with another answer than in the dense run; 0 without one */
    uint64_t lost, won;            /* of them, with a known label: right there, and right here */
    double exact_match, f1;        /* means over the documents whose text was scored */
    double layers_mean;            /* blocks run, over the answers */
    double layers_variance;        /* population variance of the same */
    double layers_skipped;         /* 1 - layers_mean / L */
    double arithmetic_skipped;     /* 1 - multiply-adds done / those of full depth, the shared ones included */
    bool estimated;                /* from the layers: the answers come from recorded states */
    double seconds, seconds_dense; /* wall clock of ai-forward */
    double documents_per_second;
    /* What deciding cost, of a whole run only, and not of a replay: */
    double checks;                 /* states that the head was applied to, a document */
    double head_arithmetic;        /* multiply-adds of the head / those of full depth */
    double head_seconds, decide_seconds; /* of processor time */
};

/* Scores the documents of one task, or of all (task SIZE_MAX).  dense and map (as
 * from ai_eval_match) are NULL where there is nothing to compare with. */
void ai_eval_score(const struct ai_eval_run *run, const struct ai_eval_run *dense, const size_t *map, size_t task,
                   struct ai_eval_score *out);

/* The exact 95 % interval of Clopper and Pearson for a share of k in n; NAN for n = 0. */
void ai_eval_interval(uint64_t k, uint64_t n, double *low, double *high);

/* answers[l], l in [0, L]: how many answers came from layer l.  Counts are added. */
void ai_eval_exits(const struct ai_eval_run *run, size_t task, uint64_t *answers);

#endif
