/* Packing block-quantised weights (model/blocks.h): part of int8_body.h.
 *
 * Bytes of a row's block are fetched 16 at a time and transposed, so that a vector has
 * the same four bytes of all rows of the panel; what takes nibbles and bits apart then
 * works on all rows at once. */
#include "model/blocks.h"

#include <stddef.h>

#define AT(type, member) offsetof(struct ai_block_##type, member)
#define SIZE(type) sizeof(struct ai_block_##type)

#define BITS(v, from, mask) ((v) >> (from) & (mask)*0x01010101u) /* of each byte; from + bits of mask <= 8 */

/* The lines of the next `bytes` at `at` of all rows, ahead. */
INLINE void fetch_ahead(const struct ai_way_rows *rows, size_t at, size_t bytes)
{
    for (int r = 0; r < ROWS; r++)
        for (size_t i = 0; i < bytes; i += 64)
            FETCH(rows->row[r] + at + i + rows->ahead);
}

INLINE void put_group(uint8_t *block, size_t g, vecu v)
{
    STORE(vecu, block + g * GROUP, v);
}

/* The i-th scale of a packed block; minima follow the scales. */
INLINE void put_scale(uint8_t *block, size_t i, vecf v)
{
    STORE(vecf, block + 8 * GROUP + 4 * ROWS * i, v);
}

/* Byte i of four words, as numbers. */
INLINE vecf byte_of(const vecu *words, int i)
{
    return to_float(words[i / 4] >> i % 4 * 8 & 255);
}

INLINE vecf signed_byte_of(const vecu *words, int i)
{
    return to_float((vecu)((veci)(words[i / 4] << (24 - i % 4 * 8)) >> 24));
}

/* Bits 0-3 of v as bit 0 of each byte. */
INLINE vecu bits_to_bytes(vecu v)
{
    return (v & 15) * 0x00204081 & 0x01010101;
}

/* ---- blocks of 32 ---- */

/* out[block][row]: the half float `at` bytes into each block of each row. */
static void half_floats(const struct ai_way_rows *rows, size_t blocks, size_t bytes, size_t at, uint16_t *out)
{
    for (size_t r = 0; r < ROWS; r++)
        for (size_t b = 0; b < blocks; b++)
            out[b * ROWS + r] = ai_get_u16(rows->row[r] + b * bytes + at);
}

/* How a format stores 32 quants: groups[8] of the block at byte `at` of all rows. */
typedef void quants(const struct ai_way_rows *rows, size_t at, vecu groups[8]);

INLINE void pack_plain(const struct ai_way_rows *rows, size_t k, float *scratch, uint8_t *o, size_t bytes, int minima,
                       quants *get)
{
    uint16_t *scales = (uint16_t *)(void *)scratch, *mins = scales + k / BLOCK * ROWS;

    half_floats(rows, k / BLOCK, bytes, 0, scales);
    if (minima)
        half_floats(rows, k / BLOCK, bytes, 2, mins);
    for (size_t b = 0; b < k / BLOCK; b++, o += W_BLOCK(1, minima)) {
        vecu v[8];

        fetch_ahead(rows, b * bytes, bytes > 32 ? 33 : 1);
        get(rows, b * bytes, v);
        for (size_t g = 0; g < 8; g++)
            put_group(o, g, v[g]);
        put_scale(o, 0, load_f16(scales + b * ROWS));
        if (minima)
            put_scale(o, 1, load_f16(mins + b * ROWS));
    }
}

/* Nibbles as 16 + 16. */
INLINE void nibbles(const struct ai_way_rows *rows, size_t at, vecu groups[8])
{
    vecu v[4];

    gather(rows->row, at, v);
    UNROLLED
    for (int i = 0; i < 4; i++) {
        groups[i] = BITS(v[i], 0, 15);
        groups[4 + i] = BITS(v[i], 4, 15);
    }
}

/* A fifth bit for each: bit i of the word at `word` for quant i. */
INLINE void fifth_bits(const struct ai_way_rows *rows, size_t word, vecu groups[8])
{
    vecu v[4];

    gather(rows->row, word, v);
    UNROLLED
    for (int g = 0; g < 8; g++)
        groups[g] |= bits_to_bytes(v[0] >> 4 * g) << 4;
}

