#include "kernels/blas.h"

#include "kernels/kernels.h"

#include <cblas.h>

void ai_blas_single_threaded(void)
{
    openblas_set_num_threads(1);
}

const char *ai_blas_core(void)
{
    return openblas_get_corename();
}

void ai_gemm_nt(size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda, const float *b, size_t ldb,
                bool accumulate, float *c, size_t ldc)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, alpha, a, (blasint)lda,
                b, (blasint)ldb, accumulate ? 1.0f : 0.0f, c, (blasint)ldc);
}

void ai_gemm_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, bool accumulate,
                float *c, size_t ldc)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a, (blasint)lda,
                b, (blasint)ldb, accumulate ? 1.0f : 0.0f, c, (blasint)ldc);
}
