/* Scores as text: a table for people, JSON for programs, bars for the layers. */
#ifndef AI_EVAL_REPORT_H
#define AI_EVAL_REPORT_H

#include "base/buf.h"
#include "eval/score.h"

/* A row of the table: a score, and the run it is of. */
struct ai_eval_row {
    const char *run;                /* its name, "" when there is one run only */
    const struct ai_eval_run *from;
    size_t index;                   /* of the task there, SIZE_MAX: all */
    struct ai_eval_score score;
};

/* An aligned table, UTF-8, with notes below about what is estimated or missing. */
int ai_eval_table(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* One object on one line; a number that is not known is null.  task, run: add those keys. */
int ai_eval_json(const struct ai_eval_row *row, bool task, bool run, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* A line with a bar for each layer 1..layers (and 0 where it occurs); counts [layers + 1]. */
int ai_eval_bars(const char *title, const uint64_t *counts, unsigned layers, struct ai_buf *out,
                 struct ai_err *err) AI_CHECKED;

/* The same as a picture, a panel for each row. */
int ai_eval_svg(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
