/* Exact bounds, the walk down the ladder, and whether the promise is kept: over many draws
 * of calibration documents, the share of thresholds that break the limit. */
#include "policy/calibrate.h"

#include "base/binomial.h"
#include "base/rng.h"

#include "../tap.h"

#include <math.h>

static struct ai_err err;
static struct ai_rng rng = {3};

/* ---- the binomial ---- */

/* By multiplication, from k = 0 up: another way to the same numbers. */
static double at_most(unsigned k, unsigned n, double p)
{
    double term = pow(1 - p, n), sum = term;

    for (unsigned i = 1; i <= k; i++)
        sum += term *= (double)(n - i + 1) / i * p / (1 - p);
    return sum;
}

static void test_binomial(void)
{
    double worst = 0, below = 0, u;

    for (unsigned n = 1; n < 300; n += 7)
        for (unsigned k = 0; k < n; k += 1 + n / 9)
            for (double p = 0.003; p < 0.7; p += 0.05) { /* (1 - p)^n is a number there */
                worst = fmax(worst, fabs(ai_binomial_at_most(k, n, p) - at_most(k, n, p)));
                below = fmin(below, ai_binomial_at_most(k, n, p));
            }
    ok(worst < 1e-11 && below >= 0, "the sum is the sum (%.1e)", worst);
    ok(ai_binomial_at_most(5, 5, 0.5) == 1 && ai_binomial_at_most(0, 5, 0) == 1 && ai_binomial_at_most(4, 5, 1) == 0,
       "and its ends are right");
    u = ai_binomial_upper(0, 100, 0.95);
    ok(fabs(u - (1 - pow(0.05, 0.01))) < 1e-12, "none in 100: at most %.5f", u);
    u = ai_binomial_upper(3, 1000, 0.95);
    ok(fabs(at_most(3, 1000, u) - 0.05) < 1e-9, "3 in 1000: at most %.5f", u);
    ok(ai_binomial_upper(7, 7, 0.95) == 1, "all of them: 1");
    is_int((long long)ai_binomial_least(0.01, 0.95), 299, "1 %% at 95 %% takes 299 documents");
    is_int((long long)ai_binomial_least(0.02, 0.90), 114, "2 %% at 90 %% takes 114");
    u = ai_binomial_at_most(900000, 1000000, 0.9);
    ok(u > 0.45 && u < 0.55, "a million draws do not lose it (%.4f)", u);
}

/* ---- the walk ---- */

enum { LAYERS = 8 };

static struct ai_policy machine(void)
{
    struct ai_policy p = {.classifier = AI_SVM_LINEAR, .n = 1, .names = {"gap"}, .mean = {0}, .sd = {1}, .weight = {1},
                          .has_threshold = true};

    return p;
}

/* A document that settles at a layer: gap rises there, noisily, and may mislead before.  With
 * a margin `noise`, the higher the threshold the fewer flips. */
static struct ai_gathered draw(struct ai_gathered_row *rows, double noise)
{
    unsigned settles = 1 + (unsigned)ai_rng_below(&rng, LAYERS);

    for (unsigned l = 1; l <= LAYERS; l++) {
        double u = ai_rng_unit(&rng), v = ai_rng_unit(&rng);

        rows[l - 1].layer = (uint16_t)l;
        rows[l - 1].token = l >= settles ? 7 : 9;
        rows[l - 1].x[0] = l >= settles ? 0.5 + 0.5 * u : 0.5 * u + noise * v * v * v;
    }
    return (struct ai_gathered){.number = 1, .prompt_digest = ai_rng_u64(&rng) | 1, .label_token = 7, .rows = rows,
                                .n = LAYERS};
}

static void gather(struct ai_calibration *c, const struct ai_policy *p, unsigned docs, double noise)
{
    struct ai_gathered_row rows[LAYERS];

    memset(c, 0, sizeof *c);
    c->policy = p;
    c->layers = LAYERS;
    for (unsigned d = 0; d < docs; d++) {
        struct ai_gathered doc = draw(rows, noise);

        if (ai_calibration_add(c, &doc, &err))
            exit(99);
    }
}

