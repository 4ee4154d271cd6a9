/* The decoders, as loops that the compiler vectorises for the instruction set of the
 * file that includes this one (DECODERS, DECODERS_ISA).  What the blocks mean is
 * told in blocks.h. */
#include "base/bytes.h"
#include "model/blocks.h"
#include "model/decode.h"

#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

extern const struct ai_decoders DECODERS;

/* A loop over the groups of a block: it pays when shifts and offsets are constants. */
#define UNROLL _Pragma("GCC unroll 16")
#define DECODER(name) static void name(const void *restrict src, float *restrict dst, size_t n)

/* ---- floats ---- */

DECODER(f32)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(dst, src, n * sizeof *dst);
#else
    for (size_t i = 0; i < n; i++)
        dst[i] = ai_get_f32((const uint8_t *)src + 4 * i);
#endif
}

/* A 16-bit number that may lie anywhere. */
typedef uint16_t word __attribute__((aligned(1), may_alias));

static inline uint32_t word_of(word w)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return w;
#else
    return (uint16_t)(w << 8 | w >> 8);
#endif
}

/* ai_f16_to_f32 without branches: multiplying by 2^112 moves the exponent and makes
 * subnormal numbers normal. */
DECODER(f16)
{
    const word *p = src;
    size_t i = 0;

#if defined(__AVX2__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p + i))));
#endif
#pragma omp simd
    for (size_t k = i; k < n; k++) {
        uint32_t h = word_of(p[k]), magnitude = (h & 0x7fff) << 13;
        uint32_t finite = ai_f32_bits(ai_bits_f32(magnitude) * 0x1p112f);

        dst[k] = ai_bits_f32((h & 0x8000) << 16 | (magnitude >= 0x0f800000 ? magnitude | 0x7f800000 : finite));
    }
}

DECODER(bf16)
{
    const word *p = src;

#pragma omp simd
    for (size_t i = 0; i < n; i++)
        dst[i] = ai_bits_f32(word_of(p[i]) << 16);
}

/* ---- sixteen quants at a time ---- */

/* Sixteen bytes in a register, as two words and as numbers. */
typedef uint64_t bytes __attribute__((vector_size(16)));
typedef int8_t numbers __attribute__((vector_size(16)));

#define EVERY(byte) ((byte) * (uint64_t)0x0101010101010101)

static inline bytes load(const void *p)
{
    bytes b;

    memcpy(&b, p, sizeof b);
    return b;
}

/* Each byte >> shift & mask: what a shift of the word brings in from the next byte, the
 * mask takes away. */
static inline bytes bits(bytes b, unsigned shift, uint8_t mask)
{
    return b >> shift & EVERY(mask);
}

static inline numbers minus(bytes q, int8_t offset)
{
    return (numbers)q - offset;
}

#if defined(__AVX512F__)
static inline __m512 floats(numbers q)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32((__m128i)q));
}
#elif defined(__AVX2__)
static inline __m256 floats(numbers q)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32((__m128i)q));
}

static inline numbers upper(numbers q)
{
    return (numbers)_mm_unpackhi_epi64((__m128i)q, (__m128i)q);
}
#endif

/* dst[i] = scale q[i] */
static inline void scaled(numbers q, float scale, float *restrict dst)
{
#if defined(__AVX512F__)
    _mm512_storeu_ps(dst, _mm512_mul_ps(floats(q), _mm512_set1_ps(scale)));
#elif defined(__AVX2__)
    _mm256_storeu_ps(dst, _mm256_mul_ps(floats(q), _mm256_set1_ps(scale)));
    _mm256_storeu_ps(dst + 8, _mm256_mul_ps(floats(upper(q)), _mm256_set1_ps(scale)));
#else
    int8_t n[16];

    memcpy(n, &q, sizeof n);
    for (int i = 0; i < 16; i++)
        dst[i] = (float)n[i] * scale;
#endif
}

/* dst[i] = scale q[i] + m.  For m = 0 not the same as scaled: a sum makes 0 of -0. */
static inline void scaled_plus(bytes b, float scale, float m, float *restrict dst)
{
    numbers q = (numbers)b;
#if defined(__AVX512F__)
    _mm512_storeu_ps(dst, _mm512_fmadd_ps(floats(q), _mm512_set1_ps(scale), _mm512_set1_ps(m)));
#elif defined(__AVX2__)
    _mm256_storeu_ps(dst, _mm256_fmadd_ps(floats(q), _mm256_set1_ps(scale), _mm256_set1_ps(m)));
    _mm256_storeu_ps(dst + 8, _mm256_fmadd_ps(floats(upper(q)), _mm256_set1_ps(scale), _mm256_set1_ps(m)));
#else
    int8_t n[16];

    memcpy(n, &q, sizeof n);
    for (int i = 0; i < 16; i++)
        dst[i] = (float)n[i] * scale + m;
#endif
}

