/* The architecture table: what a family of models has in common.  A new one is a
 * row in arch.c and its tensors' names in names.c; the numbers come from the file
 * (numbers.c).  Private to lib/model. */
#ifndef AI_MODEL_ARCH_H
#define AI_MODEL_ARCH_H

#include "model/files.h"
#include "model/model.h"

/* Tensor names in one format, without ".weight" and ".bias"; %u is the block.  NULL: there is none. */
struct ai_arch_names {
    const char *prefixes[4]; /* before all names but the head's: the first with which there is an embedding; "" ends */
    const char *embed, *positions, *project_in, *project_out, *final_norm, *head;
    const char *attn_norm, *attn_post, *mlp_norm, *mlp_post;
    const char *qkv, *q, *k, *v, *o, *q_norm, *k_norm;  /* qkv: all three in one, where the file has it */
    const char *gate_up, *gate, *up, *down;             /* gate_up: likewise */
    const char *router, *shared_router, *shared_gate, *shared_up, *shared_down;
    const char *expert_gate, *expert_up, *expert_down;  /* a second %u is the expert */
    const char *stack_gate, *stack_up, *stack_down;     /* all experts in one, where the file has it */
};
extern const struct ai_arch_names ai_names_gguf;
extern const struct ai_arch_names ai_names_llama, ai_names_opt, ai_names_gpt2, ai_names_gpt_neo, ai_names_gpt_neox;
extern const struct ai_arch_names ai_names_mixtral, ai_names_gemma, ai_names_phi, ai_names_phi3;

/* What may hold of a family's models; its switches say what does not of one of them. */
enum ai_trait {
    AI_TIED = 1 << 0,        /* the head is the embedding (GGUF: when it has no head of its own) */
    AI_GATED = 1 << 1,       /* MLP with a gate */
    AI_SCALED = 1 << 2,      /* scores divided by sqrt(head_dim) */
    AI_PARALLEL = 1 << 3,    /* attention and MLP side by side */
    AI_ONE_NORM = 1 << 4,    /* and both behind the same norm */
    AI_PRE_NORMS = 1 << 5,   /* before attention and MLP; without: after the sum with x */
    AI_POST_NORMS = 1 << 6,  /* of what attention and MLP give, before it is added to x */
    AI_FINAL_NORM = 1 << 7,
    AI_AFFINE_NORMS = 1 << 8,    /* norms have weights (a layer norm's: with bias) */
    AI_NORMS_FROM_ONE = 1 << 9,  /* config.json's format: norms multiply by 1 + weight (GGUF has the sum) */
    AI_HEAD_NORMS = 1 << 10,     /* norm of each head of Q and K, of the kind of the others */
    AI_BIAS_QKV = 1 << 11,
    AI_BIAS_OUT = 1 << 12,
    AI_BIAS_MLP = 1 << 13,
    AI_BIAS_HEAD = 1 << 14,
    AI_CONV1D = 1 << 15,         /* config.json's format: matrices are stored [in, out] */
    AI_QKV_BY_HEAD = 1 << 16,    /* config.json's format: qkv has each head's q, k, v together */
    AI_EMBED_SCALED = 1 << 17,   /* embedding times sqrt(width) */
    AI_GATE_IN_UP = 1 << 18,     /* GGUF: "up" holds the rows of the gate and its own */
    AI_WHOLE_NORMS = 1 << 19,    /* with AI_HEAD_NORMS: of all heads together */
    AI_EXPERTS_NORMED = 1 << 20, /* the weights of the experts used add up to 1 */
};

/* A key of config.json (and of GGUF, behind the architecture's name) that is true or
 * false; false takes traits away. */
struct ai_switch {
    const char *hf, *gguf;
    bool absent;             /* its value where it is not written */
    bool inverse;            /* true takes them away */
    bool gguf_other;         /* in GGUF the other value holds where it is not written */
    unsigned traits;         /* 0: `absent` is the only value that is supported */
};

/* The numbers that both formats name. */
enum ai_number {
    AI_LAYERS, AI_WIDTH, AI_HEADS, AI_KV_HEADS, AI_HEAD_DIM, AI_FF, AI_CONTEXT, AI_EMBED_WIDTH, AI_NORM_EPS,
    AI_ROPE_BASE, AI_ROPE_BASE_LOCAL, AI_ROPE_SHARE, AI_WINDOW, AI_WINDOW_EVERY, AI_QUERY_SCALE, AI_ATTN_CAP,
    AI_HEAD_CAP, AI_EXPERTS, AI_EXPERTS_USED, AI_EXPERT_FF, AI_SHARED_FF,
    AI_CONTEXT_FIRST, AI_NUMBERS,
};

