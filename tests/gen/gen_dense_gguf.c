/* Dense models as GGUF files. */
#include "gen_publish.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

/* GGUF's Llama: pairs that are half a head apart become neighbours. */
static size_t *as_pairs(const struct dense_spec *s, unsigned heads)
{
    size_t d = s->head_dim, *from = ai_calloc(heads * d, sizeof *from, &err);

    MUST(!from);
    for (size_t r = 0; r < heads * d; r++)
        from[r] = r / d * d + r % d / 2 + r % 2 * (d / 2);
    return from;
}

static void gguf_block(struct publisher *p, const struct dense_block *w)
{
    const struct dense_spec *s = &p->m->s;
    size_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim, H = s->width;
    bool paired = s->family == DENSE_LLAMA || s->family == DENSE_MISTRAL;
    size_t *of_q = paired ? as_pairs(s, s->heads) : NULL, *of_k = paired ? as_pairs(s, s->kv_heads) : NULL;

    publish_map(p, p->block, "attn_norm", 0, H, &w->attn_norm, NULL);
    publish_map(p, p->block, "ffn_norm", 0, H, &w->mlp_norm, NULL);
    if (s->family > DENSE_QWEN3) {
        publish_fused(p, "attn_qkv", w, false, NULL);
    } else {
        publish_map(p, p->block, "attn_q", q, H, &w->q, of_q);
        publish_map(p, p->block, "attn_k", kv, H, &w->k, of_k);
        publish_map(p, p->block, "attn_v", kv, H, &w->v, NULL);
    }
    publish_map(p, p->block, "attn_output", H, q, &w->o, NULL);
    publish_map(p, p->block, "attn_q_norm", 0, s->head_dim, &w->q_norm, NULL);
    publish_map(p, p->block, "attn_k_norm", 0, s->head_dim, &w->k_norm, NULL);
    publish_map(p, p->block, "ffn_gate", s->ff, H, &w->gate, NULL);
    publish_map(p, p->block, "ffn_up", s->ff, H, &w->up, NULL);
    publish_map(p, p->block, "ffn_down", H, s->ff, &w->down, NULL);
    free(of_q);
    free(of_k);
}

static const char *key(const char *arch, const char *rest)
{
    static char text[64];

    snprintf(text, sizeof text, "%s.%s", arch, rest);
    return text;
}

static void write_rope(struct publisher *p, const char *arch)
{
    const struct dense_spec *s = &p->m->s;
    float x[128];

    gen_set_f32(p->g, key(arch, "rope.freq_base"), (float)s->theta);
    gen_set_u32(p->g, key(arch, "rope.dimension_count"), dense_rope_dim(s));
    if (s->rope == DENSE_ROPE_LLAMA3) {
        for (unsigned i = 0; i < dense_rope_dim(s) / 2; i++)
            x[i] = (float)dense_divisor(s, i);
        publish(p, "", "rope_freqs.weight", 0, dense_rope_dim(s) / 2, x);
    } else if (s->rope) {
        gen_set_string(p->g, key(arch, "rope.scaling.type"), s->rope == DENSE_ROPE_YARN ? "yarn" : "linear");
        gen_set_f32(p->g, key(arch, "rope.scaling.factor"), (float)s->factor);
        gen_set_u32(p->g, key(arch, "rope.scaling.original_context_length"), s->original);
    }
}

struct gen_model *dense_gguf(const struct dense_model *m)
{
    static const char *const archs[] = {"llama", "llama", "qwen2", "qwen3", NULL, "gpt2", NULL, "gptneox"};
    const struct dense_spec *s = &m->s;
    const char *arch = archs[s->family];
    struct publisher p;
    bool llama = s->family <= DENSE_QWEN3;

    if (!arch || s->window || strcmp(s->act, llama ? "silu" : s->family == DENSE_GPT2 ? "gelu_new" : "gelu") != 0)
        return NULL;
    p = publisher(m, true);
    publish(&p, "", "token_embd.weight", s->vocab, s->width, m->embed);
    if (m->positions)
        publish(&p, "", "position_embd.weight", s->context, s->width, m->positions);
    publish_map(&p, "", "output_norm", 0, s->width, &m->final_norm, NULL);
    if (!s->tied)
        publish(&p, "", "output.weight", s->vocab, s->width, m->head);
    for (unsigned b = 0; b < s->layers; b++) {
        snprintf(p.block, sizeof p.block, "blk.%u.", b);
        gguf_block(&p, &m->blocks[b]);
    }
    gen_set_string(p.g, "general.architecture", arch);
    gen_set_u32(p.g, key(arch, "block_count"), s->layers);
    gen_set_u32(p.g, key(arch, "embedding_length"), s->width);
    gen_set_u32(p.g, key(arch, "attention.head_count"), s->heads);
    gen_set_u32(p.g, key(arch, "feed_forward_length"), s->ff);
    gen_set_u32(p.g, key(arch, "context_length"), s->context);
    gen_set_f32(p.g, key(arch, llama ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon"),
                (float)s->eps);
    if (llama) {
        gen_set_u32(p.g, key(arch, "attention.head_count_kv"), s->kv_heads);
        gen_set_u32(p.g, key(arch, "attention.key_length"), s->head_dim);
        gen_set_u32(p.g, key(arch, "attention.value_length"), s->head_dim);
    }
    if (s->family == DENSE_GPT_NEOX)
        gen_set_bool(p.g, key(arch, "use_parallel_residual"), !s->sequential);
    if (s->family != DENSE_GPT2)
        write_rope(&p, arch);
    return p.g;
}
