#include "policy/policy.h"

#include "policy/rule.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ai_policy_free(struct ai_policy *p)
{
    if (!p)
        return;
    ai_rule_free(p->rule);
    free(p->sv);
    free(p);
}

const char *ai_classifier_name(enum ai_classifier c)
{
    static const char *const names[] = {"rule", "svm-linear", "svm-rbf"};

    return names[c];
}

int ai_policy_bind(struct ai_policy *p, const char *const *names, size_t n, struct ai_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        size_t k = 0;

        while (k < n && strcmp(names[k], p->names[i]) != 0)
            k++;
        if (k == n) {
            /* depth is known without anybody's help */
            if (strcmp(p->names[i], "depth") != 0)
                return ai_fail(err, AI_EINPUT, "the policy needs the feature '%s', which the stream does not have",
                               p->names[i]);
            k = SIZE_MAX;
        }
        p->index[i] = k;
    }
    return 0;
}

double ai_policy_decision(const struct ai_policy *p, const double *x)
{
    double s[AI_POLICY_FEATURES], sum;

    for (size_t i = 0; i < p->n; i++)
        s[i] = (x[i] - p->mean[i]) / p->sd[i];
    if (p->classifier == AI_SVM_LINEAR) {
        sum = p->bias;
        for (size_t i = 0; i < p->n; i++)
            sum += p->weight[i] * s[i];
        return sum;
    }
    sum = -p->rho;
    for (size_t v = 0; v < p->n_sv; v++) {
        const double *sv = p->sv + v * (1 + p->n);
        double square = 0;

        for (size_t i = 0; i < p->n; i++)
            square += (s[i] - sv[1 + i]) * (s[i] - sv[1 + i]);
        sum += sv[0] * exp(-p->gamma * square);
    }
    return sum;
}

void ai_policy_row(const struct ai_policy *p, const float *values, unsigned layer, unsigned layers, double *x)
{
    for (size_t i = 0; i < p->n; i++)
        x[i] = p->index[i] == SIZE_MAX ? (double)layer / layers : (double)values[p->index[i]];
}

double ai_policy_score(const struct ai_policy *p, const float *values, unsigned layer, unsigned layers)
{
    double x[AI_POLICY_FEATURES];

    if (p->has_layers && !ai_layers_has(&p->layers, layer))
        return -1;
    ai_policy_row(p, values, layer, layers, x);
    if (p->classifier == AI_RULE)
        return ai_rule_true(p->rule, x, layer, layers) ? 1 : -1;
    return ai_policy_decision(p, x) - p->threshold;
}
