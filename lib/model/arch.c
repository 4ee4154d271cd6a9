#include "model/arch.h"

#include <stdio.h>
#include <string.h>

static const struct ai_arch_names llama_gguf = {
    .embed = "token_embd", .final_norm = "output_norm", .head = "output",
    .attn_norm = "blk.%u.attn_norm", .mlp_norm = "blk.%u.ffn_norm",
    .q = "blk.%u.attn_q", .k = "blk.%u.attn_k", .v = "blk.%u.attn_v", .o = "blk.%u.attn_output",
    .gate = "blk.%u.ffn_gate", .up = "blk.%u.ffn_up", .down = "blk.%u.ffn_down",
};

static const struct ai_arch_names llama_hf = {
    .embed = "model.embed_tokens", .final_norm = "model.norm", .head = "lm_head",
    .attn_norm = "model.layers.%u.input_layernorm", .mlp_norm = "model.layers.%u.post_attention_layernorm",
    .q = "model.layers.%u.self_attn.q_proj", .k = "model.layers.%u.self_attn.k_proj",
    .v = "model.layers.%u.self_attn.v_proj", .o = "model.layers.%u.self_attn.o_proj",
    .gate = "model.layers.%u.mlp.gate_proj", .up = "model.layers.%u.mlp.up_proj",
    .down = "model.layers.%u.mlp.down_proj",
};

static const struct ai_arch_names gpt_neo_hf = {
    .embed = "transformer.wte", .positions = "transformer.wpe", .final_norm = "transformer.ln_f", .head = "lm_head",
    .attn_norm = "transformer.h.%u.ln_1", .mlp_norm = "transformer.h.%u.ln_2",
    .q = "transformer.h.%u.attn.attention.q_proj", .k = "transformer.h.%u.attn.attention.k_proj",
    .v = "transformer.h.%u.attn.attention.v_proj", .o = "transformer.h.%u.attn.attention.out_proj",
    .up = "transformer.h.%u.mlp.c_fc", .down = "transformer.h.%u.mlp.c_proj",
};

/* GGUF files of the Llama family have the rows of Q and K permuted so that rotary
 * pairs are neighbours; Hugging Face files have them half a head apart. */
static const struct ai_arch archs[] = {
    {
        .name = "llama", .gguf = "llama", .model_types = {"llama", "mistral"},
        .norm = AI_NORM_RMS, .position = AI_POS_ROPE, .gated = true, .scaled = true,
        .bias = {AI_OPTIONAL, AI_OPTIONAL, AI_OPTIONAL},
        .bias_keys = {"attention_bias", "attention_bias", "mlp_bias"},
        .rope_gguf = AI_ROPE_PAIRS, .rope_hf = AI_ROPE_HALVES, .names_gguf = &llama_gguf, .names_hf = &llama_hf,
    },
    {
        .name = "gpt_neo", .model_types = {"gpt_neo"},
        .norm = AI_NORM_LAYER, .position = AI_POS_LEARNED, .gated = false, .scaled = false, .tied = true,
        .bias = {AI_NONE, AI_REQUIRED, AI_REQUIRED},
        .names_hf = &gpt_neo_hf,
    },
};

enum { N_ARCHS = sizeof archs / sizeof *archs };

const struct ai_arch *ai_arch_find(bool gguf, const char *name, size_t len, struct ai_err *err)
{
    char known[256] = "";

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
