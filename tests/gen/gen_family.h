/* Small random models of Gemma, Phi and the mixtures of experts, as their directories
 * have them (F32, gen_family_hf.c) and as the same weights lie in GGUF
 * (gen_family_gguf.c).  Written from the published layouts, apart from lib/model. */
#ifndef GEN_FAMILY_H
#define GEN_FAMILY_H

#include "gen_model.h"

enum gen_family_kind {
    GEN_GEMMA, GEN_GEMMA2, GEN_GEMMA3, GEN_PHI, GEN_PHI3, GEN_MIXTRAL, GEN_QWEN2_MOE, GEN_QWEN3_MOE, GEN_OLMOE,
    GEN_FAMILIES,
};

struct gen_family {
    enum gen_family_kind kind;
    unsigned layers, width, heads, kv_heads, head_dim, ff, vocab, context;
    double eps, theta;
    bool tied;
    unsigned window;                /* 0: none */
    /* Gemma */
    double query_scalar;            /* scores are divided by its root */
    double attn_cap, head_cap;      /* 0: none */
    unsigned pattern;               /* every pattern-th block of Gemma 3 looks at all keys */
    double local_theta, stretch;    /* base in the others; positions divided by stretch in these */
    /* Phi */
    double rotary_share;            /* of a head */
    bool head_norms;                /* Phi-2: layer norm of the heads of Q and K */
    unsigned original;              /* Phi-3: context above which the long factors hold; 0: no factors */
    /* mixtures of experts */
    unsigned experts, used, expert_ff, shared_ff;
    unsigned sparse_step;           /* every such block has experts */
    unsigned dense;                 /* 1 + a block without, 0: none */
    bool normed;                    /* weights of the experts used add up to 1 */
    uint64_t seed;
};

const char *gen_family_name(enum gen_family_kind kind); /* model_type */
bool gen_family_sparse(const struct gen_family *s, unsigned block);
/* Factor i of LongRoPE, and what cosine and sine are multiplied by (1: nothing). */
double gen_family_factor(const struct gen_family *s, bool longer, unsigned i);
double gen_family_rope_scale(const struct gen_family *s);

/* A directory's tensors and config.json. */
struct gen_model *gen_family_hf(const struct gen_family *s);
/* The same as GGUF.  per_expert: experts in tensors of their own, as older files of Mixtral have them. */
struct gen_model *gen_family_gguf(const struct gen_family *s, const struct gen_model *hf, bool per_expert);

#endif
