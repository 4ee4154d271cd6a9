/* What the files call a model's tensors: GGUF's own names, and a table for each
 * family that publishes directories. */
#include "model/arch.h"

const struct ai_arch_names ai_names_gguf = {
    .prefixes = {""},
    .embed = "token_embd", .positions = "position_embd", .final_norm = "output_norm", .head = "output",
    .attn_norm = "blk.%u.attn_norm", .attn_post = "blk.%u.post_attention_norm",
    .mlp_norm = "blk.%u.ffn_norm", .mlp_post = "blk.%u.post_ffw_norm",
    .qkv = "blk.%u.attn_qkv", .q = "blk.%u.attn_q", .k = "blk.%u.attn_k", .v = "blk.%u.attn_v",
    .o = "blk.%u.attn_output", .q_norm = "blk.%u.attn_q_norm", .k_norm = "blk.%u.attn_k_norm",
    .gate_up = "blk.%u.ffn_up", .gate = "blk.%u.ffn_gate", .up = "blk.%u.ffn_up", .down = "blk.%u.ffn_down",
    .router = "blk.%u.ffn_gate_inp", .shared_router = "blk.%u.ffn_gate_inp_shexp",
    .shared_gate = "blk.%u.ffn_gate_shexp", .shared_up = "blk.%u.ffn_up_shexp", .shared_down = "blk.%u.ffn_down_shexp",
    .expert_gate = "blk.%u.ffn_gate.%u", .expert_up = "blk.%u.ffn_up.%u", .expert_down = "blk.%u.ffn_down.%u",
    .stack_gate = "blk.%u.ffn_gate_exps", .stack_up = "blk.%u.ffn_up_exps", .stack_down = "blk.%u.ffn_down_exps",
};

const struct ai_arch_names ai_names_llama = {
    .prefixes = {"model.", ""},
    .embed = "embed_tokens", .final_norm = "norm", .head = "lm_head",
    .attn_norm = "layers.%u.input_layernorm", .mlp_norm = "layers.%u.post_attention_layernorm",
    .q = "layers.%u.self_attn.q_proj", .k = "layers.%u.self_attn.k_proj", .v = "layers.%u.self_attn.v_proj",
    .o = "layers.%u.self_attn.o_proj",
    .q_norm = "layers.%u.self_attn.q_norm", .k_norm = "layers.%u.self_attn.k_norm",
    .gate = "layers.%u.mlp.gate_proj", .up = "layers.%u.mlp.up_proj", .down = "layers.%u.mlp.down_proj",
    .router = "layers.%u.mlp.gate", .shared_router = "layers.%u.mlp.shared_expert_gate",
    .shared_gate = "layers.%u.mlp.shared_expert.gate_proj", .shared_up = "layers.%u.mlp.shared_expert.up_proj",
    .shared_down = "layers.%u.mlp.shared_expert.down_proj",
    .expert_gate = "layers.%u.mlp.experts.%u.gate_proj", .expert_up = "layers.%u.mlp.experts.%u.up_proj",
    .expert_down = "layers.%u.mlp.experts.%u.down_proj",
};

const struct ai_arch_names ai_names_mixtral = {
    .prefixes = {"model.", ""},
    .embed = "embed_tokens", .final_norm = "norm", .head = "lm_head",
    .attn_norm = "layers.%u.input_layernorm", .mlp_norm = "layers.%u.post_attention_layernorm",
    .q = "layers.%u.self_attn.q_proj", .k = "layers.%u.self_attn.k_proj", .v = "layers.%u.self_attn.v_proj",
    .o = "layers.%u.self_attn.o_proj", .router = "layers.%u.block_sparse_moe.gate",
    .expert_gate = "layers.%u.block_sparse_moe.experts.%u.w1", .expert_up = "layers.%u.block_sparse_moe.experts.%u.w3",
    .expert_down = "layers.%u.block_sparse_moe.experts.%u.w2",
};