INLINE void iq4_bytes(vecu groups[8])
{
    uint8_t table[16];

    for (int i = 0; i < 16; i++)
        table[i] = (uint8_t)(ai_iq4_values[i] + BYTE_OFFSET);
    UNROLLED
    for (int g = 0; g < 8; g++)
        groups[g] = lookup(table, groups[g]);
}

INLINE void quants_q8_0(const struct ai_way_rows *rows, size_t at, vecu groups[8])
{
    gather(rows->row, at + AT(q8_0, qs), groups);
    gather(rows->row, at + AT(q8_0, qs) + 16, groups + 4);
    UNROLLED
    for (int g = 0; g < 8; g++)
        groups[g] ^= BYTE_OFFSET * 0x01010101u;
}

INLINE void quants_q4_0(const struct ai_way_rows *rows, size_t at, vecu groups[8])
{
    nibbles(rows, at + AT(q4_0, qs), groups);
}

INLINE void quants_q4_1(const struct ai_way_rows *rows, size_t at, vecu groups[8])
{
    nibbles(rows, at + AT(q4_1, qs), groups);
}

INLINE void quants_q5_0(const struct ai_way_rows *rows, size_t at, vecu groups[8])
{
    nibbles(rows, at + AT(q5_0, qs), groups);
    fifth_bits(rows, at + AT(q5_0, qh), groups);
}

INLINE void quants_q5_1(const struct ai_way_rows *rows, size_t at, vecu groups[8])
{
    nibbles(rows, at + AT(q5_1, qs), groups);
    fifth_bits(rows, at + AT(q5_1, qh), groups);
}

INLINE void quants_iq4_nl(const struct ai_way_rows *rows, size_t at, vecu groups[8])
{
    nibbles(rows, at + AT(iq4_nl, qs), groups);
    iq4_bytes(groups);
}

