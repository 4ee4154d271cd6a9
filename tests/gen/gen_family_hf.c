/* Directories of the families: random tensors and config.json. */
#include "gen_family_parts.h"

#include "base/bytes.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

static void add_random(struct gen_model *g, const struct gen_family *s, const char *name, enum dim rows, enum dim cols,
                       bool norm)
{
    struct gen_tensor *t = gen_add(g, name, gen_size_of(s, rows), gen_size_of(s, cols), AI_W_F32);
    struct ai_rng rng = {s->seed * 7919 + g->n_tensors};
    bool from_one = norm && !gen_is(s, G1 | G23);
    double scale = rows == V ? 1 : rows == NONE ? 0.4 : (rows == E ? 5 : 1.7) / sqrt((double)gen_size_of(s, cols));

    for (size_t i = 0; i < t->data.len / 4; i++)
        ai_put_u32(t->data.data + 4 * i, ai_f32_bits((float)((ai_rng_unit(&rng) * 2 - 1) * scale + from_one)));
}

static void add_parts(struct gen_model *g, const struct gen_family *s, const struct part *p, unsigned block,
                      unsigned of_expert)
{
    char name[96];

    for (; p->kinds; p++) {
        if (!gen_is(s, p->kinds))
            continue;
        gen_part_name(name, sizeof name, block, p->hf, of_expert);
        add_random(g, s, name, p->rows, p->cols, p->norm);
    }
}

static void add_block(struct gen_model *g, const struct gen_family *s, unsigned b)
{
    char name[96];

    add_parts(g, s, gen_parts, b, 0);
    for (unsigned i = 0; s->head_norms && i < 4; i++) {
        snprintf(name, sizeof name, "model.layers.%u.self_attn.%c_layernorm.%s", b, "qk"[i / 2],
                 i % 2 ? "bias" : "weight");
        add_random(g, s, name, NONE, D, i % 2 == 0);
    }
    if (!gen_family_sparse(s, b)) {
        add_parts(g, s, gen_dense, b, 0);
        return;
    }
    add_parts(g, s, gen_sparse, b, 0);
    if (gen_is(s, Q2)) {
        snprintf(name, sizeof name, "model.layers.%u.mlp.shared_expert_gate.weight", b);
        add_random(g, s, name, E, H, false);
        g->tensors[g->n_tensors - 1].dims[0] = 1; /* one row of the router's kind */
        g->tensors[g->n_tensors - 1].data.len = 4ul * s->width;
    }
    for (unsigned e = 0; e < s->experts; e++)
        add_parts(g, s, gen_expert, b, e);
}

static void config_cap(struct gen_model *g, const char *name, double cap)
{
    if (cap > 0)
        gen_config_add(g, "\"%s\": %.9g", name, cap);
    else
        gen_config_add(g, "\"%s\": null", name);
}

static void config_factors(struct gen_model *g, const struct gen_family *s)
{
    unsigned n = (unsigned)(s->head_dim * s->rotary_share) / 2;

    gen_config_add(g, "\"original_max_position_embeddings\": %u", s->original);
    gen_config_add(g, "\"rope_scaling\": {\"type\": \"longrope\"");
    for (int longer = 0; longer < 2; longer++)
        for (unsigned i = 0; i < n; i++)
            MUST(ai_buf_printf(&g->config, &err, "%s%g%s",
                               i ? ", " : longer ? ", \"long_factor\": [" : ", \"short_factor\": [",
                               gen_family_factor(s, longer, i), i + 1 == n ? "]" : ""));
    MUST(ai_buf_puts(&g->config, "}", &err));
}

