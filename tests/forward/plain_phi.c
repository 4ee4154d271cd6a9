/* Phi-2: attention and MLP side by side behind one layer norm, part of each head
 * turned.  Phi-3: a Llama with fused matrices, whose frequencies depend on whether
 * the prompt is longer than what the model was first trained on. */
#include "plain.h"

#include <math.h>
#include <stdlib.h>

static void rotate(const struct plain *p, double *head, char name, size_t position)
{
    const struct gen_family *s = p->s;
    unsigned dim = (unsigned)(s->head_dim * s->rotary_share);
    double divisor[64];
    char weight[40] = "self_attn.q_layernorm.weight", bias[40] = "self_attn.q_layernorm.bias";

    weight[10] = bias[10] = name;
    if (s->head_norms)
        plain_layer_norm(plain_local(p, weight), plain_local(p, bias), s->eps, s->head_dim, head, head);
    for (unsigned i = 0; i < dim / 2; i++)
        divisor[i] = gen_family_factor(s, p->n > s->original, i);
    plain_rotate(head, dim, s->theta, divisor, gen_family_rope_scale(s), position);
}

static void project(struct plain *p, const double *norm, size_t t)
{
    const struct gen_family *s = p->s;
    size_t H = s->width, q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;
    const uint8_t *fused = plain_local(p, "self_attn.qkv_proj.weight");

    plain_linear(fused ? fused : plain_local(p, "self_attn.q_proj.weight"),
                 plain_local(p, "self_attn.q_proj.bias"), q, H, norm, p->q + t * q);
    plain_linear(fused ? fused + 4 * q * H : plain_local(p, "self_attn.k_proj.weight"),
                 plain_local(p, "self_attn.k_proj.bias"), kv, H, norm, p->k + t * kv);
    plain_linear(fused ? fused + 4 * (q + kv) * H : plain_local(p, "self_attn.v_proj.weight"),
                 plain_local(p, "self_attn.v_proj.bias"), kv, H, norm, p->v + t * kv);
    for (unsigned h = 0; h < s->heads; h++)
        rotate(p, p->q + t * q + h * s->head_dim, 'q', t);
    for (unsigned h = 0; h < s->kv_heads; h++)
        rotate(p, p->k + t * kv + h * s->head_dim, 'k', t);
}

static void mlp(const struct plain *p, const double *x, double *y)
{
    size_t H = p->s->width, F = p->s->ff;
    double *up = calloc(2 * F, sizeof *up);

    if (p->s->kind == GEN_PHI) {
        plain_linear(plain_local(p, "mlp.fc1.weight"), plain_local(p, "mlp.fc1.bias"), F, H, x, up);
        for (size_t i = 0; i < F; i++)
            up[i] = plain_gelu_tanh(up[i]);
        plain_linear(plain_local(p, "mlp.fc2.weight"), plain_local(p, "mlp.fc2.bias"), H, F, up, y);
    } else {
        plain_linear(plain_local(p, "mlp.gate_up_proj.weight"), NULL, 2 * F, H, x, up);
        for (size_t i = 0; i < F; i++)
            up[i] = plain_silu(up[i]) * up[F + i];
        plain_linear(plain_local(p, "mlp.down_proj.weight"), NULL, H, F, up, y);
    }
    free(up);
}

static void norm(const struct plain *p, const char *weight, const double *x, double *y)
{
    if (p->s->kind == GEN_PHI)
        plain_layer_norm(plain_local(p, weight), plain_local(p, "input_layernorm.bias"), p->s->eps, p->s->width, x, y);
    else
        plain_rms(plain_local(p, weight), 0, p->s->eps, p->s->width, x, y);
}

void plain_phi_block(struct plain *p)
{
    const struct gen_family *s = p->s;
    size_t H = s->width, q = s->heads * s->head_dim;
    int parallel = s->kind == GEN_PHI;
    const char *out = parallel ? "self_attn.dense.weight" : "self_attn.o_proj.weight";
    double *a = calloc(H, sizeof *a), *b = calloc(H, sizeof *b);

    for (size_t t = 0; t < p->n; t++) {
        norm(p, "input_layernorm.weight", p->x + t * H, a);
        project(p, a, t);
    }
    plain_attend(p, 1 / sqrt(s->head_dim), 0, s->window);
    for (size_t t = 0; t < p->n; t++) {
        double *x = p->x + t * H;

        if (parallel) {
            norm(p, "input_layernorm.weight", x, a);
            mlp(p, a, b);
        }
        plain_linear(plain_local(p, out), plain_local(p, "self_attn.dense.bias"), H, q, p->mix + t * q, a);
        for (size_t i = 0; i < H; i++)
            x[i] += a[i];
        if (!parallel) {
            norm(p, "post_attention_layernorm.weight", x, a);
            mlp(p, a, b);
        }
        for (size_t i = 0; i < H; i++)
            x[i] += b[i];
    }
    free(a);
    free(b);
}
