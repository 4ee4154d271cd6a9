/* The architecture table: what a family of models has in common.  A new one is a
 * row in arch.c, the numbers come from the file (numbers.c).  Private to lib/model. */
#ifndef AI_MODEL_ARCH_H
#define AI_MODEL_ARCH_H

#include "model/files.h"
#include "model/model.h"

/* Tensor names in one format, without ".weight" and ".bias"; %u is the block. */
struct ai_arch_names {
    const char *embed, *positions, *final_norm, *head;
    const char *attn_norm, *mlp_norm, *q, *k, *v, *o, *gate, *up, *down;
};

/* What a tensor is to an architecture: not looked for, taken if it is there, or missing without it. */
enum ai_need { AI_NONE, AI_OPTIONAL, AI_REQUIRED };
enum ai_bias_group { AI_BIASES_QKV, AI_BIASES_OUT, AI_BIASES_MLP, AI_BIAS_GROUPS };

struct ai_arch {
    const char *name;            /* as messages and streams call it */
    const char *gguf;            /* general.architecture, NULL: not in GGUF */
    const char *model_types[4];  /* config.json's model_type */
    enum ai_norm norm;
    enum ai_position position;
    bool gated;                  /* MLP with a gate */
    bool scaled;                 /* scores divided by sqrt(head_dim) */
    bool tied;                   /* head = embedding, unless config.json says otherwise */
    enum ai_need bias[AI_BIAS_GROUPS];
    const char *bias_keys[AI_BIAS_GROUPS]; /* of config.json that say true or false, or NULL */
    enum ai_rope rope_gguf, rope_hf;
    const struct ai_arch_names *names_gguf, *names_hf;
};

/* The row for a GGUF architecture or a model_type; NULL with err listing what is known. */
const struct ai_arch *ai_arch_find(bool gguf, const char *name, size_t len, struct ai_err *err);

/* numbers.c: fills hp from the metadata or config.json; vocab comes with the embedding. */
int ai_arch_numbers(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp,
                    struct ai_err *err) AI_CHECKED;
/* Keys that a query of block b sees; 0: all. */
int ai_arch_window(const struct ai_arch *a, const struct ai_model_files *f, unsigned b, unsigned *window,
                   struct ai_err *err) AI_CHECKED;
/* Divisors of the rotary frequencies, if the file has any: into f->rope_factors and hp. */
int ai_arch_rope_factors(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp,
                         struct ai_err *err) AI_CHECKED;
/* Is the head the embedding?  In GGUF it is when the file has no head of its own. */
int ai_arch_tied(const struct ai_arch *a, const struct ai_model_files *f, bool *tied, struct ai_err *err) AI_CHECKED;
int ai_arch_bias(const struct ai_arch *a, const struct ai_model_files *f, enum ai_bias_group group, enum ai_need *out,
                 struct ai_err *err) AI_CHECKED;
/* The embedding's rows, as far as the metadata or config.json say anything about them. */
int ai_arch_check_vocab(const struct ai_arch *a, const struct ai_model_files *f, unsigned rows,
                        struct ai_err *err) AI_CHECKED;

#endif
