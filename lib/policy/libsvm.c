#include "policy/libsvm.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "io/fd.h"
#include "policy/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SV_MAX = 200000, RANGE_MAX = 1 << 20, STRIDE = 1 + AI_POLICY_FEATURES };

/* Lines of a copy, taken one by one. */
struct text {
    char *copy, *p, *end;
    unsigned line;
};

static int open_text(struct text *t, const void *data, size_t n, struct ai_err *err)
{
    memset(t, 0, sizeof *t);
    if (n == 0 || memchr(data, 0, n) || ai_utf8_check(data, n) != n)
        return ai_fail(err, AI_EINPUT, "not text");
    t->copy = ai_strndup(data, n, err);
    if (!t->copy)
        return -1;
    t->p = t->copy;
    t->end = t->copy + n;
    return 0;
}

/* NULL with err where the text ends, or its line feed is missing. */
static char *next_line(struct text *t, struct ai_err *err)
{
    char *line = t->p, *lf = memchr(line, '\n', (size_t)(t->end - line));

    t->line++;
    if (!lf) {
        ai_fail(err, AI_EINPUT, "truncated");
        return NULL;
    }
    *lf = '\0';
    t->p = lf + 1;
    return line;
}

/* At most max numbers, all there are; returns how many, -1 with err. */
static int numbers(const char *s, double *out, int max, struct ai_err *err)
{
    int n = 0;

    while (*s)
        if (n == max || ai_parse_number(&s, 0, &out[n++]))
            return ai_fail(err, AI_EINPUT, "not a number, or too many");
    return n;
}

/* ---- the model ---- */

struct header {
    bool type, kernel, classes, rho, labels;
    double total, label[2];
};

static int take_number(const char *s, double *out, struct ai_err *err)
{
    int n = numbers(s, out, 1, err);

    return n < 0 ? -1 : n == 1 ? 0 : ai_fail(err, AI_EINPUT, "one number should be here");
}

static int take_header(struct ai_policy *p, struct header *h, const char *key, const char *value, struct ai_err *err)
{
    double v[2];

    if (strcmp(key, "svm_type") == 0) {
        h->type = strcmp(value, "c_svc") == 0 || strcmp(value, "nu_svc") == 0;
        return h->type ? 0 : ai_fail(err, AI_EINPUT, "'%.40s' does not separate classes (c_svc, nu_svc)", value);
    }
    if (strcmp(key, "kernel_type") == 0) {
        p->classifier = strcmp(value, "rbf") == 0 ? AI_SVM_RBF : AI_SVM_LINEAR;
        h->kernel = p->classifier == AI_SVM_RBF || strcmp(value, "linear") == 0;
        return h->kernel ? 0 : ai_fail(err, AI_EINPUT, "the kernel '%.40s' is not known (linear, rbf)", value);
    }
    if (strcmp(key, "gamma") == 0)
        return take_number(value, &p->gamma, err);
    if (strcmp(key, "total_sv") == 0)
        return take_number(value, &h->total, err);
    if (strcmp(key, "nr_class") == 0) {
        if (take_number(value, v, err))
            return -1;
        h->classes = v[0] == 2;
        return h->classes ? 0 : ai_fail(err, AI_EINPUT, "a policy has two classes");
    }
    if (strcmp(key, "rho") == 0) {
        h->rho = true;
        return take_number(value, &p->rho, err);
    }
    if (strcmp(key, "label") == 0) {
        h->labels = numbers(value, h->label, 2, err) == 2 && (h->label[0] == 1) != (h->label[1] == 1);
        return h->labels ? 0 : ai_fail(err, AI_EINPUT, "one of two labels must be 1: stop here");
    }
    for (const char *const *k = (const char *const[]){"nr_sv", "probA", "probB", "degree", "coef0", NULL}; *k; k++)
        if (strcmp(key, *k) == 0)
            return 0;
    return ai_fail(err, AI_EINPUT, "a key that is not known");
}

