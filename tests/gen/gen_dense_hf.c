/* Dense models as directories: names, buffers that are no weights, config.json. */
#include "gen_publish.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

/* ---- blocks ---- */

/* Row of the joined map that belongs at each row of GPT-NeoX's: q, k and v of a head together. */
static size_t *by_head(const struct dense_spec *s)
{
    size_t d = s->head_dim, n = 3 * s->heads * d, *from = ai_calloc(n, sizeof *from, &err);

    MUST(!from);
    for (size_t r = 0; r < n; r++)
        from[r] = r / d % 3 * s->heads * d + r / (3 * d) * d + r % d;
    return from;
}

/* A buffer that is no weight. */
static void put_buffer(struct publisher *p, const char *name, unsigned dims)
{
    float x[64] = {0};
    struct gen_tensor *t = publish(p, p->block, name, 8, 8, x);

    t->n_dims = dims;
    for (unsigned i = 0; i < dims; i++)
        t->dims[i] = i + 2 >= dims ? 8 : 1;
}

static void llama_block(struct publisher *p, const struct dense_block *w)
{
    const struct dense_spec *s = &p->m->s;
    size_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim, H = s->width;

    publish_map(p, p->block, "input_layernorm", 0, H, &w->attn_norm, NULL);
    publish_map(p, p->block, "post_attention_layernorm", 0, H, &w->mlp_norm, NULL);
    publish_map(p, p->block, "self_attn.q_proj", q, H, &w->q, NULL);
    publish_map(p, p->block, "self_attn.k_proj", kv, H, &w->k, NULL);
    publish_map(p, p->block, "self_attn.v_proj", kv, H, &w->v, NULL);
    publish_map(p, p->block, "self_attn.o_proj", H, q, &w->o, NULL);
    publish_map(p, p->block, "self_attn.q_norm", 0, s->head_dim, &w->q_norm, NULL);
    publish_map(p, p->block, "self_attn.k_norm", 0, s->head_dim, &w->k_norm, NULL);
    publish_map(p, p->block, "mlp.gate_proj", s->ff, H, &w->gate, NULL);
    publish_map(p, p->block, "mlp.up_proj", s->ff, H, &w->up, NULL);
    publish_map(p, p->block, "mlp.down_proj", H, s->ff, &w->down, NULL);
}

static void opt_block(struct publisher *p, const struct dense_block *w)
{
    const struct dense_spec *s = &p->m->s;
    size_t H = s->width;

    publish_map(p, p->block, "self_attn_layer_norm", 0, H, &w->attn_norm, NULL);
    publish_map(p, p->block, "final_layer_norm", 0, H, &w->mlp_norm, NULL);
    publish_map(p, p->block, "self_attn.q_proj", H, H, &w->q, NULL);
    publish_map(p, p->block, "self_attn.k_proj", H, H, &w->k, NULL);
    publish_map(p, p->block, "self_attn.v_proj", H, H, &w->v, NULL);
    publish_map(p, p->block, "self_attn.out_proj", H, H, &w->o, NULL);
    publish_map(p, p->block, "fc1", s->ff, H, &w->up, NULL);
    publish_map(p, p->block, "fc2", H, s->ff, &w->down, NULL);
}

static void gpt_block(struct publisher *p, const struct dense_block *w)
{
    const struct dense_spec *s = &p->m->s;
    size_t H = s->width;

    publish_map(p, p->block, "ln_1", 0, H, &w->attn_norm, NULL);
    publish_map(p, p->block, "ln_2", 0, H, &w->mlp_norm, NULL);
    if (s->family == DENSE_GPT2) {
        publish_fused(p, "attn.c_attn", w, true, NULL);
        publish_turned(p, "attn.c_proj", H, H, &w->o);
        publish_turned(p, "mlp.c_fc", s->ff, H, &w->up);
        publish_turned(p, "mlp.c_proj", H, s->ff, &w->down);
        put_buffer(p, "attn.bias", 4);
        return;
    }
    publish_map(p, p->block, "attn.attention.q_proj", H, H, &w->q, NULL);
    publish_map(p, p->block, "attn.attention.k_proj", H, H, &w->k, NULL);
    publish_map(p, p->block, "attn.attention.v_proj", H, H, &w->v, NULL);
    publish_map(p, p->block, "attn.attention.out_proj", H, H, &w->o, NULL);
    publish_map(p, p->block, "mlp.c_fc", s->ff, H, &w->up, NULL);
    publish_map(p, p->block, "mlp.c_proj", H, s->ff, &w->down, NULL);
    put_buffer(p, "attn.attention.bias", 4);
}

