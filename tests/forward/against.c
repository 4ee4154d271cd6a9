#include "against.h"

#include "base/rng.h"
#include "forward/forward.h"
#include "lens/lens.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARED = 17 }; /* tokens that all longer prompts begin with */

void answers_init(struct answers *a, unsigned layers, unsigned width, unsigned vocab, unsigned longest)
{
    const uint32_t lengths[PROMPTS] = {1, 5, longest, 31, SHARED + 3, 33};
    struct ai_rng rng = {layers * 1000003ull + width};

    memset(a, 0, sizeof *a);
    a->layers = layers;
    a->width = width;
    a->vocab = vocab;
    for (size_t i = 0; i < PROMPTS; i++) {
        a->n[i] = lengths[i] < longest ? lengths[i] : longest;
        for (uint32_t t = 0; t < a->n[i]; t++)
            a->tokens[i][t] = t < SHARED ? t * 7 % vocab : (uint32_t)ai_rng_below(&rng, vocab);
    }
}

void answers_free(struct answers *a)
{
    for (size_t i = 0; i < PROMPTS; i++) {
        free(a->states[i]);
        free(a->logits[i]);
    }
}

struct run {
    const struct answers *a;
    struct ai_sequence seqs[PROMPTS];
    struct ai_lens *lens;
    float *logits;             /* [V] */
    double worst, worst_logit; /* relative to the rms of what is wanted */
    double worst_prob;         /* of the tokens that are listed, absolute */
    size_t seen;
};

static double distance(const float *x, const double *want, size_t n)
{
    double square = 0, worst = 0;

    for (size_t i = 0; i < n; i++)
        square += want[i] * want[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)x[i] - want[i]) / sqrt(square);

        worst = d > worst || isnan(d) ? d : worst;
    }
    return worst;
}

/* How far the probabilities listed in top are from a softmax of all logits, or of those
 * of every other token. */
static double prob_distance(const struct ai_lens_top *top, const double *logits, size_t n, size_t step)
{
    double total = 0, worst = top->n ? 0 : NAN;

    for (size_t i = 0; i < n; i += step)
        total += exp(logits[i]);
    for (unsigned k = 0; k < top->n; k++)
        worst = fmax(worst, fabs((double)top->prob[k] - exp(logits[top->token[k]]) / total));
    return worst;
}

static void compare_best(struct run *r, const float *h, const double *logits)
{
    uint32_t tokens[128];
    size_t n = 0, vocab = r->a->vocab;
    struct ai_lens_top top;
    struct ai_err err;
    double d;

    for (uint32_t t = 0; t < vocab && n < 128; t += 2)
        tokens[n++] = t;
    ai_lens_top(r->lens, h, 1, 3, &top);
    d = prob_distance(&top, logits, vocab, 1);
    r->worst_prob = d > r->worst_prob || isnan(d) ? d : r->worst_prob;
    d = ai_lens_top_of(r->lens, h, tokens, n, 3, &top, &err) ? NAN : prob_distance(&top, logits, vocab, 2);
    r->worst_prob = d > r->worst_prob || isnan(d) ? d : r->worst_prob;
}

static int on_state(void *arg, size_t seq, unsigned layer, uint32_t position, const float *h, struct ai_err *err)
{
    struct run *r = arg;
    const struct answers *a = r->a;
    double d = distance(h, a->states[seq] + ((size_t)layer * a->n[seq] + position) * a->width, a->width);

    (void)err;
    r->seen++;
    r->worst = d > r->worst || isnan(d) ? d : r->worst;
    if (position + 1 < a->n[seq])
        return 0;
    ai_lens_logits(r->lens, h, 1, r->logits);
    d = distance(r->logits, a->logits[seq] + (size_t)layer * a->vocab, a->vocab);
    r->worst_logit = d > r->worst_logit || isnan(d) ? d : r->worst_logit;
    compare_best(r, h, a->logits[seq] + (size_t)layer * a->vocab);
    return 0;
}

static int on_flush(void *arg, struct ai_err *err)
{
    (void)arg;
    (void)err;
    return 0;
}

/* The layer after which a prompt leaves in a run with exits. */
static unsigned leaves_at(const struct run *r, size_t seq)
{
    return 1 + (unsigned)(seq % r->a->layers);
}

static int on_decide(void *arg, unsigned layer, const size_t *seqs, size_t n, bool *leave, struct ai_err *err)
{
    (void)err;
    for (size_t i = 0; i < n; i++)
        leave[i] = leaves_at(arg, seqs[i]) == layer;
    return 0;
}

enum mode { ALL, LAST, EXITS };

static bool run(struct run *r, struct ai_forward *f, enum mode mode, char *report, size_t size)
{
    static const char *const names[] = {"all positions:", "; last, shared beginnings:", "; exits:"};
    struct ai_forward_calls calls = {.arg = r, .state = on_state, .flush = on_flush,
                                     .decide = mode == EXITS ? on_decide : NULL};
    struct ai_forward_totals totals = {0};
    struct ai_forward_plan plan = {.all_positions = mode == ALL};
    size_t want = 0, wrong = 0;
    struct ai_err err;

    for (unsigned l = 0; l <= r->a->layers; l++)
        ai_layers_add(&plan.emit, l);
    for (size_t i = 0; i < PROMPTS; i++)
        want += mode == EXITS ? leaves_at(r, i) + 1 : (r->a->layers + 1) * (mode == ALL ? r->a->n[i] : 1u);
    r->worst = r->worst_logit = r->worst_prob = 0;
    r->seen = 0;
    if (ai_forward_run(f, r->seqs, PROMPTS, &plan, &calls, &totals, &err)) {
        snprintf(report, size, "%s", err.msg);
        return false;
    }
    for (size_t i = 0; mode == ALL && i < PROMPTS; i++)
        wrong += r->a->macs[i] && r->seqs[i].macs != r->a->macs[i];
    snprintf(report, size, "%s states %.1e, logits %.1e, best %.1e%s", names[mode], r->worst, r->worst_logit,
             r->worst_prob, wrong ? ", wrong arithmetic counted" : "");
    return r->seen == want && r->worst < 2e-5 && r->worst_logit < 4e-5 && r->worst_prob < 4e-5 && wrong == 0;
}

bool against(const struct answers *a, const char *path, char *report, size_t size)
{
    struct ai_err err;
    struct ai_model *m = ai_model_open(path, &err);
    struct ai_pool *pool = ai_pool_new(2, &err);
    struct ai_forward *f = m ? ai_forward_new(m, pool, 1 << 20, &err) : NULL;
    struct run r = {.a = a, .lens = f ? ai_lens_new(m, pool, 4, &err) : NULL, .logits = calloc(a->vocab, 4)};
    bool good = false;

    for (size_t i = 0; i < PROMPTS; i++) {
        r.seqs[i].tokens = a->tokens[i];
        r.seqs[i].n = a->n[i];
    }
    if (r.lens && m->hp.width == a->width && m->hp.layers == a->layers && m->hp.vocab == a->vocab) {
        good = true;
        *report = '\0';
        for (int mode = ALL; mode <= EXITS; mode++)
            good = run(&r, f, (enum mode)mode, report + strlen(report), size - strlen(report)) && good;
    } else {
        snprintf(report, size, "%s", r.lens ? "another shape" : err.msg);
    }
    free(r.logits);
    ai_lens_free(r.lens);
    ai_forward_free(f);
    ai_pool_free(pool);
    ai_model_free(m);
    return good;
}
