/* Products of block-quantised weights and 8-bit activations for the instruction set
 * of the including file, which defines WAY (the function that offers it), ISA,
 * TOKENS, UP_TO_TOKENS, and dot4(sum, w, x): sum + the products of the four unsigned
 * bytes w and signed bytes x in each lane.  Where that is exact only for bytes w
 * below 128 it defines dot4_signed as well, which takes signed w. */
#include "base/bytes.h"
#include "kernels/vec.h"
#include "kernels/way.h"

#include <float.h>
#include <math.h>

enum { ROWS = LANES, CHUNK = 1024, BLOCK = 32, GROUP = 4 * ROWS /* bytes of 4 columns */ };

#if defined(DOT4_SIGNED)
enum { BYTE_OFFSET = 0 }; /* of weights that are signed bytes */
#else
enum { BYTE_OFFSET = 128 };
#endif

/* Bytes of a packed block of a panel, of a token. */
#define W_BLOCK(subs, minima) (8 * GROUP + 4 * ROWS * (subs) * (1 + (minima)))
#define X_BLOCK(subs, minima) (BLOCK + 4 + 4 * (subs) * (1 + (minima)))

/* ---- the tile ---- */

INLINE void tile(const int tokens, const int subs, const int minima, const int is_signed, size_t k, const uint8_t *w,
                 const uint8_t *x, float *y, size_t ldy, bool add)
{
    vecf sum[TOKENS];

    UNROLLED
    for (int t = 0; t < tokens; t++)
        sum[t] = spread(0);
    for (size_t b = 0; b < k / BLOCK; b++, w += W_BLOCK(subs, minima), x += tokens * X_BLOCK(subs, minima)) {
        const uint8_t *scale = x + tokens * BLOCK, *start = scale + 4 * tokens, *total = start + 4 * subs * tokens;

        UNROLLED
        for (int s = 0; s < subs; s++) {
            vecf ws = LOAD(vecf, w + 8 * GROUP + 4 * ROWS * s);
            vecu whole[TOKENS];

            UNROLLED
            for (int t = 0; t < tokens; t++)
                whole[t] = spread_int(load_int(start + 4 * (s * tokens + t)));
            UNROLLED
            for (int g = s * 8 / subs; g < (s + 1) * 8 / subs; g++) {
                vecu a = LOAD(vecu, w + g * GROUP);

                UNROLLED
                for (int t = 0; t < tokens; t++) {
                    vecu v = spread_int(load_int(x + t * BLOCK + 4 * g));

                    whole[t] = is_signed ? dot4_signed(whole[t], a, v) : dot4(whole[t], a, v);
                }
            }
            UNROLLED
            for (int t = 0; t < tokens; t++)
                sum[t] = fma_(to_float(whole[t]), ws * spread(load_float(scale + 4 * t)), sum[t]);
            if (minima) {
                vecf m = LOAD(vecf, w + 8 * GROUP + 4 * ROWS * (subs + s));

                UNROLLED
                for (int t = 0; t < tokens; t++)
                    sum[t] = fma_(m, spread(load_float(total + 4 * (s * tokens + t))), sum[t]);
            }
        }
    }
    UNROLLED
    for (int t = 0; t < tokens; t++, y += ldy)
        STORE(vecf, y, add ? LOAD(vecf, y) + sum[t] : sum[t]);
}

#define TILE_(n, suffix, subs, minima, is_signed)                                                           \
    static void tile_##suffix##n(size_t k, const void *w, const void *x, float *y, size_t ldy, bool add)    \
    {                                                                                                       \
        tile(n, subs, minima, is_signed, k, w, x, y, ldy, add);                                             \
    }
