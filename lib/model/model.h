/* A decoder-only language model as published: a GGUF file or a Hugging Face
 * directory, opened by mapping; weights stay in the file until a kernel reads them. */
#ifndef AI_MODEL_MODEL_H
#define AI_MODEL_MODEL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "model/tensor.h"

#include <stdbool.h>
#include <stdint.h>

enum ai_norm { AI_NORM_RMS, AI_NORM_LAYER };
enum ai_norm_place { AI_NORM_BEFORE, AI_NORM_AFTER }; /* x + f(norm(x)), or norm(x + f(x)) as OPT-350m has it */
enum ai_position { AI_POS_ROPE, AI_POS_LEARNED };
enum ai_rope { AI_ROPE_HALVES, AI_ROPE_PAIRS }; /* rotate (i, i + d/2), or (2i, 2i + 1) */
enum ai_act { AI_ACT_SILU, AI_ACT_GELU_TANH, AI_ACT_GELU_ERF, AI_ACT_RELU };

/* Frequency i of a rotation: base^(-2i/rope_dim), divided by factors[i]. */
struct ai_rotary {
    float base;
    const float *factors;   /* [rope_dim / 2], or NULL: all 1 */
    float scale;            /* of cosine and sine (YaRN, LongRoPE); 0: none */
};
enum { AI_ROTARIES = 2 };   /* Gemma 3's local blocks turn faster than the others, Phi-3's long prompts slower */

/* What the forward pass needs to know of a model: a row of the architecture table
 * (arch.c) filled in from the file's own numbers. */
struct ai_hparams {
    unsigned layers;        /* L */
    unsigned width;         /* H: residual stream */
    unsigned heads;         /* query heads */
    unsigned kv_heads;      /* key/value heads; divides heads */
    unsigned head_dim;
    unsigned ff;            /* inner width of the MLP */
    unsigned vocab;         /* rows of the LM head */
    unsigned context;       /* longest sequence */
    float embed_scale;      /* of the embedding's rows; 0: none */
    enum ai_norm norm;
    enum ai_norm_place norm_place;
    float norm_eps;
    bool parallel;          /* attention and MLP read the same x: x + attn(norm x) + mlp(norm x) */
    enum ai_position position;
    unsigned position_offset;
    enum ai_rope rope;
    unsigned rope_dim;      /* leading dimensions of a head that are rotated */
    struct ai_rotary rotary[AI_ROTARIES];
    unsigned long_from;     /* sequences of more tokens turn by rotary[1] in all blocks; 0: none does */
    bool whole_norms;       /* q_norm and k_norm are of all heads together */
    float attn_scale;       /* of the scores: 1/sqrt(head_dim), 1 for GPT-Neo */
    float attn_cap;         /* scores become cap tanh(score / cap) before the softmax; 0: none */
    float head_cap;         /* and so do logits */
    enum ai_act act;
    bool gated;             /* MLP: down(act(gate x) * up x), else down(act(up x)) */
    unsigned experts;       /* of the blocks that have some; 0: none has */
    unsigned experts_used;  /* by each row */
    unsigned expert_ff, shared_ff; /* inner width of an expert, and of the one that all rows share (0: there is none) */
    bool experts_normed;    /* the weights of the experts used add up to 1 */
};

/* data == NULL: the model has no such tensor. */
struct ai_norm_weights { struct ai_tensor weight, bias; };
/* Rows of a fused tensor that belong to one head are together, those of the next
 * head `stride` rows on: row r of weight, and value r of bias, lie at
 * r / group * stride + r % group.  group 0: all rows follow each other. */
struct ai_linear {
    struct ai_tensor weight, bias;
    size_t group, stride;
};
struct ai_mlp { struct ai_linear gate, up, down; }; /* gate: gated MLPs only */
/* Mixture of experts: x is scored by the router; the experts_used best answer, each
 * weighted with its share of the softmax, and so does the shared one, weighted with
 * the sigmoid of its own score. */
struct ai_experts {
    struct ai_tensor router;            /* [experts, H] */
    struct ai_mlp *expert;              /* [experts] */
    struct ai_mlp shared;               /* no data: there is none */
    struct ai_tensor shared_router;     /* [1, H], or no data: its weight is 1 */
};
struct ai_block {
    struct ai_norm_weights attn_norm, mlp_norm; /* mlp_norm missing in a parallel block: attn_norm serves both */
    struct ai_norm_weights attn_post, mlp_post; /* of what attention and MLP add to x */
    struct ai_linear q, k, v, o;
    struct ai_norm_weights q_norm, k_norm;      /* of each head before it is rotated, or as hp.whole_norms says */
    struct ai_mlp mlp;                          /* no data: the block has experts */
    struct ai_experts *experts;                 /* or NULL */
    unsigned window;                            /* keys a query sees, itself included; 0: all before it */
    unsigned rotary;                            /* which of hp.rotary */
};

struct ai_model {
    const char *arch;                 /* "llama", "gpt_neo", ... */
    char digest[AI_DIGEST_LEN + 1];   /* of hyper-parameters, tensor table and samples of each tensor */
    struct ai_hparams hp;
    struct ai_tensor embed;           /* [V, E]; E is H where there are no projections */
    struct ai_linear project_in;      /* [H, E], from an embedding of another width (OPT-350m) */
    struct ai_tensor positions;       /* [context + offset, H], learned positions */
    struct ai_block *blocks;          /* [L] */
    struct ai_norm_weights final_norm;/* OPT-350m has none */
    struct ai_linear project_out;     /* [E, H], behind the final norm */
    struct ai_linear head;            /* [V, E]; the embedding itself when tied */
    uint64_t weight_bytes;            /* of all tensors used */
    struct ai_model_files *files;     /* mappings; private */
    void **made;                      /* [n_made] tensors that the file has in another form; private */
    size_t n_made, cap_made;
};

/* Opens path.  Every tensor's place, type and shape are checked before use.
 * Returns the model, owned by the caller, or NULL with err naming file and tensor. */
struct ai_model *ai_model_open(const char *path, struct ai_err *err) AI_CHECKED;
void ai_model_free(struct ai_model *m);

/* Group g of a map whose rows lie in groups, as a map of its own: l->group rows. */
struct ai_linear ai_linear_group(const struct ai_linear *l, size_t g);

/* Appends what is known of the model as `key TAB value` lines. */
int ai_model_describe(const struct ai_model *m, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
