#include "policy/train.h"

#include <math.h>

/* Above best - error(best), the cheapest; of equally cheap ones the one that skips most. */
static bool better(const struct ai_train_report *a, const struct ai_train_report *b, double enough)
{
    bool a_good = a->skipped >= enough, b_good = b->skipped >= enough;

    if (a_good != b_good)
        return a_good;
    if (a_good && a->n_sv != b->n_sv)
        return a->n_sv < b->n_sv;
    return a->skipped > b->skipped;
}

int ai_svm_search(struct ai_policy *p, const struct ai_training *t, struct ai_train_options *o,
                  void (*tried)(void *arg, const struct ai_train_options *o, const struct ai_train_report *report),
                  void *arg, struct ai_err *err)
{
    enum { COSTS = 3, GAMMAS = 3, ALL = COSTS * (1 + GAMMAS), ROWS = 4000 };
    static const double costs[COSTS] = {0.1, 1, 10}, gammas[GAMMAS] = {0.1, 0.5, 2};
    struct ai_train_options candidate[ALL];
    struct ai_train_report report[ALL];
    struct ai_layers asked = p->layers;
    bool has_layers = p->has_layers;
    size_t best = 0, chosen = 0;
    double enough;

    if (t->docs < o->folds || t->rows == 0)
        return ai_fail(err, AI_EINPUT, "%u documents are too few for %u folds", t->docs, o->folds);
    ai_fit_scaling(p, t);
    for (size_t i = 0; i < ALL; i++) {
        struct ai_train_options *c = &candidate[i];

        *c = *o;
        c->cost = costs[i % COSTS];
        c->classifier = i < COSTS ? AI_SVM_LINEAR : AI_SVM_RBF;
        c->gamma = i < COSTS ? 0 : gammas[i / COSTS - 1] / (double)t->n;
        if (c->max_rows > ROWS)
            c->max_rows = ROWS; /* the ranking hardly changes with more, the time does with their square */
        p->classifier = c->classifier;
        p->layers = asked;
        p->has_layers = has_layers;
        if (ai_held_out(p, t, c, &report[i], err))
            return -1;
        if (tried)
            tried(arg, c, &report[i]);
        if (report[i].skipped > report[best].skipped)
            best = i;
    }
    enough = report[best].skipped - report[best].skipped_error;
    for (size_t i = 1; i < ALL; i++)
        if (better(&report[i], &report[chosen], enough))
            chosen = i;
    o->classifier = candidate[chosen].classifier;
    o->cost = candidate[chosen].cost;
    o->gamma = candidate[chosen].gamma;
    p->layers = asked;
    p->has_layers = has_layers;
    return 0;
}
