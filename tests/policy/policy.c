/* lib/policy: rules by hand, SVMs against libsvm itself, files against damage, and
 * what the threshold promises. */
#include "policy/policy.h"

#include "base/mem.h"
#include "base/rng.h"
#include "oracle.h"
#include "policy/rule.h"
#include "policy/svm.h"
#include "policy/train.h"

#include "../tap.h"

#include <math.h>

static struct ai_err err;
static struct ai_rng rng = {5};

static void rule(const char *text, double gap, unsigned layer, double want)
{
    struct ai_rule *r = ai_rule_parse(text, &err);
    double v[2] = {gap, 0.5};

    if (!r) {
        ok(isnan(want), "%s is refused: %s", text, err.msg);
        return;
    }
    ok(ai_rule_eval(r, v, layer, 12, 0.6) == want, "%s is %g at gap %g, layer %u", text, want, gap, layer);
    ai_rule_free(r);
}

static void test_minus_signs(void)
{
    size_t n = 4 << 20;
    char *signs = malloc(n + 2);

    memset(signs, '-', n);
    strcpy(signs + n, "1");
    ok(!ai_rule_parse(signs, &err) && strstr(err.msg, "too deep"), "millions of minus signs are refused");
    free(signs);
}

static void test_rules(void)
{
    rule("gap>0.8", 0.9, 3, 1);
    rule("gap>0.8", 0.8, 3, 0);
    rule("gap>=.8", 0.8, 3, 1);
    rule("gap > 0.8 && layer >= 4", 0.9, 3, 0);
    rule("gap>0.8&&layer>=4||depth==0.25", 0.1, 3, 1);
    rule("gap>0.8 && (layer>=4 || layers==12)", 0.9, 3, 1);
    rule("!gap>0.8", 0.9, 3, 0);
    rule("!(gap>0.8) || top_prob<1", 0.9, 3, 1);
    rule("1+2*3-4/2==5", 0, 1, 1);
    rule("-gap < -0.5", 0.6, 1, 1);
    rule("2*(1+2)", 0, 1, 6);
    rule("!(0/0)", 0, 1, 1);
    rule("0/0 || gap-gap", 0, 1, 0);
    rule("gap>threshold", 0.7, 1, 1);
    rule("gap>threshold", 0.5, 1, 0);
    rule("gap>", 0, 1, NAN);
    rule("gap>0.8)", 0, 1, NAN);
    rule("(gap>0.8", 0, 1, NAN);
    rule("gap 0.8", 0, 1, NAN);
    rule("gap>0.8 & layer>1", 0, 1, NAN);
    rule("", 0, 1, NAN);
    rule("gap>0.8; x", 0, 1, NAN);
    rule("((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))", 0, 1, NAN);
}

enum { DOCS = 400, LAYERS = 8, FEATURES = 2 };

/* Documents that settle at some layer: features rise when they have, noisily. */
static void make_training(struct ai_training *t, unsigned docs)
{
    t->n = FEATURES;
    t->layers = LAYERS;
    for (uint32_t d = 0; d < docs; d++) {
        unsigned settles = 1 + (unsigned)ai_rng_below(&rng, LAYERS);

        for (unsigned l = 1; l < LAYERS; l++) {
            double u = l >= settles ? 0.5 + 0.5 * ai_rng_unit(&rng) : 0.7 * ai_rng_unit(&rng);
            double x[FEATURES] = {u, u * u + 0.1 * ai_rng_unit(&rng)};

            if (ai_training_add(t, x, l, d, l >= settles ? 1 : -1, &err))
                exit(99);
        }
    }
}

static void test_svm(enum ai_classifier kind)
{
    struct ai_training t = {0};
    struct ai_policy p = {.classifier = kind, .n = FEATURES, .sd = {1, 1}};
    struct ai_memory memory = {0};
    double *want, worst = 0;

    make_training(&t, 60);
    want = ai_calloc(t.rows, sizeof *want, &err);
    if (!want || ai_svm_train(&p, t.x, t.label, t.rows, 2, 0.7, &err))
        exit(99);
    oracle_decisions(kind == AI_SVM_RBF, t.x, t.label, t.rows, FEATURES, 2, 0.7, t.x, t.rows, want);
    for (size_t r = 0; r < t.rows; r++)
        worst = fmax(worst, fabs(ai_policy_decision(&p, &memory, t.x + r * FEATURES) - want[r]));
    ok(worst < 1e-9, "%s: decision values are libsvm's (%.1e)", ai_classifier_name(kind), worst);
    free(want);
    free(p.sv);
    ai_training_free(&t);
}

static struct ai_policy *trained(enum ai_classifier kind, const struct ai_training *t, double max_flip, uint64_t seed,
                                 struct ai_train_report *report)
{
    struct ai_train_options o = {.classifier = kind, .cost = 1, .l2 = 1, .max_rows = 20000, .folds = 5,
                                 .max_flip = max_flip, .seed = seed, .keep_layers = kind == AI_CRF};
    struct ai_policy *p = ai_calloc(1, sizeof *p, &err);

    p->n = FEATURES;
    strcpy(p->names[0], "gap");
    strcpy(p->names[1], "top_prob");
    strcpy(p->model, "abc");
    if (ai_buf_puts(&p->notes, "note x\n", &err))
        exit(99);
    if (ai_policy_train(p, t, &o, report, &err)) {
        ai_policy_free(p);
        return NULL;
    }
    return p;
}

