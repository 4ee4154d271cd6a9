#include "plain_dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A prompt on its way through a model. */
struct prompt {
    const struct dense_model *m;
    const struct dense_block *w; /* the present block */
    unsigned block;
    size_t n;                    /* tokens */
    double *x;                   /* [n][H] */
    double *q, *k, *v, *mix;     /* [n][heads * D], [n][kv_heads * D] twice, [n][heads * D] */
};

/* ---- what blocks are made of ---- */

static void apply(const struct dense_map *m, size_t rows, size_t cols, const double *x, double *y)
{
    for (size_t r = 0; r < rows; r++) {
        y[r] = m->bias ? (double)m->bias[r] : 0;
        for (size_t c = 0; c < cols; c++)
            y[r] += (double)m->weight[r * cols + c] * x[c];
    }
}

static void rms_norm(const struct dense_map *m, double eps, size_t n, const double *x, double *y)
{
    double square = 0;

    for (size_t i = 0; i < n; i++)
        square += x[i] * x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] / sqrt(square + eps) * (double)m->weight[i];
}

static void layer_norm(const struct dense_map *m, double eps, size_t n, const double *x, double *y)
{
    double mean = 0, variance = 0;

    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) / sqrt(variance + eps) * (m->weight ? (double)m->weight[i] : 1) +
               (m->bias ? (double)m->bias[i] : 0);
}

static double act(const char *name, double x)
{
    if (strcmp(name, "silu") == 0)
        return x / (1 + exp(-x));
    if (strcmp(name, "relu") == 0)
        return x > 0 ? x : 0;
    if (strcmp(name, "gelu") == 0)
        return x * 0.5 * (1 + erf(x / sqrt(2)));
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); /* gelu_new, gelu_fast */
}

/* Dimensions i and i + dim/2 of a head turn together. */
static void rotate(const struct dense_spec *s, double *head, size_t position)
{
    unsigned dim = dense_rope_dim(s);

    for (unsigned i = 0; i < dim / 2; i++) {
        double angle = (double)position * pow(s->theta, -2.0 * i / dim) / dense_divisor(s, i);
        double a = head[i], b = head[i + dim / 2], scale = dense_rope_scale(s);

        head[i] = scale * (a * cos(angle) - b * sin(angle));
        head[i + dim / 2] = scale * (a * sin(angle) + b * cos(angle));
    }
}

static void attend_one(struct prompt *p, size_t t, unsigned head, double scale)
{
    const struct dense_spec *s = &p->m->s;
    size_t d = s->head_dim, window = dense_window(s, p->block), from = window && t >= window ? t + 1 - window : 0;
    const double *q = p->q + (t * s->heads + head) * d;
    double *mix = p->mix + (t * s->heads + head) * d, *weight = calloc(t + 1, sizeof *weight), total = 0;
    unsigned group = head / (s->heads / s->kv_heads);

    for (size_t j = from; j <= t; j++) {
        for (size_t i = 0; i < d; i++)
            weight[j] += q[i] * p->k[(j * s->kv_heads + group) * d + i] * scale;
        total += weight[j] = exp(weight[j]);
    }
    memset(mix, 0, d * sizeof *mix);
    for (size_t j = from; j <= t; j++)
        for (size_t i = 0; i < d; i++)
            mix[i] += weight[j] / total * p->v[(j * s->kv_heads + group) * d + i];
    free(weight);
}

static void attend(struct prompt *p, double scale)
{
    for (size_t t = 0; t < p->n; t++)
        for (unsigned h = 0; h < p->m->s.heads; h++)
            attend_one(p, t, h, scale);
}

/* q, k and v of token t from what goes into the attention. */
static void project(struct prompt *p, size_t t, const double *in)
{
    const struct dense_spec *s = &p->m->s;
    size_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;

    apply(&p->w->q, q, s->width, in, p->q + t * q);
    apply(&p->w->k, kv, s->width, in, p->k + t * kv);
    apply(&p->w->v, kv, s->width, in, p->v + t * kv);
}

