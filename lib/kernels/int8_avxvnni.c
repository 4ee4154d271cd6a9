/* AVX-VNNI: the same instruction on half the width */
#include "kernels/vec.h"

INLINE vecu dot4(vecu sum, vecu w, vecu x)
{
    return (vecu)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)w, (__m256i)x);
}
#define dot4_signed dot4

#define WAY ai_way_int8_avxvnni
#define ISA "avxvnni"
#define TOKENS 6
#define UP_TO_TOKENS UP_TO_6
#include "kernels/int8_body.h"