/* A key of config.json, and its value there where the file says nothing (as the
 * published configuration classes have it; 0: none, it must be there or follows
 * from others).  A null counts as nothing without a default. */
struct ai_hf_number {
    const char *key;
    double absent;
    const char *older;       /* another name for it */
    double gguf_absent;      /* the same of GGUF, where its readers have a default */
};

/* Which blocks look back through a window of AI_WINDOW keys. */
enum ai_windows {
    AI_WINDOW_ALL,           /* all, where there is a window */
    AI_WINDOW_UPPER,         /* those from max_window_layers on, if use_sliding_window (Qwen) */
    AI_WINDOW_NEO,           /* as attention_layers or attention_types have it (GPT-Neo) */
    AI_WINDOW_SWITCHED,      /* all, if use_sliding_window (Qwen's experts) */
    AI_WINDOW_MOST,          /* all but every AI_WINDOW_EVERYth, unless layer_types lists them (Gemma) */
};

struct ai_arch {
    const char *name;            /* as messages and streams call it */
    const char *gguf;            /* general.architecture, NULL: not in GGUF */
    const char *model_types[4];  /* config.json's model_type */
    enum ai_norm norm;
    enum ai_position position;
    unsigned position_offset;    /* rows of the position table before that of position 0 */
    enum ai_rope rope_gguf, rope_hf;
    enum ai_act act;             /* where the file does not say */
    const char *act_key, *act_older; /* of config.json; the second where the first is missing or null */
    enum ai_windows windows;
    unsigned query_by_width;     /* GGUF: models of so many blocks scale scores by sqrt(heads / width) */
    unsigned traits;             /* enum ai_trait */
    struct ai_switch switches[8];/* up to the first without a key */
    struct ai_hf_number numbers[AI_NUMBERS];
    const struct ai_arch_names *names_hf;
};

/* The row for a GGUF architecture or a model_type; NULL with err listing what is known. */
const struct ai_arch *ai_arch_find(bool gguf, const char *name, size_t len, struct ai_err *err);

/* A number of the file: 0 and *out, 1 when it has none and there is no default, -1. */
int ai_arch_whole(const struct ai_arch *a, const struct ai_model_files *f, enum ai_number n, unsigned *out,
                  struct ai_err *err) AI_CHECKED;
int ai_arch_real(const struct ai_arch *a, const struct ai_model_files *f, enum ai_number n, float *out,
                 struct ai_err *err) AI_CHECKED;

/* numbers.c: fills hp from the metadata or config.json, and *traits with what holds
 * of this model; vocab comes with the embedding, frequencies from ai_arch_rotary. */
int ai_arch_numbers(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp, unsigned *traits,
                    struct ai_err *err) AI_CHECKED;
/* The embedding's rows, as far as the metadata or config.json say anything about them. */
int ai_arch_check_vocab(const struct ai_arch *a, const struct ai_model_files *f, unsigned rows,
                        struct ai_err *err) AI_CHECKED;
/* window.c: fills w->window of block b, and w->rotary where blocks with a window turn otherwise. */
int ai_arch_window(const struct ai_arch *a, const struct ai_model_files *f, unsigned b, struct ai_block *w,
                   struct ai_err *err) AI_CHECKED;
/* Does block b have experts in place of an MLP?  0 or -1. */
int ai_arch_sparse(const struct ai_model_files *f, const struct ai_hparams *hp, unsigned b, bool *sparse,
                   struct ai_err *err) AI_CHECKED;
/* rotary.c: bases, and divisors of the frequencies if the file has any (into f->rope_factors). */
int ai_arch_rotary(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp,
                   struct ai_err *err) AI_CHECKED;

/* longrope.c: 1 if the file has no two lists of divisors, else 0 or -1. */
int ai_arch_longrope(const struct ai_arch *a, struct ai_model_files *f, const struct ai_json *scaling,
                     struct ai_hparams *hp, struct ai_err *err) AI_CHECKED;
/* Divisors of n frequencies from a tensor. */
int ai_arch_divisors(const struct ai_model_files *f, const char *name, unsigned n, float *out,
                     struct ai_err *err) AI_CHECKED;

/* weights.c: finds all tensors and checks their types, shapes and places. */
int ai_arch_load(const struct ai_arch *a, unsigned traits, struct ai_model *m, struct ai_err *err) AI_CHECKED;
/* describe.c: fills m->digest. */
void ai_model_digest(struct ai_model *m);

#endif
