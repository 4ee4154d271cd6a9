#include "model/arch.h"

#include <stdio.h>
#include <string.h>

/* A row names what it has; the rest is zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* What most families have. */
#define BIASES (AI_BIAS_QKV | AI_BIAS_OUT | AI_BIAS_MLP)
#define COMMON (AI_SCALED | AI_PRE_NORMS | AI_FINAL_NORM | AI_AFFINE_NORMS)
#define GEMMA (COMMON | AI_GATED | AI_TIED | AI_NORMS_FROM_ONE | AI_EMBED_SCALED | AI_BIAS_QKV | AI_BIAS_OUT)
/* Llama's keys; what its relatives take for the last three where config.json has none. */
#define LLAMA_SHAPE(HEAD_DIM, KV_HEADS, CONTEXT)                                                                    \
    [AI_LAYERS] = {"num_hidden_layers"}, [AI_WIDTH] = {"hidden_size"}, [AI_HEADS] = {"num_attention_heads"},         \
    [AI_HEAD_DIM] = {"head_dim", HEAD_DIM}, [AI_KV_HEADS] = {"num_key_value_heads", KV_HEADS},                       \
    [AI_CONTEXT] = {"max_position_embeddings", CONTEXT}
#define LLAMA_NUMBERS(HEAD_DIM, KV_HEADS, CONTEXT)                                                                  \
    LLAMA_SHAPE(HEAD_DIM, KV_HEADS, CONTEXT), [AI_FF] = {"intermediate_size"},                                       \
    [AI_NORM_EPS] = {"rms_norm_eps", 1e-6}, [AI_ROPE_BASE] = {"rope_theta", 10000}

/* GGUF files of the Llama family have the rows of Q and K permuted so that rotary
 * pairs are neighbours; Hugging Face files have them half a head apart. */
