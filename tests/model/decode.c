/* Weight formats: every decoder against the definitions.  (Digests of published
 * tensors are compared in tests/conformance.) */
#include "base/bytes.h"
#include "base/rng.h"
#include "model/decode.h"

#include "../gen/gen_blocks.h"
#include "../tap.h"
#include "slow.h"

#include <math.h>

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

int main(void)
{
    for (unsigned i = 0; ai_decoders_at(i); i++) {
        formats(ai_decoders_at(i));
        sixteen_bits(ai_decoders_at(i), AI_W_F16);
        sixteen_bits(ai_decoders_at(i), AI_W_BF16);
    }
    rows();
    generated();
    return done_testing();
}