/* y = down(act(up x)) */
static void plain_mlp(const struct prompt *p, const double *x, double *y)
{
    const struct dense_spec *s = &p->m->s;
    double *up = calloc(s->ff, sizeof *up);

    apply(&p->w->up, s->ff, s->width, x, up);
    for (size_t i = 0; i < s->ff; i++)
        up[i] = act(s->act, up[i]);
    apply(&p->w->down, s->width, s->ff, up, y);
    free(up);
}

static void add(double *x, const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

/* ---- families: a and b are scratch of width H ---- */

/* Llama, Mistral, Qwen 2 and 3. */
static void llama_block(struct prompt *p, double *a, double *b)
{
    const struct dense_spec *s = &p->m->s;
    size_t H = s->width, q = s->heads * s->head_dim, d = s->head_dim;
    double *gate = calloc(s->ff, sizeof *gate), *up = calloc(s->ff, sizeof *up);

    for (size_t t = 0; t < p->n; t++) {
        rms_norm(&p->w->attn_norm, s->eps, H, p->x + t * H, a);
        project(p, t, a);
        for (unsigned h = 0; h < s->heads + s->kv_heads; h++) {
            double *head = h < s->heads ? p->q + t * q + h * d : p->k + (t * s->kv_heads + h - s->heads) * d;

            if (s->family == DENSE_QWEN3)
                rms_norm(h < s->heads ? &p->w->q_norm : &p->w->k_norm, s->eps, d, head, head);
            rotate(s, head, t);
        }
    }
    attend(p, 1 / sqrt((double)d));
    for (size_t t = 0; t < p->n; t++) {
        apply(&p->w->o, H, q, p->mix + t * q, a);
        add(p->x + t * H, a, H);
        rms_norm(&p->w->mlp_norm, s->eps, H, p->x + t * H, a);
        apply(&p->w->gate, s->ff, H, a, gate);
        apply(&p->w->up, s->ff, H, a, up);
        for (size_t i = 0; i < s->ff; i++)
            up[i] *= act(s->act, gate[i]);
        apply(&p->w->down, H, s->ff, up, b);
        add(p->x + t * H, b, H);
    }
    free(gate);
    free(up);
}

/* OPT: the norms before attention and MLP, or (350m) after each sum. */
static void opt_block(struct prompt *p, double *a, double *b)
{
    const struct dense_spec *s = &p->m->s;
    size_t H = s->width;

    for (size_t t = 0; t < p->n; t++) {
        memcpy(a, p->x + t * H, H * sizeof *a);
        if (!s->norm_after)
            layer_norm(&p->w->attn_norm, s->eps, H, a, a);
        project(p, t, a);
    }
    attend(p, 1 / sqrt((double)s->head_dim));
    for (size_t t = 0; t < p->n; t++) {
        double *x = p->x + t * H;

        apply(&p->w->o, H, H, p->mix + t * H, a);
        add(x, a, H);
        if (s->norm_after)
            layer_norm(&p->w->attn_norm, s->eps, H, x, x);
        memcpy(a, x, H * sizeof *a);
        if (!s->norm_after)
            layer_norm(&p->w->mlp_norm, s->eps, H, a, a);
        plain_mlp(p, a, b);
        add(x, b, H);
        if (s->norm_after)
            layer_norm(&p->w->mlp_norm, s->eps, H, x, x);
    }
}

/* GPT-2 and GPT-Neo; the latter does not scale its scores. */
static void gpt_block(struct prompt *p, double *a, double *b)
{
    const struct dense_spec *s = &p->m->s;
    size_t H = s->width;

    for (size_t t = 0; t < p->n; t++) {
        layer_norm(&p->w->attn_norm, s->eps, H, p->x + t * H, a);
        project(p, t, a);
    }
    attend(p, s->family == DENSE_GPT2 ? 1 / sqrt((double)s->head_dim) : 1);
    for (size_t t = 0; t < p->n; t++) {
        apply(&p->w->o, H, H, p->mix + t * H, a);
        add(p->x + t * H, a, H);
        layer_norm(&p->w->mlp_norm, s->eps, H, p->x + t * H, a);
        plain_mlp(p, a, b);
        add(p->x + t * H, b, H);
    }
}

/* GPT-NeoX: attention and MLP side by side, or one after the other. */
static void neox_block(struct prompt *p, double *a, double *b)
{
    const struct dense_spec *s = &p->m->s;
    size_t H = s->width;

    for (size_t t = 0; t < p->n; t++) {
        layer_norm(&p->w->attn_norm, s->eps, H, p->x + t * H, a);
        project(p, t, a);
        for (unsigned h = 0; h < s->heads; h++) {
            rotate(s, p->q + t * H + h * s->head_dim, t);
            rotate(s, p->k + t * H + h * s->head_dim, t);
        }
    }
    attend(p, 1 / sqrt((double)s->head_dim));
    for (size_t t = 0; t < p->n; t++) {
        double *x = p->x + t * H;

        if (!s->sequential) {
            layer_norm(&p->w->mlp_norm, s->eps, H, x, a);
            plain_mlp(p, a, b);
        }
        apply(&p->w->o, H, H, p->mix + t * H, a);
        add(x, a, H);
        if (s->sequential) {
            layer_norm(&p->w->mlp_norm, s->eps, H, x, a);
            plain_mlp(p, a, b);
        }
        add(x, b, H);
    }
}

/* ---- whole models ---- */

/* What the head makes of one state; a and b as above. */
static void head(const struct dense_model *m, const double *x, double *a, double *b, double *logits)
{
    const struct dense_spec *s = &m->s;
    size_t H = s->width, E = s->embed_width ? s->embed_width : H;

    memcpy(a, x, H * sizeof *a);
    if (s->family <= DENSE_QWEN3)
        rms_norm(&m->final_norm, s->eps, H, a, a);
    else if (s->family != DENSE_OPT || (!s->norm_after && !s->no_final_norm))
        layer_norm(&m->final_norm, s->eps, H, a, a);
    if (s->embed_width)
        apply(&m->project_out, E, H, a, b);
    apply(&(struct dense_map){m->head, NULL}, s->vocab, E, s->embed_width ? b : a, logits);
}

static void embed(const struct dense_model *m, uint32_t token, size_t position, double *a, double *x)
{
    const struct dense_spec *s = &m->s;
    size_t H = s->width, E = s->embed_width ? s->embed_width : H, row = position + (s->family == DENSE_OPT ? 2 : 0);

    for (size_t i = 0; i < E; i++)
        a[i] = (double)m->embed[token * E + i];
    if (s->embed_width)
        apply(&m->project_in, H, E, a, x);
    else
        memcpy(x, a, H * sizeof *x);
    for (size_t i = 0; m->positions && i < H; i++)
        x[i] += (double)m->positions[row * H + i];
}

double *plain_dense(const struct dense_model *m, const uint32_t *tokens, size_t n, double **logits)
{
    const struct dense_spec *s = &m->s;
    size_t H = s->width, E = s->embed_width > H ? s->embed_width : H, q = n * s->heads * s->head_dim;
    size_t kv = n * s->kv_heads * s->head_dim;
    struct prompt p = {.m = m, .n = n, .x = calloc(n * H, 8), .q = calloc(q, 8), .k = calloc(kv, 8), .v = calloc(kv, 8),
                       .mix = calloc(q, 8)};
    double *states = calloc((s->layers + 1) * n * H, 8), *a = calloc(E, 8), *b = calloc(E, 8);

    *logits = calloc((s->layers + 1) * s->vocab, sizeof **logits);
    for (size_t t = 0; t < n; t++)
        embed(m, tokens[t], t, a, p.x + t * H);
    for (unsigned l = 0; l <= s->layers; l++) {
        memcpy(states + l * n * H, p.x, n * H * sizeof *states);
        head(m, p.x + (n - 1) * H, a, b, *logits + l * s->vocab);
        if (l == s->layers)
            break;
        p.block = l;
        p.w = &m->blocks[l];
        if (s->family <= DENSE_QWEN3)
            llama_block(&p, a, b);
        else if (s->family == DENSE_OPT)
            opt_block(&p, a, b);
        else if (s->family == DENSE_GPT_NEOX)
            neox_block(&p, a, b);
        else
            gpt_block(&p, a, b);
    }
    free(p.x);
    free(p.q);
    free(p.k);
    free(p.v);
    free(p.mix);
    free(a);
    free(b);
    return states;
}
