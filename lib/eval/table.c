#include "eval/report.h"

#include "eval/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL = AI_GRID_CELL };

/* Rows of several runs are told apart by a first column. */
static bool several_runs(const struct ai_eval_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].run[0])
            return true;
    return false;
}

static int put_heads(struct ai_grid *g, const char *const *heads, int lines, struct ai_err *err)
{
    for (int line = 0; line < lines; line++) {
        char (*cell)[CELL] = ai_grid_row(g, err);

        if (!cell)
            return -1;
        for (int c = 0; c < g->columns; c++)
            snprintf(cell[c], CELL, "%s", heads[line * g->columns + c]);
    }
    return 0;
}

/* ---- the scores ---- */

enum { RUN, TASK, DOCUMENTS, ACCURACY, DENSE, EXACT, F1, FLIPS, AGREEMENT, INTERVAL, LAYERS, SKIPPED, ARITHMETIC,
       SECONDS, DENSE_SECONDS, SAVED, RATE, COLUMNS };

static const char *const heads[2][COLUMNS] = {
    {"", "", "", "", "dense", "", "", "", "", "exact", "layers run", "layers", "arithmetic", "", "dense", "time",
     "documents"},
    {"", "task", "documents", "accuracy", "accuracy", "", "", "flips", "agreement", "95%", "of L", "skipped", "skipped",
     "seconds", "seconds", "saved", "a second"},
};

static void fill(char (*cell)[CELL], const struct ai_eval_row *row)
{
    const struct ai_eval_score *s = &row->score;

    ai_cell_name(cell[TASK], s->task);
    snprintf(cell[DOCUMENTS], CELL, "%" PRIu64, s->documents);
    ai_cell_percent(cell[ACCURACY], "", s->accuracy);
    ai_cell_percent(cell[DENSE], "", s->accuracy_dense);
    if (isnan(s->agreement))
        snprintf(cell[FLIPS], CELL, "-");
    else
        snprintf(cell[FLIPS], CELL, "%" PRIu64, s->flips);
    ai_cell_percent(cell[AGREEMENT], "", s->agreement);
    if (isnan(s->agreement_low))
        snprintf(cell[INTERVAL], CELL, "-");
    else
        snprintf(cell[INTERVAL], CELL, "%.1f..%.1f", 100 * s->agreement_low, 100 * s->agreement_high);
    if (isnan(s->layers_mean))
        snprintf(cell[LAYERS], CELL, "-");
    else
        snprintf(cell[LAYERS], CELL, "%.2f ± %.2f of %u", s->layers_mean, sqrt(s->layers_variance), s->layers);
    ai_cell_percent(cell[SKIPPED], "", s->layers_skipped);
    ai_cell_percent(cell[ARITHMETIC], s->estimated ? "~" : "", s->arithmetic_skipped);
    ai_cell_number(cell[SECONDS], 2, s->seconds);
    ai_cell_number(cell[DENSE_SECONDS], 2, s->seconds_dense);
    ai_cell_percent(cell[SAVED], "", s->seconds_dense > 0 ? 1 - s->seconds / s->seconds_dense : NAN);
    ai_cell_number(cell[RATE], s->documents_per_second < 100, s->documents_per_second);
}

static int put_scores(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    struct ai_grid g = {.columns = COLUMNS};
    bool runs = several_runs(rows, n), texts = false;
    int rc = put_heads(&g, heads[0], 2, err);

    for (size_t i = 0; i < n; i++)
        texts |= !isnan(rows[i].score.exact_match);
    if (rc == 0 && runs)
        snprintf(g.cell[COLUMNS + RUN], CELL, "run");
    if (rc == 0 && texts) {
        snprintf(g.cell[EXACT], CELL, "exact");
        snprintf(g.cell[COLUMNS + EXACT], CELL, "match");
        snprintf(g.cell[COLUMNS + F1], CELL, "F1");
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        char (*cell)[CELL] = ai_grid_row(&g, err);

        if (!cell) {
            rc = -1;
            break;
        }
        fill(cell, &rows[i]);
        if (runs)
            ai_cell_name(cell[RUN], rows[i].run);
        if (texts) {
            ai_cell_percent(cell[EXACT], "", rows[i].score.exact_match);
            ai_cell_percent(cell[F1], "", rows[i].score.f1);
        }
    }
    if (rc == 0)
        rc = ai_grid_put(&g, 1u << RUN | 1u << TASK, out, err);
    ai_grid_free(&g);
    return rc;
}

