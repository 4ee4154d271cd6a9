/* Products in f32 for the instruction set of the including file, which defines
 * WAY (the function that offers it), ISA, TOKENS and UP_TO_TOKENS. */
#include "kernels/vec.h"
#include "kernels/way.h"

enum { ROWS = 2 * LANES, CHUNK = 512 };

/* ---- the tile ---- */

INLINE void tile(const int tokens, size_t k, const float *w, const float *x, float *y, size_t ldy, bool add)
{
    vecf low[TOKENS], high[TOKENS];

    UNROLLED
    for (int t = 0; t < tokens; t++)
        low[t] = high[t] = spread(0);
    for (; k; k--, w += ROWS, x += tokens) {
        vecf a = LOAD(vecf, w), b = LOAD(vecf, w + LANES);

        UNROLLED
        for (int t = 0; t < tokens; t++) {
            vecf v = spread(x[t]);

            low[t] = fma_(a, v, low[t]);
            high[t] = fma_(b, v, high[t]);
        }
    }
    UNROLLED
    for (int t = 0; t < tokens; t++, y += ldy) {
        STORE(vecf, y, add ? LOAD(vecf, y) + low[t] : low[t]);
        STORE(vecf, y + LANES, add ? LOAD(vecf, y + LANES) + high[t] : high[t]);
    }
}

#define TILE(n)                                                                                             \
    static void tile_##n(size_t k, const void *w, const void *x, float *y, size_t ldy, bool add)            \
    {                                                                                                       \
        tile(n, k, w, x, y, ldy, add);                                                                      \
    }
#define NAME(n) tile_##n,
UP_TO_TOKENS(TILE)
static ai_way_tile *const tiles[] = {UP_TO_TOKENS(NAME)};

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

/* ---- packing w: rows of `columns` to each word are transposed, LANES words of LANES
 * rows at a time.  Whole lines of a row at once: rows often lie a power of two apart
 * and then evict each other from the first cache. ---- */

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

            UNROLLED
            for (size_t r = 0; r < LANES; r++) {
                const uint8_t *p = rows->row[half + r] + i * bytes;

                v[r] = LOAD(vecu, p);
                FETCH(p + rows->ahead);
            }
            transpose(v);
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