static void test_walk(void)
{
    struct ai_calibrate_options o = {.max_flip = 0.02, .max_loss = -1, .confidence = 0.95};
    struct ai_policy p = machine();
    const struct ai_certificate *k = &p.certificate;
    struct ai_calibration c;
    struct ai_exits at, bolder;

    gather(&c, &p, 1000, 0.4);
    is_int(ai_calibrate(&c, &o, &p, &err), 0, "a threshold is found");
    ai_calibration_exits(&c, p.threshold, &at);
    ai_calibration_exits(&c, p.threshold - 0.05, &bolder);
    ok(k->there && k->has_flips && !k->has_losses && k->documents == 1000 && k->flips == (double)at.flips &&
           k->skipped == at.skipped && at.skipped > 0.2, "the certificate has its numbers (%.0f flips, %.2f skipped)",
       k->flips, k->skipped);
    ok(k->flip_bound <= 0.02 && fabs(at_most((unsigned)k->flips, 1000, k->flip_bound) - 0.05) < 1e-9,
       "its bound, %.4f, is the exact one", k->flip_bound);
    ok(at_most((unsigned)bolder.flips, 1000, 0.02) > 0.05, "the next bolder threshold breaks the limit");
    o = (struct ai_calibrate_options){.max_flip = -1, .max_loss = 0.01, .confidence = 0.9};
    ok(ai_calibrate(&c, &o, &p, &err) == 0 && k->has_losses && !k->has_flips && k->loss_bound <= 0.01,
       "losses of right answers are limited the same way");
    c.docs[5].label_token = AI_NO_TOKEN;
    ok(ai_calibrate(&c, &o, &p, &err) < 0 && strstr(err.msg, "label"), "but need labels: %s", err.msg);
    ai_calibration_free(&c);

    o = (struct ai_calibrate_options){.max_flip = 0.02, .max_loss = -1, .confidence = 0.95};
    gather(&c, &p, 148, 0.4);
    is_int(ai_calibrate(&c, &o, &p, &err), 1, "148 documents cannot show 2 %% at 95 %%");
    ai_calibration_free(&c);
    gather(&c, &p, 0, 0.4);
    is_int(ai_calibrate(&c, &o, &p, &err), 1, "nor can none");
    ai_calibration_free(&c);
}

static void test_trained(void)
{
    struct ai_gathered_row rows[LAYERS];
    struct ai_gathered doc = draw(rows, 0);
    uint64_t set[3] = {1, doc.prompt_digest, UINT64_MAX};
    struct ai_policy p = machine();
    struct ai_calibration c = {.policy = &p, .layers = LAYERS};

    p.trained = set;
    p.n_trained = 3;
    is_int(ai_calibration_add(&c, &doc, &err), 1, "a training document is not taken");
    doc.prompt_digest++;
    ok(ai_calibration_add(&c, &doc, &err) == 0 && c.n_docs == 1, "another is");
    doc.prompt_digest = 0;
    ok(ai_calibration_add(&c, &doc, &err) == 0 && c.unknown == 1, "one that does not say is counted");
    ai_calibration_free(&c);
}

static void test_rules(void)
{
    struct ai_calibrate_options o = {.max_flip = 0.05, .max_loss = -1, .confidence = 0.95};
    const char *const names[] = {"gap"};
    struct ai_policy *p = ai_policy_open("gap>threshold", &err), *q = ai_policy_open("gap>0.1", &err);
    struct ai_calibration c;

    if (!p || !q || ai_policy_bind(p, names, 1, &err))
        exit(99);
    ok(!p->has_threshold && q->has_threshold, "a rule may leave its threshold open");
    gather(&c, p, 600, 0.4);
    ok(ai_calibrate(&c, &o, p, &err) == 0 && p->has_threshold && p->threshold > 0.4 && p->threshold < 0.95,
       "calibration fills it in (%.3f)", p->threshold);
    c.policy = q;
    is_int(ai_calibrate(&c, &o, q, &err), 1, "a fixed rule is tested as it is");
    ai_calibration_free(&c);
    ai_policy_free(p);
    ai_policy_free(q);
}

/* ---- coverage ---- */

/* The true share of flips at a threshold: of very many documents. */
static double truth(double threshold)
{
    static struct ai_calibration many;
    static struct ai_policy p;
    struct ai_exits x;

    if (!many.n_docs) {
        p = machine();
        gather(&many, &p, 60000, 0.6);
    }
    ai_calibration_exits(&many, threshold, &x);
    return (double)x.flips / (double)many.n_docs;
}

/* The boldest threshold whose flips on these documents are below the limit: what one would do. */
static double naive(const struct ai_calibration *c, double limit)
{
    double *ladder, threshold = INFINITY;
    size_t n = ai_ladder(c->policy, &ladder, &err);

    for (size_t i = 0; i < n; i++) {
        struct ai_exits x;

        ai_calibration_exits(c, ladder[i], &x);
        if ((double)x.flips > limit * (double)c->n_docs)
            break;
        threshold = ladder[i];
    }
    free(ladder);
    return threshold;
}

static void test_coverage(void)
{
    enum { RUNS = 300, DOCS = 600 };
    struct ai_calibrate_options o = {.max_flip = 0.02, .max_loss = -1, .confidence = 0.95};
    unsigned broken = 0, broken_naive = 0, found = 0;

    for (unsigned run = 0; run < RUNS; run++) {
        struct ai_policy p = machine();
        struct ai_calibration c;

        gather(&c, &p, DOCS, 0.6);
        if (ai_calibrate(&c, &o, &p, &err) == 0 && p.certificate.skipped > 0) {
            found++;
            broken += truth(p.threshold) > 0.02;
        }
        broken_naive += truth(naive(&c, 0.02)) > 0.02;
        ai_calibration_free(&c);
    }
    /* 5 % of 300 is 15, its standard deviation below 4 */
    ok(found > RUNS / 2 && broken <= 15 + 8, "of %d certificates %u are wrong, %u find exits", RUNS, broken, found);
    ok(broken_naive > RUNS / 5, "a threshold that just keeps the limit where it was chosen breaks it %u times",
       broken_naive);
}

int main(void)
{
    test_binomial();
    test_walk();
    test_trained();
    test_rules();
    test_coverage();
    return done_testing();
}
