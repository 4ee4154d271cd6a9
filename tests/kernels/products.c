/* Products against plain double loops: every instruction set that this machine runs,
 * every type of weights, every compute mode, odd sizes included; and that a row of the
 * output depends on nothing but its row of the input. */
#include "base/bytes.h"
#include "base/mem.h"
#include "kernels/kernels.h"

#include "../gen/gen_blocks.h"
#include "../tap.h"

#include <math.h>

static struct ai_err err;
static struct ai_rng rng = {42};

/* Sizes of a product; cols become a whole number of blocks. */
static const size_t shapes[][3] = { /* rows, cols, n */
    {1, 1, 1}, {5, 64, 3}, {17, 96, 1}, {32, 37, 2}, {31, 33, 13}, {192, 192, 40}, {65, 1056, 8}, {513, 192, 7},
    {100, 672, 33}, {130, 1337, 12}, {63, 2049, 5}, {16, 2304, 11}, {33, 512, 100},
};

struct sample {
    struct ai_tensor w, bias;
    size_t n, ldx, ldy;
    float *x, *y;
    double *weights; /* decoded */
};

static void sample_make(struct sample *s, enum ai_wtype type, const size_t *shape, bool bias)
{
    const struct ai_wtype_info *info = &ai_wtypes[type];
    size_t rows = shape[0], cols = (shape[1] + info->block - 1) / info->block * info->block;
    uint8_t *data = ai_calloc(rows * cols / info->block, info->bytes, &err);
    float *b = ai_calloc(rows, sizeof *b, &err), *row = ai_calloc(cols, sizeof *row, &err);

    gen_blocks(type, &rng, 0.5f, rows * cols, data);
    s->w = (struct ai_tensor){.data = data, .type = type, .rows = rows, .cols = cols};
    s->bias = (struct ai_tensor){.data = bias ? b : NULL, .type = AI_W_F32, .rows = 1, .cols = rows};
    s->n = shape[2];
    s->ldx = cols + 5;
    s->ldy = rows + 3;
    s->x = ai_calloc(s->n * s->ldx, sizeof *s->x, &err);
    s->y = ai_calloc(s->n * s->ldy, sizeof *s->y, &err);
    s->weights = ai_calloc(rows * cols, sizeof *s->weights, &err);
    for (size_t i = 0; i < s->n * s->ldx; i++) /* some of it large, as states are */
        s->x[i] = (float)(ai_rng_unit(&rng) * 2 - 1) * (i % 97 == 0 ? 20 : 1);
    for (size_t i = 0; i < s->n * s->ldy; i++)
        s->y[i] = -7;
    for (size_t r = 0; r < rows; r++) {
        b[r] = (float)(ai_rng_unit(&rng) * 2 - 1);
        ai_tensor_rows(&s->w, r, 1, row);
        for (size_t c = 0; c < cols; c++)
            s->weights[r * cols + c] = row[c];
    }
    free(row);
    if (!bias)
        free(b);
}

static void sample_free(struct sample *s)
{
    free((void *)s->w.data);
    free((void *)s->bias.data);
    free(s->x);
    free(s->y);
    free(s->weights);
}

static bool starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* What a way makes of the inputs: a row of x, or a weight. */
static void round_x(const char *way, const float *x, size_t k, double *out)
{
    for (size_t i = 0; i < k; i++)
        out[i] = starts(way, "bf16") ? ai_bf16_to_f32(ai_f32_to_bf16(x[i])) : x[i];
    for (size_t b = 0; starts(way, "int8") && b < k; b += 32) {
        float top = 0, scale;

        for (size_t i = b; i < b + 32; i++)
            top = fmaxf(top, fabsf(x[i]));
        scale = top / 127;
        for (size_t i = b; i < b + 32; i++)
            out[i] = scale > 0 ? (double)scale * rint((double)x[i] * (1 / scale)) : 0;
    }
}

static double round_w(const char *way, double w)
{
    return starts(way, "bf16") ? ai_bf16_to_f32(ai_f32_to_bf16((float)w)) : w;
}

/* Largest error over the sum of all sizes; 9 if what lies beside y was touched. */
static double error_of(const struct sample *s, const char *way)
{
    size_t rows = s->w.rows, cols = s->w.cols;
    double worst = 0, *x = ai_calloc(cols, sizeof *x, &err);
    const float *bias = s->bias.data;

    for (size_t i = 0; i < s->n; i++) {
        round_x(way, s->x + i * s->ldx, cols, x);
        for (size_t r = 0; r < rows; r++) {
            double sum = bias ? bias[r] : 0, size = fabs(sum) + 1e-30;

            for (size_t c = 0; c < cols; c++) {
                double product = round_w(way, s->weights[r * cols + c]) * x[c];

                sum += product;
                size += fabs(product);
            }
            worst = fmax(worst, fabs(s->y[i * s->ldy + r] - sum) / size);
            if (isnan(s->y[i * s->ldy + r]))
                worst = 9;
        }
        for (size_t r = rows; r < s->ldy; r++)
            worst = s->y[i * s->ldy + r] == -7 ? worst : 9;
    }
    free(x);
    return worst;
}

static void run(const struct sample *s, struct ai_kernels *k, size_t from, size_t n, float *y)
{
    ai_matmul(k, &s->w, &s->bias, s->x + from * s->ldx, s->ldx, n, y, s->ldy);
}

