#include "kernels/blas.h"
#include "kernels/kernels.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Floats of one thread's panel of decoded weight rows: it stays in a 1 MiB L2
 * cache beside the rows of x that stream past it. */
enum { PANEL = 128 * 1024, PANEL_ROWS_STEP = 16 };

/* Multiply-adds below which a product is done before the other threads are awake. */
enum { ALONE = 1 << 20 };

struct ai_kernels {
    struct ai_pool *pool;
    float **panel;      /* [threads][panel_floats] */
    size_t panel_floats;
};

struct ai_kernels *ai_kernels_new(struct ai_pool *pool, struct ai_err *err)
{
    unsigned threads = ai_pool_threads(pool);
    struct ai_kernels *k = ai_calloc(1, sizeof *k, err);

    if (!k)
        return NULL;
    k->pool = pool;
    k->panel_floats = 4 * PANEL;
    k->panel = ai_calloc(threads, sizeof *k->panel, err);
    if (!k->panel)
        goto fail;
    for (unsigned i = 0; i < threads; i++) {
        /* touched only as far as it is used */
        k->panel[i] = ai_alloc_aligned(k->panel_floats, sizeof(float), err);
        if (!k->panel[i])
            goto fail;
    }
    ai_blas_single_threaded();
    return k;
fail:
    ai_kernels_free(k);
    return NULL;
}

void ai_kernels_free(struct ai_kernels *k)
{
    if (!k)
        return;
    if (k->panel)
        for (unsigned i = 0; i < ai_pool_threads(k->pool); i++)
            free(k->panel[i]);
    free(k->panel);
    free(k);
}

struct ai_pool *ai_kernels_pool(struct ai_kernels *k)
{
    return k->pool;
}

struct product {
    struct ai_kernels *k;
    const struct ai_tensor *w, *bias;
    const float *x;
    float *y;
    size_t ldx, ldy, n, panel_rows;
};

/* Rows [row, row + n) of w as f32: in place if the file holds them so, else decoded. */
static const float *panel_of(const struct ai_tensor *w, size_t row, size_t n, float *panel)
{
    const uint8_t *src = (const uint8_t *)w->data + row * ai_tensor_row_bytes(w);

    if (w->type == AI_W_F32 && ((uintptr_t)src & 3) == 0)
        return (const float *)(const void *)src;
    ai_tensor_rows(w, row, n, panel);
    return panel;
}

static void add_bias(const struct product *p, size_t row, size_t n)
{
    const struct ai_wtype_info *info = &ai_wtypes[p->bias->type];
    float b[64];

    for (size_t i = 0; i < n; i += 64) {
        size_t take = n - i < 64 ? n - i : 64;

        ai_decode(p->bias->type, (const uint8_t *)p->bias->data + (row + i) / info->block * info->bytes, b, take);
        for (size_t r = 0; r < p->n; r++)
            ai_ops()->add(p->y + r * p->ldy + row + i, b, take);
    }
}

static void one_panel(void *arg, size_t i, unsigned thread)
{
    const struct product *p = arg;
    size_t row = i * p->panel_rows;
    size_t n = p->w->rows - row < p->panel_rows ? p->w->rows - row : p->panel_rows;
    const float *b = panel_of(p->w, row, n, p->k->panel[thread]);

    ai_gemm_nt(p->n, n, p->w->cols, 1.0f, p->x, p->ldx, b, p->w->cols, false, p->y + row, p->ldy);
    if (p->bias && p->bias->data)
        add_bias(p, row, n);
}

/* As many rows as fit a panel, but something for every thread. */
static size_t rows_a_panel(const struct ai_kernels *k, const struct ai_tensor *w)
{
    size_t threads = ai_pool_threads(k->pool);
    size_t rows = PANEL / w->cols, share = (w->rows + threads - 1) / threads;

    if (rows > share)
        rows = share;
    rows = (rows + PANEL_ROWS_STEP - 1) / PANEL_ROWS_STEP * PANEL_ROWS_STEP;
    if (rows == 0)
        rows = PANEL_ROWS_STEP;
    while (rows > 1 && rows * w->cols > k->panel_floats)
        rows /= 2;
    AI_ASSERT(rows * w->cols <= k->panel_floats);
    return rows;
}

void ai_matmul(struct ai_kernels *k, const struct ai_tensor *w, const struct ai_tensor *bias, const float *x,
               size_t ldx, size_t n, float *y, size_t ldy)
{
    struct product p = {k, w, bias, x, y, ldx, ldy, n, 0};

    size_t panels;

    if (n == 0)
        return;
    p.panel_rows = rows_a_panel(k, w);
    panels = (w->rows + p.panel_rows - 1) / p.panel_rows;
    if ((double)n * (double)w->rows * (double)w->cols < ALONE)
        for (size_t i = 0; i < panels; i++)
            one_panel(&p, i, 0);
    else
        ai_pool_run(k->pool, panels, one_panel, &p);
}
