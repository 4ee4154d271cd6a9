/* Gemma, Phi and mixtures of experts whose files say what is not computed, or make no
 * sense: each is refused by the name of the key or tensor. */
#include "../gen/gen_family.h"
#include "place.h"

static const struct gen_family gemma3 = {
    .kind = GEN_GEMMA3, .layers = 2, .width = 16, .heads = 2, .kv_heads = 1, .head_dim = 8, .ff = 16, .vocab = 20,
    .context = 32, .eps = 1e-6, .theta = 1e6, .tied = true, .window = 4, .query_scalar = 8, .pattern = 2,
    .local_theta = 10000, .stretch = 8,
}, phi3 = {
    .kind = GEN_PHI3, .layers = 1, .width = 16, .heads = 2, .kv_heads = 1, .head_dim = 8, .ff = 16, .vocab = 20,
    .context = 64, .eps = 1e-5, .theta = 10000, .rotary_share = 1, .original = 32,
}, qwen = {
    .kind = GEN_QWEN2_MOE, .layers = 2, .width = 16, .heads = 2, .kv_heads = 1, .head_dim = 8, .ff = 16, .vocab = 20,
    .context = 32, .eps = 1e-6, .theta = 1e6, .experts = 4, .used = 2, .expert_ff = 8, .shared_ff = 8,
    .sparse_step = 1,
}, olmoe = {
    .kind = GEN_OLMOE, .layers = 1, .width = 16, .heads = 2, .kv_heads = 2, .head_dim = 8, .vocab = 20,
    .context = 32, .eps = 1e-5, .theta = 10000, .experts = 4, .used = 2, .expert_ff = 8,
};

/* g is written and opened; without words it must open, else the message has both. */
static void opened(struct gen_model *g, const char *what, const char *word, const char *other)
{
    struct ai_model *m = open_made(g, "model", 1);

    if (word)
        ok(!m && strstr(err.msg, in_place("model")) == err.msg && strstr(err.msg, word) &&
           strstr(err.msg, other ? other : ""), "%s: %s", what, m ? "opened" : err.msg + strlen(place) + 1);
    else
        ok(m != NULL, "%s%s%s", what, m ? "" : ": ", m ? "" : err.msg);
    ai_model_free(m);
}

/* The directory with the first `from` of config.json replaced. */
static struct gen_model *edited(const struct gen_family *s, const char *from, const char *to)
{
    struct gen_model *g = gen_family_hf(s);

    gen_config(g, from, to);
    return g;
}

static struct gen_model *gguf(const struct gen_family *s)
{
    struct gen_model *hf = gen_family_hf(s), *g = gen_family_gguf(s, hf, false);

    gen_free(hf);
    return g;
}

static struct gen_model *gguf_with(const struct gen_family *s, const char *key, uint32_t value)
{
    struct gen_model *g = gguf(s);

    gen_set_u32(g, key, value);
    return g;
}

static struct gen_model *without(struct gen_model *g, const char *tensor)
{
    gen_remove(g, tensor);
    return g;
}

static void windows(void)
{
    opened(gen_family_hf(&gemma3), "gemma3", NULL, NULL);
    opened(edited(&gemma3, "\"sliding_window_pattern\": 2", "\"sliding_window_pattern\": 0"), "pattern 0",
           "sliding_window_pattern", NULL);
    opened(edited(&gemma3, "\"sliding_window_pattern\": 2",
                  "\"layer_types\": [\"sliding_attention\", \"full_attention\"]"), "layer_types", NULL, NULL);
    opened(edited(&gemma3, "\"sliding_window_pattern\": 2", "\"layer_types\": [\"full_attention\"]"),
           "layer_types that end early", "layer_types: block 1", NULL);
    opened(edited(&gemma3, "\"sliding_window_pattern\": 2",
                  "\"layer_types\": [\"chunked_attention\", \"full_attention\"]"), "unknown layer_types",
           "layer_types: block 0", NULL);
    opened(edited(&gemma3, "{\"model_type", "{\"use_bidirectional_attention\": true, \"model_type"),
           "attention in both directions", "use_bidirectional_attention", NULL);
    opened(edited(&gemma3, "gelu_pytorch_tanh", "tanh"), "unknown activation", "hidden_activation", "tanh");
    opened(without(gen_family_hf(&gemma3), "model.layers.1.self_attn.q_norm.weight"), "no norm of the heads",
           "model.layers.1.self_attn.q_norm.weight", "missing");
}

/* GGUF files of Gemma 2 that were made before it had words for caps and window. */
static void early_gemma2(void)
{
    struct gen_family s = gemma3;
    struct gen_model *hf, *g;
    struct ai_model *m;

    s.kind = GEN_GEMMA2;
    s.window = 0;
    hf = gen_family_hf(&s);
    g = gen_family_gguf(&s, hf, false);
    gen_free(hf);
    m = open_made(g, "model", 1);
    ok(m && m->hp.attn_cap == 50 && m->hp.head_cap == 30 && m->blocks[0].window == 4096 && m->blocks[1].window == 0,
       "gemma2 without caps and window%s%s", m ? "" : ": ", m ? "" : err.msg);
    ai_model_free(m);
}

