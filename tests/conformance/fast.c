#include "fast.h"

#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As far as the fixtures' profiles bf16act and int8act allow. */
static const struct profile {
    const char *name;
    double rel_max, rel_rms, divergence, lead;
} profiles[] = {{"bf16act", 0.15, 2e-2, 5e-3, 0.25}, {"int8act", 0.8, 9e-2, 0.15, 1.0}};

struct drift {
    double difference, square, worst, divergence, lead;
    size_t values, rows, same;
};

static void add_values(struct drift *d, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double e = (double)got[i] - want[i];

        d->difference += e * e;
        d->square += (double)want[i] * want[i];
        d->worst = fabs(e) > d->worst || isnan(e) ? fabs(e) : d->worst;
    }
    d->values += n;
}

/* One row of logits: divergence of the softmaxes, and the lead of a best token that changed. */
static void add_row(struct drift *d, const float *got, const float *want, size_t n)
{
    size_t best = best_of(want, n);
    double mine = 0, theirs = 0, kl = 0, second = -INFINITY, top = want[best];

    for (size_t i = 0; i < n; i++) {
        mine += exp(got[i] - top);
        theirs += exp(want[i] - top);
        second = i != best && want[i] > second ? want[i] : second;
    }
    for (size_t i = 0; i < n; i++)
        kl += exp(want[i] - top) / theirs * ((double)want[i] - got[i] - log(theirs / mine));
    d->divergence = fmax(d->divergence, kl);
    d->rows++;
    if (best_of(got, n) == best)
        d->same++;
    else
        d->lead = fmax(d->lead, top - second);
}

static void compare_prompt(const struct subject *fast, const struct subject *exact, size_t p, struct drift *states,
                           struct drift *logits, struct drift *lens)
{
    size_t width = exact->model->hp.width, vocab = exact->model->hp.vocab, n = exact->prompts[p].n;
    float *got = calloc(vocab, sizeof *got), *want = calloc(vocab, sizeof *want);

    for (size_t layer = 0; layer <= exact->model->hp.layers; layer++)
        for (size_t i = 0; i < n; i++) {
            const float *a = fast->prompts[p].states + (layer * n + i) * width;
            const float *b = exact->prompts[p].states + (layer * n + i) * width;

            add_values(states, a, b, width);
            ai_lens_logits(fast->lens, a, 1, got);
            ai_lens_logits(exact->lens, b, 1, want);
            add_row(lens, got, want, vocab);
            if (layer == exact->model->hp.layers) {
                add_values(logits, got, want, vocab);
                add_row(logits, got, want, vocab);
            }
        }
    free(got);
    free(want);
}

static int within(const struct drift *d, const struct profile *p)
{
    double rms = sqrt(d->square / (double)d->values);

    return d->worst / rms <= p->rel_max && sqrt(d->difference / d->square) <= p->rel_rms &&
           d->divergence <= p->divergence && d->lead <= p->lead;
}

static int copy_prompts(struct subject *to, const struct subject *from)
{
    size_t width = from->model->hp.width, layers = from->model->hp.layers;

    for (to->n = 0; to->n < from->n; to->n++) {
        const struct prompt *p = &from->prompts[to->n];
        struct prompt *q = &to->prompts[to->n];

        q->n = p->n;
        q->ids = calloc(p->n, sizeof *q->ids);
        q->states = calloc((layers + 1) * p->n * width, sizeof *q->states);
        if (!q->ids || !q->states)
            return -1;
        memcpy(q->ids, p->ids, p->n * sizeof *q->ids);
    }
    return 0;
}

enum fast_result fast_check(const char *path, const struct subject *exact, enum ai_compute compute, unsigned agreement,
                            struct ai_pool *pool, char *report, size_t size)
{
    struct drift states = {0}, logits = {0}, lens = {0};
    enum fast_result result = FAST_BAD;
    const struct profile *profile;
    struct subject fast;
    struct ai_err err;
    char ways[512];

    if (subject_open(&fast, path, compute, pool, &err)) {
        snprintf(report, size, "%s", err.msg);
        subject_close(&fast);
        return FAST_BAD;
    }
    ai_forward_ways(fast.forward, ways, sizeof ways);
    profile = strstr(ways, " int8 ") ? &profiles[1] : strstr(ways, " bf16 ") ? &profiles[0] : NULL;
    if (!profile) {
        result = FAST_SAME;
    } else if (copy_prompts(&fast, exact) || subject_run(&fast, &err)) {
        snprintf(report, size, "%s", err.msg);
    } else {
        for (size_t i = 0; i < exact->n; i++)
            compare_prompt(&fast, exact, i, &states, &logits, &lens);
        if (within(&states, profile) && within(&logits, profile) && lens.same * 1000 >= lens.rows * agreement)
            result = FAST_GOOD;
        snprintf(report, size,
                 "%s (%s): states %.1e logits %.1e divergence %.1e best tokens %zu/%zu, of all layers %zu/%zu",
                 ai_compute_names[compute], profile->name, sqrt(states.difference / states.square),
                 sqrt(logits.difference / logits.square), logits.divergence, logits.same, logits.rows, lens.same,
                 lens.rows);
    }
    subject_close(&fast);
    return result;
}
