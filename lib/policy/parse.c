/* Reading a policy as ai-policy(5) defines it. */
#include "policy/policy.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "policy/file.h"
#include "policy/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which lines have come, as bits; the classifier says which must. */
enum { HAS_CLASSIFIER = 1, HAS_MEAN = 2, HAS_SD = 4, HAS_THRESHOLD = 8, HAS_WEIGHT = 16, HAS_BIAS = 32, HAS_GAMMA = 64,
       HAS_RHO = 128, HAS_RULE = 256, HAS_MODEL = 512, HAS_HEAD = 1024, HAS_LAYERS = 2048, HAS_TRANSITION = 4096,
       HAS_LADDER = 8192, HAS_CERTIFICATE = 1 << 16 /* and the bits above it, one a line */ };

struct text {
    char *p, *end;       /* what is left */
    unsigned line;
    uint64_t has;
    size_t cap_sv, cap_trained;
};

/* The next line, NUL-terminated in place; NULL at the end or without its line feed. */
static char *next_line(struct text *t)
{
    char *line = t->p, *lf = line < t->end ? memchr(line, '\n', (size_t)(t->end - line)) : NULL;

    if (!lf)
        return NULL;
    *lf = '\0';
    t->p = lf + 1;
    t->line++;
    return line;
}

static int once(struct text *t, uint64_t bit, struct ai_err *err)
{
    if (t->has & bit)
        return ai_fail(err, AI_EINPUT, "a second line of this key");
    t->has |= bit;
    return 0;
}

/* ---- values ---- */

static int parse_numbers(const char *s, double *out, size_t n, struct ai_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (ai_parse_number(&s, 0, &out[i]))
            return ai_fail(err, AI_EINPUT, "%zu finite numbers should be here", n);
    return *s ? ai_fail(err, AI_EINPUT, "more than %zu numbers", n) : 0;
}

static int copy_word(const char *s, char *out, size_t size, struct ai_err *err)
{
    if (!*s || strlen(s) >= size || strchr(s, ' '))
        return ai_fail(err, AI_EINPUT, "not a word of fewer than %zu characters", size);
    strcpy(out, s);
    return 0;
}

/* ---- keys with a reader of their own ---- */

static int take_features(struct ai_policy *p, struct text *t, const char *s, struct ai_err *err)
{
    (void)t;
    if (p->n)
        return ai_fail(err, AI_EINPUT, "features are named twice");
    while (*s) {
        size_t n = strcspn(s, " ");

        if (n == 0 || n >= sizeof p->names[0] || p->n == AI_POLICY_FEATURES)
            return ai_fail(err, AI_EINPUT, "a feature without a name, with one that is too long, or too many");
        memcpy(p->names[p->n], s, n);
        p->names[p->n++][n] = '\0';
        s += n + (s[n] == ' ');
    }
    return p->n ? 0 : ai_fail(err, AI_EINPUT, "no features");
}

static int take_rule(struct ai_policy *p, struct text *t, const char *s, struct ai_err *err)
{
    const char *const *names;

    if (p->n)
        return ai_fail(err, AI_EINPUT, "a rule and features");
    if (once(t, HAS_RULE, err) || !(p->rule = ai_rule_parse(s, err)))
        return -1;
    p->n = ai_rule_names(p->rule, &names);
    for (size_t i = 0; i < p->n; i++)
        strcpy(p->names[i], names[i]);
    return 0;
}

static int take_layers(struct ai_policy *p, struct text *t, const char *s, struct ai_err *err)
{
    p->has_layers = true;
    if (once(t, HAS_LAYERS, err))
        return -1;
    return *s ? ai_layers_parse(s, AI_MAX_LAYERS, &p->layers, err) : 0;
}

static int take_classifier(struct ai_policy *p, struct text *t, const char *s, struct ai_err *err)
{
    if (once(t, HAS_CLASSIFIER, err))
        return -1;
    for (int c = 0; c <= AI_CRF; c++)
        if (strcmp(s, ai_classifier_name((enum ai_classifier)c)) == 0) {
            p->classifier = (enum ai_classifier)c;
            return 0;
        }
    return ai_fail(err, AI_EINPUT, "'%.40s' is not known (rule, svm-linear, svm-rbf, logistic, crf)", s);
}

static int take_sv(struct ai_policy *p, struct text *t, const char *s, struct ai_err *err)
{
    if (!p->n)
        return ai_fail(err, AI_EINPUT, "a support vector before the features are named");
    if (ai_grow(&p->sv, &t->cap_sv, (p->n_sv + 1) * (1 + p->n), sizeof *p->sv, err) ||
        parse_numbers(s, p->sv + p->n_sv * (1 + p->n), 1 + p->n, err))
        return -1;
    p->n_sv++;
    return 0;
}

