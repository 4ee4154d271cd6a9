/* The decoders, as loops that the compiler vectorises for the instruction set of the
 * file that includes this one (DECODERS, DECODERS_ISA).  What the blocks mean is
 * told in blocks.h. */
#include "base/bytes.h"
#include "model/blocks.h"
#include "model/decode.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

extern const struct ai_decoders DECODERS;

#define DECODER(name) static void name(const void *restrict src, float *restrict dst, size_t n)

/* ---- floats ---- */

DECODER(f32)
{
    const uint8_t *p = src;

    for (size_t i = 0; i < n; i++)
        dst[i] = ai_get_f32(p + 4 * i);
}

DECODER(f16)
{
    const uint8_t *p = src;
    size_t i = 0;

#if defined(__AVX2__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p + 2 * i))));
#endif
    for (; i < n; i++)
        dst[i] = ai_f16_to_f32(ai_get_u16(p + 2 * i));
}

DECODER(bf16)
{
    const uint8_t *p = src;

    for (size_t i = 0; i < n; i++)
        dst[i] = ai_bf16_to_f32(ai_get_u16(p + 2 * i));
}

/* ---- blocks of 32 ---- */

DECODER(q8_0)
{
    const struct ai_block_q8_0 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        float d = ai_block_half(b->d);

        for (int i = 0; i < 32; i++)
            dst[i] = (float)b->qs[i] * d;
    }
}

/* 32 nibbles as 16 + 16: d (q + offset) + m */
static inline void nibbles(const uint8_t *restrict qs, float d, int offset, float m, float *restrict dst)
{
    for (int i = 0; i < 16; i++)
        dst[i] = (float)((qs[i] & 15) + offset) * d + m;
    for (int i = 0; i < 16; i++)
        dst[16 + i] = (float)((qs[i] >> 4) + offset) * d + m;
}

/* The same without m: a sum would make 0 of -0. */
static inline void signed_nibbles(const uint8_t *restrict qs, float d, int offset, float *restrict dst)
{
    for (int i = 0; i < 16; i++)
        dst[i] = (float)((qs[i] & 15) + offset) * d;
    for (int i = 0; i < 16; i++)
        dst[16 + i] = (float)((qs[i] >> 4) + offset) * d;
}

DECODER(q4_0)
{
    const struct ai_block_q4_0 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK)
        signed_nibbles(b->qs, ai_block_half(b->d), -8, dst);
}

DECODER(q4_1)
{
    const struct ai_block_q4_1 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK)
        nibbles(b->qs, ai_block_half(b->d), 0, ai_block_half(b->m), dst);
}

/* The five-bit numbers of a block, one a byte. */
static inline void five_bits(const uint8_t *restrict qs, const uint8_t *restrict qh, uint8_t *restrict q)
{
    uint32_t high = ai_get_u32(qh);

    for (int i = 0; i < 16; i++)
        q[i] = (uint8_t)((qs[i] & 15) | (high >> i & 1) << 4);
    for (int i = 0; i < 16; i++)
        q[16 + i] = (uint8_t)(qs[i] >> 4 | (high >> (16 + i) & 1) << 4);
}

DECODER(q5_0)
{
    const struct ai_block_q5_0 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        float d = ai_block_half(b->d);
        uint8_t q[32];

        five_bits(b->qs, b->qh, q);
        for (int i = 0; i < 32; i++)
            dst[i] = (float)(q[i] - 16) * d;
    }
}

DECODER(q5_1)
{
    const struct ai_block_q5_1 *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK) {
        float d = ai_block_half(b->d), m = ai_block_half(b->m);
        uint8_t q[32];

        five_bits(b->qs, b->qh, q);
        for (int i = 0; i < 32; i++)
            dst[i] = (float)q[i] * d + m;
    }
}

/* 32 nibbles as 16 + 16, looked up */
static inline void levels(const uint8_t *restrict qs, float d, float *restrict dst)
{
    int8_t q[32];

#if defined(__AVX2__)
    __m128i table = _mm_loadu_si128((const __m128i *)(const void *)ai_iq4_values);
    __m128i both = _mm_loadu_si128((const __m128i *)(const void *)qs), mask = _mm_set1_epi8(15);

    _mm_storeu_si128((__m128i *)(void *)q, _mm_shuffle_epi8(table, _mm_and_si128(both, mask)));
    _mm_storeu_si128((__m128i *)(void *)(q + 16),
                     _mm_shuffle_epi8(table, _mm_and_si128(_mm_srli_epi16(both, 4), mask)));
#else
    for (int i = 0; i < 16; i++) {
        q[i] = ai_iq4_values[qs[i] & 15];
        q[16 + i] = ai_iq4_values[qs[i] >> 4];
    }
#endif
    for (int i = 0; i < 32; i++)
        dst[i] = (float)q[i] * d;
}

