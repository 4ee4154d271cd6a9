#include "policy/train.h"

#include "base/mem.h"
#include "base/rng.h"
#include "policy/crf.h"
#include "policy/ranks.h"
#include "policy/svm.h"

#include <math.h>
#include <stdio.h>
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

void ai_fit_scaling(struct ai_policy *p, const struct ai_training *t)
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

/* Rows that train: scaled, with their labels; begin [docs + 1] where documents stay whole. */
struct sample {
    size_t *row, rows;
    double *x;
    signed char *label;
    size_t *begin, docs;
    size_t positive;
};

static void free_sample(struct sample *s)
{
    free(s->row);
    free(s->x);
    free(s->label);
    free(s->begin);
}

/* Any rows, for machines that see one at a time. */
static int draw_rows(struct sample *s, const struct ai_training *t, const struct ai_train_options *o,
                     const unsigned *fold_of, unsigned fold, struct ai_rng *rng)
{
    for (size_t r = 0; r < t->rows; r++)
        if (!fold_of || fold_of[t->doc[r]] != fold)
            s->row[s->rows++] = r;
    ai_rng_shuffle(rng, s->row, s->rows);
    if (s->rows > o->max_rows)
        s->rows = o->max_rows;
    return 0;
}

/* Whole documents, their rows in order. */
static int draw_documents(struct sample *s, const struct ai_training *t, const struct ai_train_options *o,
                          const unsigned *fold_of, unsigned fold, struct ai_rng *rng, struct ai_err *err)
{
    size_t *first = ai_calloc(t->docs, sizeof *first, err), n = 0;

    s->begin = ai_calloc((size_t)t->docs + 1, sizeof *s->begin, err);
    if (!first || !s->begin) {
        free(first);
        return -1;
    }
    for (size_t r = 0; r < t->rows; r++)
        if ((r == 0 || t->doc[r] != t->doc[r - 1]) && (!fold_of || fold_of[t->doc[r]] != fold))
            first[n++] = r;
    ai_rng_shuffle(rng, first, n);
    for (size_t d = 0; d < n && s->rows < o->max_rows; d++) {
        for (size_t r = first[d]; r < t->rows && t->doc[r] == t->doc[first[d]]; r++)
            s->row[s->rows++] = r;
        s->begin[++s->docs] = s->rows;
    }
    free(first);
    return 0;
}

static int draw(struct sample *s, const struct ai_policy *p, const struct ai_training *t,
                const struct ai_train_options *o, const unsigned *fold_of, unsigned fold, struct ai_err *err)
{
    struct ai_rng rng = {o->seed * 2654435761u + fold};
    bool whole = o->classifier == AI_CRF || o->classifier == AI_LOGISTIC;

    s->row = ai_calloc(t->rows, sizeof *s->row, err);
    if (!s->row || (whole ? draw_documents(s, t, o, fold_of, fold, &rng, err)
                          : draw_rows(s, t, o, fold_of, fold, &rng)))
        return -1;
    s->x = ai_calloc(s->rows * t->n, sizeof *s->x, err);
    s->label = ai_calloc(s->rows, sizeof *s->label, err);
    if (!s->x || !s->label)
        return -1;
    for (size_t k = 0; k < s->rows; k++) {
        for (size_t i = 0; i < t->n; i++)
            s->x[k * t->n + i] = (t->x[s->row[k] * t->n + i] - p->mean[i]) / p->sd[i];
        s->label[k] = t->label[s->row[k]];
    }
    return 0;
}

static bool one_sided(struct sample *s)
{
    s->positive = 0;
    for (size_t k = 0; k < s->rows; k++)
        s->positive += s->label[k] > 0;
    return s->positive == 0 || s->positive == s->rows;
}

/* An RBF machine's decision costs a kernel value for each support vector, and they are about
 * the same share of any number of rows: too many, and it is trained again on fewer. */