static inline float half(const uint8_t h[2])
{
#if defined(__F16C__)
    return _cvtsh_ss(ai_get_u16(h));
#else
    return ai_block_half(h);
#endif
}

/* ---- blocks of 32 ---- */

/* 16 in byte i where bit i of the two bytes at qh is set */
static inline bytes fifth_bits(const uint8_t *qh)
{
#if defined(__AVX2__)
    const __m128i bit = _mm_set1_epi64x((long long)0x8040201008040201);
    __m128i both = _mm_shuffle_epi8(_mm_set1_epi16((short)ai_get_u16(qh)), _mm_set_epi64x(0x0101010101010101, 0));

    return (bytes)_mm_and_si128(_mm_cmpeq_epi8(_mm_and_si128(both, bit), bit), _mm_set1_epi8(16));
#else
    uint8_t q[16];

    for (int k = 0; k < 2; k++) /* byte i of the word gets bit i alone; adding 127 carries it into the top bit */
        ai_put_u64(q + 8 * k, ((EVERY(qh[k]) & 0x8040201008040201) + EVERY(127)) >> 3 & EVERY(16));
    return load(q);
#endif
}

/* IQ4's levels number q */
static inline numbers levels(bytes q)
{
#if defined(__AVX2__)
    return (numbers)_mm_shuffle_epi8((__m128i)load(ai_iq4_values), (__m128i)q);
#else
    uint8_t n[16];
    int8_t level[16];

    memcpy(n, &q, sizeof n);
    for (int i = 0; i < 16; i++)
        level[i] = ai_iq4_values[n[i]];
    return (numbers)load(level);
#endif
}

DECODER(q8_0)
{
    const struct ai_block_q8_0 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        scaled((numbers)load(b->qs), half(b->d), dst);
        scaled((numbers)load(b->qs + 16), half(b->d), dst + 16);
    }
}

DECODER(q4_0)
{
    const struct ai_block_q4_0 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        bytes q = load(b->qs);

        scaled(minus(bits(q, 0, 15), 8), half(b->d), dst);
        scaled(minus(bits(q, 4, 15), 8), half(b->d), dst + 16);
    }
}

DECODER(q4_1)
{
    const struct ai_block_q4_1 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        bytes q = load(b->qs);

        scaled_plus(bits(q, 0, 15), half(b->d), half(b->m), dst);
        scaled_plus(bits(q, 4, 15), half(b->d), half(b->m), dst + 16);
    }
}

DECODER(q5_0)
{
    const struct ai_block_q5_0 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        bytes q = load(b->qs);

        scaled(minus(bits(q, 0, 15) | fifth_bits(b->qh), 16), half(b->d), dst);
        scaled(minus(bits(q, 4, 15) | fifth_bits(b->qh + 2), 16), half(b->d), dst + 16);
    }
}

DECODER(q5_1)
{
    const struct ai_block_q5_1 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        bytes q = load(b->qs);

        scaled_plus(bits(q, 0, 15) | fifth_bits(b->qh), half(b->d), half(b->m), dst);
        scaled_plus(bits(q, 4, 15) | fifth_bits(b->qh + 2), half(b->d), half(b->m), dst + 16);
    }
}

DECODER(iq4_nl)
{
    const struct ai_block_iq4_nl *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        bytes q = load(b->qs);

        scaled(levels(bits(q, 0, 15)), half(b->d), dst);
        scaled(levels(bits(q, 4, 15)), half(b->d), dst + 16);
    }
}

/* ---- blocks of 256: g is a group of 16 values ---- */

DECODER(q2_k)
{
    const struct ai_block_q2_k *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float scale[16], min[16];

        scaled((numbers)bits(load(b->scales), 0, 15), half(b->d), scale);
        scaled((numbers)bits(load(b->scales), 4, 15), -half(b->dmin), min);
        UNROLL
        for (unsigned g = 0; g < 16; g++, dst += 16) {
            bytes q = bits(load(b->qs + g / 8 * 32 + g % 2 * 16), g / 2 % 4 * 2, 3);

            scaled_plus(q, scale[g], min[g], dst);
        }
    }
}

