/* Matrix products and the small operators around them.  All matrices are f32,
 * row-major; weights come as the file has them (model/tensor.h).
 *
 * Products go through OpenBLAS, single-threaded, on slices of the output columns
 * that the pool's threads take; quantised and 16-bit weights are decoded to f32 a
 * panel at a time, once a call.  The small operators exist once per instruction
 * set and are chosen when the program starts. */
#ifndef AI_KERNELS_KERNELS_H
#define AI_KERNELS_KERNELS_H

#include "base/err.h"
#include "base/pool.h"
#include "model/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ai_kernels; /* a pool with its per-thread panels */

/* pool is borrowed.  Returns NULL with err filled. */
struct ai_kernels *ai_kernels_new(struct ai_pool *pool, struct ai_err *err) AI_CHECKED;
void ai_kernels_free(struct ai_kernels *k);
struct ai_pool *ai_kernels_pool(struct ai_kernels *k);

/* y[n, w.rows] = x[n, w.cols] W^T + bias (bias.data NULL: none; else f32-decodable [1, w.rows]).
 * ldx, ldy: distance between rows of x and y in floats. */
void ai_matmul(struct ai_kernels *k, const struct ai_tensor *w, const struct ai_tensor *bias,
               const float *x, size_t ldx, size_t n, float *y, size_t ldy);

/* c[m, n] (+)= alpha a[m, k] b[n, k]^T on the calling thread; accumulate: add to c. */
void ai_gemm_nt(size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                bool accumulate, float *c, size_t ldc);
/* c[m, n] (+)= a[m, k] b[k, n] on the calling thread. */
void ai_gemm_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                bool accumulate, float *c, size_t ldc);

/* Name of the BLAS core, for -V -v and provenance. */
const char *ai_blas_core(void);

/* One row each; n values.  In place where in == out is allowed. */
struct ai_ops {
    const char *isa;
    void (*rms_norm)(const float *x, const float *weight, float eps, size_t n, float *out);
    /* bias may be NULL */
    void (*layer_norm)(const float *x, const float *weight, const float *bias, float eps, size_t n, float *out);
    /* x[i] = exp(x[i] - max) ; returns the sum; max of the row is found first */
    float (*softmax_sum)(float *x, size_t n);
    /* x[i] *= scale */
    void (*scale)(float *x, float scale, size_t n);
    /* y[i] += x[i] */
    void (*add)(float *y, const float *x, size_t n);
    /* y[i] += a x[i] */
    void (*axpy)(float a, const float *x, float *y, size_t n);
    float (*dot)(const float *a, const float *b, size_t n);
    /* y[i] *= x[i] */
    void (*multiply)(float *y, const float *x, size_t n);
    /* x[i] = cap tanh(x[i] / cap) */
    void (*soft_cap)(float *x, float cap, size_t n);
    void (*silu)(float *x, size_t n);
    void (*gelu_tanh)(float *x, size_t n);
    void (*gelu_erf)(float *x, size_t n);
    void (*relu)(float *x, size_t n);
};
/* The best set this machine runs. */
const struct ai_ops *ai_ops(void);

#endif
