/* lib/base: checksums and floats against published and exhaustive values. */
#include "base/buf.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "base/utf8.h"

#include "../tap.h"

#include <math.h>
#include <stdatomic.h>

static void test_crc(void)
{
    uint8_t zeros[32] = {0}, count[32];
    uint32_t whole;

    for (int i = 0; i < 32; i++)
        count[i] = (uint8_t)i;
    /* RFC 3720, B.4 */
    is_int(ai_crc32c(0, zeros, 32), 0x8a9136aa, "crc of 32 zeros");
    is_int(ai_crc32c(0, count, 32), 0x46dd794e, "crc of 0..31");
    is_int(ai_crc32c(0, "123456789", 9), 0xe3069283, "crc of the check string");
    whole = ai_crc32c(0, count, 32);
    is_int(ai_crc32c(ai_crc32c(0, count, 5), count + 5, 27), whole, "crc in two pieces");
}

static void test_sha(void)
{
    struct ai_sha256 s;
    char hex[AI_DIGEST_LEN + 1];

    ai_sha256_init(&s);
    ai_sha256_add(&s, "abc", 3);
    ai_sha256_end_hex(&s, hex);
    is_str(hex, "ba7816bf8f01cfea414140de5dae2223", "sha256 of abc (FIPS 180-4)");
    ai_sha256_init(&s);
    for (int i = 0; i < 1000; i++)
        ai_sha256_add(&s, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1000);
    ai_sha256_end_hex(&s, hex);
    is_str(hex, "cdc76e5c9914fb9281a1c7e284d73e67", "sha256 of a million a (FIPS 180-4)");
}

static void test_half(void)
{
    int bad = 0, bad_bf = 0;

    for (uint32_t h = 0; h < 65536; h++) {
        float f = ai_f16_to_f32((uint16_t)h), b = ai_bf16_to_f32((uint16_t)h);

        if (f == f ? ai_f32_to_f16(f) != h : !isnan(ai_f16_to_f32(ai_f32_to_f16(f))))
            bad++;
        if (b == b ? ai_f32_to_bf16(b) != h : !isnan(ai_bf16_to_f32(ai_f32_to_bf16(b))))
            bad_bf++;
    }
    is_int(bad, 0, "every f16 survives f32 and back");
    is_int(bad_bf, 0, "every bf16 survives f32 and back");
    is_int(ai_f32_to_f16(1 + 0x1p-11f), 0x3c00, "f16 ties go to even, down");
    is_int(ai_f32_to_f16(1 + 3 * 0x1p-11f), 0x3c02, "f16 ties go to even, up");
    is_int(ai_f32_to_f16(65520), 0x7c00, "f16 overflows to infinity");
    is_int(ai_f32_to_f16(0x1p-25f), 0, "f16 tie at half the smallest subnormal");
    is_int(ai_f32_to_f16(0x1.8p-25f), 1, "f16 rounds up to the smallest subnormal");
}

static void test_utf8(void)
{
    static const struct { const char *s; size_t n, valid; } cases[] = {
        {"plain", 5, 5}, {"\xc3\xa9", 2, 2}, {"\xc0\x80", 2, 0}, {"a\xed\xa0\x80", 4, 1}, {"\xf4\x90\x80\x80", 4, 0},
        {"\xf0\x9f\x98\x80", 4, 4}, {"ab\xe2\x82", 4, 2}, {"\x80", 1, 0}, {"\xe0\x80\xaf", 3, 0},
    };
    int bad = 0;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_int((long long)ai_utf8_check(cases[i].s, cases[i].n), (long long)cases[i].valid, "utf-8 is checked");
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        uint8_t p[4];
        uint32_t back = 0;
        size_t n = ai_utf8_put(p, cp);

        if (n == 0 ? cp < 0xd800 || cp > 0xdfff : ai_utf8_get(p, n, &back) != n || back != cp)
            bad++;
        for (size_t cut = 1; cut < n; cut++)
            if (ai_utf8_tail(p, cut) != cut)
                bad++;
    }
    is_int(bad, 0, "every character survives, every cut one is held back");
    is_int((long long)ai_utf8_tail((const uint8_t *)"ab\xff", 3), 0, "an invalid tail is not held back");
}

static atomic_int calls[1000];

static void count_call(void *arg, size_t i, unsigned thread)
{
    unsigned *threads = arg;

    if (thread < *threads)
        atomic_fetch_add(&calls[i], 1);
}

static void test_pool(void)
{
    struct ai_err err;

    for (unsigned threads = 1; threads <= 4; threads++) {
        struct ai_pool *pool = ai_pool_new(threads, &err);
        int bad = 0;

        for (int i = 0; i < 1000; i++)
            atomic_store(&calls[i], 0);
        for (int round = 0; round < 200; round++)
            ai_pool_run(pool, (size_t)(round * 5), count_call, &threads);
        for (int i = 0; i < 1000; i++)
            if (atomic_load(&calls[i]) != 199 - i / 5)
                bad++;
        is_int(bad, 0, "the pool calls each index once");
        ai_pool_free(pool);
    }
}

int main(void)
{
    struct ai_err err;
    struct ai_buf b = {0};
    size_t product;

    test_crc();
    test_sha();
    test_half();
    test_utf8();
    test_pool();
    ok(ai_mul((size_t)-1, 2, &product) == -1, "a product that overflows is refused");
    ok(ai_buf_printf(&b, &err, "%d-%s", 7, "x") == 0 && b.len == 3 && memcmp(b.data, "7-x", 3) == 0, "buffers format");
    ai_buf_free(&b);
    return done_testing();
}
