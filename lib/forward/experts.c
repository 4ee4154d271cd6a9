/* Mixture of experts in place of an MLP.  All rows are routed first and then taken
 * expert by expert, so that the weights of each are read once for all rows that it
 * gets, and of those that get none not at all.  A row's sum runs in the order of the
 * experts, whatever else is in the batch. */
#include "forward/internal.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void experts_free(struct expert_scratch *s)
{
    free(s->sum);
    free(s->scores);
    free(s->choices);
    free(s->picks);
    free(s->start);
    memset(s, 0, sizeof *s);
}

uint64_t experts_bytes(const struct ai_model *m, uint64_t rows)
{
    const struct ai_hparams *hp = &m->hp;

    return hp->experts ? rows * (hp->width * sizeof(float) + 2 * hp->experts_used * sizeof(struct expert_pick)) : 0;
}

int experts_reserve(struct ai_forward *f, size_t rows, struct ai_err *err)
{
    const struct ai_hparams *hp = &f->model->hp;
    struct expert_scratch *s = &f->experts;

    if (!hp->experts || rows <= s->rows)
        return 0;
    experts_free(s);
    s->sum = ai_alloc_aligned(rows * hp->width, sizeof *s->sum, err);
    s->scores = ai_alloc_aligned(f->chunk * hp->experts, sizeof *s->scores, err);
    s->choices = ai_calloc(rows * hp->experts_used, sizeof *s->choices, err);
    s->picks = ai_calloc(rows * hp->experts_used, sizeof *s->picks, err);
    s->start = ai_calloc(hp->experts + 1, sizeof *s->start, err);
    if (!s->sum || !s->scores || !s->choices || !s->picks || !s->start) {
        experts_free(s);
        return -1;
    }
    s->rows = rows;
    return 0;
}

struct routing {
    struct ai_forward *f;
    size_t n;
    float *scores;                /* [n, experts] of the router */
    struct expert_pick *choices;  /* [n, used] */
};

enum { ROWS_A_TASK = 16 };

/* The highest scores of one row, of equal ones the lower expert; their weights are
 * the softmax over all experts, or over those chosen.  Scores are used up. */
static void choose(const struct ai_hparams *hp, float *scores, struct expert_pick *out)
{
    float sum = ai_ops()->softmax_sum(scores, hp->experts), chosen = 0;

    for (unsigned i = 0; i < hp->experts_used; i++) {
        unsigned best = 0;

        for (unsigned e = 1; e < hp->experts; e++)
            if (scores[e] > scores[best])
                best = e;
        out[i].expert = best;
        out[i].weight = scores[best];
        chosen += scores[best];
        scores[best] = -1;
    }
    for (unsigned i = 0; i < hp->experts_used; i++)
        out[i].weight /= hp->experts_normed ? chosen : sum;
}

static void choose_some(void *arg, size_t i, unsigned thread)
{
    const struct routing *r = arg;
    const struct ai_hparams *hp = &r->f->model->hp;
    size_t end = (i + 1) * ROWS_A_TASK < r->n ? (i + 1) * ROWS_A_TASK : r->n;

    (void)thread;
    for (size_t row = i * ROWS_A_TASK; row < end; row++)
        choose(hp, r->scores + row * hp->experts, r->choices + row * hp->experts_used);
}

/* Fills f->experts.choices for rows x [n, H]. */
static void route(struct ai_forward *f, unsigned b, const float *x, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct ai_experts *w = f->model->blocks[b].experts;
    struct expert_scratch *s = &f->experts;

    for (size_t row = 0; row < n; row += f->chunk) {
        size_t rows = n - row < f->chunk ? n - row : f->chunk;
        struct routing r = {f, rows, s->scores, s->choices + row * hp->experts_used};

        block_mlp_norm(f, b, x + row * hp->width, rows, f->norm);
        ai_matmul(f->kernels, &w->router, NULL, f->norm, hp->width, rows, s->scores, hp->experts);
        ai_pool_run(ai_kernels_pool(f->kernels), (rows + ROWS_A_TASK - 1) / ROWS_A_TASK, choose_some, &r);
    }
}

/* picks = choices sorted by expert, then row; start[e] is where expert e's begin. */
static void sort_by_expert(struct ai_forward *f, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;
    struct expert_scratch *s = &f->experts;
    size_t at = 0;

    memset(s->start, 0, (hp->experts + 1) * sizeof *s->start);
    for (size_t i = 0; i < n * hp->experts_used; i++)
        s->start[s->choices[i].expert]++;
    for (unsigned e = 0; e <= hp->experts; e++) {
        size_t count = s->start[e];

        s->start[e] = at;
        at += count;
    }
    for (size_t i = 0; i < n * hp->experts_used; i++) {
        struct expert_pick *to = &s->picks[s->start[s->choices[i].expert]++];

        to->weight = s->choices[i].weight;
        to->row = (uint32_t)(i / hp->experts_used);
    }
    for (unsigned e = hp->experts; e > 0; e--) /* filling moved each to where the next begins */
        s->start[e] = s->start[e - 1];
    s->start[0] = 0;
}

/* Adds what one expert says of the rows in picks [n], n <= f->chunk. */
static void run_expert(struct ai_forward *f, unsigned b, const struct ai_mlp *w, const float *x,
                       const struct expert_pick *picks, size_t n)
{
    size_t width = f->model->hp.width;

    for (size_t i = 0; i < n; i++)
        memcpy(f->norm + i * width, x + picks[i].row * width, width * sizeof *x);
    block_mlp_norm(f, b, f->norm, n, f->norm);
    block_mlp(f, w, f->norm, n, f->norm);
    for (size_t i = 0; i < n; i++)
        f->ops->axpy(picks[i].weight, f->norm + i * width, f->experts.sum + picks[i].row * width, width);
}

/* Adds what the expert that all rows share says of rows x [n, H]. */
static void run_shared(struct ai_forward *f, unsigned b, const float *x, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct ai_experts *w = f->model->blocks[b].experts;
    struct expert_scratch *s = &f->experts;

    for (size_t row = 0; row < n; row += f->chunk) {
        size_t rows = n - row < f->chunk ? n - row : f->chunk;

        block_mlp_norm(f, b, x + row * hp->width, rows, f->norm);
        if (w->shared_router.data) /* scores holds at least one value a row */
            ai_matmul(f->kernels, &w->shared_router, NULL, f->norm, hp->width, rows, s->scores, 1);
        block_mlp(f, &w->shared, f->norm, rows, f->norm);
        for (size_t i = 0; i < rows; i++)
            f->ops->axpy(w->shared_router.data ? 1 / (1 + expf(-s->scores[i])) : 1, f->norm + i * hp->width,
                         s->sum + (row + i) * hp->width, hp->width);
    }
}

float *experts_sum(struct ai_forward *f, unsigned b, const float *x, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct ai_experts *w = f->model->blocks[b].experts;
    struct expert_scratch *s = &f->experts;

    AI_ASSERT(n <= s->rows);
    memset(s->sum, 0, n * hp->width * sizeof *s->sum);
    route(f, b, x, n);
    sort_by_expert(f, n);
    for (unsigned e = 0; e < hp->experts; e++)
        for (size_t at = s->start[e]; at < s->start[e + 1]; at += f->chunk) {
            size_t left = s->start[e + 1] - at;

            run_expert(f, b, &w->expert[e], x, s->picks + at, left < f->chunk ? left : f->chunk);
        }
    if (w->shared.up.weight.data)
        run_shared(f, b, x, n);
    return s->sum;
}
