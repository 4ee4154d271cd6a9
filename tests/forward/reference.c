#include "reference.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

static struct ai_tensor random_tensor(struct ai_rng *rng, size_t rows, size_t cols, double scale, double offset)
{
    struct ai_err err;
    float *p = ai_calloc(rows * cols, sizeof *p, &err);
    struct ai_tensor t = {p, AI_W_F32, rows, cols};

    for (size_t i = 0; i < rows * cols; i++)
        p[i] = (float)((ai_rng_unit(rng) * 2 - 1) * scale + offset);
    return t;
}

static struct ai_linear random_linear(struct ai_rng *rng, size_t rows, size_t cols, int bias)
{
    struct ai_linear l = {.weight = random_tensor(rng, rows, cols, 1.5 / sqrt((double)cols), 0)};

    if (bias)
        l.bias = random_tensor(rng, 1, rows, 0.3, 0);
    return l;
}

static struct ai_norm_weights random_norm(struct ai_rng *rng, size_t n, int bias)
{
    struct ai_norm_weights w = {random_tensor(rng, 1, n, 0.5, 1), {0}};

    if (bias)
        w.bias = random_tensor(rng, 1, n, 0.3, 0);
    return w;
}

struct ai_model *random_model(const struct ai_hparams *hp, unsigned window_of_odd, int bias, uint64_t seed)
{
    struct ai_err err;
    struct ai_rng rng = {seed};
    struct ai_model *m = ai_calloc(1, sizeof *m, &err);
    int norm_bias = hp->norm == AI_NORM_LAYER;

    m->hp = *hp;
    m->embed = random_tensor(&rng, hp->vocab, hp->width, 1, 0);
    if (hp->position == AI_POS_LEARNED)
        m->positions = random_tensor(&rng, hp->context + hp->position_offset, hp->width, 0.5, 0);
    m->blocks = ai_calloc(hp->layers, sizeof *m->blocks, &err);
    for (unsigned b = 0; b < hp->layers; b++) {
        struct ai_block *w = &m->blocks[b];

        w->attn_norm = random_norm(&rng, hp->width, norm_bias);
        w->mlp_norm = random_norm(&rng, hp->width, norm_bias);
        w->q = random_linear(&rng, (size_t)hp->heads * hp->head_dim, hp->width, bias);
        w->k = random_linear(&rng, (size_t)hp->kv_heads * hp->head_dim, hp->width, bias);
        w->v = random_linear(&rng, (size_t)hp->kv_heads * hp->head_dim, hp->width, bias);
        w->o = random_linear(&rng, hp->width, (size_t)hp->heads * hp->head_dim, bias);
        if (hp->gated)
            w->mlp.gate = random_linear(&rng, hp->ff, hp->width, bias);
        w->mlp.up = random_linear(&rng, hp->ff, hp->width, bias);
        w->mlp.down = random_linear(&rng, hp->width, hp->ff, bias);
        w->window = b % 2 ? window_of_odd : 0;
    }
    return m;
}

static void tensor_free(struct ai_tensor *t)
{
    free((void *)(uintptr_t)t->data);
}

void random_model_free(struct ai_model *m)
{
    for (unsigned b = 0; b < m->hp.layers; b++) {
        struct ai_block *w = &m->blocks[b];
        struct ai_linear *all[] = {&w->q, &w->k, &w->v, &w->o, &w->mlp.gate, &w->mlp.up, &w->mlp.down};

        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            tensor_free(&all[i]->weight);
            tensor_free(&all[i]->bias);
        }
        tensor_free(&w->attn_norm.weight);
        tensor_free(&w->attn_norm.bias);
        tensor_free(&w->mlp_norm.weight);
        tensor_free(&w->mlp_norm.bias);
    }
    free(m->blocks);
    tensor_free(&m->embed);
    tensor_free(&m->positions);
    free(m);
}

static double at(const struct ai_tensor *t, size_t row, size_t col)
{
    return ((const float *)t->data)[row * t->cols + col];
}

static void apply(const struct ai_linear *l, const double *x, double *y)
{
    for (size_t r = 0; r < l->weight.rows; r++) {
        y[r] = l->bias.data ? at(&l->bias, 0, r) : 0;
        for (size_t c = 0; c < l->weight.cols; c++)
            y[r] += at(&l->weight, r, c) * x[c];
    }
}

static void normalise(const struct ai_hparams *hp, const struct ai_norm_weights *w, const double *x, double *y)
{
    double mean = 0, square = 0;
    unsigned n = hp->width;

    for (unsigned i = 0; i < n && hp->norm == AI_NORM_LAYER; i++)
        mean += x[i] / n;
    for (unsigned i = 0; i < n; i++)
        square += (x[i] - mean) * (x[i] - mean) / n;
    for (unsigned i = 0; i < n; i++)
        y[i] = (x[i] - mean) / sqrt(square + hp->norm_eps) * at(&w->weight, 0, i) +
               (w->bias.data ? at(&w->bias, 0, i) : 0);
}

