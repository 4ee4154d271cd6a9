#include "kernels/kernels.h"

#include <pthread.h>

extern const struct ai_ops ai_ops_generic, ai_ops_avx2, ai_ops_avx512;

static const struct ai_ops *chosen = &ai_ops_generic;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        chosen = &ai_ops_avx512;
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        chosen = &ai_ops_avx2;
#endif
}

const struct ai_ops *ai_ops(void)
{
    pthread_once(&once, choose);
    return chosen;
}