static void write_config(struct gen_model *g, const struct gen_family *s)
{
    MUST(ai_buf_printf(&g->config, &err, "{\"model_type\": \"%s\"", gen_family_name(s->kind)));
    gen_config_add(g, "\"num_hidden_layers\": %u, \"hidden_size\": %u, \"num_attention_heads\": %u", s->layers, s->width,
           s->heads);
    gen_config_add(g, "\"num_key_value_heads\": %u, \"intermediate_size\": %u, \"vocab_size\": %u", s->kv_heads,
           gen_is(s, MX | OL) ? s->expert_ff : s->ff, s->vocab);
    gen_config_add(g, "\"max_position_embeddings\": %u, \"rope_theta\": %.9g, \"tie_word_embeddings\": %s", s->context,
           s->theta, s->tied ? "true" : "false");
    gen_config_add(g, "\"%s\": %.9g", gen_is(s, P2) ? "layer_norm_eps" : "rms_norm_eps", s->eps);
    if (gen_is(s, G1 | G23 | Q3))
        gen_config_add(g, "\"head_dim\": %u", s->head_dim);
    if (gen_is(s, G1 | G23))
        gen_config_add(g, "\"hidden_activation\": \"gelu_pytorch_tanh\"");
    if (gen_is(s, G23)) {
        gen_config_add(g, "\"query_pre_attn_scalar\": %.9g, \"sliding_window\": %u", s->query_scalar, s->window);
        config_cap(g, "attn_logit_softcapping", s->attn_cap);
        config_cap(g, "final_logit_softcapping", s->head_cap);
    } else if (s->window) {
        gen_config_add(g, "\"sliding_window\": %u", s->window);
    }
    if (gen_is(s, G3)) {
        gen_config_add(g, "\"sliding_window_pattern\": %u, \"rope_local_base_freq\": %.9g", s->pattern, s->local_theta);
        gen_config_add(g, "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": %.9g}", s->stretch);
    }
    if (gen_is(s, P2 | P3))
        gen_config_add(g, "\"partial_rotary_factor\": %.9g", s->rotary_share);
    if (gen_is(s, P2))
        gen_config_add(g, "\"hidden_act\": \"gelu_new\", \"qk_layernorm\": %s", s->head_norms ? "true" : "false");
    if (s->original)
        config_factors(g, s);
    if (s->experts)
        gen_config_add(g, "\"num_experts_per_tok\": %u, \"%s\": %u", s->used,
               gen_is(s, MX) ? "num_local_experts" : "num_experts", s->experts);
    if (gen_is(s, Q2 | Q3 | OL))
        gen_config_add(g, "\"norm_topk_prob\": %s", s->normed ? "true" : "false");
    if (gen_is(s, Q2 | Q3))
        gen_config_add(g, "\"moe_intermediate_size\": %u, \"decoder_sparse_step\": %u, \"mlp_only_layers\": [", s->expert_ff,
               s->sparse_step);
    if (gen_is(s, Q2 | Q3))
        MUST(s->dense ? ai_buf_printf(&g->config, &err, "%u]", s->dense - 1) : ai_buf_puts(&g->config, "]", &err));
    if (gen_is(s, Q2))
        gen_config_add(g, "\"shared_expert_intermediate_size\": %u", s->shared_ff);
    MUST(ai_buf_puts(&g->config, "}\n", &err) || ai_buf_put(&g->config, "", 1, &err));
}

struct gen_model *gen_family_hf(const struct gen_family *s)
{
    struct gen_model *g = gen_new(GEN_LLAMA);

    add_random(g, s, "model.embed_tokens.weight", V, H, false);
    add_random(g, s, gen_is(s, P2) ? "model.final_layernorm.weight" : "model.norm.weight", NONE, H, true);
    if (gen_is(s, P2))
        add_random(g, s, "model.final_layernorm.bias", NONE, H, false);
    if (!s->tied)
        add_random(g, s, "lm_head.weight", V, H, false);
    if (gen_is(s, P2))
        add_random(g, s, "lm_head.bias", NONE, V, false);
    for (unsigned b = 0; b < s->layers; b++)
        add_block(g, s, b);
    write_config(g, s);
    return g;
}
