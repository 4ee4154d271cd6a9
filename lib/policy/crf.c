#include "policy/crf.h"

#include "base/mem.h"
#include "policy/chain.h"

#include <lbfgs.h>
#include <math.h>
#include <string.h>

/* Parameters in one row: n weights, the bias, then transitions 00 01 10 11. */
struct problem {
    size_t n;
    bool transitions;
    const double *x;
    const signed char *label;
    const size_t *begin;
    size_t docs;
    double l2;
    double *score, *settled, *room; /* of the longest document: [m], [m], [4 m] */
};

static int make_room(struct problem *q, struct ai_err *err)
{
    size_t longest = 0;

    for (size_t d = 0; d < q->docs; d++)
        if (q->begin[d + 1] - q->begin[d] > longest)
            longest = q->begin[d + 1] - q->begin[d];
    q->score = ai_calloc(longest, 6 * sizeof *q->score, err);
    if (!q->score)
        return -1;
    q->settled = q->score + longest;
    q->room = q->settled + longest;
    return 0;
}

/* Without transitions the layers do not depend on each other, and the sums fall apart. */
static double marginals(const struct problem *q, size_t m, double t[2][2], double pairs[2][2])
{
    double log_z = 0;

    if (q->transitions)
        return ai_chain_marginals(q->score, m, t, q->settled, pairs, q->room);
    for (size_t l = 0; l < m; l++) {
        log_z += ai_log_add(0, q->score[l]);
        q->settled[l] = 1 / (1 + exp(-q->score[l]));
    }
    return log_z;
}

/* Adds one document: -log P and its gradient, expected minus seen. */
static double add_document(const struct problem *q, size_t d, const double *w, double t[2][2], double *g)
{
    size_t first = q->begin[d], m = q->begin[d + 1] - first, n = q->n;
    double pairs[2][2] = {{0}}, seen = 0, log_z;

    for (size_t l = 0; l < m; l++) {
        const double *x = q->x + (first + l) * n;

        q->score[l] = w[n];
        for (size_t i = 0; i < n; i++)
            q->score[l] += w[i] * x[i];
    }
    log_z = marginals(q, m, t, pairs);
    for (size_t l = 0; l < m; l++) {
        const double *x = q->x + (first + l) * n;
        bool is = q->label[first + l] > 0;
        double excess = q->settled[l] - is;

        seen += is ? q->score[l] : 0;
        for (size_t i = 0; i < n; i++)
            g[i] += excess * x[i];
        g[n] += excess;
        if (l > 0) {
            bool was = q->label[first + l - 1] > 0;

            seen += t[was][is];
            g[n + 1 + 2 * was + is] -= 1;
        }
    }
    for (int a = 0; a < 2; a++)
        for (int b = 0; b < 2; b++)
            g[n + 1 + 2 * a + b] += pairs[a][b];
    return log_z - seen;
}

static double loss(const struct problem *q, const double *w, double *g)
{
    size_t n = q->n, all = n + 5;
    double sum = 0, t[2][2] = {{0}};

    memset(g, 0, all * sizeof *g);
    if (q->transitions)
        memcpy(t, w + n + 1, sizeof t);
    for (size_t d = 0; d < q->docs; d++)
        sum += add_document(q, d, w, t, g);
    for (size_t i = 0; i < all; i++) {
        if (i > n && !q->transitions) {
            g[i] = 0;
        } else if (i != n) {
            sum += q->l2 / 2 * w[i] * w[i];
            g[i] += q->l2 * w[i];
        }
    }
    return sum;
}

static double evaluate(void *arg, const double *w, double *g, int n, double step)
{
    (void)step;
    memset(g, 0, (size_t)n * sizeof *g); /* the padding's stays so */
    return loss(arg, w, g);
}

static struct problem make_problem(const struct ai_policy *p, const double *x, const signed char *label,
                                   const size_t *begin, size_t docs, double l2)
{
    return (struct problem){.n = p->n, .transitions = p->classifier == AI_CRF, .x = x, .label = label,
                            .begin = begin, .docs = docs, .l2 = l2};
}

double ai_crf_loss(const struct ai_policy *p, const double *x, const signed char *label, const size_t *begin,
                   size_t docs, double l2, const double *w, double *g)
{
    struct problem q = make_problem(p, x, label, begin, docs, l2);
    struct ai_err err;
    double sum;

    if (make_room(&q, &err))
        return NAN;
    sum = loss(&q, w, g);
    free(q.score);
    return sum;
}

int ai_crf_train(struct ai_policy *p, const double *x, const signed char *label, const size_t *begin, size_t docs,
                 double l2, struct ai_err *err)
{
    struct problem q = make_problem(p, x, label, begin, docs, l2);
    int all = (int)p->n + 5, padded = (all + 15) / 16 * 16; /* its SSE code wants rows of 16; the rest stays 0 */
    lbfgs_parameter_t param;
    double *w, end;
    int rc = -1;

    lbfgs_parameter_init(&param);
    param.epsilon = 1e-6;
    param.max_iterations = 1000;
    w = lbfgs_malloc(padded);
    if (!w)
        return ai_fail(err, AI_ESYS, "out of memory");
    memset(w, 0, (size_t)padded * sizeof *w);
    if (make_room(&q, err))
        goto out;
    rc = lbfgs(padded, w, &end, evaluate, NULL, &q, &param);
    /* A line search that can go no further by rounding has arrived as well. */
    if (rc < 0 && rc != LBFGSERR_ROUNDING_ERROR && rc != LBFGSERR_MINIMUMSTEP && rc != LBFGSERR_MAXIMUMLINESEARCH &&
        rc != LBFGSERR_MAXIMUMITERATION && rc != LBFGSERR_WIDTHTOOSMALL) {
        rc = ai_fail(err, AI_ESYS, "liblbfgs gave up (%d)", rc);
        goto out;
    }
    memcpy(p->weight, w, p->n * sizeof *w);
    p->bias = w[p->n];
    memcpy(p->transition, w + p->n + 1, sizeof p->transition);
    rc = 0;
out:
    lbfgs_free(w);
    free(q.score);
    return rc;
}
