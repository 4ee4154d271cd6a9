#include "gen_family_parts.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct part gen_parts[] = {
    {ALL, "input_layernorm.weight", "attn_norm.weight", NONE, H, true},
    {P2, "input_layernorm.bias", "attn_norm.bias", NONE, H, false},
    {ALL & ~P3, "self_attn.q_proj.weight", "attn_q.weight", Q, H, false},
    {ALL & ~P3, "self_attn.k_proj.weight", "attn_k.weight", K, H, false},
    {ALL & ~P3, "self_attn.v_proj.weight", "attn_v.weight", K, H, false},
    {P2 | Q2, "self_attn.q_proj.bias", "attn_q.bias", NONE, Q, false},
    {P2 | Q2, "self_attn.k_proj.bias", "attn_k.bias", NONE, K, false},
    {P2 | Q2, "self_attn.v_proj.bias", "attn_v.bias", NONE, K, false},
    {P3, "self_attn.qkv_proj.weight", "attn_qkv.weight", QKV, H, false},
    {G3 | Q3, "self_attn.q_norm.weight", "attn_q_norm.weight", NONE, D, true},
    {G3 | Q3, "self_attn.k_norm.weight", "attn_k_norm.weight", NONE, D, true},
    {OL, "self_attn.q_norm.weight", "attn_q_norm.weight", NONE, Q, true},
    {OL, "self_attn.k_norm.weight", "attn_k_norm.weight", NONE, K, true},
    {ALL & ~P2, "self_attn.o_proj.weight", "attn_output.weight", H, Q, false},
    {P2, "self_attn.dense.weight", "attn_output.weight", H, Q, false},
    {P2, "self_attn.dense.bias", "attn_output.bias", NONE, H, false},
    {ALL & ~P2 & ~G23, "post_attention_layernorm.weight", "ffn_norm.weight", NONE, H, true},
    {G23, "post_attention_layernorm.weight", "post_attention_norm.weight", NONE, H, true},
    {G23, "pre_feedforward_layernorm.weight", "ffn_norm.weight", NONE, H, true},
    {G23, "post_feedforward_layernorm.weight", "post_ffw_norm.weight", NONE, H, true},
    {G1 | G23, "mlp.gate_proj.weight", "ffn_gate.weight", F, H, false},
    {G1 | G23, "mlp.up_proj.weight", "ffn_up.weight", F, H, false},
    {G1 | G23, "mlp.down_proj.weight", "ffn_down.weight", H, F, false},
    {P2, "mlp.fc1.weight", "ffn_up.weight", F, H, false},
    {P2, "mlp.fc1.bias", "ffn_up.bias", NONE, F, false},
    {P2, "mlp.fc2.weight", "ffn_down.weight", H, F, false},
    {P2, "mlp.fc2.bias", "ffn_down.bias", NONE, H, false},
    {P3, "mlp.gate_up_proj.weight", "ffn_up.weight", FF, H, false},
    {P3, "mlp.down_proj.weight", "ffn_down.weight", H, F, false},
    {0},
};

const struct part gen_sparse[] = {
    {MX, "block_sparse_moe.gate.weight", "ffn_gate_inp.weight", E, H, false},
    {Q2 | Q3 | OL, "mlp.gate.weight", "ffn_gate_inp.weight", E, H, false},
    {Q2, "mlp.shared_expert.gate_proj.weight", "ffn_gate_shexp.weight", SF, H, false},
    {Q2, "mlp.shared_expert.up_proj.weight", "ffn_up_shexp.weight", SF, H, false},
    {Q2, "mlp.shared_expert.down_proj.weight", "ffn_down_shexp.weight", H, SF, false},
    {0},
};

const struct part gen_dense[] = {
    {Q2 | Q3, "mlp.gate_proj.weight", "ffn_gate.weight", F, H, false},
    {Q2 | Q3, "mlp.up_proj.weight", "ffn_up.weight", F, H, false},
    {Q2 | Q3, "mlp.down_proj.weight", "ffn_down.weight", H, F, false},
    {0},
};

const struct part gen_expert[] = {
    {MX, "block_sparse_moe.experts.%u.w1.weight", "ffn_gate", EF, H, false},
    {MX, "block_sparse_moe.experts.%u.w3.weight", "ffn_up", EF, H, false},
    {MX, "block_sparse_moe.experts.%u.w2.weight", "ffn_down", H, EF, false},
    {Q2 | Q3 | OL, "mlp.experts.%u.gate_proj.weight", "ffn_gate", EF, H, false},
    {Q2 | Q3 | OL, "mlp.experts.%u.up_proj.weight", "ffn_up", EF, H, false},
    {Q2 | Q3 | OL, "mlp.experts.%u.down_proj.weight", "ffn_down", H, EF, false},
    {0},
};

static const struct { const char *hf, *gguf; } names[GEN_FAMILIES] = {
    {"gemma", "gemma"}, {"gemma2", "gemma2"}, {"gemma3_text", "gemma3"}, {"phi", "phi2"}, {"phi3", "phi3"},
    {"mixtral", "llama"}, {"qwen2_moe", "qwen2moe"}, {"qwen3_moe", "qwen3moe"}, {"olmoe", "olmoe"},
};

const char *gen_family_name(enum gen_family_kind kind)
{
    return names[kind].hf;
}

const char *gen_family_gguf_name(enum gen_family_kind kind)
{
    return names[kind].gguf;
}

bool gen_is(const struct gen_family *s, unsigned kinds)
{
    return kinds >> s->kind & 1;
}

bool gen_family_sparse(const struct gen_family *s, unsigned block)
{
    return s->experts && (block + 1) % (s->sparse_step ? s->sparse_step : 1) == 0 && s->dense != block + 1;
}

double gen_family_factor(const struct gen_family *s, bool longer, unsigned i)
{
    return s->original ? (longer ? 1.25 + 1.5 * i : 1 + 0.125 * i) : 1;
}

double gen_family_rope_scale(const struct gen_family *s)
{
    double stretch = s->original ? (double)s->context / s->original : 1;

    return stretch > 1 ? sqrt(1 + log(stretch) / log(s->original)) : 1;
}

uint64_t gen_size_of(const struct gen_family *s, enum dim d)
{
    switch (d) {
    case V: return s->vocab;
    case H: return s->width;
    case Q: return s->heads * s->head_dim;
    case K: return s->kv_heads * s->head_dim;
    case QKV: return (s->heads + 2 * s->kv_heads) * s->head_dim;
    case D: return s->head_dim;
    case F: return s->ff;
    case FF: return 2 * s->ff;
    case E: return s->experts;
    case EF: return s->expert_ff;
    case SF: return s->shared_ff;
    default: return 0;
    }
}

void gen_part_name(char *out, size_t size, unsigned block, const char *name, unsigned expert)
{
    const char *hole = strstr(name, "%u");

    if (hole)
        snprintf(out, size, "model.layers.%u.%.*s%u%s", block, (int)(hole - name), name, expert, hole + 2);
    else
        snprintf(out, size, "model.layers.%u.%s", block, name);
}

struct gen_model *gen_new(enum gen_kind kind)
{
    struct ai_err err;
    struct gen_model *g = ai_calloc(1, sizeof *g, &err);

    if (!g)
        exit(99);
    g->spec.kind = kind;
    g->spec.type = AI_W_F32;
    return g;
}
