/* Mixtral, Qwen2-MoE, Qwen3-MoE and OLMoE: Llama's block with a mixture of experts in
 * place of the MLP. */
#include "plain.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void project(struct plain *p, char name, unsigned heads, const double *norm, double *out, size_t t)
{
    const struct gen_family *s = p->s;
    size_t H = s->width, rows = heads * s->head_dim;
    char weight[40] = "self_attn.q_proj.weight", bias[40] = "self_attn.q_proj.bias";
    char heads_norm[40] = "self_attn.q_norm.weight";

    weight[10] = bias[10] = heads_norm[10] = name;
    plain_linear(plain_local(p, weight), plain_local(p, bias), rows, H, norm, out);
    if (name != 'v' && s->kind == GEN_OLMOE)
        plain_rms(plain_local(p, heads_norm), 0, s->eps, rows, out, out);
    for (unsigned h = 0; name != 'v' && h < heads; h++) {
        double *head = out + h * s->head_dim;

        if (s->kind == GEN_QWEN3_MOE)
            plain_rms(plain_local(p, heads_norm), 0, s->eps, s->head_dim, head, head);
        plain_rotate(head, s->head_dim, s->theta, NULL, 1, t);
    }
}

/* y += weight * MLP(x) */
static void mlp(const struct plain *p, const char *place, const char *gate_name, const char *up_name,
                const char *down_name, size_t F, double weight, const double *x, double *y)
{
    size_t H = p->s->width;
    double *gate = calloc(F, sizeof *gate), *up = calloc(F, sizeof *up), *out = calloc(H, sizeof *out);
    char name[96];

    snprintf(name, sizeof name, "%s.%s.weight", place, gate_name);
    plain_linear(plain_local(p, name), NULL, F, H, x, gate);
    snprintf(name, sizeof name, "%s.%s.weight", place, up_name);
    plain_linear(plain_local(p, name), NULL, F, H, x, up);
    for (size_t i = 0; i < F; i++)
        up[i] *= plain_silu(gate[i]);
    snprintf(name, sizeof name, "%s.%s.weight", place, down_name);
    plain_linear(plain_local(p, name), NULL, H, F, up, out);
    for (size_t i = 0; i < H; i++)
        y[i] += weight * out[i];
    free(gate);
    free(up);
    free(out);
}

static void experts(const struct plain *p, const double *x, double *y)
{
    const struct gen_family *s = p->s;
    bool mixtral = s->kind == GEN_MIXTRAL;
    double prob[64], total = 0, chosen = 0, shared;
    bool used[64] = {false};
    char place[64];

    plain_linear(plain_local(p, mixtral ? "block_sparse_moe.gate.weight" : "mlp.gate.weight"), NULL, s->experts,
                 s->width, x, prob);
    for (unsigned e = 0; e < s->experts; e++)
        total += prob[e] = exp(prob[e]);
    for (unsigned i = 0; i < s->used; i++) {
        unsigned best = 0;

        while (used[best])
            best++;
        for (unsigned e = 0; e < s->experts; e++)
            best = !used[e] && prob[e] > prob[best] ? e : best;
        used[best] = true;
        chosen += prob[best];
    }
    for (unsigned e = 0; e < s->experts; e++) {
        snprintf(place, sizeof place, mixtral ? "block_sparse_moe.experts.%u" : "mlp.experts.%u", e);
        if (used[e])
            mlp(p, place, mixtral ? "w1" : "gate_proj", mixtral ? "w3" : "up_proj", mixtral ? "w2" : "down_proj",
                s->expert_ff, prob[e] / (mixtral || s->normed ? chosen : total), x, y);
    }
    if (s->kind == GEN_QWEN2_MOE) {
        plain_linear(plain_local(p, "mlp.shared_expert_gate.weight"), NULL, 1, s->width, x, &shared);
        mlp(p, "mlp.shared_expert", "gate_proj", "up_proj", "down_proj", s->shared_ff, 1 / (1 + exp(-shared)), x, y);
    }
}

void plain_expert_block(struct plain *p)
{
    const struct gen_family *s = p->s;
    size_t H = s->width, q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;
    double *a = calloc(H, sizeof *a), *b = calloc(H, sizeof *b);

    for (size_t t = 0; t < p->n; t++) {
        plain_rms(plain_local(p, "input_layernorm.weight"), 0, s->eps, H, p->x + t * H, a);
        project(p, 'q', s->heads, a, p->q + t * q, t);
        project(p, 'k', s->kv_heads, a, p->k + t * kv, t);
        project(p, 'v', s->kv_heads, a, p->v + t * kv, t);
    }
    plain_attend(p, 1 / sqrt(s->head_dim), 0, s->window);
    for (size_t t = 0; t < p->n; t++) {
        double *x = p->x + t * H;

        plain_linear(plain_local(p, "self_attn.o_proj.weight"), NULL, H, q, p->mix + t * q, b);
        for (size_t i = 0; i < H; i++)
            x[i] += b[i];
        plain_rms(plain_local(p, "post_attention_layernorm.weight"), 0, s->eps, H, x, a);
        if (gen_family_sparse(s, p->block))
            experts(p, a, x);
        else
            mlp(p, "mlp", "gate_proj", "up_proj", "down_proj", s->ff, 1, a, x);
    }
    free(a);
    free(b);
}
