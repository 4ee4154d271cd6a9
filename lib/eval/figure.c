/* The figure of an evaluation, in the width of a page of two columns. */
#include "eval/report.h"

#include "base/mem.h"
#include "eval/grid.h"
#include "eval/svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 504, LEFT = 34, RIGHT = 8, GAP = 40, TOP = 22, PLOT = 112, FOOT = 26, LEGEND_LINE = 12, HEAD = 14 };

static const char oracle_color[] = "#222", depth_color[] = "#888";

/* Of one task: the runs' rows and what goes with them. */
struct strip {
    struct ai_svg *svg;
    const struct ai_eval_row **row;      /* [n] */
    size_t n;
    const struct ai_eval_baseline *baseline; /* or NULL */
    double top;
    int panels;
};

static struct ai_plot panel(const struct strip *t, int i)
{
    double w = (double)(WIDTH - LEFT - RIGHT - (t->panels - 1) * GAP) / t->panels;

    return (struct ai_plot){.x = LEFT + i * (w + GAP), .y = t->top + TOP, .w = w, .h = PLOT};
}

/* ---- accuracy against arithmetic ---- */

static bool has_accuracy(const struct strip *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (isnan(t->row[i]->score.accuracy))
            return false;
    return true;
}

static double worth(const struct ai_eval_score *s, bool accuracy)
{
    return 100 * (accuracy ? s->accuracy : s->agreement);
}

static double spent(const struct ai_eval_score *s)
{
    return 100 * (isnan(s->arithmetic_skipped) ? 1 - s->layers_skipped : 1 - s->arithmetic_skipped);
}

static double dense_worth(const struct strip *t, bool accuracy)
{
    return accuracy ? 100 * t->row[0]->score.accuracy_dense : 100;
}

