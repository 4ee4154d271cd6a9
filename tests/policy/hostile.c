/* Policies, models of svm-train and ranges as an enemy would write them: cut at every byte,
 * with a bit flipped and the checksum mended, with numbers that are none and counts that lie.
 * Nothing may crash, hang, or be taken for what it is not. */
#include "policy/libsvm.h"
#include "policy/policy.h"

#include "base/crc32c.h"
#include "base/mem.h"

#include "../tap.h"

#include <math.h>
#include <unistd.h>

static struct ai_err err;

#define CERTIFICATE \
    "certified_confidence 0.95\ncertified_documents 800\ncertified_layers_skipped 0.4\ncertified_flips 3\n" \
    "certified_flip_limit 0.01\ncertified_flip_bound 0.009\ncertified_model abc\n" \
    "certified_tokenizer def\ncertified_prompts 00112233445566778899aabbccddeeff\n" \
    "certified_features ffeeddccbbaa99887766554433221100\n"
#define MACHINE "features gap top_prob\nmean 0.5 0.25\nsd 1 2\nthreshold 0.5\n"
#define LINEAR "classifier svm-linear\n" MACHINE "weight 1 -2\nbias 0.125\n"

/* Adds the first and the last line. */
static struct ai_policy *parse(const char *body)
{
    struct ai_buf text = {0};
    struct ai_policy *p;

    if (ai_buf_printf(&text, &err, "ai-policy 1\n%s", body) ||
        ai_buf_printf(&text, &err, "end %08x\n", ai_crc32c(0, text.data, text.len)))
        exit(99);
    p = ai_policy_parse("x", text.data, text.len, &err);
    ai_buf_free(&text);
    return p;
}

static void good(const char *what, const char *body)
{
    struct ai_policy *p = parse(body);

    ok(p != NULL, "%s is taken%s%s", what, p ? "" : ": ", p ? "" : err.msg);
    ai_policy_free(p);
}

static void bad(const char *what, const char *body, const char *why)
{
    struct ai_policy *p;

    err = (struct ai_err){0};
    p = parse(body);
    ok(!p && err.code == AI_EINPUT && strstr(err.msg, why), "%s is refused: %s", what, p ? "" : err.msg);
    ai_policy_free(p);
}

static void test_lines(void)
{
    good("a linear machine", LINEAR);
    good("one with a certificate", CERTIFICATE LINEAR);
    good("logistic regression", "classifier logistic\n" MACHINE "weight 1 -2\nbias 0.125\n");
    good("a chain", "classifier crf\n" MACHINE "weight 1 -2\nbias 0.125\ntransition 0 -1 -1 2\n");
    good("a rule with a threshold", "classifier rule\nrule gap>threshold\nthreshold 0.5\n");
    good("a rule without one", "classifier rule\nrule gap>threshold\n");
    good("a ladder", LINEAR "ladder 3 2.5 -1\n");
    good("training documents", LINEAR "trained 0000000000000001 00000000000000ff\ntrained ffffffffffffffff\n");
    bad("NaN", "classifier svm-linear\n" MACHINE "weight nan 1\nbias 0\n", "finite numbers");
    bad("infinity", "classifier svm-linear\n" MACHINE "weight 1e999 1\nbias 0\n", "finite numbers");
    bad("a hole", "classifier svm-linear\n" MACHINE "weight  1 1\nbias 0\n", "finite numbers");
    bad("a number too many", "classifier svm-linear\n" MACHINE "weight 1 2 3\nbias 0\n", "more than 2");
    bad("a chain without transitions", "classifier crf\n" MACHINE "weight 1 -2\nbias 0.125\n", "missing");
    bad("transitions of three", "classifier crf\n" MACHINE "weight 1 -2\nbias 0\ntransition 0 1 2\n", "4 finite");
    bad("a classifier of another kind", "classifier oracle\n", "not known");
    bad("two classifiers", LINEAR "classifier crf\n", "second line");
    bad("features twice", LINEAR "features gap\n", "named twice");
    bad("a rule in a machine", LINEAR "rule gap>1\n", "a rule");
    bad("a machine in a rule", "classifier svm-linear\nrule gap>1\n", "missing");
    bad("an sd of 0", "classifier svm-linear\nfeatures gap\nmean 0\nsd 0\nthreshold 0\nweight 1\nbias 0\n", "above 0");
    bad("a ladder that rises", LINEAR "ladder 1 2\n", "falling");
    bad("an empty ladder", LINEAR "ladder\n", "no numbers");
    bad("training documents that fall", LINEAR "trained 0000000000000002 0000000000000001\n", "do not rise");
    bad("a digest that is short", LINEAR "trained 000000000000001\n", "16 hexadecimal");
    bad("half a certificate", "certified_flips 3\n" LINEAR, "certificate are missing");
    bad("a certificate twice", CERTIFICATE CERTIFICATE LINEAR, "second line");
    bad("a certificate of nothing", "certified_confidence 0.95\ncertified_documents 1\ncertified_layers_skipped 0\n"
        "certified_model a\ncertified_prompts b\ncertified_features c\n" LINEAR, "certificate are missing");
    bad("a digest that is long", "certified_prompts 00112233445566778899aabbccddeeff0\n" LINEAR, "not a word");
    bad("nothing", "", "missing");
}