static int take_ladder(struct ai_policy *p, struct text *t, const char *s, struct ai_err *err)
{
    if (once(t, HAS_LADDER, err))
        return -1;
    p->ladder = ai_calloc(AI_LADDER_MAX, sizeof *p->ladder, err);
    if (!p->ladder)
        return -1;
    while (*s) {
        double *v = p->ladder + p->n_ladder;

        if (p->n_ladder == AI_LADDER_MAX || ai_parse_number(&s, 0, v) || (p->n_ladder && !(v[-1] > *v)))
            return ai_fail(err, AI_EINPUT, "at most %d finite numbers, falling, should be here", AI_LADDER_MAX);
        p->n_ladder++;
    }
    return p->n_ladder ? 0 : ai_fail(err, AI_EINPUT, "no numbers");
}

static int take_trained(struct ai_policy *p, struct text *t, const char *s, struct ai_err *err)
{
    do {
        uint64_t v;

        if (strspn(s, "0123456789abcdef") != 16 || (s[16] && s[16] != ' '))
            return ai_fail(err, AI_EINPUT, "not digests of 16 hexadecimal digits");
        v = strtoull(s, NULL, 16);
        if (p->n_trained && p->trained[p->n_trained - 1] >= v)
            return ai_fail(err, AI_EINPUT, "digests that do not rise");
        if (ai_grow(&p->trained, &t->cap_trained, p->n_trained + 1, sizeof *p->trained, err))
            return -1;
        p->trained[p->n_trained++] = v;
        s += 16 + (s[16] == ' ');
    } while (*s);
    return 0;
}

static const struct key {
    const char *name;
    int (*take)(struct ai_policy *p, struct text *t, const char *value, struct ai_err *err);
} keys[] = {
    {"layers", take_layers}, {"classifier", take_classifier}, {"features", take_features}, {"rule", take_rule},
    {"sv", take_sv}, {"ladder", take_ladder}, {"trained", take_trained},
};

/* ---- keys with a word or numbers ---- */

enum { PER_FEATURE = 0 };

static int take_plain(struct ai_policy *p, struct text *t, const char *key, const char *value, struct ai_err *err)
{
    const struct { const char *key; uint64_t bit; double *out; size_t n; } numbers[] = {
        {"mean", HAS_MEAN, p->mean, PER_FEATURE}, {"sd", HAS_SD, p->sd, PER_FEATURE},
        {"weight", HAS_WEIGHT, p->weight, PER_FEATURE}, {"threshold", HAS_THRESHOLD, &p->threshold, 1},
        {"bias", HAS_BIAS, &p->bias, 1}, {"gamma", HAS_GAMMA, &p->gamma, 1}, {"rho", HAS_RHO, &p->rho, 1},
        {"transition", HAS_TRANSITION, p->transition[0], 4},
    };
    struct ai_certificate_line lines[AI_CERTIFICATE_LINES];

    if (strcmp(key, "model") == 0)
        return once(t, HAS_MODEL, err) ? -1 : copy_word(value, p->model, sizeof p->model, err);
    if (strcmp(key, "head") == 0)
        return once(t, HAS_HEAD, err) ? -1 : copy_word(value, p->head, sizeof p->head, err);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(numbers[i].key, key) != 0)
            continue;
        if (numbers[i].n == PER_FEATURE && !p->n)
            return ai_fail(err, AI_EINPUT, "comes before the features are named");
        return once(t, numbers[i].bit, err)
                   ? -1
                   : parse_numbers(value, numbers[i].out, numbers[i].n == PER_FEATURE ? p->n : numbers[i].n, err);
    }
    ai_certificate_lines(&p->certificate, lines);
    for (size_t i = 0; i < AI_CERTIFICATE_LINES; i++)
        if (strcmp(lines[i].key, key) == 0)
            return once(t, (uint64_t)HAS_CERTIFICATE << i, err) ? -1
                   : lines[i].word ? copy_word(value, lines[i].word, lines[i].size, err)
                                   : parse_numbers(value, lines[i].number, 1, err);
    return ai_buf_printf(&p->notes, err, *value ? "%s %s\n" : "%s%s\n", key, value);
}

static int take_line(struct ai_policy *p, struct text *t, const char *key, const char *value, struct ai_err *err)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].name, key) == 0)
            return keys[i].take(p, t, value, err);
    return take_plain(p, t, key, value, err);
}

