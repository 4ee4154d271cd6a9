/* Between the files of this folder: who multiplies, and with what memory. */
#ifndef AI_KERNELS_MATMUL_H
#define AI_KERNELS_MATMUL_H

#include "kernels/kernels.h"
#include "kernels/way.h"

enum {
    AI_SCRATCH_FLOATS = 512 * 1024, /* of each thread; touched only as far as it is used */
    AI_PACKED_BYTES = 16 << 20,     /* for packed rows of x; the same */
};

struct ai_kernels {
    struct ai_pool *pool;
    enum ai_compute compute;
    enum ai_isa isa;
    float **scratch; /* [threads][AI_SCRATCH_FLOATS] */
    uint8_t *packed; /* [AI_PACKED_BYTES] */
};

struct ai_product {
    struct ai_kernels *k;
    const struct ai_tensor *w, *bias; /* bias may be NULL, or have no data */
    const float *x;
    float *y;
    size_t ldx, ldy, n;
};

/* fn(arg, i, thread) for i in [0, n): on the pool, or on the calling thread alone if
 * `work` multiply-adds are done before the others are awake. */
void ai_kernels_run(struct ai_kernels *k, double work, size_t n, void (*fn)(void *, size_t, unsigned), void *arg);
/* Decodes the bias of rows [row, row + n) of w. */
void ai_product_bias(const struct ai_product *p, size_t row, size_t n, float *out);

/* own.c: a product in one of our own ways. */
void ai_product_own(const struct ai_product *p, const struct ai_way *way);
/* panels.c: one in f32 through OpenBLAS. */
void ai_product_blas(const struct ai_product *p);

#endif
