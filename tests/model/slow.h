/* The block formats a second time, one value at a time and from the definitions of
 * the formats alone: bytes are named by their offsets in the block, bits by their
 * places, and everything is computed in double, where it is exact. */
#ifndef SLOW_H
#define SLOW_H

#include "model/tensor.h"

#include <math.h>

/* The value of a float of these widths. */
static double slow_float(unsigned bits, int exponent_bits, int fraction_bits)
{
    int bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> fraction_bits & ((1u << exponent_bits) - 1));
    double fraction = ldexp(bits & ((1u << fraction_bits) - 1), -fraction_bits), v;

    if (exponent == (1 << exponent_bits) - 1)
        v = fraction == 0 ? INFINITY : NAN;
    else
        v = exponent ? ldexp(1 + fraction, exponent - bias) : ldexp(fraction, 1 - bias);
    return bits >> (exponent_bits + fraction_bits) ? -v : v;
}

static double slow_half(const uint8_t *p)
{
    return slow_float(p[0] + 256u * p[1], 5, 10);
}

/* `count` bits of the bytes at p, from bit `first` on, byte 0 bit 0 being the first. */
static int slow_bits(const uint8_t *p, unsigned first, unsigned count)
{
    int v = 0;

    for (unsigned i = 0; i < count; i++)
        v += (p[(first + i) / 8] >> (first + i) % 8 & 1) << i;
    return v;
}

static int slow_signed(uint8_t byte)
{
    return byte < 128 ? byte : byte - 256;
}

/* Level q of the IQ4 formats. */
static int slow_level(int q)
{
    static const int gaps[] = {23, 21, 18, 16, 14, 13, 12, 11, 12, 12, 13, 15, 16, 20, 24};
    int v = -127;

    for (int i = 0; i < q; i++)
        v += gaps[i];
    return v;
}

/* Q4_K's and Q5_K's scale (which 0) or minimum (which 1) of group g. */
static int slow_sixes(const uint8_t *scales, unsigned which, unsigned g)
{
    if (g < 4)
        return slow_bits(scales, 8 * (4 * which + g), 6);
    return slow_bits(scales, 8 * (8 + g - 4) + 4 * which, 4) + 16 * slow_bits(scales, 8 * (4 * which + g - 4) + 6, 2);
}

static double slow_k_value(enum ai_wtype type, const uint8_t *b, unsigned i)
{
    unsigned g16 = i / 16, g32 = i / 32, in = i % 32, half = i / 128;
    int q, s;

    switch (type) {
    case AI_W_Q2_K: /* 16 scales and minima in nibbles; 64 bytes of quants; d, dmin */
        q = slow_bits(b + 16, 8 * (32 * half + in) + 2 * (g32 % 4), 2);
        return slow_half(b + 80) * slow_bits(b, 8 * g16, 4) * q - slow_half(b + 82) * slow_bits(b, 8 * g16 + 4, 4);
    case AI_W_Q3_K: /* 32 bytes of high bits; 64 of low ones; 12 of scales; d */
        q = slow_bits(b + 32, 8 * (32 * half + in) + 2 * (g32 % 4), 2) + 4 * slow_bits(b, 8 * in + g32, 1) - 4;
        s = slow_bits(b + 96, 8 * (g16 % 8) + 4 * (g16 / 8), 4);
        s += 16 * slow_bits(b + 104, 8 * (g16 % 4) + 2 * (g16 / 4), 2);
        return slow_half(b + 108) * (s - 32) * q;
    case AI_W_Q4_K: /* d, dmin; 12 bytes of scales; 128 of quants */
        q = slow_bits(b + 16, 8 * (32 * (g32 / 2) + in) + 4 * (g32 % 2), 4);
        return slow_half(b) * slow_sixes(b + 4, 0, g32) * q - slow_half(b + 2) * slow_sixes(b + 4, 1, g32);
    case AI_W_Q5_K: /* the same with 32 bytes of high bits before the quants */
        q = slow_bits(b + 48, 8 * (32 * (g32 / 2) + in) + 4 * (g32 % 2), 4) + 16 * slow_bits(b + 16, 8 * in + g32, 1);
        return slow_half(b) * slow_sixes(b + 4, 0, g32) * q - slow_half(b + 2) * slow_sixes(b + 4, 1, g32);
    case AI_W_Q6_K: /* 128 bytes of low nibbles; 64 of high pairs of bits; 16 scales; d */
        q = slow_bits(b, 8 * (64 * half + 32 * (g32 % 2) + in) + 4 * (g32 % 4 / 2), 4) +
            16 * slow_bits(b + 128, 8 * (32 * half + in) + 2 * (g32 % 4), 2) - 32;
        return slow_half(b + 208) * slow_signed(b[192 + g16]) * q;
    default: /* IQ4_XS: d; 8 high pairs of bits of the scales; 8 low nibbles; 128 bytes of quants */
        q = slow_bits(b + 8, 8 * (16 * g32 + i % 16) + 4 * (in / 16), 4);
        s = slow_bits(b + 4, 4 * g32, 4) + 16 * slow_bits(b + 2, 2 * g32, 2);
        return slow_half(b) * (s - 32) * slow_level(q);
    }
}

/* Value i of the block at b. */
static double slow_value(enum ai_wtype type, const uint8_t *b, unsigned i)
{
    unsigned nibble = 8 * (i % 16) + 4 * (i / 16); /* of blocks of 32 */

    switch (type) {
    case AI_W_F32: return slow_float(b[0] + 256u * b[1] + 65536u * b[2] + 16777216u * b[3], 8, 23);
    case AI_W_F16: return slow_half(b);
    case AI_W_BF16: return slow_float(b[0] + 256u * b[1], 8, 7);
    case AI_W_Q8_0: return slow_half(b) * slow_signed(b[2 + i]);
    case AI_W_Q4_0: return slow_half(b) * (slow_bits(b + 2, nibble, 4) - 8);
    case AI_W_Q4_1: return slow_half(b) * slow_bits(b + 4, nibble, 4) + slow_half(b + 2);
    case AI_W_Q5_0: return slow_half(b) * (slow_bits(b + 6, nibble, 4) + 16 * slow_bits(b + 2, i, 1) - 16);
    case AI_W_Q5_1:
        return slow_half(b) * (slow_bits(b + 8, nibble, 4) + 16 * slow_bits(b + 4, i, 1)) + slow_half(b + 2);
    case AI_W_IQ4_NL: return slow_half(b) * slow_level(slow_bits(b + 2, nibble, 4));
    default: return slow_k_value(type, b, i);
    }
}

#endif