#define TILE_PLAIN(n) TILE_(n, plain_, 1, 0, 0)
#define NAME_PLAIN(n) tile_plain_##n,
UP_TO_TOKENS(TILE_PLAIN)
static ai_way_tile *const tiles_plain[] = {UP_TO_TOKENS(NAME_PLAIN)};
#define TILE_MINIMA(n) TILE_(n, minima_, 1, 1, 0)
#define NAME_MINIMA(n) tile_minima_##n,
UP_TO_TOKENS(TILE_MINIMA)
static ai_way_tile *const tiles_minima[] = {UP_TO_TOKENS(NAME_MINIMA)};
#define TILE_SUBS(n) TILE_(n, subs_, 2, 0, 0)
#define NAME_SUBS(n) tile_subs_##n,
UP_TO_TOKENS(TILE_SUBS)
static ai_way_tile *const tiles_subs[] = {UP_TO_TOKENS(NAME_SUBS)};
#define TILE_SUBS_MINIMA(n) TILE_(n, subs_minima_, 2, 1, 0)
#define NAME_SUBS_MINIMA(n) tile_subs_minima_##n,
UP_TO_TOKENS(TILE_SUBS_MINIMA)
static ai_way_tile *const tiles_subs_minima[] = {UP_TO_TOKENS(NAME_SUBS_MINIMA)};
#if defined(DOT4_SIGNED)
#define TILE_SIGNED(n) TILE_(n, signed_, 1, 0, 1)
#define NAME_SIGNED(n) tile_signed_##n,
UP_TO_TOKENS(TILE_SIGNED)
static ai_way_tile *const tiles_signed[] = {UP_TO_TOKENS(NAME_SIGNED)};
#else
#define tiles_signed tiles_plain
#endif

/* ---- packing x: each block of 32 to signed bytes ---- */

/* Rounds x to bytes q times the scale that is returned: the largest becomes 127.
 * Anything not finite makes the scale NaN, and the output with it. */
static float to_bytes(const float *x, int8_t *q)
{
    uint32_t top = 0;
    float scale, inverse;

#pragma omp simd reduction(max : top)
    for (int i = 0; i < BLOCK; i++) {
        uint32_t size = ai_f32_bits(x[i]) & 0x7fffffff;

        top = size > top ? size : top;
    }
    scale = ai_bits_f32(top) / 127;
    inverse = scale < FLT_MIN ? 0 : 1 / scale;
    if (top >= 0x7f800000) {
        memset(q, 0, BLOCK);
        return NAN;
    }
#pragma omp simd
    for (int i = 0; i < BLOCK; i++) /* the addition rounds to the nearest whole number, to the low bits */
        q[i] = (int8_t)ai_f32_bits(fmaf(x[i], inverse, 12582912.0f));
    return scale < FLT_MIN ? 0 : scale;
}

static void pack_x(const struct ai_way_int8 *format, const float *x, size_t ldx, size_t tokens, size_t k, void *out)
{
    unsigned subs = format->subs, minima = format->minima;
    uint8_t *o = out;

    for (size_t b = 0; b < k / BLOCK; b++, o += tokens * X_BLOCK(subs, minima)) {
        float *scale = (float *)(void *)(o + tokens * BLOCK);
        int32_t *start = (int32_t *)(scale + tokens);
        float *total = (float *)(start + subs * tokens);

        for (size_t t = 0; t < tokens; t++) {
            int8_t q[BLOCK];

            scale[t] = to_bytes(x + t * ldx + b * BLOCK, q);
            memcpy(o + t * BLOCK, q, BLOCK);
            for (unsigned s = 0; s < subs; s++) {
                int32_t sum = 0;

#pragma omp simd reduction(+ : sum)
                for (unsigned i = 0; i < BLOCK / subs; i++)
                    sum += q[s * BLOCK / subs + i];
                start[s * tokens + t] = -format->offset * sum;
                if (minima)
                    total[s * tokens + t] = scale[t] * (float)sum;
            }
        }
    }
}

#include "kernels/int8_formats.h"

bool WAY(enum ai_wtype type, struct ai_way *way)
{
    struct ai_way_int8 int8 = formats[type].int8;

    if (!formats[type].pack)
        return false;
    *way = (struct ai_way){.name = "int8", .isa = ISA, .rows = ROWS, .tokens = TOKENS, .chunk = CHUNK, .step = BLOCK,
                           .w_step = W_BLOCK(int8.subs, int8.minima), .x_step = X_BLOCK(int8.subs, int8.minima),
                           .pack_w = formats[type].pack, .pack_x = pack_x,
                           .tile = formats[type].tiles, .int8 = int8};
    return true;
}
