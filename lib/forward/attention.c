/* Exact attention without a T x T matrix: blocks of queries against all keys they
 * see, one head at a time; the prefix's keys first, then the sequence's own. */
#include "forward/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int attention_reserve(struct ai_forward *f, size_t keys, struct ai_err *err)
{
    unsigned threads = ai_pool_threads(ai_kernels_pool(f->kernels));

    if (keys <= f->score_keys)
        return 0;
    keys = (keys + 255) / 256 * 256;
    f->score_keys = 0;
    for (unsigned t = 0; t < threads; t++) {
        free(f->scores[t]);
        f->scores[t] = ai_alloc_aligned(keys * QUERY_BLOCK, sizeof(float), err);
        if (!f->scores[t])
            return -1;
    }
    f->score_keys = keys;
    return 0;
}

/* Queries of one sequence that attend together. */
struct task {
    size_t seq;
    size_t row;    /* lane row of the first query */
    size_t n;
};

struct job {
    struct ai_forward *f;
    const struct lane *l;
    unsigned block;
    size_t row;    /* lane row of q[0] and out[0] */
    const float *q;
    float *out;
    size_t n_tasks;
    struct task *tasks;
};

/* Where the keys of a sequence lie for one head: the prefix's, its rest rows', and
 * for the last query its own. */
struct keys {
    const float *k[3], *v[3];
    size_t n[3];
};

static void find_keys(const struct job *j, const struct task *t, size_t kv_head, struct keys *out)
{
    const struct ai_hparams *hp = &j->f->model->hp;
    const struct lane_seq *s = &j->l->seq[t->seq];
    size_t offset = kv_head * hp->head_dim, width = j->f->kv_width;
    bool last = t->row >= j->l->rest;

    memset(out, 0, sizeof *out);
    if (s->prefix) {
        out->k[0] = s->prefix->k[j->block] + offset;
        out->v[0] = s->prefix->v[j->block] + offset;
        out->n[0] = s->prefix->n;
    }
    out->k[1] = j->l->k + s->first * width + offset;
    out->v[1] = j->l->v + s->first * width + offset;
    out->n[1] = last ? s->rest : t->row - s->first + t->n;
    if (last) {
        out->k[2] = j->l->k + t->row * width + offset;
        out->v[2] = j->l->v + t->row * width + offset;
        out->n[2] = 1;
    }
}

/* Softmax of one query's scores over keys [from, to); the others become 0.  cap: of
 * the scores, 0: none. */
static void weigh(const struct ai_ops *ops, float cap, float *s, size_t from, size_t to, size_t n)
{
    float sum;

    if (cap > 0)
        ops->soft_cap(s + from, cap, to - from);
    memset(s, 0, from * sizeof *s);
    sum = ops->softmax_sum(s + from, to - from);
    ops->scale(s + from, 1.0f / sum, to - from);
    memset(s + to, 0, (n - to) * sizeof *s);
}

static size_t window_start(size_t position, size_t window)
{
    return window && position + 1 > window ? position + 1 - window : 0;
}

/* One query: dot products and sums of rows, no matrix product worth setting up. */
static void attend_one(const struct job *j, const struct keys *keys, uint32_t position, const float *q, float *out,
                       float *scores)
{
    const struct ai_hparams *hp = &j->f->model->hp;
    const struct ai_ops *ops = j->f->ops;
    size_t n = 0, from = window_start(position, j->f->model->blocks[j->block].window), at = 0;

    for (int part = 0; part < 3; part++)
        for (size_t i = 0; i < keys->n[part]; i++)
            scores[n++] = ops->dot(q, keys->k[part] + i * j->f->kv_width, hp->head_dim) * hp->attn_scale;
    weigh(ops, hp->attn_cap, scores, from, n, n);
    memset(out, 0, hp->head_dim * sizeof *out);
    for (int part = 0; part < 3; part++)
        for (size_t i = 0; i < keys->n[part]; i++, at++)
            if (at >= from)
                ops->axpy(scores[at], keys->v[part] + i * j->f->kv_width, out, hp->head_dim);
}

static void attend_block(const struct job *j, const struct task *t, const struct keys *keys, uint32_t position,
                         const float *q, float *out, float *scores)
{
    const struct ai_hparams *hp = &j->f->model->hp;
    size_t width = j->f->q_width, kv = j->f->kv_width, n = keys->n[0] + keys->n[1];

    if (keys->n[0])
        ai_gemm_nt(t->n, keys->n[0], hp->head_dim, hp->attn_scale, q, width, keys->k[0], kv, false, scores, n);
    ai_gemm_nt(t->n, keys->n[1], hp->head_dim, hp->attn_scale, q, width, keys->k[1], kv, false, scores + keys->n[0], n);
    for (size_t i = 0; i < t->n; i++)
        weigh(j->f->ops, hp->attn_cap, scores + i * n,
              window_start(position + i, j->f->model->blocks[j->block].window), position + i + 1, n);
    ai_gemm_nn(t->n, hp->head_dim, keys->n[1], scores + keys->n[0], n, keys->v[1], kv, false, out, width);
    if (keys->n[0])
        ai_gemm_nn(t->n, hp->head_dim, keys->n[0], scores, n, keys->v[0], kv, true, out, width);
}

static void run_task(void *arg, size_t i, unsigned thread)
{
    const struct job *j = arg;
    const struct ai_hparams *hp = &j->f->model->hp;
    size_t head = i % hp->heads;
    const struct task *t = &j->tasks[i / hp->heads];
    size_t offset = (t->row - j->row) * j->f->q_width + head * hp->head_dim;
    struct keys keys;

    find_keys(j, t, head / (hp->heads / hp->kv_heads), &keys);
    if (t->n == 1)
        attend_one(j, &keys, j->l->position[t->row], j->q + offset, j->out + offset, j->f->scores[thread]);
    else
        attend_block(j, t, &keys, j->l->position[t->row], j->q + offset, j->out + offset, j->f->scores[thread]);
}

void attention(struct ai_forward *f, const struct lane *l, unsigned block, size_t row, size_t n, const float *q,
               float *out)
{
    struct task tasks[256];
    struct job j = {f, l, block, row, q, out, 0, tasks};
    size_t end = row + n;

    while (row < end) {
        struct task *t = &tasks[j.n_tasks++];
        const struct lane_seq *s;

        t->seq = l->owner[row];
        t->row = row;
        s = &l->seq[t->seq];
        t->n = row >= l->rest ? 1 : s->first + s->rest - row;
        if (t->n > end - row)
            t->n = end - row;
        if (t->n > QUERY_BLOCK)
            t->n = QUERY_BLOCK;
        row += t->n;
        if (j.n_tasks == sizeof tasks / sizeof *tasks || row == end) {
            ai_pool_run(ai_kernels_pool(f->kernels), j.n_tasks * f->model->hp.heads, run_task, &j);
            j.n_tasks = 0;
        }
    }
}
