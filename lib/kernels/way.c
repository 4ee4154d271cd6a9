/* Which of our own ways a product takes. */
#include "kernels/way.h"

#include "config.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

const char *const ai_compute_names[] = {"f32", "bf16", "int8", "fast", NULL};
const char *const ai_isa_names[] = {"generic", "avx2", "avxvnni", "avx512", NULL};

#if defined(__x86_64__)

bool ai_isa_has(enum ai_isa isa)
{
    unsigned a, b, c, d;

    switch (isa) {
    case AI_ISA_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case AI_ISA_AVXVNNI: return HAVE_AVXVNNI && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & 1 << 4;
    case AI_ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    default: return true;
    }
}

static bool choose_int8(enum ai_isa level, enum ai_wtype type, struct ai_way *way)
{
    if (level == AI_ISA_AVX512 && __builtin_cpu_supports("avx512vnni"))
        return ai_way_int8_avx512(type, way);
#if HAVE_AVXVNNI
    if (level >= AI_ISA_AVXVNNI && ai_isa_has(AI_ISA_AVXVNNI))
        return ai_way_int8_avxvnni(type, way);
#endif
    return level >= AI_ISA_AVX2 && ai_way_int8_avx2(type, way);
}

bool ai_way_choose(enum ai_compute compute, enum ai_isa level, const struct ai_tensor *w, struct ai_way *way)
{
    if (compute == AI_COMPUTE_FAST && w->cols >= AI_FAST_COLUMNS)
        compute = w->type == AI_W_BF16 ? AI_COMPUTE_BF16 : AI_COMPUTE_INT8;
    if (compute == AI_COMPUTE_BF16 && level == AI_ISA_AVX512 && __builtin_cpu_supports("avx512bf16"))
        return ai_way_bf16_avx512(w->type, way);
    if (compute == AI_COMPUTE_INT8 && choose_int8(level, w->type, way))
        return true;
    if (level == AI_ISA_AVX512)
        return ai_way_f32_avx512(w->type, way);
    return level >= AI_ISA_AVX2 && ai_way_f32_avx2(w->type, way);
}

#else

bool ai_isa_has(enum ai_isa isa)
{
    return isa == AI_ISA_GENERIC;
}

bool ai_way_choose(enum ai_compute compute, enum ai_isa level, const struct ai_tensor *w, struct ai_way *way)
{
    (void)compute, (void)level, (void)w, (void)way;
    return false;
}

#endif

enum ai_isa ai_isa_here(void)
{
    enum ai_isa isa = AI_ISA_AVX512;

    while (!ai_isa_has(isa))
        isa--;
    return isa;
}
