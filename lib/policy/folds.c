#include "policy/train.h"

#include "base/mem.h"
#include "base/rng.h"
#include "policy/ranks.h"

#include <math.h>
#include <string.h>

/* Decision values of all rows, each by a machine that has not seen its document, as ranks
 * within its fold: the machines' values differ in scale, an RBF machine's so much where
 * it is surest that one's threshold means nothing to another. */
static int score_held_out(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                          double *score, size_t *n_sv, struct ai_err *err)
{
    unsigned *fold_of = ai_calloc(t->docs, sizeof *fold_of, err), *row_fold = ai_calloc(t->rows, sizeof *row_fold, err);
    size_t *order = ai_calloc(t->docs, sizeof *order, err);
    struct ai_rng rng = {o->seed};
    int rc = fold_of && row_fold && order ? 0 : -1;

    for (uint32_t d = 0; rc == 0 && d < t->docs; d++)
        order[d] = d;
    if (rc == 0)
        ai_rng_shuffle(&rng, order, t->docs);
    for (uint32_t d = 0; rc == 0 && d < t->docs; d++)
        fold_of[order[d]] = d % o->folds;
    for (unsigned f = 0; rc == 0 && f < o->folds; f++) {
        int one_sided = ai_fit_machine(p, t, o, fold_of, f, NULL, err);
        struct ai_memory memory = {0};

        if (one_sided < 0)
            rc = -1;
        if (p->n_sv > *n_sv)
            *n_sv = p->n_sv;
        for (size_t r = 0; rc == 0 && r < t->rows; r++) {
            if (fold_of[t->doc[r]] != f)
                continue;
            if (r == 0 || t->doc[r] != t->doc[r - 1])
                memset(&memory, 0, sizeof memory);
            score[r] = one_sided ? -INFINITY : ai_policy_decision(p, &memory, t->x + r * t->n);
        }
    }
    for (size_t r = 0; rc == 0 && r < t->rows; r++)
        row_fold[r] = fold_of[t->doc[r]];
    if (rc == 0)
        rc = ai_rank_in_groups(score, row_fold, t->rows, o->folds, err);
    free(fold_of);
    free(row_fold);
    free(order);
    return rc;
}

/* Everybody stops at the first allowed layer whose score is above the threshold. */
static void simulate(const struct ai_training *t, const double *score, const bool *allowed, double threshold,
                     size_t *flips, double *skipped, double *error, size_t *exits_at)
{
    double saved = 0, squares = 0, variance;
    uint32_t done = UINT32_MAX; /* document that has stopped */

    *flips = 0;
    if (exits_at)
        memset(exits_at, 0, (t->layers + 1) * sizeof *exits_at);
    for (size_t r = 0; r < t->rows; r++) {
        if (t->doc[r] == done || !allowed[t->layer[r]] || !(score[r] > threshold))
            continue;
        done = t->doc[r];
        *flips += t->label[r] < 0;
        saved += t->layers - t->layer[r];
        squares += pow(t->layers - t->layer[r], 2);
        if (exits_at)
            exits_at[t->layer[r]]++;
    }
    *skipped = saved / ((double)t->docs * t->layers);
    variance = squares / t->docs - pow(saved / t->docs, 2);
    if (error)
        *error = variance > 0 ? sqrt(variance / t->docs) / t->layers : 0;
}

static bool keeps(size_t flips, uint32_t docs, double max_flip)
{
    return (double)(flips + 1) / ((double)docs + 1) <= max_flip;
}

/* The lowest threshold that keeps the limit, walking down from the strictest so
 * that every threshold above it keeps the limit too. */
static int choose_threshold(const struct ai_training *t, const double *score, const bool *allowed, double max_flip,
                            double *threshold, bool *found, struct ai_err *err)
{
    enum { STEPS = 2000 };
    double *sorted = ai_calloc(t->rows, sizeof *sorted, err), last = INFINITY;
    size_t flips, step = t->rows > STEPS ? t->rows / STEPS : 1;
    double skipped;

    if (!sorted)
        return -1;
    memcpy(sorted, score, t->rows * sizeof *sorted);
    ai_sort(sorted, t->rows);
    *found = false;
    for (size_t i = t->rows; i-- > 0; i = i >= step ? i - step + 1 : 0) {
        if (sorted[i] == last || !isfinite(sorted[i]))
            continue;
        last = sorted[i];
        simulate(t, score, allowed, last, &flips, &skipped, NULL, NULL);
        if (!keeps(flips, t->docs, max_flip))
            break;
        *threshold = last;
        *found = skipped > 0;
    }
    free(sorted);
    return 0;
}

/* Leaves out layers where fewer than one document in two hundred would stop: each
 * check there costs a head for everybody. */
static void drop_idle_layers(const struct ai_training *t, const double *score, bool *allowed, double threshold,
                             size_t *exits_at)
{
    size_t flips;
    double skipped;

    simulate(t, score, allowed, threshold, &flips, &skipped, NULL, exits_at);
    for (unsigned l = 1; l < t->layers; l++)
        if (exits_at[l] * 200 < t->docs)
            allowed[l] = false;
}

static int set_layers(struct ai_policy *p, const struct ai_training *t, const double *score,
                      const struct ai_train_options *o, struct ai_train_report *report, struct ai_err *err)
{
    bool *allowed = ai_calloc(t->layers + 1, sizeof *allowed, err);
    size_t *exits_at = ai_calloc(t->layers + 1, sizeof *exits_at, err);
    double threshold = 0;
    int rc = -1;

    if (!allowed || !exits_at)
        goto out;
    for (size_t r = 0; r < t->rows; r++)
        allowed[t->layer[r]] = !p->has_layers || ai_layers_has(&p->layers, t->layer[r]);
    if (choose_threshold(t, score, allowed, o->max_flip, &threshold, &report->exits, err))
        goto out;
    if (report->exits && !o->keep_layers) {
        drop_idle_layers(t, score, allowed, threshold, exits_at);
        /* with fewer chances to stop wrongly the threshold may come down */
        if (choose_threshold(t, score, allowed, o->max_flip, &threshold, &report->exits, err))
            goto out;
    }
    p->threshold = report->exits ? threshold : 1e300;
    p->has_layers = true;
    memset(&p->layers, 0, sizeof p->layers);
    for (unsigned l = 1; report->exits && l < t->layers; l++)
        if (allowed[l])
            ai_layers_add(&p->layers, l);
    simulate(t, score, allowed, p->threshold, &report->flips, &report->skipped, &report->skipped_error, NULL);
    rc = 0;
out:
    free(allowed);
    free(exits_at);
    return rc;
}

int ai_held_out(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                struct ai_train_report *report, struct ai_err *err)
{
    double *score = ai_calloc(t->rows, sizeof *score, err);
    int rc;

    if (!score)
        return -1;
    memset(report, 0, sizeof *report);
    rc = score_held_out(p, t, o, score, &report->n_sv, err) || set_layers(p, t, score, o, report, err) ? -1 : 0;
    free(score);
    return rc;
}
