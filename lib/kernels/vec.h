/* Vectors of LANES 32-bit values for the instruction set that the including file is
 * compiled for, and the few operations on them that the compiler's vector types lack. */
#ifndef AI_KERNELS_VEC_H
#define AI_KERNELS_VEC_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512BW__)
#define LANES 16
#else
#define LANES 8
#endif

typedef uint32_t vecu __attribute__((vector_size(4 * LANES)));
typedef int32_t veci __attribute__((vector_size(4 * LANES)));
typedef float vecf __attribute__((vector_size(4 * LANES)));

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

/* Brings the line of p into the second cache: the first is small, and rows that lie a
 * power of two apart share few places in it. */
#define FETCH(p) __builtin_prefetch(p, 0, 2)
#define LOAD(type, p) ((type)*(const type##_any *)(const void *)(p))
#define STORE(type, p, v) (*(type##_any *)(void *)(p) = (v))
typedef vecu vecu_any __attribute__((aligned(1), may_alias));
typedef vecf vecf_any __attribute__((aligned(1), may_alias));

INLINE float load_float(const void *p)
{
    float f;

    memcpy(&f, p, sizeof f);
    return f;
}

INLINE int32_t load_int(const void *p)
{
    int32_t i;

    memcpy(&i, p, sizeof i);
    return i;
}

#if LANES == 16
INLINE vecf spread(float f)
{
    return (vecf)_mm512_set1_ps(f);
}
INLINE vecu spread_int(int32_t i)
{
    return (vecu)_mm512_set1_epi32(i);
}
/* a b + c, rounded once */
INLINE vecf fma_(vecf a, vecf b, vecf c)
{
    return (vecf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
INLINE vecf to_float(vecu v)
{
    return (vecf)_mm512_cvtepi32_ps((__m512i)v);
}
/* LANES half floats */
INLINE vecf load_f16(const void *p)
{
    return (vecf)_mm512_cvtph_ps(_mm256_loadu_si256(p));
}
/* half floats in the low 16 bits of each lane */
INLINE vecf low_f16(vecu v)
{
    return (vecf)_mm512_cvtph_ps(_mm512_cvtepi32_epi16((__m512i)v));
}
/* table[b] for each byte b < 16 of v */
INLINE vecu lookup(const uint8_t table[16], vecu v)
{
    return (vecu)_mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)table)),
                                     (__m512i)v);
}
#define EACH(op, a, b) (vecu) _mm512_##op((__m512i)(a), (__m512i)(b))
INLINE __m512i load4(const uint8_t *const *row, size_t at)
{
    __m512i z = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)(row[0] + at)));

    z = _mm512_mask_broadcast_i32x4(z, 0x00f0, _mm_loadu_si128((const __m128i *)(const void *)(row[4] + at)));
    z = _mm512_mask_broadcast_i32x4(z, 0x0f00, _mm_loadu_si128((const __m128i *)(const void *)(row[8] + at)));
    return _mm512_mask_broadcast_i32x4(z, 0xf000, _mm_loadu_si128((const __m128i *)(const void *)(row[12] + at)));
}
#else
INLINE vecf spread(float f)
{
    return (vecf)_mm256_set1_ps(f);
}
INLINE vecu spread_int(int32_t i)
{
    return (vecu)_mm256_set1_epi32(i);
}
INLINE vecf fma_(vecf a, vecf b, vecf c)
{
    return (vecf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
INLINE vecf to_float(vecu v)
{
    return (vecf)_mm256_cvtepi32_ps((__m256i)v);
}
INLINE vecf load_f16(const void *p)
{
    return (vecf)_mm256_cvtph_ps(_mm_loadu_si128(p));
}
INLINE vecf low_f16(vecu v)
{
    __m256i packed = _mm256_packus_epi32(_mm256_and_si256((__m256i)v, _mm256_set1_epi32(0xffff)), _mm256_setzero_si256());

    return (vecf)_mm256_cvtph_ps(_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08)));
}
INLINE vecu lookup(const uint8_t table[16], vecu v)
{
    __m128i t = _mm_loadu_si128((const __m128i *)(const void *)table);

    return (vecu)_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(t), (__m256i)v);
}
#define EACH(op, a, b) (vecu) _mm256_##op((__m256i)(a), (__m256i)(b))
INLINE __m256i load4(const uint8_t *const *row, size_t at)
{
    __m256i y = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(row[0] + at)));

    return _mm256_inserti128_si256(y, _mm_loadu_si128((const __m128i *)(const void *)(row[4] + at)), 1);
}
#endif

