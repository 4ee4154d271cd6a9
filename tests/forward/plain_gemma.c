/* Gemma 1, 2 and 3: norms multiply by one plus their weights; the later two also
 * norm what attention and MLP give, and look through a window in some blocks. */
#include "plain.h"

#include <math.h>
#include <stdlib.h>

static void norm(const struct plain *p, const char *name, size_t n, const double *x, double *y)
{
    plain_rms(plain_local(p, name), 1, p->s->eps, n, x, y);
}

/* Gemma 2: every other block, from the first.  Gemma 3: all but every pattern-th. */
static int is_local(const struct plain *p)
{
    const struct gen_family *s = p->s;

    return s->kind == GEN_GEMMA2 ? p->block % 2 == 0 : s->kind == GEN_GEMMA3 && (p->block + 1) % s->pattern != 0;
}

static void rotate(const struct plain *p, const char *norm_name, double *head, size_t position)
{
    const struct gen_family *s = p->s;
    double stretch[64], base = s->theta;

    for (unsigned i = 0; i < s->head_dim / 2; i++)
        stretch[i] = s->kind == GEN_GEMMA3 && !is_local(p) ? s->stretch : 1;
    if (s->kind == GEN_GEMMA3) {
        base = is_local(p) ? s->local_theta : s->theta;
        norm(p, norm_name, s->head_dim, head, head);
    }
    plain_rotate(head, s->head_dim, base, stretch, 1, position);
}

static void mlp(const struct plain *p, const double *x, double *y)
{
    size_t H = p->s->width, F = p->s->ff;
    double *gate = calloc(F, sizeof *gate), *up = calloc(F, sizeof *up);

    plain_linear(plain_local(p, "mlp.gate_proj.weight"), NULL, F, H, x, gate);
    plain_linear(plain_local(p, "mlp.up_proj.weight"), NULL, F, H, x, up);
    for (size_t i = 0; i < F; i++)
        up[i] *= plain_gelu_tanh(gate[i]);
    plain_linear(plain_local(p, "mlp.down_proj.weight"), NULL, H, F, up, y);
    free(gate);
    free(up);
}

void plain_gemma_block(struct plain *p)
{
    const struct gen_family *s = p->s;
    size_t H = s->width, q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;
    double *a = calloc(H, sizeof *a), *b = calloc(H, sizeof *b);
    int later = s->kind != GEN_GEMMA;

    for (size_t t = 0; t < p->n; t++) {
        norm(p, "input_layernorm.weight", H, p->x + t * H, a);
        plain_linear(plain_local(p, "self_attn.q_proj.weight"), NULL, q, H, a, p->q + t * q);
        plain_linear(plain_local(p, "self_attn.k_proj.weight"), NULL, kv, H, a, p->k + t * kv);
        plain_linear(plain_local(p, "self_attn.v_proj.weight"), NULL, kv, H, a, p->v + t * kv);
        for (unsigned h = 0; h < s->heads; h++)
            rotate(p, "self_attn.q_norm.weight", p->q + t * q + h * s->head_dim, t);
        for (unsigned h = 0; h < s->kv_heads; h++)
            rotate(p, "self_attn.k_norm.weight", p->k + t * kv + h * s->head_dim, t);
    }
    plain_attend(p, 1 / sqrt(later ? s->query_scalar : s->head_dim), s->attn_cap, is_local(p) ? s->window : 0);
    for (size_t t = 0; t < p->n; t++) {
        double *x = p->x + t * H;

        plain_linear(plain_local(p, "self_attn.o_proj.weight"), NULL, H, q, p->mix + t * q, a);
        if (later)
            norm(p, "post_attention_layernorm.weight", H, a, a);
        for (size_t i = 0; i < H; i++)
            x[i] += a[i];
        norm(p, later ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight", H, x, a);
        mlp(p, a, b);
        if (later)
            norm(p, "post_feedforward_layernorm.weight", H, b, b);
        for (size_t i = 0; i < H; i++)
            x[i] += b[i];
    }
    free(a);
    free(b);
}