static void neox_block(struct publisher *p, const struct dense_block *w)
{
    const struct dense_spec *s = &p->m->s;
    size_t H = s->width, *from = by_head(s);

    publish_map(p, p->block, "input_layernorm", 0, H, &w->attn_norm, NULL);
    publish_map(p, p->block, "post_attention_layernorm", 0, H, &w->mlp_norm, NULL);
    publish_fused(p, "attention.query_key_value", w, false, from);
    publish_map(p, p->block, "attention.dense", H, H, &w->o, NULL);
    publish_map(p, p->block, "mlp.dense_h_to_4h", s->ff, H, &w->up, NULL);
    publish_map(p, p->block, "mlp.dense_4h_to_h", H, s->ff, &w->down, NULL);
    put_buffer(p, "attention.bias", 4);
    put_buffer(p, "attention.rotary_emb.inv_freq", 2);
    free(from);
}

/* ---- config.json ---- */

static const char *word(bool b)
{
    return b ? "true" : "false";
}

static void llama_config(struct gen_model *g, const struct dense_spec *s)
{
    gen_config_add(g, "\"num_hidden_layers\": %u, \"hidden_size\": %u, \"num_attention_heads\": %u", s->layers, s->width,
           s->heads);
    gen_config_add(g, "\"intermediate_size\": %u, \"max_position_embeddings\": %u, \"hidden_act\": \"%s\"", s->ff, s->context,
           s->act);
    gen_config_add(g, "\"rms_norm_eps\": %g, \"rope_theta\": %.9g", s->eps, s->theta);
    if (s->kv_heads != s->heads || s->family != DENSE_LLAMA)
        gen_config_add(g, "\"num_key_value_heads\": %u", s->kv_heads);
    if (s->head_dim * s->heads != s->width || s->family == DENSE_QWEN3)
        gen_config_add(g, "\"head_dim\": %u", s->head_dim);
    if (s->family == DENSE_LLAMA || s->family == DENSE_QWEN3)
        gen_config_add(g, "\"attention_bias\": %s, \"mlp_bias\": %s", word(s->attention_bias), word(s->mlp_bias));
    if (s->family == DENSE_MISTRAL && s->window)
        gen_config_add(g, "\"sliding_window\": %u", s->window);
    else if (s->family == DENSE_MISTRAL)
        gen_config_add(g, "\"sliding_window\": null");
    else if (s->family != DENSE_LLAMA)
        gen_config_add(g, "\"use_sliding_window\": %s, \"sliding_window\": %u, \"max_window_layers\": %u", word(s->window),
               s->window ? s->window : 3, s->first_window);
}

static void opt_config(struct gen_model *g, const struct dense_spec *s)
{
    gen_config_add(g, "\"num_hidden_layers\": %u, \"hidden_size\": %u, \"num_attention_heads\": %u", s->layers, s->width,
           s->heads);
    gen_config_add(g, "\"ffn_dim\": %u, \"max_position_embeddings\": %u, \"word_embed_proj_dim\": %u", s->ff, s->context,
           s->embed_width ? s->embed_width : s->width);
    gen_config_add(g, "\"activation_function\": \"%s\", \"do_layer_norm_before\": %s", s->act, word(!s->norm_after));
    gen_config_add(g, "\"_remove_final_layer_norm\": %s", word(s->no_final_norm));
    if (s->no_bias)
        gen_config_add(g, "\"enable_bias\": false");
    if (s->no_affine)
        gen_config_add(g, "\"layer_norm_elementwise_affine\": false");
}

static void gpt_config(struct gen_model *g, const struct dense_spec *s)
{
    if (s->family == DENSE_GPT2) {
        gen_config_add(g, "\"n_layer\": %u, \"n_embd\": %u, \"n_head\": %u, \"n_positions\": %u, \"n_ctx\": %u", s->layers,
               s->width, s->heads, s->context, s->context);
        if (s->ff == 4 * s->width)
            gen_config_add(g, "\"n_inner\": null");
        else
            gen_config_add(g, "\"n_inner\": %u", s->ff);
    } else {
        gen_config_add(g, "\"num_layers\": %u, \"hidden_size\": %u, \"num_heads\": %u, \"max_position_embeddings\": %u",
               s->layers, s->width, s->heads, s->context);
        gen_config_add(g, "\"intermediate_size\": %u, \"window_size\": %u", s->ff, s->window);
        gen_config_add(g, "\"attention_types\": [[[\"global\", \"local\"], %u]]", s->layers / 2);
    }
    gen_config_add(g, "\"activation_function\": \"%s\", \"layer_norm_epsilon\": %g", s->act, s->eps);
}

