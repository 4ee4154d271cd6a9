/* Products in f32 for the instruction set of the including file, which defines
 * WAY (the function that offers it), ISA, TOKENS and UP_TO_TOKENS. */
#include "kernels/vec.h"
#include "kernels/way.h"

enum { CHUNK = 512 };

#define WORD float
#define STEP 1
INLINE vecf add_product(vecu w, float x, vecf sum)
{
    return fma_((vecf)w, spread(x), sum);
}
#include "kernels/f32_tile.h"

/* ---- packing x ---- */

static void pack_x(const struct ai_way_int8 *format, const float *x, size_t ldx, size_t tokens, size_t k, void *out)
{
    float *o = out;
    size_t i = 0;

    (void)format;
    for (; i + LANES <= k; i += LANES) {
        vecu v[LANES];

        UNROLLED
        for (size_t t = 0; t < LANES; t++)
            v[t] = t < tokens ? LOAD(vecu, x + t * ldx + i) : spread_int(0);
        transpose(v);
        UNROLLED
        for (int j = 0; j < LANES; j++, o += tokens)
            store_some(o, v[j], (int)tokens);
    }
    for (; i < k; i++)
        for (size_t t = 0; t < tokens; t++)
            *o++ = x[t * ldx + i];
}

/* ---- packing w: `columns` to each word ---- */

INLINE void put_f32(float *o, vecu v)
{
    STORE(vecf, o, (vecf)v);
}

INLINE void put_f16(float *o, vecu v)
{
    STORE(vecf, o, low_f16(v));
    STORE(vecf, o + ROWS, low_f16(v >> 16));
}

INLINE void put_bf16(float *o, vecu v)
{
    STORE(vecf, o, (vecf)(v << 16));
    STORE(vecf, o + ROWS, (vecf)(v & 0xffff0000));
}

INLINE void pack(const struct ai_way_rows *rows, size_t k, float *out, size_t columns, void (*put)(float *, vecu))
{
    size_t step = LANES * columns, i = 0, bytes = 4 / columns;
    float rest[2 * LANES];

    for (; i + step <= k; i += step, out += step * ROWS)
        for (size_t half = 0; half < ROWS; half += LANES) {
            vecu v[LANES];

            words_of_rows(rows, half, i * bytes, v);
            UNROLLED
            for (size_t j = 0; j < LANES; j++)
                put(out + j * columns * ROWS + half, v[j]);
        }
    for (size_t r = 0; r < ROWS && i < k; r++) {
        ai_decode(rows->type, rows->row[r] + i * bytes, rest, k - i);
        for (size_t j = 0; j < k - i; j++)
            out[j * ROWS + r] = rest[j];
    }
}

static void pack_f32(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)
{
    (void)scratch;
    pack(rows, k, out, 1, put_f32);
}

static void pack_f16(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)
{
    (void)scratch;
    pack(rows, k, out, 2, put_f16);
}

static void pack_bf16(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)
{
    (void)scratch;
    pack(rows, k, out, 2, put_bf16);
}

static void pack_decoded(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)
{
    struct ai_way_rows f32 = {.type = AI_W_F32};

    for (int r = 0; r < ROWS; r++) {
        f32.row[r] = (const uint8_t *)(scratch + (size_t)r * k);
        ai_decode(rows->type, rows->row[r], scratch + (size_t)r * k, k);
    }
    pack(&f32, k, out, 1, put_f32);
}

bool WAY(enum ai_wtype type, struct ai_way *way)
{
    ai_way_pack_w *const packs[AI_W_COUNT] = {[AI_W_F32] = pack_f32, [AI_W_F16] = pack_f16, [AI_W_BF16] = pack_bf16};

    *way = (struct ai_way){.name = "f32", .isa = ISA, .rows = ROWS, .tokens = TOKENS, .chunk = CHUNK, .step = 1,
                           .w_step = 4 * ROWS, .x_step = 4, .pack_w = packs[type] ? packs[type] : pack_decoded,
                           .pack_x = pack_x, .tile = tiles};
    return true;
}