DECODER(iq4_nl)
{
    const struct ai_block_iq4_nl *b = src;

    for (; n; n -= AI_BLOCK, b++, dst += AI_BLOCK)
        levels(b->qs, ai_block_half(b->d), dst);
}

/* ---- blocks of 256 ---- */

DECODER(q2_k)
{
    const struct ai_block_q2_k *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float d = ai_block_half(b->d), dmin = ai_block_half(b->dmin);

        for (int g = 0; g < 16; g++, dst += 16) {
            const uint8_t *q = b->qs + g / 8 * 32 + g % 2 * 16;
            float scale = d * (float)(b->scales[g] & 15), min = dmin * (float)(b->scales[g] >> 4);

            for (int i = 0; i < 16; i++)
                dst[i] = (float)(q[i] >> g / 2 % 4 * 2 & 3) * scale - min;
        }
    }
}

DECODER(q3_k)
{
    const struct ai_block_q3_k *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float d = ai_block_half(b->d);
        int8_t scales[16];

        ai_q3_k_scales(b->scales, scales);
        for (int g = 0; g < 16; g++, dst += 16) {
            const uint8_t *low = b->qs + g / 8 * 32 + g % 2 * 16, *high = b->hmask + g % 2 * 16;
            float scale = d * (float)scales[g];

            for (int i = 0; i < 16; i++)
                dst[i] = (float)((low[i] >> g / 2 % 4 * 2 & 3) + (high[i] >> g / 2 & 1) * 4 - 4) * scale;
        }
    }
}

DECODER(q4_k)
{
    const struct ai_block_q4_k *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float d = ai_block_half(b->d), dmin = ai_block_half(b->dmin);
        uint8_t scales[8], mins[8];

        ai_q45_k_scales(b->scales, scales, mins);
        for (int g = 0; g < 8; g++, dst += 32) {
            const uint8_t *q = b->qs + g / 2 * 32;
            float scale = d * (float)scales[g], min = dmin * (float)mins[g];

            for (int i = 0; i < 32; i++)
                dst[i] = (float)(q[i] >> g % 2 * 4 & 15) * scale - min;
        }
    }
}

DECODER(q5_k)
{
    const struct ai_block_q5_k *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float d = ai_block_half(b->d), dmin = ai_block_half(b->dmin);
        uint8_t scales[8], mins[8];

        ai_q45_k_scales(b->scales, scales, mins);
        for (int g = 0; g < 8; g++, dst += 32) {
            const uint8_t *q = b->qs + g / 2 * 32;
            float scale = d * (float)scales[g], min = dmin * (float)mins[g];

            for (int i = 0; i < 32; i++)
                dst[i] = (float)((q[i] >> g % 2 * 4 & 15) + (b->qh[i] >> g & 1) * 16) * scale - min;
        }
    }
}

DECODER(q6_k)
{
    const struct ai_block_q6_k *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float d = ai_block_half(b->d);

        for (int g = 0; g < 16; g++, dst += 16) {
            int half = g / 8, row = g / 2 % 4, at = g % 2 * 16;
            const uint8_t *low = b->ql + half * 64 + row % 2 * 32 + at, *high = b->qh + half * 32 + at;
            float scale = d * (float)b->scales[g];

            for (int i = 0; i < 16; i++)
                dst[i] = (float)((low[i] >> row / 2 * 4 & 15) + (high[i] >> row * 2 & 3) * 16 - 32) * scale;
        }
    }
}

DECODER(iq4_xs)
{
    const struct ai_block_iq4_xs *b = src;

    for (; n; n -= AI_BLOCK_K, b++) {
        float d = ai_block_half(b->d);
        int8_t scales[8];

        ai_iq4_xs_scales(b, scales);
        for (int g = 0; g < 8; g++, dst += 32)
            levels(b->qs + 16 * g, d * (float)scales[g], dst);
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