/* From a little below the worst run to a little above the best point there is. */
static void frame(const struct strip *t, bool accuracy, struct ai_plot *p)
{
    double low = dense_worth(t, accuracy), high = low, room;

    for (size_t i = 0; i < t->n; i++) {
        double v = worth(&t->row[i]->score, accuracy);

        if (isnan(low))
            low = high = v;
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    for (unsigned d = 1; t->baseline && d <= t->baseline->layers; d++)
        if (t->baseline->depth[d].documents)
            high = fmax(high, worth(&t->baseline->depth[d], accuracy));
    room = fmax(high - low, 1);
    p->x0 = 0;
    p->x1 = 100;
    p->y0 = fmax(0, low - 1.2 * room);
    p->y1 = fmin(100, high + 0.3 * room);
    if (isnan(p->y0) || isnan(p->y1) || p->y1 - p->y0 < 1e-9) {
        p->y0 = 0;
        p->y1 = 100;
    }
}

static int draw_baseline(const struct strip *t, const struct ai_plot *p, bool accuracy)
{
    const struct ai_eval_baseline *b = t->baseline;
    struct ai_xy *xy = ai_calloc((size_t)b->layers + AI_EVAL_FRONTIER + 2, sizeof *xy, t->svg->err);
    size_t n = 0;
    int rc;

    if (!xy)
        return -1;
    for (size_t i = 0; i < b->n_frontier; i++)
        xy[n++] = (struct ai_xy){100 * b->frontier[i].arithmetic,
                                 100 * (accuracy ? b->frontier[i].accuracy : b->frontier[i].agreement)};
    if (n) {
        xy[n] = (struct ai_xy){100, xy[n - 1].y}; /* more arithmetic buys nothing more */
        n++;
    }
    rc = ai_plot_line(t->svg, p, xy, n, oracle_color, 1, "");
    n = 0;
    for (unsigned d = 1; d <= b->layers; d++)
        if (b->depth[d].documents)
            xy[n++] = (struct ai_xy){100.0 * d / b->layers, worth(&b->depth[d], accuracy)};
    rc = rc || ai_plot_line(t->svg, p, xy, n, depth_color, 0.8, "2.5 1.8");
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (xy[i].y >= p->y0 && xy[i].y <= p->y1)
            rc = ai_svg_mark(t->svg, ai_plot_x(p, xy[i].x), ai_plot_y(p, xy[i].y), 1.6, 0, depth_color, NULL);
    free(xy);
    return rc ? -1 : 0;
}

static int draw_tradeoff(const struct strip *t, char letter)
{
    bool accuracy = has_accuracy(t);
    struct ai_plot p = panel(t, 0);
    double dense = dense_worth(t, accuracy);
    char title[64];

    frame(t, accuracy, &p);
    snprintf(title, sizeof title, "(%c) %s against arithmetic", letter, accuracy ? "Accuracy" : "Agreement");
    if (ai_plot_axes(t->svg, &p, title, "block arithmetic spent, % of full depth", 25,
                     accuracy ? "accuracy, %" : "agreement, %", ai_plot_step(p.y0, p.y1, 5)) ||
        (t->baseline && draw_baseline(t, &p, accuracy)) ||
        (!isnan(dense) && ai_svg_mark(t->svg, ai_plot_x(&p, 100), ai_plot_y(&p, dense), 3, 3, "#000", "full depth")))
        return -1;
    for (size_t i = 0; i < t->n; i++) {
        const struct ai_eval_score *s = &t->row[i]->score;
        double v = worth(s, accuracy);

        if (!isnan(v) && !isnan(spent(s)) &&
            ai_svg_mark(t->svg, ai_plot_x(&p, spent(s)), ai_plot_y(&p, v), 3.3, (int)(i % 5), ai_svg_color(i),
                        t->row[i]->run))
            return -1;
    }
    return 0;
}

/* ---- where answers came from ---- */

/* counts [n][L + 1] as percent. */
static double *shares(const struct strip *t, unsigned layers, double *most)
{
    double *share = ai_calloc(t->n * ((size_t)layers + 1), sizeof *share, t->svg->err);
    uint64_t *counts = ai_calloc((size_t)layers + 1, sizeof *counts, t->svg->err);

    *most = 1;
    for (size_t i = 0; share && counts && i < t->n; i++) {
        uint64_t sum = 0;

        memset(counts, 0, ((size_t)layers + 1) * sizeof *counts);
        ai_eval_exits(t->row[i]->from, t->row[i]->index, counts);
        for (unsigned l = 0; l <= layers; l++)
            sum += counts[l];
        for (unsigned l = 0; l <= layers; l++) {
            share[i * ((size_t)layers + 1) + l] = sum ? 100 * (double)counts[l] / (double)sum : 0;
            *most = fmax(*most, share[i * ((size_t)layers + 1) + l]);
        }
    }
    if (!counts) {
        free(share);
        share = NULL;
    }
    free(counts);
    return share;
}

static int draw_bars(const struct strip *t, const struct ai_plot *p, const double *share, unsigned layers)
{
    double slot = p->w / layers, bar = 0.84 * slot / (double)t->n;

    for (size_t i = 0; i < t->n; i++)
        for (unsigned l = 1; l <= layers; l++) {
            double v = share[i * ((size_t)layers + 1) + l], x = ai_plot_x(p, l) - 0.42 * slot + (double)i * bar;
            double y = ai_plot_y(p, v);
            char names[64];

            snprintf(names, sizeof names, "layer %u: %.1f%%", l, v);
            if (v > 0 && ai_svg_bar(t->svg, x, y, bar, p->y + p->h - y, ai_svg_color(i), names))
                return -1;
        }
    return 0;
}

static int draw_exits(const struct strip *t, char letter)
{
    unsigned layers = t->row[0]->score.layers;
    struct ai_plot p = panel(t, 1);
    char title[64];
    double most, *share = shares(t, layers, &most);
    int rc;

    if (!share)
        return -1;
    p.x0 = 0.5;
    p.x1 = layers + 0.5;
    p.y0 = 0;
    p.y1 = fmin(100, 1.08 * most);
    snprintf(title, sizeof title, "(%c) Layer of the answer", letter);
    rc = ai_plot_axes(t->svg, &p, title, "layer", fmax(1, ai_plot_step(1, layers, 8)), "answers, %",
                      ai_plot_step(0, p.y1, 5)) ||
         draw_bars(t, &p, share, layers);
    free(share);
    return rc ? -1 : 0;
}

/* ---- agreement by layer ---- */

static int draw_legend_line(struct ai_svg *s, double x, double y, const char *color, const char *dash, const char *text)
{
    return ai_svg_stroke(s, x, y - 2.5, x + 14, y - 2.5, color, 1.2, dash) ||
                   ai_svg_text(s, x + 17, y, "start", "tick", 0, text)
               ? -1
               : 0;
}

static int draw_agreement(const struct strip *t, char letter)
{
    const struct ai_eval_baseline *b = t->baseline;
    struct ai_plot p = panel(t, 2);
    size_t rows = (size_t)b->layers + 1, n = 0;
    struct ai_xy *xy = ai_calloc(4 * rows, sizeof *xy, t->svg->err), *agree = xy, *low, *high, *settled;
    double least = 100;
    char title[64];
    int rc;

    if (!xy)
        return -1;
    low = xy + rows;
    high = low + rows;
    settled = high + rows;
    for (unsigned d = 1; d <= b->layers; d++) {
        const struct ai_eval_score *s = &b->depth[d];

        if (!s->documents)
            continue;
        agree[n] = (struct ai_xy){d, 100 * s->agreement};
        low[n] = (struct ai_xy){d, 100 * s->agreement_low};
        high[n] = (struct ai_xy){d, 100 * s->agreement_high};
        settled[n] = (struct ai_xy){d, 100 * b->settled[d]};
        least = fmin(least, fmin(low[n].y, settled[n].y));
        n++;
    }
    p.x0 = 1;
    p.x1 = b->layers > 1 ? b->layers : 2;
    p.y0 = floor(least / 10) * 10;
    p.y1 = 100;
    if (p.y0 > 90)
        p.y0 = 90;
    snprintf(title, sizeof title, "(%c) Agreement by layer", letter);
    rc = ai_plot_band(t->svg, &p, low, high, n, "#e3e3e3") ||
         ai_plot_axes(t->svg, &p, title, "layer", fmax(1, ai_plot_step(1, b->layers, 8)), "documents, %",
                      ai_plot_step(p.y0, p.y1, 5)) ||
         ai_plot_line(t->svg, &p, agree, n, oracle_color, 1.2, "") ||
         ai_plot_line(t->svg, &p, settled, n, depth_color, 1.2, "4 2") ||
         draw_legend_line(t->svg, p.x + p.w - 102, p.y + p.h - 15, oracle_color, "", "answer as the last layer") ||
         draw_legend_line(t->svg, p.x + p.w - 102, p.y + p.h - 6, depth_color, "4 2", "and from here on");
    free(xy);
    return rc ? -1 : 0;
}

/* ---- the whole ---- */

struct entry { const char *name, *color, *dash; int shape; }; /* shape -1: a line only */

/* Places the entry, in the next line where this one is full.  Draws where svg is not NULL. */
static int place_entry(struct ai_svg *svg, const struct entry *e, double *x, double *y)
{
    double w = 26 + ai_svg_width_of(e->name);
    int rc = 0;

    if (*x > LEFT && *x + w > WIDTH - RIGHT) {
        *x = LEFT;
        *y += LEGEND_LINE;
    }
    if (svg && e->dash)
        rc = ai_svg_stroke(svg, *x, *y - 2.6, *x + 12, *y - 2.6, e->color, 1, e->dash);
    if (svg && rc == 0 && e->shape >= 0)
        rc = ai_svg_mark(svg, *x + 6, *y - 2.6, e->dash ? 1.6 : 3, e->shape, e->color, NULL);
    if (svg && rc == 0)
        rc = ai_svg_text(svg, *x + 16, *y, "start", "label", 0, e->name);
    *x += w;
    return rc;
}

/* The height it takes; -1 with err. */
static double legend(struct ai_svg *svg, const struct strip *t)
{
    struct entry always[] = {{"full depth", "#000", NULL, 3},
                             {"fixed depths (last layers dropped)", depth_color, "2.5 1.8", 0},
                             {"oracle", oracle_color, "", -1}};
    double x = LEFT, y = 11;

    for (size_t i = 0; i < t->n; i++) {
        struct entry e = {t->row[i]->run[0] ? t->row[i]->run : "this run", ai_svg_color(i), NULL, (int)(i % 5)};

        if (place_entry(svg, &e, &x, &y))
            return -1;
    }
    for (int i = 0; i < (t->baseline ? 3 : 1); i++)
        if (place_entry(svg, &always[i], &x, &y))
            return -1;
    return y + 4;
}

static int draw_strip(const struct strip *t, bool named, size_t number)
{
    char letter = (char)('a' + number * (size_t)t->panels % 24), task[AI_GRID_CELL], name[160];

    if (named) {
        ai_cell_name(task, t->row[0]->score.task);
        snprintf(name, sizeof name, "%s, %" PRIu64 " documents", task, t->row[0]->score.documents);
        if (ai_svg_text(t->svg, LEFT, t->top + 1, "start", "label", 0, name))
            return -1;
    }
    return draw_tradeoff(t, letter) || draw_exits(t, (char)(letter + 1)) ||
                   (t->panels == 3 && draw_agreement(t, (char)(letter + 2)))
               ? -1
               : 0;
}

/* Rows of the same task as row i, if it is the first of them. */
static size_t rows_of_task(const struct ai_eval_row *rows, size_t n, size_t i, const struct ai_eval_row **of)
{
    size_t k = 0;

    for (size_t j = 0; j < n; j++) {
        if (strcmp(rows[j].score.task, rows[i].score.task) != 0)
            continue;
        if (j < i)
            return 0;
        of[k++] = &rows[j];
    }
    return k;
}

int ai_eval_figure(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_eval_row **of = ai_calloc(n + 1, sizeof *of, err);
    struct ai_svg svg = {out, err};
    struct strip t = {.svg = &svg, .row = of};
    size_t strips = 0, number = 0;
    double height = 0, head = 0;
    int rc = of ? 0 : -1;

    for (size_t i = 0; rc == 0 && i < n; i++)
        strips += rows_of_task(rows, n, i, of) > 0;
    if (rc == 0 && strips) {
        t.n = rows_of_task(rows, n, 0, of);
        t.baseline = rows[0].baseline;
        height = legend(NULL, &t);
    }
    if (strips > 1)
        head = HEAD;
    if (rc == 0)
        rc = ai_svg_begin(&svg, WIDTH, height + (double)strips * (head + TOP + PLOT + FOOT) + 2) ||
             (strips && legend(&svg, &t) < 0);
    t.top = height;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        t.n = rows_of_task(rows, n, i, of);
        if (t.n == 0)
            continue;
        t.baseline = rows[i].baseline;
        t.panels = t.baseline ? 3 : 2;
        t.top += head;
        rc = draw_strip(&t, strips > 1, number++);
        t.top += TOP + PLOT + FOOT;
    }
    free(of);
    return rc ? -1 : ai_svg_end(&svg);
}