/* ---- the whole ---- */

static int check_complete(struct ai_policy *p, const struct text *t, struct ai_err *err)
{
    static const unsigned machine = HAS_CLASSIFIER | HAS_MEAN | HAS_SD | HAS_THRESHOLD, sum = HAS_WEIGHT | HAS_BIAS;
    unsigned want = 0;

    switch (p->classifier) {
    case AI_RULE: want = HAS_CLASSIFIER | HAS_RULE; break;
    case AI_SVM_LINEAR:
    case AI_LOGISTIC: want = machine | sum; break;
    case AI_CRF: want = machine | sum | HAS_TRANSITION; break;
    case AI_SVM_RBF: want = machine | HAS_GAMMA | HAS_RHO; break;
    }
    if ((t->has & want) != want)
        return ai_fail(err, AI_EINPUT, "lines are missing that a policy of its classifier needs");
    if (p->classifier != AI_RULE && p->rule)
        return ai_fail(err, AI_EINPUT, "a rule in a policy of another classifier");
    for (size_t i = 0; p->classifier != AI_RULE && i < p->n; i++)
        if (!(p->sd[i] > 0))
            return ai_fail(err, AI_EINPUT, "sd: not above 0");
    if (p->classifier == AI_SVM_RBF && !(p->gamma > 0))
        return ai_fail(err, AI_EINPUT, "gamma: not above 0");
    p->has_threshold = t->has & HAS_THRESHOLD || (p->classifier == AI_RULE && !ai_rule_has_threshold(p->rule));
    return ai_certificate_check(&p->certificate, t->has / HAS_CERTIFICATE, err);
}

/* The last line: "end " and the checksum of all before it. */
static int check_end(const uint8_t *data, size_t n, size_t *body, struct ai_err *err)
{
    const size_t end_line = sizeof "end 00000000\n" - 1;
    char *stop;
    char hex[9];

    if (n < end_line || data[n - 1] != '\n' || memcmp(data + n - end_line, "end ", 4) != 0)
        return ai_fail(err, AI_EINPUT, "truncated: the last line is not 'end' and a checksum");
    memcpy(hex, data + n - 9, 8);
    hex[8] = '\0';
    *body = n - end_line;
    if (strspn(hex, "0123456789abcdef") != 8 || strtoul(hex, &stop, 16) != ai_crc32c(0, data, *body))
        return ai_fail(err, AI_EINPUT, "the checksum does not match");
    return 0;
}

static int parse_body(struct ai_policy *p, struct text *t, struct ai_err *err)
{
    char *line = next_line(t);

    if (!line || strcmp(line, "ai-policy 1") != 0)
        return ai_fail(err, AI_EINPUT, "line 1: not 'ai-policy 1'");
    while (t->p < t->end) {
        char *value;

        line = next_line(t);
        if (!line)
            return ai_fail(err, AI_EINPUT, "line %u: no line feed", t->line + 1);
        value = strchr(line, ' ');
        if (value)
            *value++ = '\0';
        if (!*line || take_line(p, t, line, value ? value : line + strlen(line), err))
            return ai_err_at(err, "line %u: %.40s", t->line, line);
    }
    return check_complete(p, t, err);
}

struct ai_policy *ai_policy_parse(const char *name, const void *data, size_t n, struct ai_err *err)
{
    struct ai_policy *p = ai_calloc(1, sizeof *p, err);
    struct ai_sha256 sha;
    struct text t = {0};
    char *copy = NULL;
    size_t body = 0;

    if (!p)
        return NULL;
    if (n < 12 || memcmp(data, "ai-policy ", 10) != 0) {
        ai_fail(err, AI_EINPUT, "not a policy file");
        goto fail;
    }
    if (ai_utf8_check(data, n) != n || memchr(data, 0, n)) {
        ai_fail(err, AI_EINPUT, "not UTF-8 text");
        goto fail;
    }
    if (check_end(data, n, &body, err))
        goto fail;
    copy = ai_strndup(data, body, err);
    if (!copy)
        goto fail;
    t.p = copy;
    t.end = copy + body;
    if (parse_body(p, &t, err))
        goto fail;
    ai_sha256_init(&sha);
    ai_sha256_add(&sha, data, n);
    ai_sha256_end_hex(&sha, p->digest);
    free(copy);
    return p;
fail:
    free(copy);
    ai_policy_free(p);
    ai_err_at(err, "%s", name);
    return NULL;
}
