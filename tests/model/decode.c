/* Weight formats: decoding against the definition, and against digests of decoded
 * tensors of published files ($AI_SHARED). */
#include "base/bytes.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "io/json.h"
#include "model/decode.h"
#include "model/files.h"

#include "../gen/gen_blocks.h"
#include "../tap.h"
#include "slow.h"

#include <math.h>
#include <unistd.h>

static struct ai_err err;

enum { VALUES = 40 * 256, PATTERNS = 1 << 16 };
static uint8_t src[PATTERNS * 4 + 1];
static float got[PATTERNS];

/* got[n] against the definition; NaN where it says NaN, and the sign of zero counts. */
static unsigned wrong_values(enum ai_wtype type, const uint8_t *at, unsigned n)
{
    const struct ai_wtype_info *info = &ai_wtypes[type];
    unsigned wrong = 0;

    for (unsigned i = 0; i < n; i++) {
        double want = slow_value(type, at + i / info->block * info->bytes, i % info->block);

        wrong += isnan(want) ? !isnan(got[i]) : ai_f32_bits(got[i]) != ai_f32_bits((float)want);
    }
    return wrong;
}

/* Random bits everywhere, scales included, at an odd address. */
static void formats(const struct ai_decoders *set)
{
    struct ai_rng rng = {3};

    for (int type = 0; type < AI_W_COUNT; type++) {
        unsigned wrong = 0;

        for (int round = 0; round < 8; round++) {
            for (size_t i = 0; i < sizeof src; i++)
                src[i] = (uint8_t)ai_rng_u64(&rng);
            set->of[type](src + 1, got, VALUES);
            wrong += wrong_values((enum ai_wtype)type, src + 1, VALUES);
        }
        ok(wrong == 0, "%s: %s is what its definition says (%u wrong)", set->isa, ai_wtypes[type].name, wrong);
    }
}

static void sixteen_bits(const struct ai_decoders *set, enum ai_wtype type)
{
    unsigned wrong;

    for (unsigned i = 0; i < PATTERNS; i++)
        ai_put_u16(src + 2 * i, (uint16_t)i);
    set->of[type](src, got, PATTERNS);
    wrong = wrong_values(type, src, PATTERNS);
    ok(wrong == 0, "%s: %s, all 65536 of them (%u wrong)", set->isa, ai_wtypes[type].name, wrong);
}

static void rows(void)
{
    struct ai_tensor t = {src, AI_W_Q4_K, 13, 768};
    static float row[2 * 768];
    float *vector = row;
    struct ai_tensor v = {src, AI_W_F32, 1, 5}, none = {0};
    struct ai_rng rng = {4};

    gen_blocks(AI_W_Q4_K, &rng, 1, 13 * 768, src);
    ai_decode(AI_W_Q4_K, src, got, 13 * 768);
    is_int((long long)ai_tensor_row_bytes(&t), 3 * 144, "bytes of a row");
    ai_tensor_rows(&t, 7, 2, row);
    ok(memcmp(row, got + 7 * 768, sizeof row) == 0, "rows in the middle");
    for (int i = 0; i < 5; i++)
        ai_put_u32(src + 4 * i, ai_f32_bits((float)i));
    ok(ai_tensor_vector(&none, &vector, &err) == 0 && !vector, "no vector of no tensor");
    ok(ai_tensor_vector(&v, &vector, &err) == 0 && vector[0] == 0 && vector[4] == 4, "a vector of one");
    free(vector);
}

/* The generator's blocks have values of the size that is asked for. */
static void generated(void)
{
    for (int type = 0; type < AI_W_COUNT; type++) {
        struct ai_rng rng = {5};
        double sum = 0, square = 0;

        gen_blocks((enum ai_wtype)type, &rng, 0.5f, VALUES, src);
        ai_decode((enum ai_wtype)type, src, got, VALUES);
        for (int i = 0; i < VALUES; i++) {
            sum += (double)got[i] / VALUES;
            square += (double)got[i] * (double)got[i] / VALUES;
        }
        ok(fabs(sum) < 0.1 && square > 0.2 && square < 0.5, "%s: random blocks with mean %.3f, square %.3f",
           ai_wtypes[type].name, sum, square);
    }
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
    static const char *const all[][2] = {
        {"gguf/gg_llama", "F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K_M Q4_K_M Q5_K_M Q6_K"},
        {"gguf/gg_gpt2", "F16 Q8_0 Q5_1 Q4_K_M"},
        {"gguf/gg_qwen2", "BF16 Q4_0 Q6_K Q3_K_M"},
        {"real/stories260K/gguf", "F32 F16 Q8_0 Q4_0 Q4_K_M"},
    };
    const char *shared = getenv("AI_SHARED");
    char folder[1200];

    for (unsigned i = 0; ai_decoders_at(i); i++) {
        formats(ai_decoders_at(i));
        sixteen_bits(ai_decoders_at(i), AI_W_F16);
        sixteen_bits(ai_decoders_at(i), AI_W_BF16);
    }
    rows();
    generated();
    snprintf(folder, sizeof folder, "%s/conformance", shared ? shared : "");
    if (!shared || access(folder, R_OK) != 0) {
        skip("digests of published tensors", "no conformance files ($AI_SHARED)");
        return done_testing();
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const char *base = i == 3 ? "stories260K" : strchr(all[i][0], '/') + 1;
        char types[120], *save, *type;

        snprintf(folder, sizeof folder, "%s/conformance/%s", shared, all[i][0]);
        snprintf(types, sizeof types, "%s", all[i][1]);
        for (type = strtok_r(types, " ", &save); type; type = strtok_r(NULL, " ", &save))
            published(folder, base, type);
    }
    return done_testing();
}
