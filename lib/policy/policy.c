#include "policy/policy.h"

#include "policy/chain.h"
#include "policy/rule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ai_policy_free(struct ai_policy *p)
{
    if (!p)
        return;
    ai_rule_free(p->rule);
    free(p->sv);
    free(p->ladder);
    free(p->trained);
    ai_buf_free(&p->notes);
    free(p);
}

const char *ai_classifier_name(enum ai_classifier c)
{
    static const char *const names[] = {"rule", "svm-linear", "svm-rbf", "logistic", "crf"};

    return names[c];
}

int ai_policy_bind(struct ai_policy *p, const char *const *names, size_t n, struct ai_err *err)
{
    if (p->by_number && p->n > n)
        return ai_fail(err, AI_EINPUT, "the policy needs %zu features, the stream has %zu", p->n, n);
    for (size_t i = 0; i < p->n; i++) {
        size_t k = 0;

        if (p->by_number)
            snprintf(p->names[i], sizeof p->names[i], "%s", names[i]);
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

static double rbf(const struct ai_policy *p, const double *s)
{
    double sum = 0;

    for (size_t v = 0; v < p->n_sv; v++) {
        const double *sv = p->sv + v * (1 + p->n);
        double square = 0;

        for (size_t i = 0; i < p->n; i++)
            square += (s[i] - sv[1 + i]) * (s[i] - sv[1 + i]);
        sum += sv[0] * exp(-p->gamma * square);
    }
    return sum - p->rho;
}

double ai_policy_decision(const struct ai_policy *p, struct ai_memory *m, const double *x)
{
    double s[AI_POLICY_FEATURES], sum = p->bias;

    for (size_t i = 0; i < p->n; i++)
        s[i] = (x[i] - p->mean[i]) / p->sd[i];
    if (p->classifier == AI_SVM_RBF)
        return rbf(p, s);
    for (size_t i = 0; i < p->n; i++)
        sum += p->weight[i] * s[i];
    if (p->classifier == AI_CRF) {
        if (m->begun)
            sum = ai_chain_filter(m->log_odds, sum, p->transition);
        m->begun = true;
        m->log_odds = sum;
    }
    return sum;
}

void ai_policy_row(const struct ai_policy *p, const float *values, unsigned layer, unsigned layers, double *x)
{
    for (size_t i = 0; i < p->n; i++)
        x[i] = p->index[i] == SIZE_MAX ? (double)layer / layers : (double)values[p->index[i]];
}

double ai_policy_score(const struct ai_policy *p, struct ai_memory *m, const float *values, unsigned layer,
                       unsigned layers)
{
    double x[AI_POLICY_FEATURES];

    if (p->has_layers && !ai_layers_has(&p->layers, layer))
        return -1;
    ai_policy_row(p, values, layer, layers, x);
    if (p->classifier == AI_RULE)
        return ai_rule_true(p->rule, x, layer, layers, p->threshold) ? 1 : -1;
    return ai_policy_decision(p, m, x) - p->threshold;
}
