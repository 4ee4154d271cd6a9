/* Scores as text: tables for people, JSON for programs, figures for papers. */
#ifndef AI_EVAL_REPORT_H
#define AI_EVAL_REPORT_H

#include "base/buf.h"
#include "eval/baseline.h"

/* A row of the table: a score, and the run it is of. */
struct ai_eval_row {
    const char *run;                /* its name, "" when there is one run only */
    const struct ai_eval_run *from;
    size_t index;                   /* of the task there, SIZE_MAX: all */
    struct ai_eval_score score;
    const struct ai_eval_baseline *baseline; /* of the same documents, or NULL */
};

/* Aligned tables, UTF-8: the scores; what deciding cost, where streams say so; what
 * other ways to spend the same arithmetic give, where there are baselines.  Notes
 * below about what is estimated or missing. */
int ai_eval_table(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* One object on one line; a number that is not known is null.  task, run: add those keys. */
int ai_eval_json(const struct ai_eval_row *row, bool task, bool run, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* The row's baseline, an object a line with the key "baseline": each depth, and the oracle. */
int ai_eval_json_baseline(const struct ai_eval_row *row, bool task, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* A line with a bar for each layer 1..layers (and 0 where it occurs); counts [layers + 1]. */
int ai_eval_bars(const char *title, const uint64_t *counts, unsigned layers, struct ai_buf *out,
                 struct ai_err *err) AI_CHECKED;
/* A line a layer: who answers as the last layer, there and from there on. */
int ai_eval_depths(const struct ai_eval_baseline *b, const char *title, struct ai_buf *out,
                   struct ai_err *err) AI_CHECKED;

/* A figure in SVG, a row of panels for each task that rows have: accuracy against
 * arithmetic with its baselines, where answers came from, and agreement by layer.
 * Rows of one task follow each other, runs in one order. */
int ai_eval_figure(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
