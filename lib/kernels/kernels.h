/* Matrix products and the small operators around them.  All matrices are f32,
 * row-major; weights come as the file has them (model/tensor.h).
 *
 * A product takes one of these ways, by the compute mode, the type of the weights and
 * the instruction set (kernels/way.h has ours):
 *   f32    weights decoded exactly, sums in f32
 *   bf16   weights and inputs rounded to BF16, sums in f32
 *   int8   weights as the file has them, inputs rounded to 8 bits with a scale for each
 *          32 of a row; block-quantised weights only
 *   OpenBLAS sgemm, single-threaded, over panels of decoded weights: f32 on machines
 *          for which we have nothing of our own
 * Weights are packed a panel at a time, once a call; the pool's threads take panels.
 * A row of y depends on its row of x alone, bit by bit: not on n or on the threads
 * (OpenBLAS's way as far as it keeps to that).
 *
 * The small operators exist once per instruction set and are chosen when the program
 * starts. */
#ifndef AI_KERNELS_KERNELS_H
#define AI_KERNELS_KERNELS_H

#include "base/err.h"
#include "base/pool.h"
#include "model/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What products may do to weights and inputs.  Where the machine or the weights have
 * no such way, f32. */
enum ai_compute {
    AI_COMPUTE_F32,
    AI_COMPUTE_BF16,
    AI_COMPUTE_INT8,
    AI_COMPUTE_FAST, /* int8 for block-quantised weights, bf16 for BF16, f32 for others and for short rows */
};
/* Columns of w below which FAST means f32: little time is lost, and the rounding of so
 * few inputs shows most in what comes out. */
enum { AI_FAST_COLUMNS = 256 };
/* "f32", "bf16", "int8", "fast", NULL. */
extern const char *const ai_compute_names[];

/* Instruction sets; each is used together with those before it. */
enum ai_isa { AI_ISA_GENERIC, AI_ISA_AVX2, AI_ISA_AVXVNNI, AI_ISA_AVX512 };
/* "generic", "avx2", ..., NULL. */
extern const char *const ai_isa_names[];
bool ai_isa_has(enum ai_isa isa);
/* The best that this machine runs. */
enum ai_isa ai_isa_here(void);

struct ai_kernels; /* a pool with its per-thread panels */

/* pool is borrowed.  Products are in f32.  Returns NULL with err filled. */
struct ai_kernels *ai_kernels_new(struct ai_pool *pool, struct ai_err *err) AI_CHECKED;
void ai_kernels_free(struct ai_kernels *k);
struct ai_pool *ai_kernels_pool(struct ai_kernels *k);
/* The mode of the products from now on, and the instruction set that they use at most
 * (by default ai_isa_here(); for tests and measurements). */
void ai_kernels_compute(struct ai_kernels *k, enum ai_compute compute);
void ai_kernels_limit(struct ai_kernels *k, enum ai_isa isa);
/* How w is multiplied, as "int8 avx512vnni". */
void ai_kernels_way(const struct ai_kernels *k, const struct ai_tensor *w, char *out, size_t size);

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
