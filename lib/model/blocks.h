/* The block formats of GGUF as they lie in the file.  Every struct is made of bytes
 * alone: it has no padding and may begin at any address.  Halves (binary16) and
 * words are little-endian.
 *
 * "Nibbles as 16 + 16": value i of 32 is in the low four bits of byte i, value
 * i + 16 in the high four of the same byte.
 *
 * The product of scale, sub-scale and quant has at most 24 significant bits in all
 * these formats, so that it is exact in f32; what rounds is the one addition of the
 * formats with a minimum.  Whoever computes by the formulas below, in whatever
 * order and with or without fused operations, gets the same bits. */
#ifndef AI_MODEL_BLOCKS_H
#define AI_MODEL_BLOCKS_H

#include "base/bytes.h"

enum { AI_BLOCK = 32, AI_BLOCK_K = 256 }; /* values a block: of the plain formats, of the K formats */

/* ---- blocks of 32 ---- */

/* d q */
struct ai_block_q8_0 { uint8_t d[2]; int8_t qs[32]; };

/* d (q - 8), nibbles as 16 + 16 */
struct ai_block_q4_0 { uint8_t d[2], qs[16]; };

/* d q + m, nibbles as 16 + 16 */
struct ai_block_q4_1 { uint8_t d[2], m[2], qs[16]; };

/* d (q - 16), nibbles as 16 + 16; bit i of the word qh is the fifth bit of value i */
struct ai_block_q5_0 { uint8_t d[2], qh[4], qs[16]; };

/* d q + m, the bits of q likewise */
struct ai_block_q5_1 { uint8_t d[2], m[2], qh[4], qs[16]; };

/* d ai_iq4_values[q], nibbles as 16 + 16 */
struct ai_block_iq4_nl { uint8_t d[2], qs[16]; };

/* ---- blocks of 256 ---- */

/* d s q - dmin m: 16 groups of 16 values, group g with s in the low and m in the
 * high four bits of scales[g].  Two bits a value: value 128 h + 32 k + i
 * (h < 2, k < 4, i < 32) in bits 2k and 2k + 1 of qs[32 h + i]. */
struct ai_block_q2_k { uint8_t scales[16], qs[64], d[2], dmin[2]; };

/* d s (q - 4): 16 groups of 16 with the signed scales of ai_q3_k_scales.  Three bits
 * a value: the low two as in Q2_K, the third of value 32 j + i (j < 8, i < 32) in
 * bit j of hmask[i]. */
struct ai_block_q3_k { uint8_t hmask[32], qs[64], scales[12], d[2]; };

/* d s q - dmin m: 8 groups of 32 with s and m of ai_q45_k_scales.  Nibbles in pairs of
 * groups: value 64 p + i (p < 4, i < 32) in the low, value 64 p + 32 + i in the high
 * four bits of qs[32 p + i]. */
struct ai_block_q4_k { uint8_t d[2], dmin[2], scales[12], qs[128]; };

/* The same with a fifth bit: of value 32 g + i (g < 8, i < 32) in bit g of qh[i]. */
struct ai_block_q5_k { uint8_t d[2], dmin[2], scales[12], qh[32], qs[128]; };

/* d s (q - 32): 16 groups of 16 with signed scales.  Value 128 h + 32 k + i (h < 2,
 * k < 4, i < 32): its low four bits in ql[64 h + 32 (k % 2) + i], the low nibble for
 * k < 2, else the high one; its high two in bits 2k and 2k + 1 of qh[32 h + i]. */
struct ai_block_q6_k { uint8_t ql[128], qh[64]; int8_t scales[16]; uint8_t d[2]; };

/* d s ai_iq4_values[q]: 8 groups of 32 with the signed scales of ai_iq4_xs_scales, each
 * with its nibbles as 16 + 16: group g in qs[16 g ... 16 g + 15]. */
struct ai_block_iq4_xs { uint8_t d[2], scales_h[2], scales_l[4], qs[128]; };

/* ---- accessors ---- */

/* The sixteen levels of the IQ4 formats. */
static const int8_t ai_iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static inline float ai_block_half(const uint8_t half[2])
{
    return ai_f16_to_f32(ai_get_u16(half));
}

/* Sixteen six-bit numbers less 32: the low four bits of number g in byte g % 8 (the
 * low nibble for g < 8, else the high one), the high two in byte 8 + g % 4 from bit
 * 2 (g / 4) on. */
static inline void ai_q3_k_scales(const uint8_t packed[12], int8_t scale[16])
{
    uint32_t low[2] = {ai_get_u32(packed), ai_get_u32(packed + 4)}, high = ai_get_u32(packed + 8);

    for (int k = 0; k < 4; k++) /* four at a time */
        ai_put_u32(scale + 4 * k, (low[k % 2] >> k / 2 * 4 & 0x0f0f0f0f) | (high >> 2 * k & 0x03030303) << 4);
    for (int g = 0; g < 16; g++)
        scale[g] = (int8_t)(scale[g] - 32);
}

/* Eight scales and eight minima of six bits.  The first four are the low six bits of
 * bytes 0-3 and of 4-7; of the others byte 8 + g has the low four bits (scale in the
 * low, minimum in the high nibble), and the high two are the top of bytes g and 4 + g. */
static inline void ai_q45_k_scales(const uint8_t packed[12], uint8_t scale[8], uint8_t min[8])
{
    uint32_t a = ai_get_u32(packed), b = ai_get_u32(packed + 4), c = ai_get_u32(packed + 8); /* four bytes each */

    ai_put_u32(scale, a & 0x3f3f3f3f);
    ai_put_u32(scale + 4, (c & 0x0f0f0f0f) | (a >> 2 & 0x30303030));
    ai_put_u32(min, b & 0x3f3f3f3f);
    ai_put_u32(min + 4, (c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030));
}

/* Eight six-bit numbers less 32: the low four bits of number g in nibble g of scales_l,
 * the high two in bits 2g and 2g + 1 of the word scales_h. */
static inline void ai_iq4_xs_scales(const struct ai_block_iq4_xs *b, int8_t scale[8])
{
    unsigned high = ai_get_u16(b->scales_h);

    for (int g = 0; g < 8; g++)
        scale[g] = (int8_t)((b->scales_l[g / 2] >> g % 2 * 4 & 15) + (int)((high >> 2 * g & 3) << 4) - 32);
}

#endif