/* Every bit of a policy flipped, the checksum mended: it is refused, or read and harmless. */
static void test_bits(void)
{
    static const char *const names[] = {"gap", "top_prob"};
    static const float x[] = {0.5f, 0.75f};
    const char *body = "layers 1-7\n" CERTIFICATE "classifier crf\n" MACHINE "weight 1 -2\nbias 0.125\n"
                       "transition 0 -1 -1 2\nladder 3 2.5 -1\ntrained 0000000000000001 00000000000000ff\n";
    unsigned taken = 0, wrong = 0;
    char *copy = ai_strndup(body, strlen(body), &err);

    for (size_t bit = 0; bit < strlen(body) * 8; bit++) {
        struct ai_memory memory = {0};
        struct ai_policy *p;

        copy[bit / 8] ^= (char)(1 << bit % 8);
        p = copy[bit / 8] ? parse(copy) : NULL;
        if (p && ai_policy_bind(p, names, 2, &err) == 0) {
            struct ai_buf text = {0};

            taken++;
            wrong += isnan(ai_policy_score(p, &memory, x, 3, 8)) || isnan(ai_policy_score(p, &memory, x, 4, 8));
            wrong += ai_policy_format(p, &text, &err) != 0;
            ai_buf_free(&text);
        }
        ai_policy_free(p);
        copy[bit / 8] ^= (char)(1 << bit % 8);
    }
    ok(taken > 0 && wrong == 0, "flipped bits under a right checksum do no harm (%u taken)", taken);
    free(copy);
}

/* ---- models of svm-train ---- */

static const char model[] =
    "svm_type c_svc\nkernel_type rbf\ngamma 0.5\nnr_class 2\ntotal_sv 3\nrho -0.25\nlabel 1 0\nnr_sv 2 1\nSV\n"
    "1 1:0.5 2:0.25 \n0.5 1:-1 \n-1.5 2:1 3:0.125 \n";

static struct ai_policy *parse_model(const char *text)
{
    return ai_libsvm_parse("x", text, strlen(text), &err);
}

/* The model with one piece of it replaced. */
static void bad_model(const char *what, const char *from, const char *to, const char *why)
{
    const char *at = strstr(model, from);
    struct ai_buf text = {0};
    struct ai_policy *p;

    if (ai_buf_put(&text, model, (size_t)(at - model), &err) || ai_buf_puts(&text, to, &err) ||
        ai_buf_puts(&text, at + strlen(from), &err) || ai_buf_put(&text, "", 1, &err))
        exit(99);
    err = (struct ai_err){0};
    p = parse_model((char *)text.data);
    ok(!p && err.code == AI_EINPUT && strstr(err.msg, why), "%s is refused: %s", what, p ? "" : err.msg);
    ai_policy_free(p);
    ai_buf_free(&text);
}