static void rotate(const struct ai_hparams *hp, double *heads, unsigned n, size_t position)
{
    for (unsigned h = 0; h < n; h++)
        for (unsigned i = 0; i < hp->rope_dim / 2; i++) {
            double *head = heads + h * hp->head_dim, angle = (double)position * pow(hp->rotary[0].base, -2.0 * i / hp->rope_dim);
            unsigned p = hp->rope == AI_ROPE_PAIRS ? 2 * i : i;
            unsigned q = hp->rope == AI_ROPE_PAIRS ? 2 * i + 1 : i + hp->rope_dim / 2;
            double a = head[p], b = head[q];

            head[p] = a * cos(angle) - b * sin(angle);
            head[q] = a * sin(angle) + b * cos(angle);
        }
}

static double activation(enum ai_act kind, double x)
{
    switch (kind) {
    case AI_ACT_SILU: return x / (1 + exp(-x));
    case AI_ACT_GELU_TANH: return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case AI_ACT_GELU_ERF: return 0.5 * x * (1 + erf(x / sqrt(2)));
    default: return x > 0 ? x : 0;
    }
}

static void attend(const struct ai_model *m, const struct ai_block *w, size_t n, const double *q, const double *k,
                   const double *v, size_t position, double *out)
{
    const struct ai_hparams *hp = &m->hp;
    size_t from = w->window && position + 1 > w->window ? position + 1 - w->window : 0;
    size_t kv = (size_t)hp->kv_heads * hp->head_dim;

    (void)n;
    memset(out, 0, sizeof(double) * hp->heads * hp->head_dim);
    for (unsigned h = 0; h < hp->heads; h++) {
        size_t g = h / (hp->heads / hp->kv_heads) * hp->head_dim;
        double total = 0, score[1024];

        for (size_t p = from; p <= position; p++) {
            score[p] = 0;
            for (unsigned i = 0; i < hp->head_dim; i++)
                score[p] += q[h * hp->head_dim + i] * k[p * kv + g + i];
            score[p] = exp(score[p] * hp->attn_scale);
            total += score[p];
        }
        for (size_t p = from; p <= position; p++)
            for (unsigned i = 0; i < hp->head_dim; i++)
                out[h * hp->head_dim + i] += score[p] / total * v[p * kv + g + i];
    }
}

static void block(const struct ai_model *m, const struct ai_block *w, size_t n, const double *in, double *out)
{
    const struct ai_hparams *hp = &m->hp;
    struct ai_err err;
    size_t H = hp->width, kv = (size_t)hp->kv_heads * hp->head_dim, qw = (size_t)hp->heads * hp->head_dim;
    double *k = ai_calloc(n * kv, sizeof *k, &err), *v = ai_calloc(n * kv, sizeof *v, &err);
    double *norm = ai_calloc(H, sizeof *norm, &err), *q = ai_calloc(qw, sizeof *q, &err);
    double *att = ai_calloc(qw, sizeof *att, &err), *o = ai_calloc(H, sizeof *o, &err);
    double *gate = ai_calloc(hp->ff, sizeof *gate, &err), *up = ai_calloc(hp->ff, sizeof *up, &err);

    for (size_t p = 0; p < n; p++) {
        normalise(hp, &w->attn_norm, in + p * H, norm);
        apply(&w->k, norm, k + p * kv);
        apply(&w->v, norm, v + p * kv);
        if (hp->position == AI_POS_ROPE)
            rotate(hp, k + p * kv, hp->kv_heads, p);
    }
    for (size_t p = 0; p < n; p++) {
        double *x = out + p * H;

        memcpy(x, in + p * H, H * sizeof *x);
        normalise(hp, &w->attn_norm, x, norm);
        apply(&w->q, norm, q);
        if (hp->position == AI_POS_ROPE)
            rotate(hp, q, hp->heads, p);
        attend(m, w, n, q, k, v, p, att);
        apply(&w->o, att, o);
        for (size_t i = 0; i < H; i++)
            x[i] += o[i];
        normalise(hp, &w->mlp_norm, x, norm);
        apply(&w->mlp.up, norm, up);
        if (hp->gated)
            apply(&w->mlp.gate, norm, gate);
        for (size_t i = 0; i < hp->ff; i++)
            up[i] = hp->gated ? activation(hp->act, gate[i]) * up[i] : activation(hp->act, up[i]);
        apply(&w->mlp.down, up, o);
        for (size_t i = 0; i < H; i++)
            x[i] += o[i];
    }
    free(k);
    free(v);
    free(norm);
    free(q);
    free(att);
    free(o);
    free(gate);
    free(up);
}

double *reference_states(const struct ai_model *m, const uint32_t *tokens, size_t n)
{
    struct ai_err err;
    size_t H = m->hp.width;
    double *s = ai_calloc((m->hp.layers + 1) * n * H, sizeof *s, &err);

    for (size_t p = 0; p < n; p++)
        for (size_t i = 0; i < H; i++)
            s[p * H + i] = at(&m->embed, tokens[p], i) +
                           (m->hp.position == AI_POS_LEARNED ? at(&m->positions, p + m->hp.position_offset, i) : 0);
    for (unsigned b = 0; b < m->hp.layers; b++)
        block(m, &m->blocks[b], n, s + b * n * H, s + (b + 1) * n * H);
    return s;
}