static void rotaries(void)
{
    static const char nested[] = "\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"linear\", \"factor\": 8, "
                                 "\"rope_theta\": 1e6}, \"sliding_attention\": {\"rope_type\": \"%s\"}}, \"model_type";
    char text[300];
    struct ai_model *plain = open_made(gen_family_hf(&gemma3), "model", 1), *other;

    snprintf(text, sizeof text, nested, "default");
    other = open_made(edited(&gemma3, "\"model_type", text), "model", 1);
    ok(plain && other && strcmp(plain->digest, other->digest) == 0, "rope_parameters of two kinds of blocks%s%s",
       other ? "" : ": ", other ? "" : err.msg);
    ai_model_free(plain);
    ai_model_free(other);
    snprintf(text, sizeof text, nested, "yarn");
    opened(edited(&gemma3, "\"model_type", text), "scaling of blocks with a window", "sliding_attention", "yarn");
    opened(gen_family_hf(&phi3), "phi3 with long factors", NULL, NULL);
    opened(edited(&phi3, "\"long_factor\": [1.25, ", "\"long_factor\": ["), "too few factors", "long_factor", NULL);
    opened(edited(&phi3, "\"short_factor\": [1, ", "\"short_factor\": [0, "), "factor 0", "short_factor", NULL);
    opened(edited(&phi3, "\"short_factor\": [1, ", "\"short_factor\": [true, "), "no number", "short_factor", NULL);
    opened(edited(&phi3, "\"original_max_position_embeddings\": 32", "\"original_max_position_embeddings\": 0"),
           "no original context", "original context", NULL);
    opened(without(gguf(&phi3), "rope_factors_short.weight"), "no short factors", "rope_factors_short.weight",
           "missing");
}

/* Gemma 3 as it is published with an eye: its numbers and tensors are one level deeper. */
static void text_part(void)
{
    struct gen_model *g = gen_family_hf(&gemma3);
    struct ai_model *plain = open_made(gen_family_hf(&gemma3), "model", 1), *seeing;
    struct ai_buf config = {0};

    for (size_t i = 0; i < g->n_tensors; i++) {
        char name[sizeof g->tensors->name];

        memcpy(name, g->tensors[i].name, sizeof name);
        snprintf(g->tensors[i].name, sizeof name, "language_model.%.*s", (int)sizeof name - 16, name);
    }
    gen_add(g, "vision_tower.patches.weight", 3, 5, AI_W_F32);
    if (ai_buf_printf(&config, &err, "{\"model_type\": \"gemma3\", \"text_config\": %s, \"vision_config\": {}}",
                      (char *)g->config.data) || ai_buf_put(&config, "", 1, &err))
        exit(99);
    ai_buf_free(&g->config);
    g->config = config;
    seeing = open_made(g, "model", 1);
    ok(plain && seeing && strcmp(plain->digest, seeing->digest) == 0, "the text part of a model with an eye%s%s",
       seeing ? "" : ": ", seeing ? "" : err.msg);
    ai_model_free(plain);
    ai_model_free(seeing);
}

static void experts(void)
{
    struct gen_model *g;

    opened(gen_family_hf(&qwen), "qwen2_moe", NULL, NULL);
    opened(gguf(&qwen), "qwen2moe", NULL, NULL);
    opened(gguf_with(&qwen, "qwen2moe.expert_used_count", 0), "none used", "0 of 4 experts", NULL);
    opened(gguf_with(&qwen, "qwen2moe.expert_used_count", 5), "more used than there are", "5 of 4 experts", NULL);
    opened(gguf_with(&qwen, "qwen2moe.expert_count", 1u << 30), "very many", "experts", NULL);
    opened(gguf_with(&qwen, "qwen2moe.expert_count", 5), "one more than the router has", "blk.0.ffn_gate_inp.weight",
           "shape");
    opened(gguf_with(&qwen, "qwen2moe.expert_feed_forward_length", 4), "narrower experts", "blk.0.ffn_gate_exps.weight",
           "shape");
    opened(gguf_with(&qwen, "qwen2moe.expert_gating_func", 2), "sigmoid router", "expert_gating_func", NULL);
    g = gguf(&qwen);
    gen_set_f32(g, "qwen2moe.expert_weights_scale", 2.5f);
    opened(g, "scaled router", "expert_weights_scale", NULL);
    opened(without(gguf(&qwen), "blk.1.ffn_down_exps.weight"), "no stack", "blk.1.ffn_down.0.weight", "missing");
    opened(without(gguf(&qwen), "blk.1.ffn_up_shexp.weight"), "no shared expert", "blk.1.ffn_up_shexp.weight",
           "missing");
    g = gguf(&qwen);
    gen_tensor(g, "blk.1.ffn_down_exps.weight")->type_number = 99;
    opened(g, "experts of an unknown type", "blk.1.ffn_down_exps.weight", "99");
    opened(without(gen_family_hf(&qwen), "model.layers.1.mlp.experts.3.up_proj.weight"), "an expert that is missing",
           "model.layers.1.mlp.experts.3.up_proj.weight", "missing");
    opened(edited(&qwen, "\"decoder_sparse_step\": 1", "\"decoder_sparse_step\": 0"), "step 0", "decoder_sparse_step",
           NULL);
    opened(edited(&qwen, "\"mlp_only_layers\": []", "\"mlp_only_layers\": [\"x\"]"), "no list of numbers",
           "mlp_only_layers", NULL);
    opened(edited(&qwen, "\"mlp_only_layers\": []", "\"mlp_only_layers\": [1]"),
           "a block with experts that should have none", "model.layers.1.mlp.gate_proj.weight", "missing");
    opened(edited(&olmoe, "{\"model_type", "{\"clip_qkv\": 8.0, \"model_type"), "clipped Q, K and V", "clip_qkv", NULL);
    opened(edited(&olmoe, "{\"model_type", "{\"clip_qkv\": null, \"model_type"), "not clipped", NULL, NULL);
}

int main(void)
{
    make_place();
    windows();
    early_gemma2();
    rotaries();
    text_part();
    experts();
    remove_all(place);
    return done_testing();
}
