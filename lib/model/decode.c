#include "model/decode.h"

#include <pthread.h>

extern const struct ai_decoders ai_decoders_generic, ai_decoders_avx2, ai_decoders_avx512;

static const struct ai_decoders *sets[4];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_sets(void)
{
    unsigned n = 0;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        sets[n++] = &ai_decoders_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        sets[n++] = &ai_decoders_avx2;
#endif
    sets[n] = &ai_decoders_generic;
}

const struct ai_decoders *ai_decoders_at(unsigned i)
{
    pthread_once(&once, find_sets);
    return i < sizeof sets / sizeof *sets ? sets[i] : NULL;
}

const struct ai_decoders *ai_decoders(void)
{
    return ai_decoders_at(0);
}
