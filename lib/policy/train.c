#include "policy/train.h"

#include "base/mem.h"
#include "base/rng.h"
#include "policy/ranks.h"
#include "policy/svm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int ai_training_add(struct ai_training *t, const double *x, unsigned layer, uint32_t doc, int label,
                    struct ai_err *err)
{
    if (ai_grow(&t->x, &t->cap_x, (t->rows + 1) * t->n, sizeof *t->x, err) ||
        ai_grow(&t->label, &t->cap_row[0], t->rows + 1, sizeof *t->label, err) ||
        ai_grow(&t->layer, &t->cap_row[1], t->rows + 1, sizeof *t->layer, err) ||
        ai_grow(&t->doc, &t->cap_row[2], t->rows + 1, sizeof *t->doc, err))
        return -1;
    memcpy(t->x + t->rows * t->n, x, t->n * sizeof *x);
    t->label[t->rows] = (signed char)label;
    t->layer[t->rows] = (uint16_t)layer;
    t->doc[t->rows++] = doc;
    if (doc >= t->docs)
        t->docs = doc + 1;
    return 0;
}

void ai_training_free(struct ai_training *t)
{
    free(t->x);
    free(t->label);
    free(t->layer);
    free(t->doc);
    memset(t, 0, sizeof *t);
}

static void fit_scaling(struct ai_policy *p, const struct ai_training *t)
{
    for (size_t i = 0; i < t->n; i++) {
        double sum = 0, square = 0;

        for (size_t r = 0; r < t->rows; r++)
            sum += t->x[r * t->n + i];
        p->mean[i] = sum / (double)t->rows;
        for (size_t r = 0; r < t->rows; r++)
            square += pow(t->x[r * t->n + i] - p->mean[i], 2);
        p->sd[i] = sqrt(square / (double)t->rows);
        if (!(p->sd[i] > 1e-12))
            p->sd[i] = 1; /* a feature that never changes says nothing */
    }
}

/* Trains on the rows whose document is not in `fold` (fold_of NULL: on all).
 * Returns 0, 1 when one of the two labels is missing, -1. */
static int train_on(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                    const unsigned *fold_of, unsigned fold, struct ai_train_report *report, struct ai_err *err)
{
    size_t *index = ai_calloc(t->rows, sizeof *index, err), m = 0, positive = 0;
    struct ai_rng rng = {o->seed * 2654435761u + fold};
    signed char *label = NULL;
    double *x = NULL;
    int rc = -1;

    if (!index)
        return -1;
    for (size_t r = 0; r < t->rows; r++)
        if (!fold_of || fold_of[t->doc[r]] != fold)
            index[m++] = r;
    ai_rng_shuffle(&rng, index, m);
    if (m > o->max_rows)
        m = o->max_rows;
    x = ai_calloc(m * t->n, sizeof *x, err);
    label = ai_calloc(m, sizeof *label, err);
    if (!x || !label)
        goto out;
    for (size_t k = 0; k < m; k++) {
        for (size_t i = 0; i < t->n; i++)
            x[k * t->n + i] = (t->x[index[k] * t->n + i] - p->mean[i]) / p->sd[i];
        label[k] = t->label[index[k]];
        positive += label[k] > 0;
    }
    if (report) {
        report->rows_used = m;
        report->positive = positive;
    }
    rc = positive == 0 || positive == m ? 1
                                        : ai_svm_train(p, x, label, m, o->cost,
                                                       o->gamma > 0 ? o->gamma : 1.0 / (double)t->n, err);
out:
    free(index);
    free(x);
    free(label);
    return rc;
}

/* Decision values of all rows, each by an SVM that has not seen its document, as ranks
 * within its fold: the machines' values differ in scale, an RBF machine's so much where
 * it is surest that one's threshold means nothing to another. */
static int score_held_out(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                          double *score, struct ai_err *err)
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
        int one_sided = train_on(p, t, o, fold_of, f, NULL, err);

        if (one_sided < 0)
            rc = -1;
        for (size_t r = 0; rc == 0 && r < t->rows; r++)
            if (fold_of[t->doc[r]] == f)
                score[r] = one_sided ? -INFINITY : ai_policy_decision(p, t->x + r * t->n);
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
                     size_t *flips, double *skipped, size_t *exits_at)
{
    uint64_t layers_saved = 0;
    uint32_t done = UINT32_MAX; /* document that has stopped */

    *flips = 0;
    if (exits_at)
        memset(exits_at, 0, (t->layers + 1) * sizeof *exits_at);
    for (size_t r = 0; r < t->rows; r++) {
        if (t->doc[r] == done || !allowed[t->layer[r]] || !(score[r] > threshold))
            continue;
        done = t->doc[r];
        *flips += t->label[r] < 0;
        layers_saved += t->layers - t->layer[r];
        if (exits_at)
            exits_at[t->layer[r]]++;
    }
    *skipped = (double)layers_saved / ((double)t->docs * t->layers);
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
        simulate(t, score, allowed, last, &flips, &skipped, NULL);
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

    simulate(t, score, allowed, threshold, &flips, &skipped, exits_at);
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
    simulate(t, score, allowed, p->threshold, &report->flips, &report->skipped, NULL);
    rc = 0;
out:
    free(allowed);
    free(exits_at);
    return rc;
}

/* The threshold is a rank until here: the value of the machine trained on all rows that
 * as large a share of them is below. */
static int unrank_threshold(struct ai_policy *p, const struct ai_training *t, struct ai_err *err)
{
    enum { ROWS = 20000 }; /* an RBF value takes a while */
    size_t step = t->rows / ROWS + 1, n = 0;
    double *sorted = ai_calloc(t->rows / step + 1, sizeof *sorted, err);

    if (!sorted)
        return -1;
    for (size_t r = 0; r < t->rows; r += step)
        sorted[n++] = ai_policy_decision(p, t->x + r * t->n);
    ai_sort(sorted, n);
    p->threshold = ai_value_at_rank(sorted, n, p->threshold);
    free(sorted);
    return 0;
}

int ai_policy_train(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                    struct ai_train_report *report, struct ai_err *err)
{
    double *score;
    int rc;

    memset(report, 0, sizeof *report);
    p->classifier = o->classifier;
    if (t->docs < o->folds || t->rows == 0)
        return ai_fail(err, AI_EINPUT, "%u documents are too few for %u folds", t->docs, o->folds);
    score = ai_calloc(t->rows, sizeof *score, err);
    if (!score)
        return -1;
    fit_scaling(p, t);
    rc = score_held_out(p, t, o, score, err) || set_layers(p, t, score, o, report, err) ? -1 : 0;
    free(score);
    if (rc)
        return -1;
    rc = train_on(p, t, o, NULL, 0, report, err);
    if (rc == 0 && report->exits)
        rc = unrank_threshold(p, t, err);
    if (rc == 1)
        return ai_fail(err, AI_EINPUT, "every layer of every document agrees with the last one, or none does: nothing to learn");
    return rc;
}
