/* AVX512-VNNI */
#include "kernels/vec.h"

INLINE vecu dot4(vecu sum, vecu w, vecu x)
{
    return (vecu)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, (__m512i)x);
}
#define dot4_signed dot4

#define WAY ai_way_int8_avx512
#define ISA "avx512vnni"
#define TOKENS 12
#define UP_TO_TOKENS UP_TO_12
#include "kernels/int8_body.h"
