/* AVX2: products of bytes are added in pairs to 16 bits, which holds 2 * 127 * 127 but
 * not 2 * 255 * 127.  Weights that are signed bytes give their sign to x instead. */
#include "kernels/vec.h"

INLINE vecu dot4(vecu sum, vecu w, vecu x)
{
    __m256i pairs = _mm256_maddubs_epi16((__m256i)w, (__m256i)x);

    return sum + (vecu)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

INLINE vecu dot4_signed(vecu sum, vecu w, vecu x)
{
    return dot4(sum, (vecu)_mm256_abs_epi8((__m256i)w), (vecu)_mm256_sign_epi8((__m256i)x, (__m256i)w));
}
#define DOT4_SIGNED

#define WAY ai_way_int8_avx2
#define ISA "avx2"
#define TOKENS 4
#define UP_TO_TOKENS UP_TO_4
#include "kernels/int8_body.h"