static const struct ai_arch archs[] = {
    {
        .name = "llama", .gguf = "llama", .model_types = {"llama"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE, .rope_gguf = AI_ROPE_PAIRS,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .traits = COMMON | BIASES | AI_GATED | AI_TIED | AI_EXPERTS_NORMED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED},
                     {"attention_bias", .traits = AI_BIAS_QKV | AI_BIAS_OUT},
                     {"mlp_bias", .traits = AI_BIAS_MLP}},
        .numbers = {LLAMA_NUMBERS(0, 0, 2048)},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "mistral", .model_types = {"mistral"}, /* in GGUF it is a llama */
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .traits = COMMON | AI_GATED | AI_TIED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED}},
        .numbers = {LLAMA_NUMBERS(0, 8, 131072), [AI_WINDOW] = {"sliding_window", 4096}},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "qwen2", .gguf = "qwen2", .model_types = {"qwen2"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .windows = AI_WINDOW_UPPER,
        .traits = COMMON | AI_GATED | AI_BIAS_QKV | AI_TIED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED}},
        .numbers = {LLAMA_NUMBERS(0, 32, 32768), [AI_WINDOW] = {"sliding_window", 4096}},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "qwen3", .gguf = "qwen3", .model_types = {"qwen3"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .windows = AI_WINDOW_UPPER,
        .traits = COMMON | AI_GATED | AI_HEAD_NORMS | AI_BIAS_QKV | AI_BIAS_OUT | AI_TIED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED},
                     {"attention_bias", .traits = AI_BIAS_QKV | AI_BIAS_OUT}},
        .numbers = {LLAMA_NUMBERS(128, 32, 32768), [AI_WINDOW] = {"sliding_window", 4096}},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "opt", .model_types = {"opt"},
        .norm = AI_NORM_LAYER, .position = AI_POS_LEARNED, .position_offset = 2,
        .act = AI_ACT_RELU, .act_key = "activation_function", .traits = COMMON | BIASES | AI_TIED,
        .switches = {{"tie_word_embeddings", .absent = true, .traits = AI_TIED},
                     {"do_layer_norm_before", .absent = true, .traits = AI_PRE_NORMS | AI_FINAL_NORM},
                     {"_remove_final_layer_norm", .inverse = true, .traits = AI_FINAL_NORM},
                     {"enable_bias", .absent = true, .traits = BIASES},
                     {"layer_norm_elementwise_affine", .absent = true, .traits = AI_AFFINE_NORMS}},
        .numbers = {[AI_LAYERS] = {"num_hidden_layers"}, [AI_WIDTH] = {"hidden_size"},
                    [AI_HEADS] = {"num_attention_heads"}, [AI_FF] = {"ffn_dim"},
                    [AI_CONTEXT] = {"max_position_embeddings", 2048}, [AI_EMBED_WIDTH] = {"word_embed_proj_dim"},
                    [AI_NORM_EPS] = {NULL, 1e-5}},
        .names_hf = &ai_names_opt,
    },
    {
        .name = "gpt2", .gguf = "gpt2", .model_types = {"gpt2"},
        .norm = AI_NORM_LAYER, .position = AI_POS_LEARNED,
        .act = AI_ACT_GELU_TANH, .act_key = "activation_function",
        .traits = COMMON | BIASES | AI_TIED | AI_CONV1D,
        .switches = {{"tie_word_embeddings", .absent = true, .traits = AI_TIED},
                     {"scale_attn_weights", .absent = true, .traits = AI_SCALED},
                     {"scale_attn_by_inverse_layer_idx"}, {"add_cross_attention"}},
        .numbers = {[AI_LAYERS] = {"n_layer", .older = "num_hidden_layers"},
                    [AI_WIDTH] = {"n_embd", .older = "hidden_size"},
                    [AI_HEADS] = {"n_head", .older = "num_attention_heads"}, [AI_FF] = {"n_inner"},
                    [AI_CONTEXT] = {"n_positions", 1024, "max_position_embeddings"},
                    [AI_NORM_EPS] = {"layer_norm_epsilon", 1e-5}},
        .names_hf = &ai_names_gpt2,
    },
    {
        .name = "gpt_neo", .model_types = {"gpt_neo"},
        .norm = AI_NORM_LAYER, .position = AI_POS_LEARNED,
        .act = AI_ACT_GELU_TANH, .act_key = "activation_function", .windows = AI_WINDOW_NEO,
        .traits = (COMMON & ~AI_SCALED) | AI_BIAS_OUT | AI_BIAS_MLP | AI_TIED,
        .switches = {{"tie_word_embeddings", .absent = true, .traits = AI_TIED}},
        .numbers = {[AI_LAYERS] = {"num_layers", .older = "num_hidden_layers"}, [AI_WIDTH] = {"hidden_size"},
                    [AI_HEADS] = {"num_heads", .older = "num_attention_heads"}, [AI_FF] = {"intermediate_size"},
                    [AI_CONTEXT] = {"max_position_embeddings", 2048}, [AI_WINDOW] = {"window_size", 256},
                    [AI_NORM_EPS] = {"layer_norm_epsilon", 1e-5}},
        .names_hf = &ai_names_gpt_neo,
    },
    {
        .name = "gpt_neox", .gguf = "gptneox", .model_types = {"gpt_neox"},
        .norm = AI_NORM_LAYER, .position = AI_POS_ROPE,
        .act = AI_ACT_GELU_ERF, .act_key = "hidden_act",
        .traits = COMMON | BIASES | AI_TIED | AI_PARALLEL | AI_QKV_BY_HEAD,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED},
                     {"use_parallel_residual", "use_parallel_residual", .absent = true, .traits = AI_PARALLEL},
                     {"attention_bias", .absent = true, .traits = AI_BIAS_QKV | AI_BIAS_OUT}},
        .numbers = {[AI_LAYERS] = {"num_hidden_layers"}, [AI_WIDTH] = {"hidden_size"},
                    [AI_HEADS] = {"num_attention_heads"}, [AI_FF] = {"intermediate_size"},
                    [AI_CONTEXT] = {"max_position_embeddings", 2048}, [AI_NORM_EPS] = {"layer_norm_eps", 1e-5},
                    [AI_ROPE_BASE] = {"rotary_emb_base", 10000, "rope_theta"},
                    [AI_ROPE_SHARE] = {"rotary_pct", 0.25, "partial_rotary_factor"}},
        .names_hf = &ai_names_gpt_neox,
    },
    {
        .name = "mixtral", .model_types = {"mixtral"}, /* in GGUF it is a llama */
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .traits = COMMON | AI_GATED | AI_TIED | AI_EXPERTS_NORMED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED}},
        .numbers = {LLAMA_SHAPE(0, 8, 131072), [AI_FF] = {"intermediate_size", 14336},
                    [AI_NORM_EPS] = {"rms_norm_eps", 1e-5}, [AI_ROPE_BASE] = {"rope_theta", 1e6},
                    [AI_WINDOW] = {"sliding_window"},
                    [AI_EXPERTS] = {"num_local_experts", 8}, [AI_EXPERTS_USED] = {"num_experts_per_tok", 2}},
        .names_hf = &ai_names_mixtral,
    },
    {
        .name = "qwen2_moe", .gguf = "qwen2moe", .model_types = {"qwen2_moe"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .windows = AI_WINDOW_SWITCHED,
        .traits = COMMON | AI_GATED | AI_BIAS_QKV | AI_TIED | AI_EXPERTS_NORMED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED}, {"qkv_bias", .absent = true, .traits = AI_BIAS_QKV},
                     {"norm_topk_prob", "expert_weights_norm", .traits = AI_EXPERTS_NORMED}},
        .numbers = {LLAMA_SHAPE(0, 16, 32768), [AI_WINDOW] = {"sliding_window", 4096},
                    [AI_NORM_EPS] = {"rms_norm_eps", 1e-6}, [AI_ROPE_BASE] = {"rope_theta", 10000},
                    [AI_FF] = {"intermediate_size", 5632}, [AI_EXPERTS] = {"num_experts", 60},
                    [AI_EXPERTS_USED] = {"num_experts_per_tok", 4}, [AI_EXPERT_FF] = {"moe_intermediate_size", 1408},
                    [AI_SHARED_FF] = {"shared_expert_intermediate_size", 5632}},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "qwen3_moe", .gguf = "qwen3moe", .model_types = {"qwen3_moe"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .windows = AI_WINDOW_SWITCHED,
        .traits = COMMON | AI_GATED | AI_HEAD_NORMS | AI_BIAS_QKV | AI_BIAS_OUT | AI_TIED | AI_EXPERTS_NORMED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED},
                     {"attention_bias", .traits = AI_BIAS_QKV | AI_BIAS_OUT},
                     {"norm_topk_prob", "expert_weights_norm", .gguf_other = true, .traits = AI_EXPERTS_NORMED}},
        .numbers = {LLAMA_SHAPE(0, 4, 32768), [AI_WINDOW] = {"sliding_window", 4096},
                    [AI_NORM_EPS] = {"rms_norm_eps", 1e-6}, [AI_ROPE_BASE] = {"rope_theta", 10000},
                    [AI_FF] = {"intermediate_size", 6144}, [AI_EXPERTS] = {"num_experts", 128},
                    [AI_EXPERTS_USED] = {"num_experts_per_tok", 8}, [AI_EXPERT_FF] = {"moe_intermediate_size", 768}},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "olmoe", .gguf = "olmoe", .model_types = {"olmoe"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act",
        .traits = COMMON | AI_GATED | AI_HEAD_NORMS | AI_WHOLE_NORMS | AI_BIAS_QKV | AI_BIAS_OUT | AI_TIED |
                  AI_EXPERTS_NORMED,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED},
                     {"attention_bias", .traits = AI_BIAS_QKV | AI_BIAS_OUT},
                     {"norm_topk_prob", "expert_weights_norm", .traits = AI_EXPERTS_NORMED}, {"clip_qkv"}},
        .numbers = {LLAMA_SHAPE(0, 0, 4096), [AI_NORM_EPS] = {"rms_norm_eps", 1e-5},
                    [AI_ROPE_BASE] = {"rope_theta", 10000}, [AI_FF] = {"intermediate_size", 2048},
                    [AI_EXPERTS] = {"num_experts", 64}, [AI_EXPERTS_USED] = {"num_experts_per_tok", 8}},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "gemma", .gguf = "gemma", .model_types = {"gemma"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_GELU_TANH, .act_key = "hidden_activation", .act_older = "hidden_act", .traits = GEMMA,
        .switches = {{"tie_word_embeddings", .absent = true, .traits = AI_TIED},
                     {"attention_bias", .traits = AI_BIAS_QKV | AI_BIAS_OUT}},
        .numbers = {LLAMA_NUMBERS(256, 16, 8192)},
        .names_hf = &ai_names_llama,
    },
    {
        .name = "gemma2", .gguf = "gemma2", .model_types = {"gemma2"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_GELU_TANH, .act_key = "hidden_activation", .windows = AI_WINDOW_MOST, .query_by_width = 46,
        .traits = GEMMA | AI_POST_NORMS,
        .switches = {{"tie_word_embeddings", .absent = true, .traits = AI_TIED},
                     {"attention_bias", .traits = AI_BIAS_QKV | AI_BIAS_OUT}},
        .numbers = {LLAMA_NUMBERS(256, 4, 8192), [AI_WINDOW_EVERY] = {NULL, 2},
                    [AI_WINDOW] = {"sliding_window", 4096, .gguf_absent = 4096},
                    [AI_QUERY_SCALE] = {"query_pre_attn_scalar", 256},
                    [AI_ATTN_CAP] = {"attn_logit_softcapping", 50, .gguf_absent = 50},
                    [AI_HEAD_CAP] = {"final_logit_softcapping", 30, .gguf_absent = 30}},
        .names_hf = &ai_names_gemma,
    },
    {
        .name = "gemma3", .gguf = "gemma3", .model_types = {"gemma3_text", "gemma3"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_GELU_TANH, .act_key = "hidden_activation", .windows = AI_WINDOW_MOST, .query_by_width = 62,
        .traits = GEMMA | AI_POST_NORMS | AI_HEAD_NORMS,
        .switches = {{"tie_word_embeddings", .absent = true, .traits = AI_TIED},
                     {"attention_bias", .traits = AI_BIAS_QKV | AI_BIAS_OUT}, {"use_bidirectional_attention"}},
        .numbers = {[AI_LAYERS] = {"num_hidden_layers", 26}, [AI_WIDTH] = {"hidden_size", 2304},
                    [AI_HEADS] = {"num_attention_heads", 8}, [AI_HEAD_DIM] = {"head_dim", 256},
                    [AI_KV_HEADS] = {"num_key_value_heads", 4}, [AI_CONTEXT] = {"max_position_embeddings", 131072},
                    [AI_NORM_EPS] = {"rms_norm_eps", 1e-6}, [AI_FF] = {"intermediate_size", 9216},
                    [AI_ROPE_BASE] = {"rope_theta", 1e6},
                    [AI_ROPE_BASE_LOCAL] = {"rope_local_base_freq", 10000}, [AI_WINDOW] = {"sliding_window", 4096},
                    [AI_WINDOW_EVERY] = {"sliding_window_pattern", 6},
                    [AI_QUERY_SCALE] = {"query_pre_attn_scalar", 256},
                    [AI_HEAD_CAP] = {"final_logit_softcapping"}}, /* attn_logit_softcapping does nothing here */
        .names_hf = &ai_names_gemma,
    },
    {
        .name = "phi", .gguf = "phi2", .model_types = {"phi"},
        .norm = AI_NORM_LAYER, .position = AI_POS_ROPE,
        .act = AI_ACT_GELU_TANH, .act_key = "hidden_act",
        .traits = COMMON | BIASES | AI_BIAS_HEAD | AI_TIED | AI_PARALLEL | AI_ONE_NORM | AI_HEAD_NORMS,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED}, {"qk_layernorm", .traits = AI_HEAD_NORMS}},
        .numbers = {LLAMA_SHAPE(0, 0, 2048), [AI_FF] = {"intermediate_size", 8192},
                    [AI_NORM_EPS] = {"layer_norm_eps", 1e-5}, [AI_ROPE_BASE] = {"rope_theta", 10000},
                    [AI_ROPE_SHARE] = {"partial_rotary_factor", 0.5}},
        .names_hf = &ai_names_phi,
    },
    {
        .name = "phi3", .gguf = "phi3", .model_types = {"phi3"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE,
        .act = AI_ACT_SILU, .act_key = "hidden_act", .traits = COMMON | AI_GATED | AI_TIED | AI_GATE_IN_UP,
        .switches = {{"tie_word_embeddings", .traits = AI_TIED}},
        .numbers = {LLAMA_SHAPE(0, 0, 4096), [AI_FF] = {"intermediate_size", 8192},
                    [AI_NORM_EPS] = {"rms_norm_eps", 1e-5}, [AI_ROPE_BASE] = {"rope_theta", 10000},
                    [AI_ROPE_SHARE] = {"partial_rotary_factor", 1}, [AI_WINDOW] = {"sliding_window"},
                    [AI_CONTEXT_FIRST] = {"original_max_position_embeddings", 4096}},
        .names_hf = &ai_names_phi3,
    },
};

enum { N_ARCHS = sizeof archs / sizeof *archs };

const struct ai_arch *ai_arch_find(bool gguf, const char *name, size_t len, struct ai_err *err)
{
    char known[512] = "";

    for (int i = 0; i < N_ARCHS; i++) {
        const char *names[5] = {archs[i].gguf};

        if (!gguf)
            memcpy(names, archs[i].model_types, sizeof archs[i].model_types);
        for (int k = 0; k < 4 && names[k]; k++) {
            if (strlen(names[k]) == len && memcmp(names[k], name, len) == 0)
                return &archs[i];
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", names[k]);
        }
    }
    ai_fail(err, AI_EINPUT, "architecture '%.*s' is not supported (known: %s)", len > 60 ? 60 : (int)len, name, known);
    return NULL;
}