/* ---- what deciding cost ---- */

static int put_costs(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    static const char *const names[2][5] = {
        {"deciding:", "checks a", "head, of the blocks'", "head, seconds", "policy, seconds"},
        {"", "document", "arithmetic", "of processor", "of processor"},
    };
    struct ai_grid g = {.columns = 5};
    int rc = put_heads(&g, names[0], 2, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct ai_eval_score *s = &rows[i].score;
        char (*cell)[CELL];

        if (isnan(s->checks) && isnan(s->decide_seconds))
            continue;
        cell = ai_grid_row(&g, err);
        if (!cell) {
            rc = -1;
            break;
        }
        ai_cell_name(cell[0], rows[i].run[0] ? rows[i].run : s->task);
        ai_cell_number(cell[1], 2, s->checks);
        ai_cell_percent(cell[2], "", s->head_arithmetic);
        ai_cell_number(cell[3], 2, s->head_seconds);
        ai_cell_number(cell[4], 2, s->decide_seconds);
    }
    if (rc == 0 && g.rows > 2)
        rc = ai_buf_puts(out, "\n", err) || ai_grid_put(&g, 1, out, err) ? -1 : 0;
    ai_grid_free(&g);
    return rc;
}

/* ---- other ways to spend as much ---- */

static int put_way(struct ai_grid *g, const char *name, const struct ai_eval_score *s, struct ai_err *err)
{
    char (*cell)[CELL] = ai_grid_row(g, err);

    if (!cell)
        return -1;
    ai_cell_name(cell[0], name);
    ai_cell_number(cell[1], 2, s->layers_mean);
    ai_cell_percent(cell[2], s->estimated ? "~" : "", 1 - s->arithmetic_skipped);
    ai_cell_percent(cell[3], "", s->accuracy);
    ai_cell_percent(cell[4], "", s->agreement);
    return 0;
}

/* The run, and what fixed depths give for at most its arithmetic. */
static int put_ways(struct ai_grid *g, const struct ai_eval_row *row, struct ai_err *err)
{
    const struct ai_eval_baseline *b = row->baseline;
    double skipped = isnan(row->score.arithmetic_skipped) ? row->score.layers_skipped : row->score.arithmetic_skipped;
    unsigned deepest = ai_eval_deepest(b, 1 - skipped), best = ai_eval_best(b, 1 - skipped);
    char name[CELL];

    if (put_way(g, row->run[0] ? row->run : "this run", &row->score, err))
        return -1;
    snprintf(name, sizeof name, "  last %u layers dropped%s", b->layers - deepest,
             best == deepest ? " (best depth)" : "");
    if (deepest && put_way(g, name, &b->depth[deepest], err))
        return -1;
    snprintf(name, sizeof name, "  best fixed depth, %u", best);
    return best != deepest ? put_way(g, name, &b->depth[best], err) : 0;
}