/* Share of new documents whose answer the policy changes, and layers skipped. */
static double flips_on(const struct ai_policy *p, const struct ai_training *t, double *skipped)
{
    struct ai_memory memory = {0};
    uint32_t done = UINT32_MAX;
    size_t flips = 0, saved = 0;

    for (size_t r = 0; r < t->rows; r++) {
        float x[FEATURES] = {(float)t->x[r * FEATURES], (float)t->x[r * FEATURES + 1]};

        if (r == 0 || t->doc[r] != t->doc[r - 1])
            memset(&memory, 0, sizeof memory);
        if (t->doc[r] == done || !(ai_policy_score(p, &memory, x, t->layer[r], LAYERS) > 0))
            continue;
        done = t->doc[r];
        flips += t->label[r] < 0;
        saved += LAYERS - t->layer[r];
    }
    *skipped = (double)saved / ((double)t->docs * LAYERS);
    return (double)flips / t->docs;
}

static void test_training(enum ai_classifier kind)
{
    static const char *const names[] = {"gap", "top_prob"};
    struct ai_training t = {0}, fresh = {0};
    struct ai_train_report report;
    struct ai_policy *p, *q;
    struct ai_buf a = {0}, b = {0};
    double flips, skipped;

    make_training(&t, DOCS);
    make_training(&fresh, 2000);
    p = trained(kind, &t, 0.02, 1, &report);
    ok(p && report.exits && report.skipped > 0.2, "%s: exits are found (%.2f of the layers)", ai_classifier_name(kind),
       report.skipped);
    ok((double)(report.flips + 1) / (DOCS + 1) <= 0.02, "held-out flips are within the limit (%zu)", report.flips);
    if (ai_policy_bind(p, names, 2, &err))
        exit(99);
    flips = flips_on(p, &fresh, &skipped);
    ok(flips < 0.06 && skipped > 0.2, "so they are, about, on new documents (%.3f, %.2f skipped)", flips, skipped);
    q = trained(kind, &t, 0.02, 1, &report);
    if (ai_policy_format(p, &a, &err) || ai_policy_format(q, &b, &err))
        exit(99);
    ok(a.len == b.len && memcmp(a.data, b.data, a.len) == 0, "training again gives the same bytes");
    ai_policy_free(q);
    q = ai_policy_parse("x", a.data, a.len, &err);
    ok(q && ai_policy_bind(q, names, 2, &err) == 0 && flips_on(q, &fresh, &skipped) == flips, "the file decides the same");
    ai_policy_free(q);
    ai_policy_free(p);
    p = trained(kind, &t, 0.001, 1, &report);
    ok(p && !report.exits && report.skipped == 0, "a limit that so few documents cannot show is refused an exit");
    ai_policy_free(p);
    for (size_t r = 0; r < t.rows; r++)
        t.label[r] = 1;
    ok(trained(kind, &t, 0.02, 1, &report) == NULL && err.code == AI_EINPUT, "one label alone teaches nothing: %s", err.msg);
    ai_training_free(&t);
    ai_training_free(&fresh);
    ai_buf_free(&a);
    ai_buf_free(&b);
}

static void test_file(void)
{
    struct ai_training t = {0};
    struct ai_train_report report;
    struct ai_policy *p, *q;
    struct ai_buf a = {0};
    int bad = 0;

    make_training(&t, 250);
    p = trained(AI_SVM_LINEAR, &t, 0.05, 1, &report);
    if (!p || ai_policy_format(p, &a, &err))
        exit(99);
    for (size_t n = 0; n < a.len; n++)
        if ((q = ai_policy_parse("x", a.data, n, &err))) {
            bad++;
            ai_policy_free(q);
        }
    is_int(bad, 0, "every proper prefix of a policy is refused");
    for (size_t bit = 0; bit < a.len * 8; bit++) {
        a.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if ((q = ai_policy_parse("x", a.data, a.len, &err))) {
            bad++;
            ai_policy_free(q);
        }
        a.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    is_int(bad, 0, "every flipped bit is seen");
    ai_policy_free(p);
    ai_training_free(&t);
    ai_buf_free(&a);
}

static void test_open(void)
{
    static const char *const names[] = {"gap", "top_prob"};
    const float low[2] = {0.5f, 0.5f}, high[2] = {0.9f, 0.9f};
    struct ai_policy *p = ai_policy_open("gap>0.8", &err);
    struct ai_memory memory = {0};

    ok(p && ai_policy_bind(p, names, 2, &err) == 0 && ai_policy_score(p, &memory, high, 3, 12) > 0 &&
           !(ai_policy_score(p, &memory, low, 3, 12) > 0), "a rule works as a policy");
    ai_policy_free(p);
    p = ai_policy_open("never", &err);
    ok(p && ai_policy_bind(p, names, 2, &err) == 0 && !(ai_policy_score(p, &memory, high, 3, 12) > 0), "never does not stop");
    ai_policy_free(p);
    p = ai_policy_open("entropy<0.1", &err);
    ok(p && ai_policy_bind(p, names, 2, &err) < 0 && strstr(err.msg, "'entropy'"), "a missing feature is named");
    ai_policy_free(p);
    ok(ai_policy_open("/nonexistent.policy", &err) == NULL && err.code == AI_ESYS, "a missing file is one: %s", err.msg);
}

int main(void)
{
    test_rules();
    test_minus_signs();
    test_svm(AI_SVM_LINEAR);
    test_svm(AI_SVM_RBF);
    test_training(AI_SVM_LINEAR);
    test_training(AI_SVM_RBF);
    test_training(AI_LOGISTIC);
    test_training(AI_CRF);
    test_file();
    test_open();
    return done_testing();
}