/* One support vector, "coefficient index:value ... ", into sv [STRIDE], zeroed. */
static int take_sv(struct ai_policy *p, double *sv, const char *s, struct ai_err *err)
{
    double before = 0, index;

    if (ai_parse_number(&s, 0, &sv[0]))
        return ai_fail(err, AI_EINPUT, "the coefficient is not a number");
    while (*s) {
        if (ai_parse_number(&s, ':', &index) || s[-1] != ':' || index != floor(index) || index <= before ||
            index > AI_POLICY_FEATURES)
            return ai_fail(err, AI_EINPUT, "a feature's number, rising, 1 to %d, should be here", AI_POLICY_FEATURES);
        if (ai_parse_number(&s, 0, &sv[(size_t)index]))
            return ai_fail(err, AI_EINPUT, "feature %.0f: not a finite number", index);
        before = index;
    }
    if (before > (double)p->n)
        p->n = (size_t)before;
    return 0;
}

static int take_vectors(struct ai_policy *p, struct text *t, double total, struct ai_err *err)
{
    size_t cap = 0;

    if (!(total >= 1 && total <= SV_MAX && total == floor(total)))
        return ai_fail(err, AI_EINPUT, "total_sv is not a whole number from 1 to %d", SV_MAX);
    while (t->p < t->end) {
        char *line = next_line(t, err);

        if (!line || ai_grow(&p->sv, &cap, (p->n_sv + 1) * STRIDE, sizeof *p->sv, err))
            return -1;
        memset(p->sv + p->n_sv * STRIDE, 0, STRIDE * sizeof *p->sv);
        if ((double)p->n_sv == total)
            return ai_fail(err, AI_EINPUT, "more support vectors than total_sv says");
        if (take_sv(p, p->sv + p->n_sv * STRIDE, line, err))
            return -1;
        p->n_sv++;
    }
    if ((double)p->n_sv != total)
        return ai_fail(err, AI_EINPUT, "truncated: %zu support vectors of %.0f", p->n_sv, total);
    return p->n ? 0 : ai_fail(err, AI_EINPUT, "no features");
}

static int take_model(struct ai_policy *p, struct text *t, struct header *h, struct ai_err *err)
{
    char *line, *value;

    while ((line = next_line(t, err)) && strcmp(line, "SV") != 0) {
        value = strchr(line, ' ');
        if (value)
            *value++ = '\0';
        if (take_header(p, h, line, value ? value : line + strlen(line), err))
            return ai_err_at(err, "line %u: %.40s", t->line, line);
    }
    if (!line)
        return -1;
    if (!(h->type && h->kernel && h->classes && h->rho && h->labels))
        return ai_fail(err, AI_EINPUT, "lines are missing before the support vectors");
    if (p->classifier == AI_SVM_RBF && !(p->gamma > 0))
        return ai_fail(err, AI_EINPUT, "gamma is not above 0");
    return take_vectors(p, t, h->total, err) ? ai_err_at(err, "line %u", t->line) : 0;
}

/* The rows to their width; signs such that positive is label 1; a linear machine to one vector. */
static void finish(struct ai_policy *p, const struct header *h)
{
    double sign = h->label[0] == 1 ? 1 : -1;

    p->rho *= sign;
    p->bias = -p->rho;
    for (size_t v = 0; v < p->n_sv; v++) {
        double *from = p->sv + v * STRIDE, *to = p->sv + v * (1 + p->n);

        memmove(to, from, (1 + p->n) * sizeof *to);
        to[0] *= sign;
        for (size_t i = 0; p->classifier == AI_SVM_LINEAR && i < p->n; i++)
            p->weight[i] += to[0] * to[1 + i];
    }
    if (p->classifier == AI_SVM_LINEAR) {
        free(p->sv);
        p->sv = NULL;
        p->n_sv = 0;
    }
    for (size_t i = 0; i < p->n; i++) {
        p->sd[i] = 1;
        snprintf(p->names[i], sizeof p->names[i], "%zu", i + 1);
    }
    p->by_number = true;
    p->has_threshold = true;
    /* At 0 svm-predict gives the second label. */
    p->threshold = sign > 0 ? 0 : -nextafter(0, 1);
}