/* Rows of y that change when they are computed alone or in twos, or on other threads. */
static int differences(const struct sample *s, struct ai_kernels *k, struct ai_kernels *other)
{
    float *y = ai_calloc(s->n * s->ldy, sizeof *y, &err);
    int bad = 0;

    for (size_t i = 0; i < s->n; i++)
        run(s, k, i, 1, y + i * s->ldy);
    for (size_t i = 0; i < s->n; i++)
        bad += memcmp(y + i * s->ldy, s->y + i * s->ldy, s->w.rows * sizeof *y) != 0;
    for (size_t i = 0; i + 1 < s->n; i += 2)
        run(s, k, i, 2, y + i * s->ldy);
    run(s, other, s->n / 2, s->n - s->n / 2, y + s->n / 2 * s->ldy);
    for (size_t i = 0; i < s->n; i++)
        bad += memcmp(y + i * s->ldy, s->y + i * s->ldy, s->w.rows * sizeof *y) != 0;
    free(y);
    return bad;
}

/* All outputs of a row whose input has a NaN or an infinity are not finite, the others are. */
static int not_finite(struct sample *s, struct ai_kernels *k)
{
    size_t bad = s->n / 2;
    int wrong = 0;

    s->x[bad * s->ldx + s->w.cols / 2] = s->n % 2 ? NAN : INFINITY;
    run(s, k, 0, s->n, s->y);
    for (size_t i = 0; i < s->n; i++)
        for (size_t r = 0; r < s->w.rows; r++)
            wrong += isfinite(s->y[i * s->ldy + r]) == (i == bad);
    return wrong;
}

static void test_type(enum ai_isa isa, enum ai_wtype type, const char *way, struct ai_kernels **k)
{
    double worst = 0;
    int changed = 0, wrong = 0, foreign = 0;

    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct sample s;

        sample_make(&s, type, shapes[i], i % 3 != 0);
        run(&s, k[i % 3], 0, s.n, s.y);
        worst = fmax(worst, error_of(&s, way));
        if (isa != AI_ISA_GENERIC) {
            changed += differences(&s, k[0], k[2]);
            run(&s, k[3], 0, s.n, s.y);
            foreign += differences(&s, k[0], k[2]);
        }
        wrong += not_finite(&s, k[1]);
        sample_free(&s);
    }
    ok(worst < 2e-6, "%s, %s weights: right (%.1e)", way, ai_wtypes[type].name, worst);
    ok(changed == 0, "and the same bits alone, in a batch, on any number of threads (%d rows differ)", changed);
    ok(wrong == 0, "and what is not finite stays so in its row (%d values)", wrong);
    if (isa > AI_ISA_AVX2 && !starts(way, "bf16"))
        ok(foreign == 0, "and the same bits with AVX2 (%d rows differ)", foreign);
}

static void test_ways(enum ai_isa isa, enum ai_wtype type, struct ai_kernels **k)
{
    struct ai_tensor w = {.type = type, .rows = 1, .cols = 256};
    char ways[AI_COMPUTE_FAST][64];

    for (int compute = 0; compute < AI_COMPUTE_FAST; compute++) { /* those that differ; fast is one of them */
        bool known = false;

        for (int i = 0; i < 4; i++)
            ai_kernels_compute(k[i], (enum ai_compute)compute);
        ai_kernels_way(k[0], &w, ways[compute], sizeof ways[compute]);
        for (int i = 0; i < compute; i++)
            known = known || strcmp(ways[i], ways[compute]) == 0;
        if (!known)
            test_type(isa, type, ways[compute], k);
    }
}

/* What fast takes for rows of so many columns. */
static bool fast_is(const struct ai_kernels *k, enum ai_wtype type, size_t cols, const char *way)
{
    struct ai_tensor w = {.type = type, .rows = 1, .cols = cols};
    char is[64];

    ai_kernels_way(k, &w, is, sizeof is);
    return starts(is, way);
}

static void test_fast(void)
{
    struct ai_pool *pool = ai_pool_new(1, &err);
    struct ai_kernels *k = ai_kernels_new(pool, &err);

    ai_kernels_compute(k, AI_COMPUTE_FAST);
    ok(fast_is(k, AI_W_F32, 512, "f32") && fast_is(k, AI_W_F16, 512, "f32") && fast_is(k, AI_W_Q8_0, 224, "f32"),
       "fast leaves whole floats and short rows in f32");
    if (ai_isa_here() >= AI_ISA_AVX2)
        ok(fast_is(k, AI_W_Q8_0, 256, "int8") && fast_is(k, AI_W_Q6_K, 512, "int8"), "and takes int8 for quants");
    ai_kernels_free(k);
    ai_pool_free(pool);
}

static void test_isa(enum ai_isa isa)
{
    struct ai_pool *pool[3];
    struct ai_kernels *k[4]; /* 1, 2, 3 threads; the last: AVX2 */

    for (unsigned t = 0; t < 3; t++) {
        pool[t] = ai_pool_new(t + 1, &err);
        k[t] = ai_kernels_new(pool[t], &err);
        ai_kernels_limit(k[t], isa);
    }
    k[3] = ai_kernels_new(pool[1], &err);
    ai_kernels_limit(k[3], AI_ISA_AVX2);
    for (int type = 0; type < AI_W_COUNT; type++)
        test_ways(isa, (enum ai_wtype)type, k);
    ai_kernels_free(k[3]);
    for (unsigned t = 0; t < 3; t++) {
        ai_kernels_free(k[t]);
        ai_pool_free(pool[t]);
    }
}

int main(void)
{
    test_fast();
    for (int isa = 0; ai_isa_names[isa]; isa++) {
        if (ai_isa_has((enum ai_isa)isa))
            test_isa((enum ai_isa)isa);
        else
            skip(ai_isa_names[isa], "not on this processor");
    }
    return done_testing();
}
