#include "policy/svm.h"

#include "base/mem.h"

#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBSVM_SVM_H
#include <libsvm/svm.h>
#else
#include <svm.h>
#endif

/* libsvm reports on standard output unless it is told not to. */
static void silence(const char *text)
{
    (void)text;
}

/* Rows as libsvm wants them: (index, value) pairs ending in index -1. */
static int make_problem(struct svm_problem *prob, struct svm_node **nodes, const double *x, const signed char *label,
                        size_t m, size_t n, struct ai_err *err)
{
    size_t cells;

    prob->l = (int)m;
    prob->y = ai_calloc(m, sizeof *prob->y, err);
    prob->x = ai_calloc(m, sizeof *prob->x, err);
    if (ai_mul(m, n + 1, &cells))
        return ai_fail(err, AI_ESYS, "too many training rows");
    *nodes = ai_calloc(cells, sizeof **nodes, err);
    if (!prob->y || !prob->x || !*nodes)
        return -1;
    for (size_t r = 0; r < m; r++) {
        struct svm_node *row = *nodes + r * (n + 1);

        prob->y[r] = label[r];
        prob->x[r] = row;
        for (size_t i = 0; i < n; i++) {
            row[i].index = (int)i + 1;
            row[i].value = x[r * n + i];
        }
        row[n].index = -1;
    }
    return 0;
}

/* The model's decision value is positive for its first label. */
static int take_model(struct ai_policy *p, const struct svm_model *m, struct ai_err *err)
{
    double sign = m->label[0] > 0 ? 1 : -1;

    free(p->sv);
    p->sv = NULL;
    p->n_sv = 0;
    memset(p->weight, 0, sizeof p->weight);
    p->rho = sign * m->rho[0];
    p->bias = -p->rho;
    if (p->classifier == AI_SVM_RBF) {
        p->sv = ai_calloc((size_t)m->l * (1 + p->n), sizeof *p->sv, err);
        if (!p->sv)
            return -1;
        p->n_sv = (size_t)m->l;
    }
    for (int v = 0; v < m->l; v++) {
        double coefficient = sign * m->sv_coef[0][v];

        if (p->sv)
            p->sv[(size_t)v * (1 + p->n)] = coefficient;
        for (const struct svm_node *node = m->SV[v]; node->index >= 0; node++) {
            size_t i = (size_t)node->index - 1;

            if (p->sv)
                p->sv[(size_t)v * (1 + p->n) + 1 + i] = node->value;
            else
                p->weight[i] += coefficient * node->value;
        }
    }
    return 0;
}

int ai_svm_train(struct ai_policy *p, const double *x, const signed char *label, size_t m, double cost, double gamma,
                 struct ai_err *err)
{
    struct svm_parameter param = {.svm_type = C_SVC, .cache_size = 200, .eps = 1e-3, .C = cost, .gamma = gamma,
                                  .shrinking = 1, .nr_weight = 2};
    int weight_label[2] = {1, -1};
    double weight[2], positive = 0;
    struct svm_problem prob = {0};
    struct svm_node *nodes = NULL;
    struct svm_model *model;
    const char *wrong;
    int rc = -1;

    /* Most rows agree with the last layer; unweighted, the best separation is none. */
    for (size_t r = 0; r < m; r++)
        positive += label[r] > 0;
    weight[0] = (double)m / (2 * positive);
    weight[1] = (double)m / (2 * ((double)m - positive));
    param.weight_label = weight_label;
    param.weight = weight;
    param.kernel_type = p->classifier == AI_SVM_RBF ? RBF : LINEAR;
    p->gamma = gamma;
    svm_set_print_string_function(silence);
    if (m > INT_MAX / 2) {
        ai_fail(err, AI_EINPUT, "%zu training rows are too many", m);
        goto out;
    }
    if (make_problem(&prob, &nodes, x, label, m, p->n, err))
        goto out;
    wrong = svm_check_parameter(&prob, &param);
    if (wrong) {
        ai_fail(err, AI_EUSAGE, "libsvm: %s", wrong);
        goto out;
    }
    model = svm_train(&prob, &param);
    rc = take_model(p, model, err);
    svm_free_and_destroy_model(&model);
out:
    free(prob.y);
    free(prob.x);
    free(nodes);
    return rc;
}
