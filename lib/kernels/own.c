/* Products in our own ways: x is packed once, then the threads take groups of rows of
 * w, pack them a chunk of columns at a time and multiply each with all of x. */
#include "kernels/matmul.h"

#include <string.h>

enum {
    GROUP_ROWS = 64, /* rows of w that a thread takes at a time */
    FEW = 32,        /* tokens below which packed weights are used at once, out of the first cache */
};

struct run {
    const struct ai_product *p;
    const struct ai_way *way;
    size_t tokens, tiles;   /* of this pass over w */
    size_t token_bytes;     /* of a packed row of x */
    size_t panel_floats;    /* of a packed panel: a chunk of it */
    const float *x;
    float *y;
};

static size_t steps(size_t k, const struct ai_way *way)
{
    return (k + way->step - 1) / way->step;
}

/* Tiles of nearly equal sizes: the first token of tile i. */
static size_t first_token(const struct run *r, size_t i)
{
    return i * r->tokens / r->tiles;
}

static void pack_tile(void *arg, size_t i, unsigned thread)
{
    const struct run *r = arg;
    size_t from = first_token(r, i), n = first_token(r, i + 1) - from;

    (void)thread;
    r->way->pack_x(&r->way->int8, r->x + from * r->p->ldx, r->p->ldx, n, r->p->w->cols,
                   r->p->k->packed + from * r->token_bytes);
}

/* The rows of the panel from `row` on, at column `from` of `n` columns; what lies ahead
 * is the next chunk of them, or the first of the next panel. */
static void panel_rows(const struct run *r, size_t row, size_t from, size_t n, struct ai_way_rows *out)
{
    const struct ai_tensor *w = r->p->w;
    const struct ai_wtype_info *info = &ai_wtypes[w->type];
    size_t row_bytes = ai_tensor_row_bytes(w), at = from / info->block * info->bytes;

    out->type = w->type;
    if (from + n < w->cols)
        out->ahead = (ptrdiff_t)(n / info->block * info->bytes);
    else
        out->ahead = (ptrdiff_t)(r->way->rows * row_bytes) - (ptrdiff_t)at;
    for (size_t i = 0; i < r->way->rows; i++) {
        size_t real = row + i < w->rows ? row + i : w->rows - 1;

        out->row[i] = (const uint8_t *)w->data + real * row_bytes + at;
    }
}

/* Rows of y begin with the bias where there is one. */
static bool put_bias(const struct run *r, size_t row, size_t n)
{
    float bias[GROUP_ROWS];

    if (!r->p->bias || !r->p->bias->data)
        return false;
    ai_product_bias(r->p, row, n, bias);
    for (size_t t = 0; t < r->tokens; t++)
        memcpy(r->y + t * r->p->ldy + row, bias, n * sizeof *bias);
    return true;
}

/* One packed chunk of a panel with one tile; a panel that is not full goes through a
 * tile of its own. */
static void multiply(const struct run *r, size_t row, size_t from, size_t k, const float *panel, size_t tile, bool add)
{
    const struct ai_way *way = r->way;
    size_t first = first_token(r, tile), tokens = first_token(r, tile + 1) - first;
    size_t rows = r->p->w->rows - row < way->rows ? r->p->w->rows - row : way->rows;
    const uint8_t *x = r->p->k->packed + first * r->token_bytes + from / way->step * way->x_step * tokens;
    float *y = r->y + first * r->p->ldy + row;
    float part[AI_WAY_TOKENS * AI_WAY_ROWS];

    if (rows == way->rows) {
        way->tile[tokens - 1](k, panel, x, y, r->p->ldy, add);
        return;
    }
    way->tile[tokens - 1](k, panel, x, part, way->rows, false);
    for (size_t t = 0; t < tokens; t++)
        for (size_t i = 0; i < rows; i++)
            y[t * r->p->ldy + i] = add ? y[t * r->p->ldy + i] + part[t * way->rows + i] : part[t * way->rows + i];
}

/* Rows [row, end) of w with all tokens, `group` panels of them packed together. */
static void rows_of_w(const struct run *r, size_t row, size_t end, float *scratch)
{
    const struct ai_way *way = r->way;
    size_t cols = r->p->w->cols;
    bool add = put_bias(r, row, end - row);

    for (size_t from = 0; from < cols; from += way->chunk, add = true) {
        size_t k = cols - from < way->chunk ? cols - from : way->chunk;
        float *packed = scratch + AI_WAY_ROWS * way->chunk, *panel = packed;
        struct ai_way_rows rows;

        for (size_t i = row; i < end; i += way->rows, panel += r->panel_floats) {
            panel_rows(r, i, from, k, &rows);
            way->pack_w(&rows, k, scratch, panel);
        }
        for (size_t tile = 0; tile < r->tiles; tile++) {
            panel = packed;
            for (size_t i = row; i < end; i += way->rows, panel += r->panel_floats)
                multiply(r, i, from, k, panel, tile, add);
        }
    }
}

static void one_group(void *arg, size_t i, unsigned thread)
{
    const struct run *r = arg;
    size_t row = i * GROUP_ROWS, left = r->p->w->rows - row, end = row + (left < GROUP_ROWS ? left : GROUP_ROWS);
    size_t step = r->tokens < FEW ? r->way->rows : GROUP_ROWS;

    for (; row < end; row += step)
        rows_of_w(r, row, end - row < step ? end : row + step, r->p->k->scratch[thread]);
}

void ai_product_own(const struct ai_product *p, const struct ai_way *way)
{
    struct run r = {.p = p, .way = way};
    size_t most, chunk = way->chunk < p->w->cols ? way->chunk : p->w->cols;
    double macs = (double)p->w->rows * (double)p->w->cols;

    r.token_bytes = steps(p->w->cols, way) * way->x_step;
    r.panel_floats = (steps(chunk, way) * way->w_step + 63) / 64 * 64 / sizeof(float);
    most = AI_PACKED_BYTES / r.token_bytes;
    AI_ASSERT(most > 0);
    AI_ASSERT(AI_WAY_ROWS * way->chunk + r.panel_floats * (GROUP_ROWS / way->rows) <= AI_SCRATCH_FLOATS);
    for (size_t token = 0; token < p->n; token += r.tokens) {
        r.tokens = p->n - token < most ? p->n - token : most;
        r.tiles = (r.tokens + way->tokens - 1) / way->tokens;
        r.x = p->x + token * p->ldx;
        r.y = p->y + token * p->ldy;
        ai_kernels_run(p->k, (double)r.tokens * (double)p->w->cols * 16, r.tiles, pack_tile, &r);
        ai_kernels_run(p->k, macs * (double)r.tokens, (p->w->rows + GROUP_ROWS - 1) / GROUP_ROWS, one_group, &r);
    }
}
