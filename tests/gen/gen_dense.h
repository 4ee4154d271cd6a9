/* Small random models of the families with one MLP a block, Llama and its relatives,
 * OPT and the GPTs: first as plain numbers, from which a reference can compute, then
 * as the directory and the GGUF file that each family publishes, with its names,
 * fused and transposed matrices, and keys.  Written from the published layouts, apart
 * from lib/model. */
#ifndef GEN_DENSE_H
#define GEN_DENSE_H

#include "gen_model.h"

enum dense_family {
    DENSE_LLAMA, DENSE_MISTRAL, DENSE_QWEN2, DENSE_QWEN3, DENSE_OPT, DENSE_GPT2, DENSE_GPT_NEO, DENSE_GPT_NEOX
};
enum dense_rope { DENSE_ROPE_PLAIN, DENSE_ROPE_LINEAR, DENSE_ROPE_LLAMA3, DENSE_ROPE_YARN };

struct dense_spec {
    enum dense_family family;
    const char *what;            /* for messages */
    unsigned layers, width, heads, kv_heads, head_dim, ff, vocab, context;
    enum ai_wtype type;          /* F32, F16 or BF16 */
    double eps, theta;
    bool tied;
    const char *act;             /* config.json's name of the activation */
    const char *prefix;          /* of the directory's names, where the family has a choice */
    unsigned window;             /* keys that a query sees, 0: all */
    unsigned first_window;       /* first block with a window (Qwen) */
    bool attention_bias, mlp_bias;   /* Llama, Qwen3, GPT-NeoX */
    double rotary_share;         /* of a head (GPT-NeoX) */
    enum dense_rope rope;
    double factor;               /* of its scaling */
    unsigned original;           /* context before it */
    unsigned embed_width;        /* OPT: 0: width */
    bool norm_after, no_final_norm, no_bias, no_affine; /* OPT */
    bool sequential;             /* GPT-NeoX */
    uint64_t seed;
};

/* Matrices [out][in], vectors; NULL: the model has none. */
struct dense_map { float *weight, *bias; };
struct dense_block { struct dense_map attn_norm, mlp_norm, q, k, v, o, q_norm, k_norm, gate, up, down; };
struct dense_model {
    struct dense_spec s;
    float *embed, *positions;    /* [V][E], [context + 2 for OPT][H] */
    struct dense_map project_in, project_out, final_norm;
    float *head;                 /* [V][E], the embedding when tied */
    struct dense_block *blocks;
};

struct dense_model *dense_new(const struct dense_spec *s);
void dense_free(struct dense_model *m);

/* Which family's block looks through a window: keys that block b sees, 0: all. */
unsigned dense_window(const struct dense_spec *s, unsigned b);
/* What frequency i of a head is divided by, as the published configurations define it. */
double dense_divisor(const struct dense_spec *s, unsigned i);
/* What cosine and sine are multiplied by. */
double dense_rope_scale(const struct dense_spec *s);
unsigned dense_rope_dim(const struct dense_spec *s);

struct gen_model *dense_directory(const struct dense_model *m);
/* NULL: GGUF has no such family, or no word for a part of this model. */
struct gen_model *dense_gguf(const struct dense_model *m);

#endif