/* Gemma 2 and 3; the prefixes are those of Gemma 3 beside an eye. */
const struct ai_arch_names ai_names_gemma = {
    .prefixes = {"model.", "language_model.model.", "model.language_model.", ""},
    .embed = "embed_tokens", .final_norm = "norm", .head = "lm_head",
    .attn_norm = "layers.%u.input_layernorm", .attn_post = "layers.%u.post_attention_layernorm",
    .mlp_norm = "layers.%u.pre_feedforward_layernorm", .mlp_post = "layers.%u.post_feedforward_layernorm",
    .q = "layers.%u.self_attn.q_proj", .k = "layers.%u.self_attn.k_proj", .v = "layers.%u.self_attn.v_proj",
    .o = "layers.%u.self_attn.o_proj",
    .q_norm = "layers.%u.self_attn.q_norm", .k_norm = "layers.%u.self_attn.k_norm",
    .gate = "layers.%u.mlp.gate_proj", .up = "layers.%u.mlp.up_proj", .down = "layers.%u.mlp.down_proj",
};

const struct ai_arch_names ai_names_phi = {
    .prefixes = {"model.", ""},
    .embed = "embed_tokens", .final_norm = "final_layernorm", .head = "lm_head",
    .attn_norm = "layers.%u.input_layernorm",
    .q = "layers.%u.self_attn.q_proj", .k = "layers.%u.self_attn.k_proj", .v = "layers.%u.self_attn.v_proj",
    .o = "layers.%u.self_attn.dense",
    .q_norm = "layers.%u.self_attn.q_layernorm", .k_norm = "layers.%u.self_attn.k_layernorm",
    .up = "layers.%u.mlp.fc1", .down = "layers.%u.mlp.fc2",
};

const struct ai_arch_names ai_names_phi3 = {
    .prefixes = {"model.", ""},
    .embed = "embed_tokens", .final_norm = "norm", .head = "lm_head",
    .attn_norm = "layers.%u.input_layernorm", .mlp_norm = "layers.%u.post_attention_layernorm",
    .qkv = "layers.%u.self_attn.qkv_proj", .o = "layers.%u.self_attn.o_proj",
    .gate_up = "layers.%u.mlp.gate_up_proj", .down = "layers.%u.mlp.down_proj",
};

const struct ai_arch_names ai_names_opt = {
    .prefixes = {"model.decoder.", "decoder.", ""},
    .embed = "embed_tokens", .positions = "embed_positions", .project_in = "project_in", .project_out = "project_out",
    .final_norm = "final_layer_norm", .head = "lm_head",
    .attn_norm = "layers.%u.self_attn_layer_norm", .mlp_norm = "layers.%u.final_layer_norm",
    .q = "layers.%u.self_attn.q_proj", .k = "layers.%u.self_attn.k_proj", .v = "layers.%u.self_attn.v_proj",
    .o = "layers.%u.self_attn.out_proj", .up = "layers.%u.fc1", .down = "layers.%u.fc2",
};

const struct ai_arch_names ai_names_gpt2 = {
    .prefixes = {"transformer.", ""},
    .embed = "wte", .positions = "wpe", .final_norm = "ln_f", .head = "lm_head",
    .attn_norm = "h.%u.ln_1", .mlp_norm = "h.%u.ln_2", .qkv = "h.%u.attn.c_attn", .o = "h.%u.attn.c_proj",
    .up = "h.%u.mlp.c_fc", .down = "h.%u.mlp.c_proj",
};

const struct ai_arch_names ai_names_gpt_neo = {
    .prefixes = {"transformer.", ""},
    .embed = "wte", .positions = "wpe", .final_norm = "ln_f", .head = "lm_head",
    .attn_norm = "h.%u.ln_1", .mlp_norm = "h.%u.ln_2",
    .q = "h.%u.attn.attention.q_proj", .k = "h.%u.attn.attention.k_proj", .v = "h.%u.attn.attention.v_proj",
    .o = "h.%u.attn.attention.out_proj", .up = "h.%u.mlp.c_fc", .down = "h.%u.mlp.c_proj",
};

const struct ai_arch_names ai_names_gpt_neox = {
    .prefixes = {"gpt_neox.", ""},
    .embed = "embed_in", .final_norm = "final_layer_norm", .head = "embed_out",
    .attn_norm = "layers.%u.input_layernorm", .mlp_norm = "layers.%u.post_attention_layernorm",
    .qkv = "layers.%u.attention.query_key_value", .o = "layers.%u.attention.dense",
    .up = "layers.%u.mlp.dense_h_to_4h", .down = "layers.%u.mlp.dense_4h_to_h",
};
