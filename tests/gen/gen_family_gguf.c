/* The families' tensors and metadata as GGUF has them. */
#include "gen_family_parts.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

/* The same numbers under another name; Gemma's norms with the one that they multiply by. */
static void copy(struct gen_model *g, const struct gen_family *s, const struct gen_model *hf, const char *from,
                 const char *to, bool norm)
{
    const struct gen_tensor *t = gen_tensor((struct gen_model *)hf, from);
    struct gen_tensor *out;

    if (!t)
        return;
    out = gen_add(g, to, t->n_dims > 1 ? t->dims[0] : 0, t->n_dims > 1 ? t->dims[1] : t->dims[0], AI_W_F32);
    memcpy(out->data.data, t->data.data, t->data.len);
    for (size_t i = 0; norm && gen_is(s, G1 | G23) && i < t->data.len / 4; i++)
        ai_put_u32(out->data.data + 4 * i, ai_f32_bits(ai_get_f32(t->data.data + 4 * i) + 1));
}

/* Rows of Q and K of the Llama architecture: pairs that are half a head apart become neighbours. */
static void permute(struct gen_tensor *t, unsigned head_dim)
{
    size_t row = t->dims[1] * 4;
    uint8_t *old = ai_calloc(t->dims[0], row, &err);

    MUST(!old);
    memcpy(old, t->data.data, t->data.len);
    for (uint64_t r = 0; r < t->dims[0]; r++) {
        uint64_t at = r % head_dim;

        memcpy(t->data.data + r * row, old + (r - at + at / 2 + at % 2 * (head_dim / 2)) * row, row);
    }
    free(old);
}

static void copy_parts(struct gen_model *g, const struct gen_family *s, const struct gen_model *hf,
                       const struct part *p, unsigned b)
{
    char from[96], to[96];

    for (; p->kinds; p++) {
        if (!gen_is(s, p->kinds))
            continue;
        gen_part_name(from, sizeof from, b, p->hf, 0);
        snprintf(to, sizeof to, "blk.%u.%s", b, p->gguf);
        copy(g, s, hf, from, to, p->norm);
        if (gen_is(s, MX) && (strcmp(p->gguf, "attn_q.weight") == 0 || strcmp(p->gguf, "attn_k.weight") == 0))
            permute(gen_tensor(g, to), s->head_dim);
    }
}

static void stack_experts(struct gen_model *g, const struct gen_family *s, const struct gen_model *hf,
                          const struct part *p, unsigned b, bool per_expert)
{
    uint64_t rows = gen_size_of(s, p->rows), cols = gen_size_of(s, p->cols);
    char from[96], to[96];
    struct gen_tensor *t = NULL;

    snprintf(to, sizeof to, "blk.%u.%s_exps.weight", b, p->gguf);
    if (!per_expert) {
        t = gen_add(g, to, s->experts * rows, cols, AI_W_F32);
        t->n_dims = 3;
        t->dims[0] = s->experts;
        t->dims[1] = rows;
        t->dims[2] = cols;
    }
    for (unsigned e = 0; e < s->experts; e++) {
        gen_part_name(from, sizeof from, b, p->hf, e);
        snprintf(to, sizeof to, "blk.%u.%s.%u.weight", b, p->gguf, e);
        if (per_expert)
            copy(g, s, hf, from, to, false);
        else
            memcpy(t->data.data + e * rows * cols * 4, gen_tensor((struct gen_model *)hf, from)->data.data,
                   rows * cols * 4);
    }
}

static void copy_block(struct gen_model *g, const struct gen_family *s, const struct gen_model *hf, unsigned b,
                       bool per_expert)
{
    char from[96], to[96];

    copy_parts(g, s, hf, gen_parts, b);
    if (!gen_family_sparse(s, b)) {
        copy_parts(g, s, hf, gen_dense, b);
        return;
    }
    copy_parts(g, s, hf, gen_sparse, b);
    snprintf(from, sizeof from, "model.layers.%u.mlp.shared_expert_gate.weight", b);
    snprintf(to, sizeof to, "blk.%u.ffn_gate_inp_shexp.weight", b);
    copy(g, s, hf, from, to, false);
    if (gen_tensor(g, to)) {
        gen_tensor(g, to)->n_dims = 1;
        gen_tensor(g, to)->dims[0] = s->width;
    }
    for (const struct part *p = gen_expert; p->kinds; p++)
        if (gen_is(s, p->kinds))
            stack_experts(g, s, hf, p, b, per_expert);
}

