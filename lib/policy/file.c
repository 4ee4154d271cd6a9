/* The text of a policy, as ai-policy(5) defines it. */
#include "policy/policy.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "io/fd.h"
#include "policy/rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 20 };

/* ---- writing ---- */

static int put_numbers(struct ai_buf *out, const char *key, const double *v, size_t n, struct ai_err *err)
{
    if (ai_buf_puts(out, key, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (ai_buf_printf(out, err, " %.17g", v[i]))
            return -1;
    return ai_buf_puts(out, "\n", err);
}

static int put_svm(const struct ai_policy *p, struct ai_buf *out, struct ai_err *err)
{
    if (put_numbers(out, "mean", p->mean, p->n, err) || put_numbers(out, "sd", p->sd, p->n, err) ||
        put_numbers(out, "threshold", &p->threshold, 1, err))
        return -1;
    if (p->classifier == AI_SVM_LINEAR)
        return put_numbers(out, "weight", p->weight, p->n, err) || put_numbers(out, "bias", &p->bias, 1, err) ? -1 : 0;
    if (put_numbers(out, "gamma", &p->gamma, 1, err) || put_numbers(out, "rho", &p->rho, 1, err))
        return -1;
    for (size_t v = 0; v < p->n_sv; v++)
        if (put_numbers(out, "sv", p->sv + v * (1 + p->n), 1 + p->n, err))
            return -1;
    return 0;
}

int ai_policy_format(const struct ai_policy *p, const char *notes, struct ai_buf *out, struct ai_err *err)
{
    size_t begin = out->len;

    if (ai_buf_puts(out, "ai-policy 1\n", err) ||
        (*p->model && ai_buf_printf(out, err, "model %s\n", p->model)) ||
        (*p->head && ai_buf_printf(out, err, "head %s\n", p->head)))
        return -1;
    if (p->has_layers && (ai_buf_puts(out, "layers ", err) || ai_layers_format(&p->layers, out, err) ||
                          ai_buf_puts(out, "\n", err)))
        return -1;
    if (ai_buf_puts(out, notes, err) || ai_buf_printf(out, err, "classifier %s\n", ai_classifier_name(p->classifier)))
        return -1;
    if (p->classifier == AI_RULE) {
        if (ai_buf_printf(out, err, "rule %s\n", ai_rule_text(p->rule)))
            return -1;
    } else {
        if (ai_buf_puts(out, "features", err))
            return -1;
        for (size_t i = 0; i < p->n; i++)
            if (ai_buf_printf(out, err, " %s", p->names[i]))
                return -1;
        if (ai_buf_puts(out, "\n", err) || put_svm(p, out, err))
            return -1;
    }
    return ai_buf_printf(out, err, "end %08x\n", ai_crc32c(0, out->data + begin, out->len - begin));
}

/* ---- reading ---- */

struct text {
    char *p, *end;       /* what is left */
    unsigned line;
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

static int parse_double(const char **s, double *out)
{
    char *end;

    if (!**s || !strchr("-.0123456789", **s)) /* strtod also takes spaces, words and + */
        return -1;
    *out = strtod(*s, &end);
    if (end == *s || (*end && *end != ' ') || !isfinite(*out))
        return -1;
    *s = *end ? end + 1 : end;
    return 0;
}

static int parse_numbers(const char *s, double *out, size_t n, struct ai_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (parse_double(&s, &out[i]))
            return ai_fail(err, AI_EINPUT, "%zu finite numbers should be here", n);
    return *s ? ai_fail(err, AI_EINPUT, "more than %zu numbers", n) : 0;
}

static int parse_features(struct ai_policy *p, const char *s, struct ai_err *err)
{
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

static int copy_word(const char *s, char *out, size_t size, struct ai_err *err)
{
    if (!*s || strlen(s) >= size || strchr(s, ' '))
        return ai_fail(err, AI_EINPUT, "not a word of fewer than %zu characters", size);
    strcpy(out, s);
    return 0;
}

static int take_names(struct ai_policy *p)
{
    const char *const *names;

    p->n = ai_rule_names(p->rule, &names);
    for (size_t i = 0; i < p->n; i++)
        strcpy(p->names[i], names[i]);
    return 0;
}

static int add_sv(struct ai_policy *p, size_t *cap, const char *s, struct ai_err *err)
{
    if (!p->n)
        return ai_fail(err, AI_EINPUT, "a support vector before the features are named");
    if (ai_grow(&p->sv, cap, (p->n_sv + 1) * (1 + p->n), sizeof *p->sv, err) ||
        parse_numbers(s, p->sv + p->n_sv * (1 + p->n), 1 + p->n, err))
        return -1;
    p->n_sv++;
    return 0;
}

/* Which lines have come, as bits; the classifier says which must. */
enum { HAS_CLASSIFIER = 1, HAS_MEAN = 2, HAS_SD = 4, HAS_THRESHOLD = 8, HAS_WEIGHT = 16, HAS_BIAS = 32, HAS_GAMMA = 64,
       HAS_RHO = 128, HAS_RULE = 256, HAS_MODEL = 512, HAS_HEAD = 1024, HAS_LAYERS = 2048 };

static int once(unsigned bit, unsigned *has, struct ai_err *err)
{
    if (*has & bit)
        return ai_fail(err, AI_EINPUT, "a second line of this key");
    *has |= bit;
    return 0;
}

struct number_line {
    const char *key;
    unsigned bit;
    double *out;
    bool per_feature;
};

static int take_number_line(struct ai_policy *p, const char *key, const char *value, unsigned *has, struct ai_err *err)
{
    const struct number_line lines[] = {
        {"mean", HAS_MEAN, p->mean, true}, {"sd", HAS_SD, p->sd, true}, {"weight", HAS_WEIGHT, p->weight, true},
        {"threshold", HAS_THRESHOLD, &p->threshold, false}, {"bias", HAS_BIAS, &p->bias, false},
        {"gamma", HAS_GAMMA, &p->gamma, false}, {"rho", HAS_RHO, &p->rho, false},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strcmp(lines[i].key, key) != 0)
            continue;
        if (lines[i].per_feature && !p->n)
            return ai_fail(err, AI_EINPUT, "comes before the features are named");
        return once(lines[i].bit, has, err) ? -1
                                            : parse_numbers(value, lines[i].out, lines[i].per_feature ? p->n : 1, err);
    }
    return 0; /* a note for people */
}

static int take_line(struct ai_policy *p, const char *key, const char *value, unsigned *has, size_t *cap,
                     struct ai_err *err)
{
    if (strcmp(key, "model") == 0)
        return once(HAS_MODEL, has, err) ? -1 : copy_word(value, p->model, sizeof p->model, err);
    if (strcmp(key, "head") == 0)
        return once(HAS_HEAD, has, err) ? -1 : copy_word(value, p->head, sizeof p->head, err);
    if (strcmp(key, "layers") == 0) {
        p->has_layers = true;
        if (once(HAS_LAYERS, has, err))
            return -1;
        return *value ? ai_layers_parse(value, AI_MAX_LAYERS, &p->layers, err) : 0;
    }
    if (strcmp(key, "classifier") == 0) {
        if (once(HAS_CLASSIFIER, has, err))
            return -1;
        for (int c = 0; c <= AI_SVM_RBF; c++)
            if (strcmp(value, ai_classifier_name((enum ai_classifier)c)) == 0) {
                p->classifier = (enum ai_classifier)c;
                return 0;
            }
        return ai_fail(err, AI_EINPUT, "'%.40s' is not known (rule, svm-linear, svm-rbf)", value);
    }
    if (strcmp(key, "features") == 0)
        return parse_features(p, value, err);
    if (strcmp(key, "rule") == 0) {
        if (once(HAS_RULE, has, err))
            return -1;
        p->rule = ai_rule_parse(value, err);
        return p->rule ? take_names(p) : -1;
    }
    if (strcmp(key, "sv") == 0)
        return add_sv(p, cap, value, err);
    return take_number_line(p, key, value, has, err);
}

static int check_complete(const struct ai_policy *p, unsigned has, struct ai_err *err)
{
    static const unsigned want[] = {
        HAS_CLASSIFIER | HAS_RULE,
        HAS_CLASSIFIER | HAS_MEAN | HAS_SD | HAS_THRESHOLD | HAS_WEIGHT | HAS_BIAS,
        HAS_CLASSIFIER | HAS_MEAN | HAS_SD | HAS_THRESHOLD | HAS_GAMMA | HAS_RHO,
    };

    if ((has & want[p->classifier]) != want[p->classifier])
        return ai_fail(err, AI_EINPUT, "lines are missing that a policy of its classifier needs");
    for (size_t i = 0; p->classifier != AI_RULE && i < p->n; i++)
        if (!(p->sd[i] > 0))
            return ai_fail(err, AI_EINPUT, "sd: not above 0");
    if (p->classifier == AI_SVM_RBF && !(p->gamma > 0))
        return ai_fail(err, AI_EINPUT, "gamma: not above 0");
    return 0;
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
    unsigned has = 0;
    size_t cap = 0;
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
        if (!*line || take_line(p, line, value ? value : line + strlen(line), &has, &cap, err))
            return ai_err_at(err, "line %u: %.40s", t->line, line);
    }
    return check_complete(p, has, err);
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

static struct ai_policy *from_rule(const char *text, struct ai_err *err)
{
    struct ai_policy *p = ai_calloc(1, sizeof *p, err);
    struct ai_sha256 sha;

    if (!p)
        return NULL;
    p->classifier = AI_RULE;
    p->rule = ai_rule_parse(text, err);
    if (!p->rule) {
        ai_policy_free(p);
        return NULL;
    }
    take_names(p);
    ai_sha256_init(&sha);
    ai_sha256_add(&sha, text, strlen(text));
    ai_sha256_end_hex(&sha, p->digest);
    return p;
}

struct ai_policy *ai_policy_open(const char *file_or_rule, struct ai_err *err)
{
    struct ai_buf text = {0};
    struct ai_policy *p;

    if (strcmp(file_or_rule, "never") == 0)
        return from_rule("0", err);
    if (access(file_or_rule, F_OK) < 0 && strpbrk(file_or_rule, "<>=!&|"))
        return from_rule(file_or_rule, err);
    if (ai_fd_slurp(file_or_rule, FILE_MAX, &text, err))
        return NULL;
    p = ai_policy_parse(file_or_rule, text.data, text.len, err);
    ai_buf_free(&text);
    return p;
}
