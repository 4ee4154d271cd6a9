/* One block, in the two parts that an exit check separates. */
#include "forward/internal.h"

#include <string.h>

enum { ROWS_A_TASK = 16 };

struct rows_job {
    struct ai_forward *f;
    const struct norm *norm;
    const float *x;
    float *out;
    size_t width, n;
};

static void norm_some(void *arg, size_t i, unsigned thread)
{
    const struct rows_job *j = arg;
    const struct ai_hparams *hp = &j->f->model->hp;
    size_t end = (i + 1) * ROWS_A_TASK < j->n ? (i + 1) * ROWS_A_TASK : j->n;

    (void)thread;
    for (size_t r = i * ROWS_A_TASK; r < end; r++) {
        const float *x = j->x + r * j->width;
        float *out = j->out + r * j->width;

        if (hp->norm == AI_NORM_RMS)
            j->f->ops->rms_norm(x, j->norm->weight, hp->norm_eps, j->width, out);
        else
            j->f->ops->layer_norm(x, j->norm->weight, j->norm->bias, hp->norm_eps, j->width, out);
    }
}

/* out [n, width] = norm of each row of x; they may be the same. */
static void norm_rows(struct ai_forward *f, const struct norm *norm, size_t width, const float *x, size_t n,
                      float *out)
{
    struct rows_job j = {f, norm, x, out, width, n};

    ai_pool_run(ai_kernels_pool(f->kernels), (n + ROWS_A_TASK - 1) / ROWS_A_TASK, norm_some, &j);
}

static void linear(struct ai_forward *f, const struct ai_linear *w, const float *x, size_t n, float *y)
{
    if (!w->group) {
        ai_matmul(f->kernels, &w->weight, &w->bias, x, w->weight.cols, n, y, w->weight.rows);
        return;
    }
    for (size_t g = 0; g < w->weight.rows / w->group; g++) {
        struct ai_linear one = ai_linear_group(w, g);

        ai_matmul(f->kernels, &one.weight, &one.bias, x, w->weight.cols, n, y + g * w->group, w->weight.rows);
    }
}

static void activate_some(void *arg, size_t i, unsigned thread)
{
    const struct rows_job *j = arg;
    const struct ai_hparams *hp = &j->f->model->hp;
    const struct ai_ops *ops = j->f->ops;
    size_t end = (i + 1) * ROWS_A_TASK < j->n ? (i + 1) * ROWS_A_TASK : j->n;

    (void)thread;
    for (size_t r = i * ROWS_A_TASK; r < end; r++) {
        float *up = j->f->up + r * j->width, *gate = j->f->gate + r * j->width, *x = hp->gated ? gate : up;

        switch (hp->act) {
        case AI_ACT_SILU: ops->silu(x, j->width); break;
        case AI_ACT_GELU_TANH: ops->gelu_tanh(x, j->width); break;
        case AI_ACT_GELU_ERF: ops->gelu_erf(x, j->width); break;
        case AI_ACT_RELU: ops->relu(x, j->width); break;
        }
        if (hp->gated)
            ops->multiply(gate, up, j->width);
    }
}

/* What K, V and Q are made from: the norm of x, or x itself.  Rows of x [n, H]. */
static const float *attention_input(struct ai_forward *f, unsigned b, const float *x, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;

    if (hp->norm_place == AI_NORM_AFTER)
        return x;
    norm_rows(f, &f->norms[b].attn, hp->width, x, n, f->norm);
    return f->norm;
}

/* Norms of the heads, and their rotation: m [n, heads * head_dim] of rows [row, row + n). */
static void place_heads(struct ai_forward *f, const struct lane *l, unsigned b, size_t row, const struct norm *norm,
                        float *m, size_t heads, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;

    if (norm->weight && hp->whole_norms)
        norm_rows(f, norm, heads * hp->head_dim, m, n, m);
    else if (norm->weight)
        norm_rows(f, norm, hp->head_dim, m, n * heads, m);
    if (hp->position == AI_POS_ROPE)
        rope_rows(f, l, b, row, m, heads, n);
}

void block_keys(struct ai_forward *f, struct lane *l, unsigned b)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct ai_block *w = &f->model->blocks[b];
    size_t rows = lane_rows(l);

    for (size_t r = 0; r < rows; r += f->chunk) {
        size_t n = rows - r < f->chunk ? rows - r : f->chunk;
        const float *in = attention_input(f, b, l->x + r * hp->width, n);

        linear(f, &w->k, in, n, l->k + r * f->kv_width);
        linear(f, &w->v, in, n, l->v + r * f->kv_width);
    }
    place_heads(f, l, b, 0, &f->norms[b].k, l->k, hp->kv_heads, rows);
}

void block_mlp_norm(struct ai_forward *f, unsigned b, const float *x, size_t n, float *out)
{
    norm_rows(f, &f->norms[b].mlp, f->model->hp.width, x, n, out);
}