DECODER(q3_k)
{
    const struct ai_block_q3_k *b = src;
    int8_t scales[16];

    for (; n; n -= AI_BLOCK_K, b++) {
        float scale[16];

        ai_q3_k_scales(b->scales, scales);
        scaled((numbers)load(scales), half(b->d), scale);
        UNROLL
        for (unsigned g = 0; g < 16; g++, dst += 16) {
            bytes low = bits(load(b->qs + g / 8 * 32 + g % 2 * 16), g / 2 % 4 * 2, 3);
            bytes high = bits(load(b->hmask + g % 2 * 16), g / 2, 1);

            scaled(minus(low | high << 2, 4), scale[g], dst);
        }
    }
}

DECODER(q4_k)
{
    const struct ai_block_q4_k *b = src;
    uint8_t six[16];

    for (; n; n -= AI_BLOCK_K, b++) {
        float scale[16], min[16]; /* the first half of one, the second of the other */

        ai_q45_k_scales(b->scales, six, six + 8);
        scaled((numbers)load(six), half(b->d), scale);
        scaled((numbers)load(six), -half(b->dmin), min);
        UNROLL
        for (unsigned g = 0; g < 16; g++, dst += 16) {
            bytes q = bits(load(b->qs + g / 4 * 32 + g % 2 * 16), g / 2 % 2 * 4, 15);

            scaled_plus(q, scale[g / 2], min[8 + g / 2], dst);
        }
    }
}

DECODER(q5_k)
{
    const struct ai_block_q5_k *b = src;
    uint8_t six[16];

    for (; n; n -= AI_BLOCK_K, b++) {
        float scale[16], min[16]; /* the first half of one, the second of the other */

        ai_q45_k_scales(b->scales, six, six + 8);
        scaled((numbers)load(six), half(b->d), scale);
        scaled((numbers)load(six), -half(b->dmin), min);
        UNROLL
        for (unsigned g = 0; g < 16; g++, dst += 16) {
            bytes low = bits(load(b->qs + g / 4 * 32 + g % 2 * 16), g / 2 % 2 * 4, 15);
            bytes high = bits(load(b->qh + g % 2 * 16), g / 2, 1);

            scaled_plus(low | high << 4, scale[g / 2], min[8 + g / 2], dst);
        }
    }
}

DECODER(q6_k)
{
    const struct ai_block_q6_k *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float scale[16];

        scaled((numbers)load(b->scales), half(b->d), scale);
        UNROLL
        for (unsigned g = 0; g < 16; g++, dst += 16) {
            unsigned h = g / 8, k = g / 2 % 4, at = g % 2 * 16;
            bytes low = bits(load(b->ql + 64 * h + 32 * (k % 2) + at), k / 2 * 4, 15);
            bytes high = bits(load(b->qh + 32 * h + at), 2 * k, 3);

            scaled(minus(low | high << 4, 32), scale[g], dst);
        }
    }
}

DECODER(iq4_xs)
{
    const struct ai_block_iq4_xs *b = src;
    int8_t scales[16] = {0}; /* there are eight */

    for (; n; n -= AI_BLOCK_K, b++) {
        float scale[16];

        ai_iq4_xs_scales(b, scales);
        scaled((numbers)load(scales), half(b->d), scale);
        UNROLL
        for (unsigned g = 0; g < 16; g++, dst += 16)
            scaled(levels(bits(load(b->qs + g / 2 * 16), g % 2 * 4, 15)), scale[g / 2], dst);
    }
}

const struct ai_decoders DECODERS = {
    .isa = DECODERS_ISA,
    .of = {
        [AI_W_F32] = f32, [AI_W_F16] = f16, [AI_W_BF16] = bf16, [AI_W_Q8_0] = q8_0,
        [AI_W_Q4_0] = q4_0, [AI_W_Q4_1] = q4_1, [AI_W_Q5_0] = q5_0, [AI_W_Q5_1] = q5_1, [AI_W_IQ4_NL] = iq4_nl,
        [AI_W_Q2_K] = q2_k, [AI_W_Q3_K] = q3_k, [AI_W_Q4_K] = q4_k, [AI_W_Q5_K] = q5_k, [AI_W_Q6_K] = q6_k,
        [AI_W_IQ4_XS] = iq4_xs,
    },
};
