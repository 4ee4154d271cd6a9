#include "kernels/matmul.h"

#include "base/mem.h"
#include "kernels/blas.h"

#include <stdio.h>
#include <string.h>

/* Multiply-adds below which a product is done before the other threads are awake. */
enum { ALONE = 1 << 20 };

struct ai_kernels *ai_kernels_new(struct ai_pool *pool, struct ai_err *err)
{
    unsigned threads = ai_pool_threads(pool);
    struct ai_kernels *k = ai_calloc(1, sizeof *k, err);

    if (!k)
        return NULL;
    k->pool = pool;
    k->isa = ai_isa_here();
    k->packed = ai_alloc_aligned(AI_PACKED_BYTES, 1, err);
    k->scratch = ai_calloc(threads, sizeof *k->scratch, err);
    if (!k->packed || !k->scratch)
        goto fail;
    for (unsigned i = 0; i < threads; i++) {
        k->scratch[i] = ai_alloc_aligned(AI_SCRATCH_FLOATS, sizeof(float), err);
        if (!k->scratch[i])
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
    if (k->scratch)
        for (unsigned i = 0; i < ai_pool_threads(k->pool); i++)
            free(k->scratch[i]);
    free(k->scratch);
    free(k->packed);
    free(k);
}

struct ai_pool *ai_kernels_pool(struct ai_kernels *k)
{
    return k->pool;
}

void ai_kernels_compute(struct ai_kernels *k, enum ai_compute compute)
{
    k->compute = compute;
}

void ai_kernels_limit(struct ai_kernels *k, enum ai_isa isa)
{
    enum ai_isa here = ai_isa_here();

    k->isa = isa < here ? isa : here;
}

void ai_kernels_way(const struct ai_kernels *k, const struct ai_tensor *w, char *out, size_t size)
{
    struct ai_way way;

    if (ai_way_choose(k->compute, k->isa, w, &way))
        snprintf(out, size, "%s %s", way.name, way.isa);
    else
        snprintf(out, size, "f32 OpenBLAS %s", ai_blas_core());
}

void ai_kernels_run(struct ai_kernels *k, double work, size_t n, void (*fn)(void *, size_t, unsigned), void *arg)
{
    if (work >= ALONE)
        ai_pool_run(k->pool, n, fn, arg);
    else
        for (size_t i = 0; i < n; i++)
            fn(arg, i, 0);
}

void ai_product_bias(const struct ai_product *p, size_t row, size_t n, float *out)
{
    const struct ai_wtype_info *info = &ai_wtypes[p->bias->type];
    float block[256];

    AI_ASSERT(info->block <= 256);
    if (info->block == 1) {
        ai_decode(p->bias->type, (const uint8_t *)p->bias->data + row * info->bytes, out, n);
        return;
    }
    for (size_t end = row + n; row < end;) { /* a block at a time: the rows may begin within one */
        size_t at = row % info->block, take = info->block - at < end - row ? info->block - at : end - row;

        ai_decode(p->bias->type, (const uint8_t *)p->bias->data + row / info->block * info->bytes, block, info->block);
        memcpy(out, block + at, take * sizeof *out);
        row += take;
        out += take;
    }
}

void ai_matmul(struct ai_kernels *k, const struct ai_tensor *w, const struct ai_tensor *bias, const float *x,
               size_t ldx, size_t n, float *y, size_t ldy)
{
    struct ai_product p = {k, w, bias, x, y, ldx, ldy, n};
    struct ai_way way;

    if (n == 0)
        return;
    if (ai_way_choose(k->compute, k->isa, w, &way))
        ai_product_own(&p, &way);
    else
        ai_product_blas(&p);
}