void block_mlp(struct ai_forward *f, const struct ai_mlp *w, const float *x, size_t n, float *out)
{
    struct rows_job j = {.f = f, .width = w->up.weight.rows, .n = n};
    bool gated = f->model->hp.gated;

    if (gated)
        linear(f, &w->gate, x, n, f->gate);
    linear(f, &w->up, x, n, f->up);
    ai_pool_run(ai_kernels_pool(f->kernels), (n + ROWS_A_TASK - 1) / ROWS_A_TASK, activate_some, &j);
    linear(f, &w->down, gated ? f->gate : f->up, n, out);
}

/* Rows [row, row + n) += what attention or MLP of block b gave, through the norms that
 * are behind it; sum [n, H] is used up. */
static void add_sum(struct ai_forward *f, struct lane *l, int which, unsigned b, size_t row, size_t n, float *sum)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct block_norms *norms = &f->norms[b];
    const struct norm *post = which == AI_COSINE_ATTENTION ? &norms->attn_post : &norms->mlp_post;
    float *x = l->x + row * hp->width;

    if (post->weight)
        norm_rows(f, post, hp->width, sum, n, sum);
    cosines_note(f, l, which, row, n, sum);
    f->ops->add(x, sum, n * hp->width);
    if (hp->norm_place == AI_NORM_AFTER)
        norm_rows(f, which == AI_COSINE_ATTENTION ? &norms->attn : &norms->mlp, hp->width, x, n, x);
}

void block_rows(struct ai_forward *f, struct lane *l, unsigned b, size_t row, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct ai_block *w = &f->model->blocks[b];
    const struct block_norms *norms = &f->norms[b];
    size_t first = row, end = row + n;

    for (; row < end; row += n) {
        float *x = l->x + row * hp->width;
        const float *in;

        n = end - row < f->chunk ? end - row : f->chunk;
        in = attention_input(f, b, x, n);
        linear(f, &w->q, in, n, f->q);
        place_heads(f, l, b, row, &norms->q, f->q, hp->heads, n);
        attention(f, l, b, row, n, f->q, f->attn);
        linear(f, &w->o, f->attn, n, f->sum);
        if (!hp->parallel)
            add_sum(f, l, AI_COSINE_ATTENTION, b, row, n, f->sum);
        if (w->experts)
            continue;
        if (hp->norm_place == AI_NORM_BEFORE && norms->mlp.weight)
            norm_rows(f, &norms->mlp, hp->width, x, n, f->norm);
        if (hp->parallel)
            add_sum(f, l, AI_COSINE_ATTENTION, b, row, n, f->sum);
        block_mlp(f, &w->mlp, hp->norm_place == AI_NORM_BEFORE ? f->norm : x, n, f->sum);
        add_sum(f, l, AI_COSINE_MLP, b, row, n, f->sum);
        cosines_note(f, l, AI_COSINE_STATE, row, n, x);
    }
    if (w->experts) {
        float *x = l->x + first * hp->width;

        add_sum(f, l, AI_COSINE_MLP, b, first, end - first, experts_sum(f, b, x, end - first));
        cosines_note(f, l, AI_COSINE_STATE, first, end - first, x);
    }
}

void embed_row(struct ai_forward *f, uint32_t token, uint32_t position, float *x)
{
    const struct ai_model *m = f->model;
    const struct ai_hparams *hp = &m->hp;

    ai_tensor_rows(&m->embed, token, 1, m->project_in.weight.data ? f->norm : x);
    if (m->project_in.weight.data)
        linear(f, &m->project_in, f->norm, 1, x);
    if (hp->embed_scale > 0)
        f->ops->scale(x, hp->embed_scale, hp->width);
    if (hp->position == AI_POS_LEARNED) {
        ai_tensor_rows(&m->positions, position + hp->position_offset, 1, f->norm);
        f->ops->add(x, f->norm, hp->width);
    }
}

static uint64_t size_of(const struct ai_linear *l)
{
    return l->weight.data ? (uint64_t)l->weight.rows * l->weight.cols : 0;
}

static uint64_t mlp_size(const struct ai_mlp *w)
{
    return size_of(&w->gate) + size_of(&w->up) + size_of(&w->down);
}

uint64_t macs_keys(const struct ai_model *m, unsigned b, uint64_t n)
{
    return n * (size_of(&m->blocks[b].k) + size_of(&m->blocks[b].v));
}

uint64_t macs_rows(const struct ai_model *m, unsigned b, uint64_t n)
{
    const struct ai_block *w = &m->blocks[b];
    const struct ai_experts *e = w->experts;
    uint64_t macs = size_of(&w->q) + size_of(&w->o) + mlp_size(&w->mlp);

    if (e) /* what a row of a router costs is its width */
        macs += m->hp.experts * e->router.cols + m->hp.experts_used * mlp_size(&e->expert[0]) + mlp_size(&e->shared) +
                e->shared_router.cols;
    return n * macs;
}

uint64_t macs_attention(const struct ai_model *m, unsigned b, uint64_t from, uint64_t to)
{
    uint64_t keys = 0, window = m->blocks[b].window;

    for (uint64_t p = from; p < to; p++)
        keys += window && p + 1 > window ? window : p + 1;
    return 2 * (uint64_t)m->hp.heads * m->hp.head_dim * keys;
}
