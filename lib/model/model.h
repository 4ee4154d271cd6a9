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
enum ai_position { AI_POS_ROPE, AI_POS_LEARNED };
enum ai_rope { AI_ROPE_HALVES, AI_ROPE_PAIRS }; /* rotate (i, i + d/2), or (2i, 2i + 1) */
enum ai_mlp { AI_MLP_SWIGLU, AI_MLP_GELU_TANH, AI_MLP_GELU_ERF, AI_MLP_RELU };

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
    enum ai_norm norm;
    float norm_eps;
    enum ai_position position;
    unsigned position_offset;
    enum ai_rope rope;
    unsigned rope_dim;      /* leading dimensions of a head that are rotated */
    float rope_base;
    const float *rope_factors; /* [rope_dim / 2] divisors of the frequencies, or NULL */
    float attn_scale;       /* of the scores: 1/sqrt(head_dim), 1 for GPT-Neo */
    enum ai_mlp mlp;
};

/* data == NULL: the model has no such tensor. */
struct ai_norm_weights { struct ai_tensor weight, bias; };
struct ai_linear { struct ai_tensor weight, bias; };
struct ai_block {
    struct ai_norm_weights attn_norm, mlp_norm;
    struct ai_linear q, k, v, o;
    struct ai_linear gate, up, down; /* gate: gated MLPs only */
    unsigned window;                 /* keys a query sees, itself included; 0: all before it */
};

struct ai_model {
    const char *arch;                 /* "llama", "gpt_neo", ... */
    char digest[AI_DIGEST_LEN + 1];   /* of hyper-parameters, tensor table and samples of each tensor */
    struct ai_hparams hp;
    struct ai_tensor embed;           /* [V, H] */
    struct ai_tensor positions;       /* [context + offset, H], learned positions */
    struct ai_block *blocks;          /* [L] */
    struct ai_norm_weights final_norm;
    struct ai_linear head;            /* [V, H]; the embedding itself when tied */
    uint64_t weight_bytes;            /* of all tensors used */
    struct ai_model_files *files;     /* mappings; private */
};

/* Opens path.  Every tensor's place, type and shape are checked before use.
 * Returns the model, owned by the caller, or NULL with err naming file and tensor. */
struct ai_model *ai_model_open(const char *path, struct ai_err *err) AI_CHECKED;
void ai_model_free(struct ai_model *m);

/* Appends what is known of the model as `key TAB value` lines. */
int ai_model_describe(const struct ai_model *m, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