static const char *key(const struct gen_family *s, const char *rest)
{
    static char text[64];

    snprintf(text, sizeof text, "%s.%s", gen_family_gguf_name(s->kind), rest);
    return text;
}

static void write_metadata(struct gen_model *g, const struct gen_family *s)
{
    gen_set_string(g, "general.architecture", gen_family_gguf_name(s->kind));
    gen_set_u32(g, key(s, "block_count"), s->layers);
    gen_set_u32(g, key(s, "embedding_length"), s->width);
    gen_set_u32(g, key(s, "attention.head_count"), s->heads);
    gen_set_u32(g, key(s, "attention.head_count_kv"), s->kv_heads);
    gen_set_u32(g, key(s, "feed_forward_length"), gen_is(s, MX | OL) ? s->expert_ff : s->ff);
    gen_set_u32(g, key(s, "context_length"), s->context);
    gen_set_f32(g, key(s, gen_is(s, P2) ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"),
                (float)s->eps);
    if (!gen_is(s, G1 | P2) || s->theta != 10000)
        gen_set_f32(g, key(s, "rope.freq_base"), (float)s->theta);
    if (gen_is(s, G1 | G23 | Q3)) {
        gen_set_u32(g, key(s, "attention.key_length"), s->head_dim);
        gen_set_u32(g, key(s, "attention.value_length"), s->head_dim);
    }
    if (s->window || gen_is(s, P3))
        gen_set_u32(g, key(s, "attention.sliding_window"), s->window);
    if (s->attn_cap > 0)
        gen_set_f32(g, key(s, "attn_logit_softcapping"), (float)s->attn_cap);
    if (s->head_cap > 0)
        gen_set_f32(g, key(s, "final_logit_softcapping"), (float)s->head_cap);
    if (gen_is(s, G3)) {
        gen_set_string(g, key(s, "rope.scaling.type"), "linear");
        gen_set_f32(g, key(s, "rope.scaling.factor"), (float)s->stretch);
    }
    if (gen_is(s, P2 | P3))
        gen_set_u32(g, key(s, "rope.dimension_count"), (unsigned)(s->rotary_share * s->width) / s->heads);
    if (s->original) {
        gen_set_u32(g, key(s, "rope.scaling.original_context_length"), s->original);
        gen_set_f32(g, key(s, "rope.scaling.attn_factor"), (float)gen_family_rope_scale(s));
    }
    if (s->experts) {
        gen_set_u32(g, key(s, "expert_count"), s->experts);
        gen_set_u32(g, key(s, "expert_used_count"), s->used);
    }
    if (gen_is(s, Q2 | Q3))
        gen_set_u32(g, key(s, "expert_feed_forward_length"), s->expert_ff);
    if (gen_is(s, Q2))
        gen_set_u32(g, key(s, "expert_shared_feed_forward_length"), s->shared_ff);
}

struct gen_model *gen_family_gguf(const struct gen_family *s, const struct gen_model *hf, bool per_expert)
{
    struct gen_model *g = gen_new(GEN_GGUF);
    unsigned turned = (unsigned)(s->head_dim * s->rotary_share) / 2;

    copy(g, s, hf, "model.embed_tokens.weight", "token_embd.weight", false);
    copy(g, s, hf, gen_is(s, P2) ? "model.final_layernorm.weight" : "model.norm.weight", "output_norm.weight", true);
    copy(g, s, hf, "model.final_layernorm.bias", "output_norm.bias", false);
    copy(g, s, hf, "lm_head.weight", "output.weight", false);
    copy(g, s, hf, "lm_head.bias", "output.bias", false);
    for (int longer = 0; s->original && longer < 2; longer++) {
        struct gen_tensor *t = gen_add(g, longer ? "rope_factors_long.weight" : "rope_factors_short.weight", 0, turned,
                                       AI_W_F32);

        for (unsigned i = 0; i < turned; i++)
            ai_put_u32(t->data.data + 4 * i, ai_f32_bits((float)gen_family_factor(s, longer, i)));
    }
    for (unsigned b = 0; b < s->layers; b++)
        copy_block(g, s, hf, b, per_expert);
    write_metadata(g, s);
    return g;
}