static void test_model(void)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    struct ai_policy *p = parse_model(model);
    double x[3] = {0.1, 0.2, 0.3}, want;
    unsigned taken = 0;

    ok(p && p->n == 3 && p->n_sv == 3 && p->classifier == AI_SVM_RBF, "a model of svm-train is read");
    if (!p)
        return;
    want = exp(-0.5 * (0.16 + 0.0025 + 0.09)) + 0.5 * exp(-0.5 * (1.21 + 0.04 + 0.09)) -
           1.5 * exp(-0.5 * (0.01 + 0.64 + 0.030625)) + 0.25;
    ok(fabs(ai_policy_decision(p, NULL, x) - want) < 1e-15, "and decides as its text says");
    ok(ai_policy_bind(p, names, 2, &err) < 0 && ai_policy_bind(p, names, 4, &err) == 0 && !strcmp(p->names[2], "c"),
       "its features are the stream's, by number");
    ai_policy_free(p);
    for (size_t n = 0; n < sizeof model - 1; n++) {
        p = ai_libsvm_parse("x", model, n, &err);
        taken += p != NULL;
        ai_policy_free(p);
    }
    is_int(taken, 0, "every proper prefix is refused");
    bad_model("a count that lies", "total_sv 3", "total_sv 2000000000", "total_sv");
    bad_model("one too many", "total_sv 3", "total_sv 2", "more support vectors");
    bad_model("one too few", "total_sv 3", "total_sv 4", "3 support vectors of 4");
    bad_model("a count below 0", "total_sv 3", "total_sv -3", "total_sv");
    bad_model("three classes", "nr_class 2", "nr_class 3", "two classes");
    bad_model("labels without a 1", "label 1 0", "label 2 3", "must be 1");
    bad_model("one label", "label 1 0", "label 1", "must be 1");
    bad_model("regression", "c_svc", "epsilon_svr", "does not separate");
    bad_model("another kernel", "kernel_type rbf", "kernel_type sigmoid", "not known");
    bad_model("no gamma", "gamma 0.5\n", "", "gamma");
    bad_model("an unknown key", "gamma 0.5", "gamma 0.5\nsecret 1", "not known");
    bad_model("NaN", "rho -0.25", "rho nan", "not a number");
    bad_model("a NaN value", "2:0.25", "2:nan", "finite");
    bad_model("an index beyond", "2:0.25", "2000000000:0.25", "feature's number");
    bad_model("index 0", "1:0.5", "0:0.5", "feature's number");
    bad_model("half an index", "2:0.25", "1.5:0.25", "feature's number");
    bad_model("an index twice", "2:0.25", "1:0.25", "feature's number");
    bad_model("a value without an index", "2:0.25", "0.25", "feature's number");
    bad_model("an infinite coefficient", "-1.5 2:1", "1e999 2:1", "coefficient");
}

static void range(const char *what, const char *text, const char *why)
{
    struct ai_policy *p = parse_model(model);
    char name[] = "/tmp/ai-range.XXXXXX";
    int fd = mkstemp(name), rc;
    double x[3] = {3, 10, 77};

    if (!p || fd < 0 || write(fd, text, strlen(text)) < 0)
        exit(99);
    close(fd);
    err = (struct ai_err){0};
    rc = ai_libsvm_range(p, name, &err);
    if (why) {
        ok(rc < 0 && err.code == AI_EINPUT && strstr(err.msg, why), "%s is refused: %s", what, rc < 0 ? err.msg : "");
    } else {
        double want = exp(-0.5 * (0.25 + 0.0625)) + 0.5 * exp(-0.5) - 1.5 * exp(-0.5 * (1 + 1.0 / 64)) + 0.25;

        /* 3 of 2..4 and 10 of 0..20 are in the middle, 0; the third is not there: 0 */
        ok(rc == 0 && fabs(ai_policy_decision(p, NULL, x) - want) < 1e-15, "%s is taken", what);
    }
    unlink(name);
    ai_policy_free(p);
}

static void test_ranges(void)
{
    range("a range", "x\n-1 1\n1 2 4\n2 0 20\n", NULL);
    range("a range of more features than the model has", "x\n-1 1\n1 2 4\n2 0 20\n9 1 2\n", NULL);
    range("a range that was cut", "x\n-1 1\n1 2 4\n2 0 2", "truncated");
    range("text", "y\n-1 1\n", "'x' should");
    range("nothing", "", "not text");
    range("bounds that fall", "x\n1 -1\n1 2 4\n", "bound");
    range("a minimum above the maximum", "x\n-1 1\n1 4 2\n", "minimum");
    range("a feature twice", "x\n-1 1\n1 2 4\n1 2 4\n", "twice");
    range("a width that overflows", "x\n-1 1\n1 -1e308 1e308\n", "cannot be scaled");
}

int main(void)
{
    test_lines();
    test_bits();
    test_model();
    test_ranges();
    return done_testing();
}
