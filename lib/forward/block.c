/* One block, in the two parts that an exit check separates. */
#include "forward/internal.h"

#include <string.h>

struct rows_job {
    struct ai_forward *f;
    const struct ai_norm_weights *norm;
    const float *weight, *bias, *x;
    float *out;
    size_t n;
};

enum { ROWS_A_TASK = 16 };

static void norm_some(void *arg, size_t i, unsigned thread)
{
    const struct rows_job *j = arg;
    const struct ai_hparams *hp = &j->f->model->hp;
    size_t end = (i + 1) * ROWS_A_TASK < j->n ? (i + 1) * ROWS_A_TASK : j->n;

    (void)thread;
    for (size_t r = i * ROWS_A_TASK; r < end; r++) {
        const float *x = j->x + r * hp->width;
        float *out = j->out + r * hp->width;

        if (hp->norm == AI_NORM_RMS)
            j->f->ops->rms_norm(x, j->weight, hp->norm_eps, hp->width, out);
        else
            j->f->ops->layer_norm(x, j->weight, j->bias, hp->norm_eps, hp->width, out);
    }
}

static void norm_rows(struct ai_forward *f, const float *weight, const float *bias, const float *x, size_t n,
                      float *out)
{
    struct rows_job j = {f, NULL, weight, bias, x, out, n};

    ai_pool_run(ai_kernels_pool(f->kernels), (n + ROWS_A_TASK - 1) / ROWS_A_TASK, norm_some, &j);
}

static void linear(struct ai_forward *f, const struct ai_linear *w, const float *x, size_t n, float *y)
{
    ai_matmul(f->kernels, &w->weight, &w->bias, x, w->weight.cols, n, y, w->weight.rows);
}

static void activate_some(void *arg, size_t i, unsigned thread)
{
    const struct rows_job *j = arg;
    const struct ai_hparams *hp = &j->f->model->hp;
    size_t end = (i + 1) * ROWS_A_TASK < j->n ? (i + 1) * ROWS_A_TASK : j->n;

    (void)thread;
    for (size_t r = i * ROWS_A_TASK; r < end; r++) {
        float *up = j->f->up + r * hp->ff;

        switch (hp->mlp) {
        case AI_MLP_SWIGLU: j->f->ops->swiglu(j->f->gate + r * hp->ff, up, hp->ff); break;
        case AI_MLP_GELU_TANH: j->f->ops->gelu_tanh(up, hp->ff); break;
        case AI_MLP_GELU_ERF: j->f->ops->gelu_erf(up, hp->ff); break;
        case AI_MLP_RELU: j->f->ops->relu(up, hp->ff); break;
        }
    }
}

void block_keys(struct ai_forward *f, struct lane *l, unsigned b)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct ai_block *w = &f->model->blocks[b];
    const struct block_vectors *vec = &f->vectors[b];
    size_t rows = lane_rows(l);

    for (size_t r = 0; r < rows; r += f->chunk) {
        size_t n = rows - r < f->chunk ? rows - r : f->chunk;

        norm_rows(f, vec->attn_norm, vec->attn_norm_bias, l->x + r * hp->width, n, f->norm);
        linear(f, &w->k, f->norm, n, l->k + r * f->kv_width);
        linear(f, &w->v, f->norm, n, l->v + r * f->kv_width);
    }
    if (hp->position == AI_POS_ROPE)
        rope_rows(f, l->k, hp->kv_heads, l->position, rows);
}

static void mlp(struct ai_forward *f, const struct ai_block *w, const float *x, size_t n, float *out)
{
    struct rows_job j = {.f = f, .n = n};
    bool gated = f->model->hp.mlp == AI_MLP_SWIGLU;

    if (gated)
        linear(f, &w->gate, x, n, f->gate);
    linear(f, &w->up, x, n, f->up);
    ai_pool_run(ai_kernels_pool(f->kernels), (n + ROWS_A_TASK - 1) / ROWS_A_TASK, activate_some, &j);
    linear(f, &w->down, gated ? f->gate : f->up, n, out);
}

void block_rows(struct ai_forward *f, struct lane *l, unsigned b, size_t row, size_t n)
{
    const struct ai_hparams *hp = &f->model->hp;
    const struct ai_block *w = &f->model->blocks[b];
    const struct block_vectors *vec = &f->vectors[b];

    for (size_t end = row + n; row < end; row += n) {
        float *x = l->x + row * hp->width;

        n = end - row < f->chunk ? end - row : f->chunk;
        norm_rows(f, vec->attn_norm, vec->attn_norm_bias, x, n, f->norm);
        linear(f, &w->q, f->norm, n, f->q);
        if (hp->position == AI_POS_ROPE)
            rope_rows(f, f->q, hp->heads, l->position + row, n);
        attention(f, l, b, row, n, f->q, f->attn);
        linear(f, &w->o, f->attn, n, f->norm);
        cosines_note(f, l, AI_COSINE_ATTENTION, row, n, f->norm);
        f->ops->add(x, f->norm, n * hp->width);
        norm_rows(f, vec->mlp_norm, vec->mlp_norm_bias, x, n, f->norm);
        mlp(f, w, f->norm, n, f->norm);
        cosines_note(f, l, AI_COSINE_MLP, row, n, f->norm);
        f->ops->add(x, f->norm, n * hp->width);
        cosines_note(f, l, AI_COSINE_STATE, row, n, x);
    }
}

void embed_row(struct ai_forward *f, uint32_t token, uint32_t position, float *x)
{
    const struct ai_model *m = f->model;

    ai_tensor_rows(&m->embed, token, 1, x);
    if (m->hp.position == AI_POS_LEARNED) {
        ai_tensor_rows(&m->positions, position + m->hp.position_offset, 1, f->norm);
        f->ops->add(x, f->norm, m->hp.width);
    }
}

static uint64_t size_of(const struct ai_linear *l)
{
    return l->weight.data ? (uint64_t)l->weight.rows * l->weight.cols : 0;
}

uint64_t macs_keys(const struct ai_model *m, uint64_t n)
{
    return n * (size_of(&m->blocks[0].k) + size_of(&m->blocks[0].v));
}

uint64_t macs_rows(const struct ai_model *m, uint64_t n)
{
    const struct ai_block *b = &m->blocks[0];

    return n * (size_of(&b->q) + size_of(&b->o) + size_of(&b->gate) + size_of(&b->up) + size_of(&b->down));
}

uint64_t macs_attention(const struct ai_model *m, unsigned b, uint64_t from, uint64_t to)
{
    uint64_t keys = 0, window = m->blocks[b].window;

    for (uint64_t p = from; p < to; p++)
        keys += window && p + 1 > window ? window : p + 1;
    return 2 * (uint64_t)m->hp.heads * m->hp.head_dim * keys;
}