bool ai_is_libsvm(const void *data, size_t n)
{
    static const char begin[] = "svm_type ";

    return n > sizeof begin && memcmp(data, begin, sizeof begin - 1) == 0;
}

struct ai_policy *ai_libsvm_parse(const char *name, const void *data, size_t n, struct ai_err *err)
{
    struct ai_policy *p = ai_calloc(1, sizeof *p, err);
    struct header h = {0};
    struct ai_sha256 sha;
    struct text t;

    if (!p)
        return NULL;
    if (open_text(&t, data, n, err) || take_model(p, &t, &h, err)) {
        free(t.copy);
        ai_policy_free(p);
        ai_err_at(err, "%s", name);
        return NULL;
    }
    free(t.copy);
    finish(p, &h);
    ai_sha256_init(&sha);
    ai_sha256_add(&sha, data, n);
    ai_sha256_end_hex(&sha, p->digest);
    return p;
}

/* ---- the range ---- */

/* svm-scale -s: "x", "lower upper", then "index min max" for each feature that varies. */
#define UNSEEN 1e300 /* the sd of a feature that is not there: what is divided by it is 0 */
static int take_range(struct ai_policy *p, struct text *t, struct ai_err *err)
{
    double bound[2], v[3];
    char *line = next_line(t, err);

    if (!line)
        return -1;
    if (strcmp(line, "x") != 0)
        return ai_fail(err, AI_EINPUT, "'x' should be here, as svm-scale -s writes");
    if (!(line = next_line(t, err)))
        return -1;
    if (numbers(line, bound, 2, err) != 2 || !(bound[0] < bound[1]))
        return ai_fail(err, AI_EINPUT, "the lower and the upper bound should be here");
    for (size_t i = 0; i < p->n; i++)
        p->sd[i] = UNSEEN;
    while (t->p < t->end) {
        size_t i;

        if (!(line = next_line(t, err)))
            return -1;
        if (numbers(line, v, 3, err) != 3 || !(v[0] >= 1 && v[0] <= 1e9) || v[0] != floor(v[0]) || !(v[1] < v[2]))
            return ai_fail(err, AI_EINPUT, "a feature's number, minimum and maximum should be here");
        i = (size_t)v[0] - 1;
        if (i >= p->n)
            continue; /* no support vector has it */
        if (p->sd[i] != UNSEEN)
            return ai_fail(err, AI_EINPUT, "feature %zu twice", i + 1);
        p->sd[i] = (v[2] - v[1]) / (bound[1] - bound[0]);
        p->mean[i] = v[1] - bound[0] * p->sd[i];
        if (!(p->sd[i] > 0) || !isfinite(p->mean[i]) || p->sd[i] >= UNSEEN)
            return ai_fail(err, AI_EINPUT, "feature %zu: a range that cannot be scaled", i + 1);
    }
    return 0;
}

int ai_libsvm_range(struct ai_policy *p, const char *file, struct ai_err *err)
{
    struct ai_buf bytes = {0};
    struct text t = {0};
    struct ai_sha256 sha;
    int rc = -1;

    if (!p->by_number)
        return ai_fail(err, AI_EUSAGE, "a range belongs to a model of svm-train; this policy has its own scaling");
    if (ai_fd_slurp(file, RANGE_MAX, &bytes, err))
        return -1;
    rc = open_text(&t, bytes.data, bytes.len, err) || take_range(p, &t, err) ? -1 : 0;
    if (rc && err->code == AI_EINPUT)
        ai_err_at(err, "%s: line %u", file, t.line);
    ai_sha256_init(&sha);
    ai_sha256_add(&sha, p->digest, AI_DIGEST_LEN);
    ai_sha256_add(&sha, bytes.data, bytes.len);
    ai_sha256_end_hex(&sha, p->digest);
    free(t.copy);
    ai_buf_free(&bytes);
    return rc;
}
