/* The chain: marginals against the sum over all sequences, the filter against the marginal
 * of the chain that ends there, the gradient against differences, and training against both. */
#include "policy/chain.h"
#include "policy/crf.h"

#include "base/mem.h"
#include "base/rng.h"

#include "../tap.h"

#include <math.h>

static struct ai_err err;
static struct ai_rng rng = {11};

static double between(double low, double high)
{
    return low + (high - low) * ai_rng_unit(&rng);
}

enum { LONGEST = 12 };

struct answer {
    double log_z, settled[LONGEST], pairs[2][2];
};

/* Every sequence of n states, one by one. */
static struct answer brute_force(const double *s, size_t n, double t[2][2])
{
    struct answer a = {0};
    double z = 0;

    for (int pass = 0; pass < 2; pass++) /* Z, then the shares of it */
        for (unsigned y = 0; y < 1u << n; y++) {
            double e = 0, p;

            for (size_t l = 0; l < n; l++) {
                e += y >> l & 1 ? s[l] : 0;
                e += l ? t[y >> (l - 1) & 1][y >> l & 1] : 0;
            }
            p = exp(e);
            if (pass == 0) {
                z += p;
                continue;
            }
            for (size_t l = 0; l < n; l++) {
                a.settled[l] += y >> l & 1 ? p / z : 0;
                if (l)
                    a.pairs[y >> (l - 1) & 1][y >> l & 1] += p / z;
            }
        }
    a.log_z = log(z);
    return a;
}

static void test_marginals(void)
{
    double worst = 0, worst_filter = 0, room[4 * LONGEST];

    for (int round = 0; round < 200; round++) {
        size_t n = 1 + ai_rng_below(&rng, LONGEST);
        double s[LONGEST], t[2][2], settled[LONGEST], pairs[2][2], log_z, filter;
        struct answer want;

        for (size_t l = 0; l < n; l++)
            s[l] = between(-6, 6);
        for (int i = 0; i < 4; i++)
            t[i / 2][i % 2] = between(-3, 3);
        want = brute_force(s, n, t);
        log_z = ai_chain_marginals(s, n, t, settled, pairs, room);
        worst = fmax(worst, fabs(log_z - want.log_z));
        for (size_t l = 0; l < n; l++)
            worst = fmax(worst, fabs(settled[l] - want.settled[l]));
        for (int i = 0; i < 4; i++)
            worst = fmax(worst, fabs(pairs[i / 2][i % 2] - want.pairs[i / 2][i % 2]));
        filter = s[0];
        for (size_t l = 0; l < n; l++) {
            if (l)
                filter = ai_chain_filter(filter, s[l], (const double (*)[2])t);
            want = brute_force(s, l + 1, t);
            worst_filter = fmax(worst_filter, fabs(1 / (1 + exp(-filter)) - want.settled[l]));
        }
    }
    ok(worst < 1e-12, "Z, marginals and pairs are the sums over all sequences (%.1e)", worst);
    ok(worst_filter < 1e-12, "the filter is the marginal of the chain that ends there (%.1e)", worst_filter);
}

static void test_extremes(void)
{
    double s[3] = {800, -800, 800}, t[2][2] = {{0, -700}, {-700, 0}}, settled[3], room[12];
    double log_z = ai_chain_marginals(s, 3, t, settled, NULL, room);

    ok(isfinite(log_z) && settled[0] > 0.999 && isfinite(settled[1]) && settled[2] > 0.999, "nothing overflows");
}

enum { FEATURES = 3, DOCS = 40 };

/* Documents of 1 to 6 layers whose labels depend on the features and on the label before. */
static size_t make(double *x, signed char *label, size_t *begin)
{
    size_t rows = 0;

    for (size_t d = 0; d < DOCS; d++) {
        size_t n = 1 + ai_rng_below(&rng, 6);

        begin[d] = rows;
        for (size_t l = 0; l < n; l++, rows++) {
            for (size_t i = 0; i < FEATURES; i++)
                x[rows * FEATURES + i] = between(-2, 2);
            label[rows] = x[rows * FEATURES] + (l && label[rows - 1] > 0 ? 0.8 : -0.8) + between(-1, 1) > 0 ? 1 : -1;
        }
    }
    return begin[DOCS] = rows;
}

static void test_training(enum ai_classifier kind)
{
    static double x[DOCS * 6 * FEATURES];
    static signed char label[DOCS * 6];
    size_t begin[DOCS + 1];
    struct ai_policy p = {.classifier = kind, .n = FEATURES};
    double w[FEATURES + 5], g[FEATURES + 5], other[FEATURES + 5], worst = 0, best;

    make(x, label, begin);
    for (size_t i = 0; i < FEATURES + 5; i++)
        w[i] = i > FEATURES && kind == AI_LOGISTIC ? 0 : between(-1, 1);
    ai_crf_loss(&p, x, label, begin, DOCS, 0.7, w, g);
    for (size_t i = 0; i < FEATURES + (kind == AI_CRF ? 5 : 1); i++) {
        double h = 1e-5, keep = w[i], up, down;

        w[i] = keep + h;
        up = ai_crf_loss(&p, x, label, begin, DOCS, 0.7, w, other);
        w[i] = keep - h;
        down = ai_crf_loss(&p, x, label, begin, DOCS, 0.7, w, other);
        w[i] = keep;
        worst = fmax(worst, fabs((up - down) / (2 * h) - g[i]));
    }
    ok(worst < 1e-6, "%s: the gradient is that of the loss (%.1e)", ai_classifier_name(kind), worst);

    if (ai_crf_train(&p, x, label, begin, DOCS, 0.7, &err))
        exit(99);
    memcpy(w, p.weight, FEATURES * sizeof *w);
    w[FEATURES] = p.bias;
    memcpy(w + FEATURES + 1, p.transition, sizeof p.transition);
    best = ai_crf_loss(&p, x, label, begin, DOCS, 0.7, w, g);
    worst = 0;
    for (size_t i = 0; i < FEATURES + 5; i++)
        worst = fmax(worst, fabs(g[i]));
    ok(worst < 1e-4 * best, "training ends where the gradient does (%.1e)", worst);
    if (kind == AI_CRF)
        ok(p.transition[1][1] + p.transition[0][0] > p.transition[1][0] + p.transition[0][1] + 0.5,
           "and has seen that states last");
    else
        ok(p.transition[0][0] == 0 && p.transition[1][1] == 0, "without transitions there are none");
}

int main(void)
{
    test_marginals();
    test_extremes();
    test_training(AI_CRF);
    test_training(AI_LOGISTIC);
    return done_testing();
}
