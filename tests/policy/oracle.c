#include "oracle.h"

#include "config.h"

#include <stdlib.h>
#ifdef HAVE_LIBSVM_SVM_H
#include <libsvm/svm.h>
#else
#include <svm.h>
#endif

static void silent(const char *s)
{
    (void)s;
}

static struct svm_node *rows(const double *x, size_t m, size_t n)
{
    struct svm_node *nodes = calloc(m * (n + 1), sizeof *nodes);

    for (size_t r = 0; r < m; r++) {
        for (size_t i = 0; i < n; i++)
            nodes[r * (n + 1) + i] = (struct svm_node){(int)i + 1, x[r * n + i]};
        nodes[r * (n + 1) + n].index = -1;
    }
    return nodes;
}

void oracle_decisions(int rbf, const double *x, const signed char *label, size_t m, size_t n, double cost, double gamma,
                      const double *query, size_t k, double *out)
{
    int weight_label[2] = {1, -1};
    double weight[2], positive = 0;
    struct svm_parameter param = {.svm_type = C_SVC, .kernel_type = rbf ? RBF : LINEAR, .gamma = gamma, .C = cost,
                                  .cache_size = 50, .eps = 1e-3, .shrinking = 1, .nr_weight = 2,
                                  .weight_label = weight_label, .weight = weight};
    struct svm_problem prob = {(int)m, calloc(m, sizeof(double)), calloc(m, sizeof(struct svm_node *))};
    struct svm_node *train = rows(x, m, n), *ask = rows(query, k, n);
    struct svm_model *model;

    for (size_t r = 0; r < m; r++) {
        prob.x[r] = train + r * (n + 1);
        prob.y[r] = label[r];
        positive += label[r] > 0;
    }
    weight[0] = (double)m / (2 * positive);
    weight[1] = (double)m / (2 * ((double)m - positive));
    svm_set_print_string_function(silent);
    model = svm_train(&prob, &param);
    for (size_t r = 0; r < k; r++) {
        double value;

        svm_predict_values(model, ask + r * (n + 1), &value);
        out[r] = model->label[0] > 0 ? value : -value;
    }
    svm_free_and_destroy_model(&model);
    free(prob.x);
    free(prob.y);
    free(train);
    free(ask);
}
