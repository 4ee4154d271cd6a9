#include "plain.h"

#include "base/bytes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint8_t *plain_tensor(const struct gen_model *g, const char *name)
{
    const struct gen_tensor *t = gen_tensor((struct gen_model *)g, name);

    return t ? t->data.data : NULL;
}

const uint8_t *plain_local(const struct plain *p, const char *name)
{
    char full[128];

    snprintf(full, sizeof full, "model.layers.%u.%s", p->block, name);
    return plain_tensor(p->g, full);
}

double plain_at(const uint8_t *tensor, size_t i)
{
    return (double)ai_get_f32(tensor + 4 * i);
}

static uint64_t macs_counted; /* of the prompt at hand */

void plain_linear(const uint8_t *w, const uint8_t *b, size_t rows, size_t cols, const double *x, double *y)
{
    macs_counted += rows * cols;
    for (size_t r = 0; r < rows; r++) {
        y[r] = b ? plain_at(b, r) : 0;
        for (size_t c = 0; c < cols; c++)
            y[r] += plain_at(w, r * cols + c) * x[c];
    }
}

void plain_rms(const uint8_t *w, double offset, double eps, size_t n, const double *x, double *y)
{
    double square = 0;

    for (size_t i = 0; i < n; i++)
        square += x[i] * x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] / sqrt(square + eps) * (plain_at(w, i) + offset);
}

void plain_layer_norm(const uint8_t *w, const uint8_t *b, double eps, size_t n, const double *x, double *y)
{
    double mean = 0, square = 0;

    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (x[i] - mean) * (x[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) / sqrt(square + eps) * plain_at(w, i) + plain_at(b, i);
}

void plain_rotate(double *head, unsigned dim, double base, const double *divisor, double scale, size_t position)
{
    for (unsigned i = 0; i < dim / 2; i++) {
        double angle = (double)position * pow(base, -2.0 * i / dim) / (divisor ? divisor[i] : 1);
        double a = head[i], b = head[i + dim / 2];

        head[i] = (a * cos(angle) - b * sin(angle)) * scale;
        head[i + dim / 2] = (a * sin(angle) + b * cos(angle)) * scale;
    }
}

static void attend_one(struct plain *p, size_t position, unsigned head, double scale, double cap, unsigned window)
{
    const struct gen_family *s = p->s;
    size_t d = s->head_dim, from = window && position >= window ? position + 1 - window : 0;
    const double *q = p->q + (position * s->heads + head) * d;
    double *mix = p->mix + (position * s->heads + head) * d, weight[256], total = 0;
    unsigned group = head / (s->heads / s->kv_heads);

    macs_counted += 2 * d * (position + 1 - from);
    for (size_t t = from; t <= position; t++) {
        double score = 0;

        for (size_t i = 0; i < d; i++)
            score += q[i] * p->k[(t * s->kv_heads + group) * d + i];
        score *= scale;
        weight[t] = exp(cap > 0 ? cap * tanh(score / cap) : score);
        total += weight[t];
    }
    memset(mix, 0, d * sizeof *mix);
    for (size_t t = from; t <= position; t++)
        for (size_t i = 0; i < d; i++)
            mix[i] += weight[t] / total * p->v[(t * s->kv_heads + group) * d + i];
}

void plain_attend(struct plain *p, double scale, double cap, unsigned window)
{
    for (size_t t = 0; t < p->n; t++)
        for (unsigned h = 0; h < p->s->heads; h++)
            attend_one(p, t, h, scale, cap, window);
}

double plain_gelu_tanh(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

double plain_silu(double x)
{
    return x / (1 + exp(-x));
}

static bool is_gemma(const struct gen_family *s)
{
    return s->kind <= GEN_GEMMA3;
}

/* Final norm and head on one state. */
static void head(const struct plain *p, const double *x, double *logits)
{
    const struct gen_family *s = p->s;
    const uint8_t *w = plain_tensor(p->g, s->tied ? "model.embed_tokens.weight" : "lm_head.weight");
    double *norm = calloc(s->width, sizeof *norm);

    if (s->kind == GEN_PHI)
        plain_layer_norm(plain_tensor(p->g, "model.final_layernorm.weight"),
                         plain_tensor(p->g, "model.final_layernorm.bias"), s->eps, s->width, x, norm);
    else
        plain_rms(plain_tensor(p->g, "model.norm.weight"), is_gemma(s), s->eps, s->width, x, norm);
    plain_linear(w, plain_tensor(p->g, "lm_head.bias"), s->vocab, s->width, norm, logits);
    for (unsigned i = 0; s->head_cap > 0 && i < s->vocab; i++)
        logits[i] = s->head_cap * tanh(logits[i] / s->head_cap);
    free(norm);
}

double *plain_states(const struct gen_family *s, const struct gen_model *g, const uint32_t *tokens, size_t n,
                     double **logits, uint64_t *macs)
{
    size_t kv = n * s->kv_heads * s->head_dim, q = n * s->heads * s->head_dim, size = n * s->width;
    struct plain p = {.s = s, .g = g, .n = n, .x = calloc(size, 8), .q = calloc(q, 8), .k = calloc(kv, 8),
                      .v = calloc(kv, 8), .mix = calloc(q, 8)};
    double *states = calloc((s->layers + 1) * size, sizeof *states);
    const uint8_t *embed = plain_tensor(g, "model.embed_tokens.weight");

    *macs = 0;
    *logits = calloc((s->layers + 1) * s->vocab, sizeof **logits);
    for (size_t i = 0; i < size; i++)
        p.x[i] = plain_at(embed, tokens[i / s->width] * s->width + i % s->width) * (is_gemma(s) ? sqrt(s->width) : 1);
    for (unsigned l = 0; l <= s->layers; l++) {
        memcpy(states + l * size, p.x, size * sizeof *states);
        head(&p, p.x + size - s->width, *logits + l * s->vocab);
        if (l == s->layers)
            break;
        p.block = l;
        macs_counted = 0;
        if (is_gemma(s))
            plain_gemma_block(&p);
        else if (s->kind == GEN_PHI || s->kind == GEN_PHI3)
            plain_phi_block(&p);
        else
            plain_expert_block(&p);
        *macs += macs_counted;
    }
    free(p.x);
    free(p.q);
    free(p.k);
    free(p.v);
    free(p.mix);
    return states;
}
