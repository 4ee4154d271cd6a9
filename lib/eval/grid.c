#include "eval/grid.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CELL = AI_GRID_CELL };

char (*ai_grid_row(struct ai_grid *g, struct ai_err *err))[CELL]
{
    size_t columns = (size_t)g->columns, at = g->rows * columns;

    if (ai_grow(&g->cell, &g->cap, at + columns, sizeof *g->cell, err))
        return NULL;
    memset(g->cell + at, 0, columns * sizeof *g->cell);
    g->rows++;
    return g->cell + at;
}

void ai_grid_free(struct ai_grid *g)
{
    free(g->cell);
    *g = (struct ai_grid){.columns = g->columns};
}

/* Continuation bytes take no room. */
static int width_of(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static int width_of_column(const struct ai_grid *g, int c)
{
    int most = 0;

    for (size_t r = 0; r < g->rows; r++) {
        int w = width_of(g->cell[r * (size_t)g->columns + (size_t)c]);

        most = w > most ? w : most;
    }
    return most;
}

static int put_spaces(struct ai_buf *out, int n, struct ai_err *err)
{
    return n > 0 ? ai_buf_printf(out, err, "%*s", n, "") : 0;
}

static int put_cell(const struct ai_grid *g, size_t row, int c, bool left, struct ai_buf *out, struct ai_err *err)
{
    const char *s = g->cell[row * (size_t)g->columns + (size_t)c];
    int pad = width_of_column(g, c) - width_of(s);

    return put_spaces(out, left ? 0 : pad, err) || ai_buf_puts(out, s, err) || put_spaces(out, left ? pad : 0, err) ? -1
                                                                                                                   : 0;
}

int ai_grid_put(const struct ai_grid *g, uint32_t left, struct ai_buf *out, struct ai_err *err)
{
    for (size_t r = 0; r < g->rows; r++) {
        bool first = true;

        for (int c = 0; c < g->columns; c++) {
            if (width_of_column(g, c) == 0)
                continue;
            if ((!first && ai_buf_puts(out, "  ", err)) || put_cell(g, r, c, left >> c & 1, out, err))
                return -1;
            first = false;
        }
        while (out->len > 0 && out->data[out->len - 1] == ' ')
            out->len--;
        if (ai_buf_puts(out, "\n", err))
            return -1;
    }
    return 0;
}

void ai_cell_percent(char *cell, const char *prefix, double share)
{
    if (isnan(share))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, "%s%.1f%%", prefix, 100 * share + 0.0); /* + 0: no -0.0% */
}

void ai_cell_number(char *cell, int decimals, double v)
{
    if (isnan(v))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, "%.*f", decimals, v);
}

void ai_cell_name(char *cell, const char *s)
{
    size_t n = strlen(s), keep = n < 40 ? n : 40;

    while (keep < n && keep > 0 && ((unsigned char)s[keep] & 0xc0) == 0x80)
        keep--;
    snprintf(cell, CELL, "%.*s", (int)keep, *s ? s : "(other)");
    for (; *cell; cell++)
        if ((unsigned char)*cell < 32 || *cell == 127)
            *cell = '?';
}
