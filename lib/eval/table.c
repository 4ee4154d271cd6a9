#include "eval/report.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 12, CELL = 64 };

static const char *const heads[2][COLUMNS] = {
    {"", "", "", "", "dense", "", "layers run", "layers", "arithmetic", "", "dense", "time"},
    {"run", "task", "documents", "accuracy", "accuracy", "agreement", "of L", "skipped", "skipped", "seconds",
     "seconds", "saved"},
};
enum { RUN, TASK, DOCUMENTS, ACCURACY, DENSE, AGREEMENT, LAYERS, SKIPPED, ARITHMETIC, SECONDS, DENSE_SECONDS, SAVED };

static void percent(char *cell, const char *prefix, double share)
{
    if (isnan(share))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, "%s%.1f%%", prefix, 100 * share + 0.0); /* + 0: no -0.0% */
}

static void seconds(char *cell, double s)
{
    if (isnan(s))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, "%.2f", s);
}

/* Control characters of a name must not drive the terminal; cuts between characters. */
static void name(char *cell, const char *s)
{
    size_t n = strlen(s), keep = n < 40 ? n : 40;

    while (keep < n && keep > 0 && ((unsigned char)s[keep] & 0xc0) == 0x80)
        keep--;
    snprintf(cell, CELL, "%.*s", (int)keep, *s ? s : "(other)");
    for (; *cell; cell++)
        if ((unsigned char)*cell < 32 || *cell == 127)
            *cell = '?';
}

static void fill(char cells[COLUMNS][CELL], const struct ai_eval_row *row)
{
    const struct ai_eval_score *s = &row->score;

    name(cells[RUN], row->run);
    name(cells[TASK], s->task);
    snprintf(cells[DOCUMENTS], CELL, "%" PRIu64, s->documents);
    percent(cells[ACCURACY], "", s->accuracy);
    percent(cells[DENSE], "", s->accuracy_dense);
    percent(cells[AGREEMENT], "", s->agreement);
    if (isnan(s->layers_mean))
        snprintf(cells[LAYERS], CELL, "-");
    else
        snprintf(cells[LAYERS], CELL, "%.2f ± %.2f of %u", s->layers_mean, sqrt(s->layers_variance), s->layers);
    percent(cells[SKIPPED], "", s->layers_skipped);
    percent(cells[ARITHMETIC], s->estimated ? "~" : "", s->arithmetic_skipped);
    seconds(cells[SECONDS], s->seconds);
    seconds(cells[DENSE_SECONDS], s->seconds_dense);
    percent(cells[SAVED], "", s->seconds_dense > 0 ? 1 - s->seconds / s->seconds_dense : NAN);
}

/* Characters, not bytes: continuation bytes take no room. */
static int width_of(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static int put_line(char cells[COLUMNS][CELL], const int *width, struct ai_buf *out, struct ai_err *err)
{
    bool first = true;
    char line[COLUMNS * (CELL + 2) + 2];
    size_t n = 0;

    for (int c = 0; c < COLUMNS; c++) {
        int pad = width[c] - width_of(cells[c]);
        bool left = c == RUN || c == TASK;

        if (width[c] == 0)
            continue;
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%*s%s%*s", first ? "" : "  ", left ? 0 : pad, "", cells[c],
                              left ? pad : 0, "");
        first = false;
    }
    while (n > 0 && line[n - 1] == ' ')
        n--;
    line[n++] = '\n';
    return ai_buf_put(out, line, n, err);
}

static int put_notes(const struct ai_eval_row *rows, size_t n, struct ai_buf *out, struct ai_err *err)
{
    bool estimated = false;

    for (size_t i = 0; i < n; i++) {
        const struct ai_eval_score *s = &rows[i].score;

        estimated |= s->estimated;
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
    char (*cells)[COLUMNS][CELL] = ai_calloc(n + 2, sizeof *cells, err);
    int width[COLUMNS] = {0}, rc = 0;
    bool runs = false;

    if (!cells)
        return -1;
    for (int line = 0; line < 2; line++)
        for (int c = 0; c < COLUMNS; c++)
            snprintf(cells[line][c], CELL, "%s", heads[line][c]);
    for (size_t i = 0; i < n; i++) {
        fill(cells[i + 2], &rows[i]);
        runs |= rows[i].run[0] != '\0';
    }
    for (size_t i = 0; i < n + 2; i++)
        for (int c = runs ? RUN : TASK; c < COLUMNS; c++)
            if (width_of(cells[i][c]) > width[c])
                width[c] = width_of(cells[i][c]);
    for (size_t i = 0; i < n + 2 && rc == 0; i++)
        rc = put_line(cells[i], width, out, err);
    free(cells);
    return rc ? -1 : put_notes(rows, n, out, err);
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
    name(cell, title);
    if (ai_buf_printf(out, err, "\nlayers run, %s\n", cell))
        return -1;
    for (unsigned l = first; l <= layers; l++) {
        int n = (int)ceil((double)counts[l] / (double)most * (double)(sizeof bar - 1));

        if (ai_buf_printf(out, err, "%5u %9" PRIu64 "%s%.*s\n", l, counts[l], n ? "  " : "", n, bar))
            return -1;
    }
    return 0;
}
