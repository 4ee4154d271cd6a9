#include "base/crc32c.h"

#include "base/bytes.h"

#include <pthread.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2")))
static uint32_t crc_sse42(uint32_t crc, const uint8_t *p, size_t n)
{
    uint64_t c = crc;

    for (; n >= 8; n -= 8, p += 8)
        c = _mm_crc32_u64(c, ai_get_u64(p));
    for (; n; n--, p++)
        c = _mm_crc32_u8((uint32_t)c, *p);
    return (uint32_t)c;
}
#endif

static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;

        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0x82f63b78u : 0);
        table[0][i] = c;
    }
    for (int k = 1; k < 8; k++)
        for (int i = 0; i < 256; i++)
            table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 255];
}

/* Eight tables, eight bytes a step ("slicing by 8"). */
static uint32_t crc_table(uint32_t c, const uint8_t *p, size_t n)
{
    pthread_once(&once, fill_table);
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t lo = ai_get_u32(p) ^ c, hi = ai_get_u32(p + 4);

        c = table[7][lo & 255] ^ table[6][lo >> 8 & 255] ^ table[5][lo >> 16 & 255] ^ table[4][lo >> 24] ^
            table[3][hi & 255] ^ table[2][hi >> 8 & 255] ^ table[1][hi >> 16 & 255] ^ table[0][hi >> 24];
    }
    for (; n; n--, p++)
        c = c >> 8 ^ table[0][(c ^ *p) & 255];
    return c;
}

uint32_t ai_crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_sse42(~crc, p, n);
#endif
    return ~crc_table(~crc, p, n);
}