/* Of each run the last row, which is that of all its tasks. */
static int put_baselines(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    static const char *const names[2][5] = {
        {"for the same", "layers", "arithmetic", "", ""},
        {"arithmetic or less", "run", "spent", "accuracy", "agreement"},
    };
    const struct ai_eval_baseline *b = n ? rows[n - 1].baseline : NULL;
    struct ai_grid g = {.columns = 5};
    int rc = b ? put_heads(&g, names[0], 2, err) : 0;

    for (size_t i = 0; rc == 0 && b && i < n; i++)
        if (rows[i].baseline && (i + 1 == n || rows[i + 1].from != rows[i].from))
            rc = put_ways(&g, &rows[i], err);
    if (rc == 0 && b)
        rc = put_way(&g, "oracle", &b->oracle, err) || put_way(&g, "full depth", &b->depth[b->layers], err) ||
             ai_buf_puts(out, "\n", err) || ai_grid_put(&g, 1, out, err);
    ai_grid_free(&g);
    return rc ? -1 : 0;
}

/* ---- */

static int put_notes(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    bool estimated = false;

    for (size_t i = 0; i < n; i++) {
        const struct ai_eval_score *s = &rows[i].score;

        estimated |= s->estimated || rows[i].baseline;
        if (s->unanswered && strcmp(s->task, "all") == 0 &&
            ai_buf_printf(out, err, "%s%s%" PRIu64 " of the documents have no answer\n", rows[i].run,
                          rows[i].run[0] ? ": " : "", s->unanswered))
            return -1;
    }
    if (!estimated)
        return 0;
    return ai_buf_puts(out, "~ estimated from the layers: these answers come from recorded states, and no clock ran\n",
                       err);
}

int ai_eval_table(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    return put_scores(rows, n, out, err) || put_costs(rows, n, out, err) || put_baselines(rows, n, out, err) ||
                   put_notes(rows, n, out, err)
               ? -1
               : 0;
}

int ai_eval_bars(const char *title, const uint64_t *counts, unsigned layers, struct ai_buf *out, struct ai_err *err)
{
    static const char bar[] = "##################################################";
    char cell[CELL];
    uint64_t most = 1;
    unsigned first = counts[0] ? 0 : 1;

    for (unsigned l = first; l <= layers; l++)
        if (counts[l] > most)
            most = counts[l];
    ai_cell_name(cell, title);
    if (ai_buf_printf(out, err, "\nlayers run, %s\n", cell))
        return -1;
    for (unsigned l = first; l <= layers; l++) {
        int n = (int)ceil((double)counts[l] / (double)most * (double)(sizeof bar - 1));

        if (ai_buf_printf(out, err, "%5u %9" PRIu64 "%s%.*s\n", l, counts[l], n ? "  " : "", n, bar))
            return -1;
    }
    return 0;
}

int ai_eval_depths(const struct ai_eval_baseline *b, const char *title, struct ai_buf *out, struct ai_err *err)
{
    static const char *const names[2][6] = {
        {"", "answers as", "exact", "and so", "", ""},
        {"layer", "the last layer", "95%", "from here on", "accuracy", ""},
    };
    static const char bar[] = "########################################";
    struct ai_grid g = {.columns = 6};
    char cell[CELL];
    int rc;

    ai_cell_name(cell, title);
    rc = ai_buf_printf(out, err, "%s, %" PRIu64 " documents\n", cell, b->documents) || put_heads(&g, names[0], 2, err);
    for (unsigned d = 1; rc == 0 && d <= b->layers; d++) {
        const struct ai_eval_score *s = &b->depth[d];
        char (*c)[CELL];

        if (!s->documents)
            continue;
        c = ai_grid_row(&g, err);
        if (!c) {
            rc = -1;
            break;
        }
        snprintf(c[0], CELL, "%u", d);
        ai_cell_percent(c[1], "", s->agreement);
        snprintf(c[2], CELL, "%.1f..%.1f", 100 * s->agreement_low, 100 * s->agreement_high);
        ai_cell_percent(c[3], "", b->settled[d]);
        ai_cell_percent(c[4], "", s->accuracy);
        snprintf(c[5], CELL, "%.*s", (int)(s->agreement * (double)(sizeof bar - 1) + 0.5), bar);
    }
    if (rc == 0)
        rc = ai_grid_put(&g, 1u << 5, out, err);
    ai_grid_free(&g);
    return rc;
}