static int fit_svm(struct ai_policy *p, const struct ai_train_options *o, struct sample *s, struct ai_err *err)
{
    for (;;) {
        if (ai_svm_train(p, s->x, s->label, s->rows, o->cost, o->gamma > 0 ? o->gamma : 1.0 / (double)p->n, err))
            return -1;
        if (!o->max_sv || p->n_sv <= o->max_sv)
            return 0;
        s->rows = (size_t)(0.95 * (double)s->rows * (double)o->max_sv / (double)p->n_sv);
        if (one_sided(s))
            return ai_fail(err, AI_EINPUT, "%zu support vectors are too few for these rows", o->max_sv);
    }
}

int ai_fit_machine(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                   const unsigned *fold_of, unsigned fold, struct ai_train_report *report, struct ai_err *err)
{
    struct sample s = {0};
    int rc = draw(&s, p, t, o, fold_of, fold, err);

    p->classifier = o->classifier;
    if (rc == 0)
        rc = one_sided(&s) ? 1
             : s.begin     ? ai_crf_train(p, s.x, s.label, s.begin, s.docs, o->l2, err)
                           : fit_svm(p, o, &s, err);
    if (report) {
        report->rows_used = s.rows;
        report->positive = s.positive;
    }
    free_sample(&s);
    return rc;
}

/* The thresholds that calibration may try: values of the training rows, evenly spaced by rank, in
 * six digits. */
static int set_ladder(struct ai_policy *p, const double *sorted, size_t n, struct ai_err *err)
{
    enum { STEPS = 500 };
    char text[32];

    p->ladder = ai_calloc(STEPS + 1, sizeof *p->ladder, err);
    if (!p->ladder)
        return -1;
    p->n_ladder = 0;
    for (size_t i = 0; i <= STEPS && n; i++) {
        double v;

        snprintf(text, sizeof text, "%.6g", sorted[(n - 1) - (n - 1) * i / STEPS]);
        v = strtod(text, NULL);
        if (p->n_ladder == 0 || v < p->ladder[p->n_ladder - 1])
            p->ladder[p->n_ladder++] = v;
    }
    return 0;
}

/* The threshold is a rank until here: the value of the machine trained on all rows that
 * as large a share of them is below. */
static int unrank_threshold(struct ai_policy *p, const struct ai_training *t, struct ai_err *err)
{
    enum { ROWS = 20000 }; /* an RBF value takes a while */
    size_t step = t->rows / ROWS + 1, n = 0, m = 0;
    double *sorted = ai_calloc(t->rows / step + 1, sizeof *sorted, err);
    double *there = ai_calloc(t->rows / step + 1, sizeof *there, err); /* of layers where it may stop */
    struct ai_memory memory = {0};
    int rc = -1;

    for (size_t r = 0; sorted && there && r < t->rows; r++) {
        double value;

        if (r == 0 || t->doc[r] != t->doc[r - 1])
            memset(&memory, 0, sizeof memory);
        if (r % step && p->classifier != AI_CRF) /* a chain needs all rows of its document */
            continue;
        value = ai_policy_decision(p, &memory, t->x + r * t->n);
        if (r % step)
            continue;
        sorted[n++] = value;
        if (ai_layers_has(&p->layers, t->layer[r]))
            there[m++] = value;
    }
    if (n) {
        ai_sort(sorted, n);
        ai_sort(there, m);
        p->threshold = ai_value_at_rank(sorted, n, p->threshold);
        rc = set_ladder(p, there, m, err);
    }
    free(sorted);
    free(there);
    return rc;
}

int ai_policy_train(struct ai_policy *p, const struct ai_training *t, const struct ai_train_options *o,
                    struct ai_train_report *report, struct ai_err *err)
{
    int rc;

    if (t->docs < o->folds || t->rows == 0)
        return ai_fail(err, AI_EINPUT, "%u documents are too few for %u folds", t->docs, o->folds);
    p->classifier = o->classifier;
    p->has_threshold = true;
    ai_fit_scaling(p, t);
    if (ai_held_out(p, t, o, report, err))
        return -1;
    rc = ai_fit_machine(p, t, o, NULL, 0, report, err);
    if (rc == 0 && report->exits)
        rc = unrank_threshold(p, t, err);
    if (rc == 1)
        return ai_fail(err, AI_EINPUT, "every layer of every document agrees with the last one, or none does: nothing to learn");
    return rc;
}
