/* Weight formats: decoding against the definition, and against digests of decoded
 * tensors of published files ($AI_SHARED). */
#include "base/bytes.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "io/json.h"
#include "model/files.h"

#include "../tap.h"

#include <math.h>
#include <unistd.h>

static struct ai_err err;

/* value of a float with the given widths, by its definition */
static double by_definition(unsigned bits, int exponent_bits, int fraction_bits)
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

static void sixteen_bits(enum ai_wtype type, int exponent_bits, int fraction_bits)
{
    static uint8_t src[65536 * 2];
    static float got[65536];
    unsigned wrong = 0;

    for (unsigned i = 0; i < 65536; i++)
        ai_put_u16(src + 2 * i, (uint16_t)i);
    ai_wtypes[type].decode(src, got, 65536);
    for (unsigned i = 0; i < 65536; i++) {
        double want = by_definition(i, exponent_bits, fraction_bits);

        wrong += isnan(want) ? !isnan(got[i]) : (double)got[i] != want || !signbit(got[i]) != !signbit(want);
    }
    ok(wrong == 0, "%s: all 65536 values (%u wrong)", ai_wtypes[type].name, wrong);
}

static void q8_0(void)
{
    enum { BLOCKS = 300 };
    static uint8_t src[BLOCKS * 34];
    static float got[BLOCKS * 32];
    struct ai_rng rng = {3};
    struct ai_tensor t = {src, AI_W_Q8_0, BLOCKS / 3, 96};
    unsigned wrong = 0;
    float row[2 * 96];

    for (size_t i = 0; i < sizeof src; i++)
        src[i] = (uint8_t)ai_rng_below(&rng, 256);
    for (unsigned b = 0; b < BLOCKS; b++)
        src[34 * b + 1] &= 0xbf; /* finite scales */
    ai_wtypes[AI_W_Q8_0].decode(src, got, BLOCKS * 32);
    for (unsigned i = 0; i < BLOCKS * 32; i++) {
        const uint8_t *block = src + i / 32 * 34;
        int n = block[2 + i % 32] - (block[2 + i % 32] > 127 ? 256 : 0);
        double want = by_definition(ai_get_u16(block), 5, 10) * n;

        wrong += (double)got[i] != (double)(float)want;
    }
    ok(wrong == 0, "Q8_0: scale times signed byte, rounded once (%u wrong)", wrong);
    is_int((long long)ai_tensor_row_bytes(&t), 3 * 34, "bytes of a row");
    ai_tensor_rows(&t, 41, 2, row);
    ok(memcmp(row, got + 41 * 96, sizeof row) == 0, "rows in the middle");
}

static void f32(void)
{
    const uint8_t src[] = {0xff, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}; /* at an odd address */
    float got[2];

    ai_wtypes[AI_W_F32].decode(src + 1, got, 2);
    ok(got[0] == 1.0f && got[1] == -2.0f, "F32 at any alignment");
}

static void digest_of(const struct ai_named_tensor *t, char hex[65])
{
    uint64_t rows = t->n_dims > 1 ? t->dims[0] : 1, cols = t->n_dims > 1 ? t->dims[1] : t->dims[0];
    struct ai_tensor m = {t->data, (enum ai_wtype)t->type, rows, cols};
    float *x = calloc(cols, sizeof *x);
    struct ai_sha256 s;
    uint8_t digest[32];

    ai_sha256_init(&s);
    for (uint64_t r = 0; r < rows; r++) {
        ai_tensor_rows(&m, r, 1, x);
        for (uint64_t c = 0; c < cols; c++)
            ai_put_u32(x + c, ai_f32_bits(x[c]));
        ai_sha256_add(&s, x, cols * sizeof *x);
    }
    ai_sha256_end(&s, digest);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    free(x);
}

/* One file of a family against its list of tensors. */
static void published(const char *folder, const char *base, const char *type)
{
    char path[1400], hex[65];
    struct ai_model_files *f;
    struct ai_json *list;
    size_t wrong = 0, n;

    snprintf(path, sizeof path, "%s/ref/%s.tensors.json", folder, type);
    list = ai_json_parse_file(path, 64 << 20, &err);
    snprintf(path, sizeof path, "%s/%s-%s.gguf", folder, base, type);
    f = list ? ai_model_files_open(path, &err) : NULL;
    n = ai_json_size(list);
    for (size_t i = 0; f && i < n; i++) {
        const char *name = ai_json_string(ai_json_get(ai_json_at(list, i), "name"), NULL);
        const char *want = ai_json_string(ai_json_get(ai_json_at(list, i), "sha256_f32"), NULL);
        const struct ai_named_tensor *t = name ? ai_model_files_find(f, name) : NULL;

        if (!t || t->type < 0 || !want) {
            wrong++;
            continue;
        }
        digest_of(t, hex);
        wrong += strcmp(hex, want) != 0;
    }
    ok(f && n && wrong == 0, "%s-%s: %zu tensors decode to the published digests (%zu wrong) %s", base, type, n, wrong,
       f ? "" : err.msg);
    ai_model_files_free(f);
    ai_json_free(list);
}

int main(void)
{
    static const char *const llama[] = {"F16", "BF16", "Q8_0"}, *const stories[] = {"F32", "F16", "Q8_0"};
    const char *shared = getenv("AI_SHARED");
    char folder[1200];

    sixteen_bits(AI_W_F16, 5, 10);
    sixteen_bits(AI_W_BF16, 8, 7);
    q8_0();
    f32();
    snprintf(folder, sizeof folder, "%s/conformance", shared ? shared : "");
    if (!shared || access(folder, R_OK) != 0) {
        skip("digests of published tensors", "no conformance files ($AI_SHARED)");
        return done_testing();
    }
    for (int i = 0; i < 3; i++) {
        snprintf(folder, sizeof folder, "%s/conformance/gguf/gg_llama", shared);
        published(folder, "gg_llama", llama[i]);
        snprintf(folder, sizeof folder, "%s/conformance/real/stories260K/gguf", shared);
        published(folder, "stories260K", stories[i]);
    }
    return done_testing();
}
