#include "subject.h"

#include "base/mem.h"
#include "measure.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64, PREFIX_BYTES = 8 << 20 };

int subject_open(struct subject *s, const char *path, enum ai_compute compute, struct ai_pool *pool,
                 struct ai_err *err)
{
    memset(s, 0, sizeof *s);
    s->model = ai_model_open(path, err);
    if (!s->model)
        return -1;
    s->forward = ai_forward_new(s->model, pool, PREFIX_BYTES, err);
    s->lens = s->forward ? ai_lens_new(s->model, pool, ROWS, err) : NULL;
    if (!s->lens)
        return -1;
    ai_forward_compute(s->forward, compute);
    ai_lens_compute(s->lens, compute);
    return 0;
}

void subject_close(struct subject *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->prompts[i].ids);
        free(s->prompts[i].states);
    }
    ai_lens_free(s->lens);
    ai_forward_free(s->forward);
    ai_model_free(s->model);
}

int subject_prompt(struct subject *s, const struct ai_json *ids, struct ai_err *err)
{
    struct prompt *p = &s->prompts[s->n];
    size_t n = ai_json_size(ids);

    if (n == 0 || n > MAX_TOKENS || s->n == MAX_PROMPTS)
        return ai_fail(err, AI_EINPUT, "%zu token ids, %zu prompts", n, s->n);
    p->ids = ai_calloc(MAX_TOKENS, sizeof *p->ids, err);
    p->states = ai_calloc((s->model->hp.layers + 1) * n * s->model->hp.width, sizeof *p->states, err);
    s->n++;
    if (!p->ids || !p->states)
        return -1;
    for (p->n = 0; p->n < n; p->n++) {
        int64_t id;

        if (ai_json_int(ai_json_at(ids, p->n), &id) || id < 0 || id >= s->model->hp.vocab)
            return ai_fail(err, AI_EINPUT, "token %u is none of the model's", p->n);
        p->ids[p->n] = (uint32_t)id;
    }
    return 0;
}

static int keep_state(void *arg, size_t seq, unsigned layer, uint32_t position, const float *h, struct ai_err *err)
{
    struct subject *s = arg;
    struct prompt *p = &s->prompts[seq];
    size_t width = s->model->hp.width;

    (void)err;
    memcpy(p->states + ((size_t)layer * p->n + position) * width, h, width * sizeof *h);
    return 0;
}

static int no_flush(void *arg, struct ai_err *err)
{
    (void)arg;
    (void)err;
    return 0;
}

int subject_run(struct subject *s, struct ai_err *err)
{
    struct ai_sequence seqs[MAX_PROMPTS] = {0};
    struct ai_forward_plan plan = {.all_positions = true};
    struct ai_forward_calls calls = {s, keep_state, no_flush, NULL, NULL};
    struct ai_forward_totals totals = {0};

    for (size_t i = 0; i < s->n; i++) {
        seqs[i].tokens = s->prompts[i].ids;
        seqs[i].n = s->prompts[i].n;
    }
    for (unsigned l = 0; l <= s->model->hp.layers; l++)
        ai_layers_add(&plan.emit, l);
    return ai_forward_run(s->forward, seqs, s->n, &plan, &calls, &totals, err);
}

/* out[i] = row i of w times x, in double. */
static void project(const struct ai_tensor *w, const float *x, float *out)
{
    float *row = calloc(w->cols, sizeof *row);

    for (size_t r = 0; r < w->rows; r++) {
        double sum = 0;

        ai_tensor_rows(w, r, 1, row);
        for (size_t i = 0; i < w->cols; i++)
            sum += (double)row[i] * (double)x[i];
        out[r] = (float)sum;
    }
    free(row);
}

size_t subject_normed(const struct subject *s, const float *states, size_t n, float *out)
{
    const struct ai_norm_weights *w = &s->model->final_norm;
    const struct ai_tensor *last = &s->model->project_out.weight;
    size_t width = s->model->hp.width, wide = last->data ? last->rows : width;
    float *scale = calloc(3 * width, sizeof *scale), *shift = scale + width, *normed = shift + width;

    if (w->weight.data)
        ai_tensor_rows(&w->weight, 0, 1, scale);
    if (w->bias.data)
        ai_tensor_rows(&w->bias, 0, 1, shift);
    for (size_t r = 0; r < n; r++, states += width, out += wide) {
        double mean = 0, square = s->model->hp.norm_eps;

        for (size_t i = 0; i < width && s->model->hp.norm == AI_NORM_LAYER; i++)
            mean += (double)states[i] / (double)width;
        for (size_t i = 0; i < width; i++)
            square += pow((double)states[i] - mean, 2) / (double)width;
        for (size_t i = 0; i < width; i++)
            normed[i] = w->weight.data ? (float)(((double)states[i] - mean) / sqrt(square) * (double)scale[i] +
                                                 (double)shift[i])
                                       : states[i];
        if (last->data)
            project(last, normed, out);
        else
            memcpy(out, normed, width * sizeof *out);
    }
    free(scale);
    return n * wide;
}

struct last {
    const struct subject *s;
    float *states;          /* [prompts, H] */
};

static int keep_last(void *arg, size_t seq, unsigned layer, uint32_t position, const float *h, struct ai_err *err)
{
    struct last *l = arg;
    size_t width = l->s->model->hp.width;

    (void)layer;
    (void)position;
    (void)err;
    memcpy(l->states + seq * width, h, width * sizeof *h);
    return 0;
}

/* Every step is a prefill of all that is there so far; the prefixes kept from the
 * step before make it short. */
int subject_greedy(struct subject *s, const size_t *steps, uint32_t (*more)[MAX_TOKENS], struct ai_err *err)
{
    struct ai_forward_plan plan = {0};
    struct last last = {s, ai_calloc(MAX_PROMPTS * (size_t)s->model->hp.width, sizeof(float), err)};
    struct ai_forward_calls calls = {&last, keep_last, no_flush, NULL, NULL};
    size_t which[MAX_PROMPTS], n = 1;
    int rc = last.states ? 0 : -1;

    ai_layers_add(&plan.emit, s->model->hp.layers);
    for (size_t step = 0; rc == 0 && n; step++) {
        struct ai_sequence seqs[MAX_PROMPTS] = {0};
        struct ai_forward_totals totals = {0};
        struct ai_lens_top top[MAX_PROMPTS];

        n = 0;
        for (size_t i = 0; i < s->n; i++) {
            struct prompt *p = &s->prompts[i];

            if (step >= steps[i] || p->n + step > s->model->hp.context || p->n + step >= MAX_TOKENS)
                continue;
            if (step)
                p->ids[p->n + step - 1] = more[i][step - 1];
            seqs[n].tokens = p->ids;
            seqs[n].n = p->n + (uint32_t)step;
            which[n++] = i;
        }
        if (n == 0)
            break;
        rc = ai_forward_run(s->forward, seqs, n, &plan, &calls, &totals, err);
        if (rc)
            break;
        ai_lens_top(s->lens, last.states, n, 1, top);
        for (size_t k = 0; k < n; k++)
            more[which[k]][step] = top[k].token[0];
    }
    free(last.states);
    return rc;
}
