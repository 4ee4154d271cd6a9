#include "eval/report.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Everything in pixels: a column of panels, one a row of the table. */
enum { WIDTH = 720, LEFT = 48, RIGHT = 16, TITLE = 44, PLOT = 110, FOOT = 38, PANEL = TITLE + PLOT + FOOT };

static int put_text(const char *s, struct ai_buf *out, struct ai_err *err)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        int rc = c == '<'               ? ai_buf_puts(out, "&lt;", err)
                 : c == '>'             ? ai_buf_puts(out, "&gt;", err)
                 : c == '&'             ? ai_buf_puts(out, "&amp;", err)
                 : c < 32 || c == 127   ? ai_buf_puts(out, "?", err)
                                        : ai_buf_put(out, s, 1, err);

        if (rc)
            return -1;
    }
    return 0;
}

static int put_share(const char *what, double share, struct ai_buf *out, struct ai_err *err)
{
    return isnan(share) ? 0 : ai_buf_printf(out, err, ", %s %.1f%%", what, 100 * share);
}

static int put_title(const struct ai_eval_row *row, double top, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_eval_score *s = &row->score;

    if (ai_buf_printf(out, err, "<text x=\"%d\" y=\"%.0f\" font-weight=\"bold\">", LEFT, top + 18) ||
        put_text(row->run, out, err) || (row->run[0] && ai_buf_puts(out, ": ", err)) ||
        put_text(s->task[0] ? s->task : "(other)", out, err) ||
        ai_buf_printf(out, err, "</text>\n<text x=\"%d\" y=\"%.0f\">%" PRIu64 " documents", LEFT, top + 35,
                      s->documents) ||
        put_share("accuracy", s->accuracy, out, err) || put_share("dense", s->accuracy_dense, out, err) ||
        put_share("agreement", s->agreement, out, err) || put_share("layers skipped", s->layers_skipped, out, err))
        return -1;
    return ai_buf_puts(out, "</text>\n", err);
}

/* Numbers below the axis at most every `step` layers, so that they do not touch. */
static unsigned label_step(unsigned layers)
{
    unsigned step = 1;

    while ((layers + step - 1) / step > 26)
        step = step == 1 ? 2 : step == 2 ? 5 : 2 * step;
    return step;
}

static int put_axis(double base, double most, struct ai_buf *out, struct ai_err *err)
{
    return ai_buf_printf(out, err,
                         "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#777\"/>\n"
                         "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\" class=\"n\">%.0f</text>\n",
                         LEFT, base + 0.5, WIDTH - RIGHT, base + 0.5, LEFT - 6, base - PLOT + 10, most);
}

static int put_bar(double x, double slot, double base, double height, unsigned layer, bool last, uint64_t count,
                   struct ai_buf *out, struct ai_err *err)
{
    return ai_buf_printf(out, err,
                         "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\">"
                         "<title>layer %u: %" PRIu64 "</title></rect>\n",
                         x + 0.1 * slot, base - height, 0.8 * slot, height, last ? "#b5652a" : "#2a78b5", layer, count);
}

static int put_bars(const struct ai_eval_row *row, const uint64_t *counts, double top, struct ai_buf *out,
                    struct ai_err *err)
{
    unsigned layers = row->score.layers, step = label_step(layers);
    double slot = (double)(WIDTH - LEFT - RIGHT) / (layers + 1), base = top + TITLE + PLOT, most = 1;

    for (unsigned l = 0; l <= layers; l++)
        most = fmax(most, (double)counts[l]);
    if (put_axis(base, most, out, err))
        return -1;
    for (unsigned l = 0; l <= layers; l++) {
        double x = LEFT + slot * l, height = PLOT * (double)counts[l] / most;
        bool label = l == layers || (l % step == 0 && layers - l >= step);

        if (counts[l] && put_bar(x, slot, base, height, l, l == layers, counts[l], out, err))
            return -1;
        if (label &&
            ai_buf_printf(out, err, "<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\" class=\"n\">%u</text>\n",
                          x + slot / 2, base + 15, l))
            return -1;
    }
    return 0;
}

static int put_panel(const struct ai_eval_row *row, size_t panel, struct ai_buf *out, struct ai_err *err)
{
    uint64_t *counts = ai_calloc((size_t)row->score.layers + 1, sizeof *counts, err);
    double top = (double)panel * PANEL;
    int rc;

    if (!counts)
        return -1;
    ai_eval_exits(row->from, row->index, counts);
    rc = put_title(row, top, out, err) || put_bars(row, counts, top, out, err) ? -1 : 0;
    free(counts);
    return rc;
}

int ai_eval_svg(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    static const char style[] = "text { font: 13px sans-serif; fill: #222 } .n { font-size: 11px; fill: #555 }";

    if (ai_buf_printf(out, err,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" viewBox=\"0 0 %d %zu\">\n"
                      "<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                      WIDTH, n * PANEL, WIDTH, n * PANEL, style))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (put_panel(&rows[i], i, out, err))
            return -1;
    return ai_buf_puts(out, "</svg>\n", err);
}
