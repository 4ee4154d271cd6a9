/* Products through OpenBLAS: weights are decoded to f32 a panel at a time. */
#include "kernels/matmul.h"

/* Floats of a panel of decoded weight rows: it stays in a 1 MiB L2 cache beside the
 * rows of x that stream past it. */
enum { PANEL = 128 * 1024, ROWS_STEP = 16 };

struct panels {
    const struct ai_product *product;
    size_t rows; /* of a panel */
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

static void add_bias(const struct ai_product *p, size_t row, size_t n)
{
    float b[64];

    for (size_t i = 0; i < n; i += 64) {
        size_t take = n - i < 64 ? n - i : 64;

        ai_product_bias(p, row + i, take, b);
        for (size_t r = 0; r < p->n; r++)
            ai_ops()->add(p->y + r * p->ldy + row + i, b, take);
    }
}

static void one_panel(void *arg, size_t i, unsigned thread)
{
    const struct panels *panels = arg;
    const struct ai_product *p = panels->product;
    size_t row = i * panels->rows;
    size_t n = p->w->rows - row < panels->rows ? p->w->rows - row : panels->rows;
    const float *b = panel_of(p->w, row, n, p->k->scratch[thread]);

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
    rows = (rows + ROWS_STEP - 1) / ROWS_STEP * ROWS_STEP;
    if (rows == 0)
        rows = ROWS_STEP;
    while (rows > 1 && rows * w->cols > AI_SCRATCH_FLOATS)
        rows /= 2;
    AI_ASSERT(rows * w->cols <= AI_SCRATCH_FLOATS);
    return rows;
}

void ai_product_blas(const struct ai_product *p)
{
    struct panels panels = {p, rows_a_panel(p->k, p->w)};
    size_t n = (p->w->rows + panels.rows - 1) / panels.rows;

    ai_kernels_run(p->k, (double)p->n * (double)p->w->rows * (double)p->w->cols, n, one_panel, &panels);
}