#define PACK_PLAIN(type, minima)                                                                                \
    static void pack_##type(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)                \
    {                                                                                                           \
        pack_plain(rows, k, scratch, out, SIZE(type), minima, quants_##type);                                   \
    }
PACK_PLAIN(q8_0, 0)
PACK_PLAIN(q4_0, 0)
PACK_PLAIN(q4_1, 1)
PACK_PLAIN(q5_0, 0)
PACK_PLAIN(q5_1, 1)
PACK_PLAIN(iq4_nl, 0)

/* ---- blocks of 256, each to eight of 32 ---- */

INLINE void pack_k(const struct ai_way_rows *rows, size_t k, uint8_t *o, size_t bytes, size_t packed,
                   void (*one)(const struct ai_way_rows *, size_t at, uint8_t *o))
{
    for (size_t b = 0; b < k / AI_BLOCK_K; b++, o += 8 * packed) {
        fetch_ahead(rows, b * bytes, bytes);
        one(rows, b * bytes, o);
    }
}

#define PACK_K(type, subs, minima)                                                                              \
    static void pack_##type(const struct ai_way_rows *rows, size_t k, float *scratch, void *out)                \
    {                                                                                                           \
        (void)scratch;                                                                                          \
        pack_k(rows, k, out, SIZE(type), W_BLOCK(subs, minima), one_##type);                                    \
    }

/* Scales and minima of Q4_K and Q5_K, from their common head. */
INLINE void head_q45_k(const struct ai_way_rows *rows, size_t at, uint8_t *o)
{
    vecu v[4], s[2], m[2];
    vecf d, dmin;

    gather(rows->row, at, v); /* d and dmin, then 12 bytes of scales */
    d = low_f16(v[0]);
    dmin = -low_f16(v[0] >> 16);
    s[0] = BITS(v[1], 0, 63);
    m[0] = BITS(v[2], 0, 63);
    s[1] = BITS(v[3], 0, 15) | BITS(v[1], 6, 3) << 4;
    m[1] = BITS(v[3], 4, 15) | BITS(v[2], 6, 3) << 4;
    UNROLLED
    for (int g = 0; g < 8; g++) {
        put_scale(o + g * W_BLOCK(1, 1), 0, d * byte_of(s, g));
        put_scale(o + g * W_BLOCK(1, 1), 1, dmin * byte_of(m, g));
    }
}

INLINE void one_q4_k(const struct ai_way_rows *rows, size_t at, uint8_t *o)
{
    head_q45_k(rows, at, o);
    for (size_t p = 0; p < 4; p++, o += 2 * W_BLOCK(1, 1))
        for (size_t half = 0; half < 2; half++) {
            vecu v[4];

            gather(rows->row, at + AT(q4_k, qs) + 32 * p + 16 * half, v);
            for (size_t i = 0; i < 4; i++) {
                put_group(o, 4 * half + i, BITS(v[i], 0, 15));
                put_group(o + W_BLOCK(1, 1), 4 * half + i, BITS(v[i], 4, 15));
            }
        }
}
PACK_K(q4_k, 1, 1)

INLINE void one_q5_k(const struct ai_way_rows *rows, size_t at, uint8_t *o)
{
    head_q45_k(rows, at, o);
    for (size_t half = 0; half < 2; half++) {
        vecu high[4];

        gather(rows->row, at + AT(q5_k, qh) + 16 * half, high);
        UNROLLED
        for (size_t p = 0; p < 4; p++) {
            uint8_t *block = o + 2 * p * W_BLOCK(1, 1);
            vecu v[4];

            gather(rows->row, at + AT(q5_k, qs) + 32 * p + 16 * half, v);
            for (size_t i = 0; i < 4; i++) {
                put_group(block, 4 * half + i, BITS(v[i], 0, 15) | BITS(high[i], 2 * p, 1) << 4);
                put_group(block + W_BLOCK(1, 1), 4 * half + i, BITS(v[i], 4, 15) | BITS(high[i], 2 * p + 1, 1) << 4);
            }
        }
    }
}
PACK_K(q5_k, 1, 1)

INLINE void one_q6_k(const struct ai_way_rows *rows, size_t at, uint8_t *o)
{
    vecu s[4], v[4];
    vecf d;

    gather(rows->row, at + AT(q6_k, scales), s);
    gather(rows->row, at + SIZE(q6_k) - 16, v); /* d is the last half word */
    d = low_f16(v[3] >> 16);
    UNROLLED
    for (int g = 0; g < 16; g++)
        put_scale(o + g / 2 * W_BLOCK(2, 0), g % 2, d * signed_byte_of(s, g));
    for (size_t i = 0; i < 4; i++) { /* halves of 128, then 16 of the 32 values in step */
        size_t h = i / 2, half = i % 2;
        vecu low[2][4], high[4];

        gather(rows->row, at + AT(q6_k, ql) + 64 * h + 16 * half, low[0]);
        gather(rows->row, at + AT(q6_k, ql) + 64 * h + 16 * half + 32, low[1]);
        gather(rows->row, at + AT(q6_k, qh) + 32 * h + 16 * half, high);
        UNROLLED
        for (size_t g = 0; g < 4; g++)
            for (size_t j = 0; j < 4; j++)
                put_group(o + (4 * h + g) * W_BLOCK(2, 0), 4 * half + j,
                          BITS(low[g % 2][j], g / 2 * 4, 15) | BITS(high[j], 2 * g, 3) << 4);
    }
}
PACK_K(q6_k, 2, 0)

INLINE void one_q3_k(const struct ai_way_rows *rows, size_t at, uint8_t *o)
{
    vecu v[4], s[4], a, b, c;
    vecf d;

    gather(rows->row, at + SIZE(q3_k) - 16, v); /* two bytes of qs, 12 of scales, d */
    a = v[0] >> 16 | v[1] << 16;
    b = v[1] >> 16 | v[2] << 16;
    c = v[2] >> 16 | v[3] << 16;
    d = low_f16(v[3] >> 16);
    s[0] = BITS(a, 0, 15) | BITS(c, 0, 3) << 4;
    s[1] = BITS(b, 0, 15) | BITS(c, 2, 3) << 4;
    s[2] = BITS(a, 4, 15) | BITS(c, 4, 3) << 4;
    s[3] = BITS(b, 4, 15) | BITS(c, 6, 3) << 4;
    UNROLLED
    for (int g = 0; g < 16; g++)
        put_scale(o + g / 2 * W_BLOCK(2, 0), g % 2, d * (byte_of(s, g) - spread(32)));
    for (size_t half = 0; half < 2; half++) {
        vecu high[4];

        gather(rows->row, at + AT(q3_k, hmask) + 16 * half, high);
        UNROLLED
        for (size_t g = 0; g < 8; g++) {
            if (g % 4 == 0)
                gather(rows->row, at + AT(q3_k, qs) + 32 * (g / 4) + 16 * half, v);
            for (size_t j = 0; j < 4; j++)
                put_group(o + g * W_BLOCK(2, 0), 4 * half + j,
                          BITS(v[j], g % 4 * 2, 3) | BITS(high[j], g, 1) << 2);
        }
    }
}
PACK_K(q3_k, 2, 0)

INLINE void one_q2_k(const struct ai_way_rows *rows, size_t at, uint8_t *o)
{
    vecu v[4], s[4], m[4];
    vecf d, dmin;

    gather(rows->row, at + SIZE(q2_k) - 16, v); /* d and dmin are the last word */
    d = low_f16(v[3]);
    dmin = -low_f16(v[3] >> 16);
    gather(rows->row, at + AT(q2_k, scales), v);
    UNROLLED
    for (int i = 0; i < 4; i++) {
        s[i] = BITS(v[i], 0, 15);
        m[i] = BITS(v[i], 4, 15);
    }
    UNROLLED
    for (int g = 0; g < 16; g++) {
        put_scale(o + g / 2 * W_BLOCK(2, 1), g % 2, d * byte_of(s, g));
        put_scale(o + g / 2 * W_BLOCK(2, 1), 2 + g % 2, dmin * byte_of(m, g));
    }
    for (size_t i = 0; i < 4; i++) {
        size_t h = i / 2, half = i % 2;

        gather(rows->row, at + AT(q2_k, qs) + 32 * h + 16 * half, v);
        UNROLLED
        for (size_t g = 0; g < 4; g++)
            for (size_t j = 0; j < 4; j++)
                put_group(o + (4 * h + g) * W_BLOCK(2, 1), 4 * half + j, BITS(v[j], 2 * g, 3));
    }
}
PACK_K(q2_k, 2, 1)

INLINE void one_iq4_xs(const struct ai_way_rows *rows, size_t at, uint8_t *o)
{
    vecu head[4], v[8];
    vecf d;

    gather(rows->row, at, head); /* d and scales_h, scales_l */
    d = low_f16(head[0]);
    UNROLLED
    for (size_t g = 0; g < 8; g++, o += W_BLOCK(1, 0)) {
        vecu scale = (head[1] >> 4 * g & 15) | (head[0] >> (16 + 2 * g) & 3) << 4;

        put_scale(o, 0, d * (to_float(scale) - spread(32)));
        nibbles(rows, at + AT(iq4_xs, qs) + 16 * g, v);
        iq4_bytes(v);
        for (size_t j = 0; j < 8; j++)
            put_group(o, j, v[j]);
    }
}
PACK_K(iq4_xs, 1, 0)

static const struct {
    ai_way_pack_w *pack;
    struct ai_way_int8 int8; /* subs, minima, offset */
    ai_way_tile *const *tiles;
} formats[AI_W_COUNT] = {
    [AI_W_Q8_0] = {pack_q8_0, {1, 0, BYTE_OFFSET}, tiles_signed},
    [AI_W_Q4_0] = {pack_q4_0, {1, 0, 8}, tiles_plain},
    [AI_W_Q4_1] = {pack_q4_1, {1, 1, 0}, tiles_minima},
    [AI_W_Q5_0] = {pack_q5_0, {1, 0, 16}, tiles_plain},
    [AI_W_Q5_1] = {pack_q5_1, {1, 1, 0}, tiles_minima},
    [AI_W_Q2_K] = {pack_q2_k, {2, 1, 0}, tiles_subs_minima},
    [AI_W_Q3_K] = {pack_q3_k, {2, 0, 4}, tiles_subs},
    [AI_W_Q4_K] = {pack_q4_k, {1, 1, 0}, tiles_minima},
    [AI_W_Q5_K] = {pack_q5_k, {1, 1, 0}, tiles_minima},
    [AI_W_Q6_K] = {pack_q6_k, {2, 0, 32}, tiles_subs},
    [AI_W_IQ4_NL] = {pack_iq4_nl, {1, 0, BYTE_OFFSET}, tiles_signed},
    [AI_W_IQ4_XS] = {pack_iq4_xs, {1, 0, BYTE_OFFSET}, tiles_signed},
};
