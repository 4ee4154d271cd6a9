/* Products of BF16 pairs with sums in f32 (AVX512-BF16). */
#include "base/bytes.h"
#include "kernels/vec.h"
#include "kernels/way.h"

enum { TOKENS = 12, CHUNK = 1024 };

#define WORD uint32_t
#define STEP 2
#define UP_TO_TOKENS UP_TO_12
INLINE vecf add_product(vecu w, uint32_t x, vecf sum)
{
    return (vecf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)w, (__m512bh)spread_int((int32_t)x));
}
#include "kernels/f32_tile.h"

/* Two values as a pair, the first in the low half. */
static uint32_t pair(float first, float second)
{
    return ai_f32_to_bf16(first) | (uint32_t)ai_f32_to_bf16(second) << 16;
}

static void pack_x(const struct ai_way_int8 *format, const float *x, size_t ldx, size_t tokens, size_t k, void *out)
{
    uint32_t *o = out;
    size_t i = 0;

    (void)format;
    for (; i + 2 * LANES <= k; i += 2 * LANES) {
        vecu v[LANES];

        UNROLLED
        for (size_t t = 0; t < LANES; t++) {
            const float *p = x + t * ldx + i;

            v[t] = t < tokens ? (vecu)_mm512_cvtne2ps_pbh((__m512)LOAD(vecf, p + LANES), (__m512)LOAD(vecf, p))
                              : spread_int(0);
        }
        transpose(v);
        UNROLLED
        for (int j = 0; j < LANES; j++, o += tokens)
            store_some(o, v[j], (int)tokens);
    }
    for (; i < k; i += 2)
        for (size_t t = 0; t < tokens; t++)
            *o++ = pair(x[t * ldx + i], i + 1 < k ? x[t * ldx + i + 1] : 0);
}

/* Weights that are BF16 stay as they are. */
static void pack_bf16(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)
{
    uint32_t *o = out;
    size_t i = 0;

    (void)scratch;
    for (; i + 2 * LANES <= k; i += 2 * LANES, o += LANES * ROWS)
        for (size_t half = 0; half < ROWS; half += LANES) {
            vecu v[LANES];

            words_of_rows(rows, half, 2 * i, v);
            UNROLLED
            for (size_t j = 0; j < LANES; j++)
                STORE(vecu, o + j * ROWS + half, v[j]);
        }
    for (; i < k; i += 2, o += ROWS)
        for (size_t r = 0; r < ROWS; r++)
            o[r] = ai_get_u16(rows->row[r] + 2 * i) |
                   (i + 1 < k ? (uint32_t)ai_get_u16(rows->row[r] + 2 * i + 2) << 16 : 0);
}

/* Others are rounded to it. */
static void pack_rounded(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)
{
    for (size_t r = 0; r < ROWS; r++) {
        uint32_t *o = (uint32_t *)out + r;

        ai_decode(rows->type, rows->row[r], scratch, k);
        for (size_t i = 0; i < k; i += 2, o += ROWS)
            *o = pair(scratch[i], i + 1 < k ? scratch[i + 1] : 0);
    }
}

bool ai_way_bf16_avx512(enum ai_wtype type, struct ai_way *way)
{
    *way = (struct ai_way){.name = "bf16", .isa = "avx512bf16", .rows = ROWS, .tokens = TOKENS, .chunk = CHUNK,
                           .step = 2, .w_step = 4 * ROWS, .x_step = 4,
                           .pack_w = type == AI_W_BF16 ? pack_bf16 : pack_rounded, .pack_x = pack_x, .tile = tiles};
    return true;
}