/* out[i] = the i-th of the 4 words at row[lane] + at, for all lanes: a transposition.
 * Rows 4i + j come as lane i of the j-th vector; in each lane it is then 4 by 4. */
INLINE void gather(const uint8_t *const *row, size_t at, vecu out[4])
{
    vecu z0 = (vecu)load4(row, at), z1 = (vecu)load4(row + 1, at);
    vecu z2 = (vecu)load4(row + 2, at), z3 = (vecu)load4(row + 3, at);
    vecu a = EACH(unpacklo_epi32, z0, z1), b = EACH(unpacklo_epi32, z2, z3);
    vecu c = EACH(unpackhi_epi32, z0, z1), d = EACH(unpackhi_epi32, z2, z3);

    out[0] = EACH(unpacklo_epi64, a, b);
    out[1] = EACH(unpackhi_epi64, a, b);
    out[2] = EACH(unpacklo_epi64, c, d);
    out[3] = EACH(unpackhi_epi64, c, d);
}

/* v[i] = the i-th words of all v: LANES by LANES, transposed. */
INLINE void transpose(vecu v[LANES])
{
    vecu quads[LANES]; /* [4q + j]: words 4l + j of rows 4q ... 4q + 3 in lane l */

    UNROLLED
    for (int q = 0; q < LANES; q += 4) {
        vecu a = EACH(unpacklo_epi32, v[q], v[q + 1]), b = EACH(unpacklo_epi32, v[q + 2], v[q + 3]);
        vecu c = EACH(unpackhi_epi32, v[q], v[q + 1]), d = EACH(unpackhi_epi32, v[q + 2], v[q + 3]);

        quads[q] = EACH(unpacklo_epi64, a, b);
        quads[q + 1] = EACH(unpackhi_epi64, a, b);
        quads[q + 2] = EACH(unpacklo_epi64, c, d);
        quads[q + 3] = EACH(unpackhi_epi64, c, d);
    }
    UNROLLED
    for (int j = 0; j < 4; j++) {
#if LANES == 16
#define LANE_PAIRS(a, b, which) (vecu) _mm512_shuffle_i32x4((__m512i)(a), (__m512i)(b), which)
        vecu a = LANE_PAIRS(quads[j], quads[4 + j], 0x88), b = LANE_PAIRS(quads[8 + j], quads[12 + j], 0x88);
        vecu c = LANE_PAIRS(quads[j], quads[4 + j], 0xdd), d = LANE_PAIRS(quads[8 + j], quads[12 + j], 0xdd);

        v[j] = LANE_PAIRS(a, b, 0x88);
        v[4 + j] = LANE_PAIRS(c, d, 0x88);
        v[8 + j] = LANE_PAIRS(a, b, 0xdd);
        v[12 + j] = LANE_PAIRS(c, d, 0xdd);
#else
        v[j] = (vecu)_mm256_permute2x128_si256((__m256i)quads[j], (__m256i)quads[4 + j], 0x20);
        v[4 + j] = (vecu)_mm256_permute2x128_si256((__m256i)quads[j], (__m256i)quads[4 + j], 0x31);
#endif
    }
}

/* Stores the first n <= LANES words. */
INLINE void store_some(void *p, vecu v, int n)
{
#if LANES == 16
    _mm512_mask_storeu_epi32(p, (__mmask16)((1u << n) - 1), (__m512i)v);
#else
    static const int32_t masks[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};

    _mm256_maskstore_epi32(p, _mm256_loadu_si256((const __m256i *)(const void *)(masks + LANES - n)), (__m256i)v);
#endif
}

/* Calls X for 1, 2, ... 12, which makes a tile kernel of each size. */
#define UP_TO_4(X) X(1) X(2) X(3) X(4)
#define UP_TO_6(X) UP_TO_4(X) X(5) X(6)
#define UP_TO_12(X) UP_TO_6(X) X(7) X(8) X(9) X(10) X(11) X(12)

#endif
