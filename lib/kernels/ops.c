#include "kernels/kernels.h"

#include <pthread.h>

extern const struct ai_ops ai_ops_generic, ai_ops_avx2, ai_ops_avx512;

static const struct ai_ops *chosen = &ai_ops_generic;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
#if defined(__x86_64__)
    if (ai_isa_here() >= AI_ISA_AVX512)
        chosen = &ai_ops_avx512;
    else if (ai_isa_here() >= AI_ISA_AVX2)
        chosen = &ai_ops_avx2;
#endif
}

const struct ai_ops *ai_ops(void)
{
    pthread_once(&once, choose);
    return chosen;
}