static void neox_config(struct gen_model *g, const struct dense_spec *s)
{
    gen_config_add(g, "\"num_hidden_layers\": %u, \"hidden_size\": %u, \"num_attention_heads\": %u", s->layers, s->width,
           s->heads);
    gen_config_add(g, "\"intermediate_size\": %u, \"max_position_embeddings\": %u, \"hidden_act\": \"%s\"", s->ff, s->context,
           s->act);
    gen_config_add(g, "\"layer_norm_eps\": %g, \"rotary_emb_base\": %.9g, \"rotary_pct\": %.9g", s->eps, s->theta,
           s->rotary_share);
    gen_config_add(g, "\"use_parallel_residual\": %s", word(!s->sequential));
    if (!s->attention_bias)
        gen_config_add(g, "\"attention_bias\": false");
}

static void write_config(struct gen_model *g, const struct dense_spec *s)
{
    static const char *const types[] = {"llama", "mistral", "qwen2", "qwen3", "opt", "gpt2", "gpt_neo", "gpt_neox"};
    static const char *const ropes[] = {"", "linear", "llama3", "yarn"};
    bool usual = s->family == DENSE_OPT || s->family == DENSE_GPT2 || s->family == DENSE_GPT_NEO;

    gen_config_add(g, "\"model_type\": \"%s\", \"vocab_size\": %u", types[s->family], s->vocab);
    if (s->family <= DENSE_QWEN3)
        llama_config(g, s);
    else if (s->family == DENSE_OPT)
        opt_config(g, s);
    else if (s->family == DENSE_GPT_NEOX)
        neox_config(g, s);
    else
        gpt_config(g, s);
    if (s->tied != usual)
        gen_config_add(g, "\"tie_word_embeddings\": %s", word(s->tied));
    if (s->rope)
        gen_config_add(g, "\"rope_scaling\": {\"%s\": \"%s\", \"factor\": %.9g",
               s->rope == DENSE_ROPE_LINEAR ? "type" : "rope_type", ropes[s->rope], s->factor);
    if (s->rope == DENSE_ROPE_LLAMA3)
        gen_config_add(g, "\"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0");
    if (s->rope >= DENSE_ROPE_LLAMA3)
        gen_config_add(g, "\"original_max_position_embeddings\": %u", s->original);
    MUST(ai_buf_puts(&g->config, s->rope ? "}}" : "}", &err) || ai_buf_put(&g->config, "", 1, &err));
}

struct gen_model *dense_directory(const struct dense_model *m)
{
    static const struct { const char *prefix, *embed, *positions, *norm, *head, *block; } names[] = {
        {"model.", "embed_tokens.weight", NULL, "norm", "lm_head.weight", "layers"},
        {NULL, "embed_tokens.weight", "embed_positions.weight", "final_layer_norm", "lm_head.weight", "layers"},
        {NULL, "wte.weight", "wpe.weight", "ln_f", "lm_head.weight", "h"},
        {"gpt_neox.", "embed_in.weight", NULL, "final_layer_norm", "embed_out.weight", "layers"},
    };
    const struct dense_spec *s = &m->s;
    int kind = s->family <= DENSE_QWEN3 ? 0 : s->family == DENSE_OPT ? 1 : s->family == DENSE_GPT_NEOX ? 3 : 2;
    const char *prefix = s->prefix ? s->prefix : names[kind].prefix;
    struct publisher p = publisher(m, false);
    size_t H = s->width, E = s->embed_width ? s->embed_width : H;

    publish(&p, prefix, names[kind].embed, s->vocab, E, m->embed);
    if (m->positions)
        publish(&p, prefix, names[kind].positions, s->context + (s->family == DENSE_OPT ? 2 : 0), H, m->positions);
    publish_map(&p, prefix, "project_in", H, E, &m->project_in, NULL);
    publish_map(&p, prefix, "project_out", E, H, &m->project_out, NULL);
    publish_map(&p, prefix, names[kind].norm, 0, H, &m->final_norm, NULL);
    if (!s->tied)
        publish(&p, "", names[kind].head, s->vocab, E, m->head);
    for (unsigned b = 0; b < s->layers; b++) {
        snprintf(p.block, sizeof p.block, "%s%s.%u.", prefix, names[kind].block, b);
        (kind == 0 ? llama_block : kind == 1 ? opt_block : kind == 2 ? gpt_block : neox_block)(&p, &m->blocks[b]);
    }
    write_config(p.g, s);
    return p.g;
}
