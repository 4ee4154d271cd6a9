/* Little-endian loads and stores at any alignment, and the 16-bit floats. */
#ifndef AI_BASE_BYTES_H
#define AI_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t ai_get_u16(const void *p)
{
    const uint8_t *b = p;

    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t ai_get_u32(const void *p)
{
    const uint8_t *b = p;

    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t ai_get_u64(const void *p)
{
    const uint8_t *b = p;

    return ai_get_u32(b) | (uint64_t)ai_get_u32(b + 4) << 32;
}

static inline void ai_put_u16(void *p, uint16_t v)
{
    uint8_t *b = p;

    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}

static inline void ai_put_u32(void *p, uint32_t v)
{
    uint8_t *b = p;

    ai_put_u16(b, (uint16_t)v);
    ai_put_u16(b + 2, (uint16_t)(v >> 16));
}

static inline void ai_put_u64(void *p, uint64_t v)
{
    uint8_t *b = p;

    ai_put_u32(b, (uint32_t)v);
    ai_put_u32(b + 4, (uint32_t)(v >> 32));
}

static inline uint32_t ai_f32_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float ai_bits_f32(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

static inline float ai_get_f32(const void *p)
{
    return ai_bits_f32(ai_get_u32(p));
}

static inline double ai_get_f64(const void *p)
{
    uint64_t u = ai_get_u64(p);
    double d;

    memcpy(&d, &u, sizeof d);
    return d;
}

/* IEEE 754 binary16 to binary32, exactly; subnormals, infinities and NaN included. */
static inline float ai_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exponent = h >> 10 & 31, fraction = h & 1023;

    if (exponent == 31)
        return ai_bits_f32(sign | 0x7f800000 | fraction << 13);
    if (exponent == 0) {
        float f = (float)fraction * 0x1p-24f;

        return sign ? -f : f;
    }
    return ai_bits_f32(sign | (exponent + 112) << 23 | fraction << 13);
}

/* To binary16, to nearest even; too large becomes infinity. */
static inline uint16_t ai_f32_to_f16(float f)
{
    uint32_t u = ai_f32_bits(f), sign = u >> 16 & 0x8000, mag = u & 0x7fffffff;

    if (mag > 0x7f800000)
        return (uint16_t)(sign | 0x7e00);
    if (mag >= 0x477ff000)
        return (uint16_t)(sign | 0x7c00);
    if (mag < 0x38800000) { /* subnormal half: let the addition round */
        float a = ai_bits_f32(mag) + 0.5f;

        return (uint16_t)(sign | (ai_f32_bits(a) - 0x3f000000));
    }
    mag += 0xfff + (mag >> 13 & 1);
    return (uint16_t)(sign | ((mag - 0x38000000) >> 13));
}

static inline float ai_bf16_to_f32(uint16_t h)
{
    return ai_bits_f32((uint32_t)h << 16);
}

/* To bfloat16, to nearest even; NaN stays NaN. */
static inline uint16_t ai_f32_to_bf16(float f)
{
    uint32_t u = ai_f32_bits(f);

    if ((u & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(u >> 16 | 64);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

#endif
