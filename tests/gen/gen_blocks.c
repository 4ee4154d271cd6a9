#include "gen_blocks.h"

#include "base/bytes.h"

/* Where a block has its scale and, if it has one, its minimum.  rms: root mean square
 * of a block's values when scale is 1, all other bits are random and the minimum,
 * `min` scales, makes their mean 0. */
static const struct layout {
    unsigned char scale, minimum; /* offsets; minimum 0: none */
    float rms, min;
} layouts[AI_W_COUNT] = {
    [AI_W_Q8_0] = {0, 0, 74, 0},       [AI_W_Q4_0] = {0, 0, 4.6f, 0},     [AI_W_Q4_1] = {0, 2, 4.6f, -7.5f},
    [AI_W_Q5_0] = {0, 0, 9.2f, 0},     [AI_W_Q5_1] = {0, 2, 9.2f, -15.5f}, [AI_W_Q2_K] = {80, 82, 13.9f, 1.5f},
    [AI_W_Q3_K] = {108, 0, 43, 0},     [AI_W_Q4_K] = {0, 2, 258, 7.5f},   [AI_W_Q5_K] = {0, 2, 527, 15.5f},
    [AI_W_Q6_K] = {208, 0, 1366, 0},   [AI_W_IQ4_NL] = {0, 0, 67, 0},     [AI_W_IQ4_XS] = {0, 0, 1247, 0},
};

static void random_bytes(struct ai_rng *rng, uint8_t *out, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        ai_put_u64(out + i, ai_rng_u64(rng));
    for (uint64_t u = ai_rng_u64(rng); i < n; i++, u >>= 8)
        out[i] = (uint8_t)u;
}

/* Uniform in [-1, 1), times sqrt(3): root mean square 1. */
static float uniform(uint32_t bits)
{
    return (float)((int32_t)bits >> 8) * (1.7320508f / (1 << 23));
}

static void put_float(enum ai_wtype type, float x, size_t i, uint8_t *out)
{
    if (type == AI_W_F32)
        ai_put_u32(out + 4 * i, ai_f32_bits(x));
    else
        ai_put_u16(out + 2 * i, type == AI_W_F16 ? ai_f32_to_f16(x) : ai_f32_to_bf16(x));
}

void gen_blocks(enum ai_wtype type, struct ai_rng *rng, float rms, size_t n, uint8_t *out)
{
    const struct layout *l = &layouts[type];
    unsigned bytes = ai_wtypes[type].bytes, block = ai_wtypes[type].block;

    if (block == 1) {
        for (size_t i = 0; i < n; i += 2) {
            uint64_t u = ai_rng_u64(rng);

            put_float(type, rms * uniform((uint32_t)u), i, out);
            if (i + 1 < n)
                put_float(type, rms * uniform((uint32_t)(u >> 32)), i + 1, out);
        }
        return;
    }
    random_bytes(rng, out, n / block * bytes);
    for (size_t b = 0; b < n / block; b++, out += bytes) {
        float scale = rms / l->rms * (1 + (float)(out[l->scale] & 15) / 64); /* not all the same */

        if (out[l->scale] & 16)
            scale = -scale;
        ai_put_u16(out + l->scale, ai_f32_to_f16(scale));
        if (l->minimum)
            ai_put_u16(out + l->minimum, ai_f32_to_f16(scale * l->min));
    }
}
