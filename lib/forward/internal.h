/* Between the files of lib/forward only. */
#ifndef AI_FORWARD_INTERNAL_H
#define AI_FORWARD_INTERNAL_H

#include "forward/forward.h"
#include "kernels/kernels.h"

enum { QUERY_BLOCK = 64 }; /* queries that attend together: scores are [QUERY_BLOCK, keys] */

/* f32 copies of a block's norms (they are small and read for every row).  weight
 * NULL: the block has no such norm; bias may be NULL. */
struct norm { float *weight, *bias; };
struct block_norms { struct norm attn, mlp, attn_post, mlp_post, q, k; };

/* The beginning that several prompts share: its residual stream as deep as anyone
 * needed it, and K and V of those blocks. */
struct prefix {
    uint32_t *tokens;
    uint32_t n;
    unsigned depth;      /* blocks run */
    float *x;            /* [n, H] after `depth` blocks */
    float **k, **v;      /* [L][n, kv_heads * head_dim]; NULL beyond depth */
    size_t bytes;        /* when all blocks are there */
    uint64_t used;       /* clock of the last batch */
    unsigned users;      /* sequences of the present batch */
};

/* A sequence in a lane.  Its own rows (those after the prefix): `rest` rows from
 * row `first` on, then its last token at row lane.rest + its index (if lane.last). */
struct lane_seq {
    size_t seq;          /* index in the batch */
    size_t first, rest;
    uint32_t start;      /* position of its first own row: the prefix's length */
    bool longer;         /* than hp.long_from */
    struct prefix *prefix; /* or NULL */
};

/* Sequences that go through the blocks in step.  Rows: all rest rows, then one
 * last row for each sequence, so that both groups are contiguous matrices. */
struct lane {
    struct lane_seq *seq;
    size_t n;
    size_t rest;         /* rest rows in all */
    bool last;           /* last rows present: sequences of the batch; not for a prefix */
    float *x;            /* [rows, H] residual stream */
    float *k, *v;        /* [rows, kv_heads * head_dim] of the present block */
    uint32_t *position;  /* [rows] */
    size_t *owner;       /* [rows] index in seq */
    unsigned pending;    /* layer whose rest rows wait for a decision; 0: none */
    struct {             /* of the last rows, where they are wanted */
        float *before[AI_COSINES];    /* [n, H] of the last block that ran: zeros, or the embedding, at first */
        float (*value)[AI_COSINES];   /* [n] that block's, or NULL */
    } cosines;
};

/* A row that an expert gets. */
struct expert_pick {
    uint32_t row, expert;
    float weight;
};

/* What a block's mixture of experts works with, for up to `rows` rows at once. */
struct expert_scratch {
    size_t rows;
    float *sum;                  /* [rows, H] what the experts add to x */
    float *scores;               /* [chunk, experts] */
    struct expert_pick *choices; /* [rows][used], each row's best first */
    struct expert_pick *picks;   /* the same by expert, then row */
    size_t *start;               /* [experts + 1] where each expert's begin */
};

static inline size_t lane_rows(const struct lane *l)
{
    return l->rest + (l->last ? l->n : 0);
}

struct ai_forward {
    const struct ai_model *model;
    const struct ai_ops *ops;
    struct ai_kernels *kernels;
    struct block_norms *norms;     /* [L] */
    size_t kv_width, q_width;      /* kv_heads * head_dim, heads * head_dim */

    float *rope[AI_ROTARIES];      /* [positions][rope_dim / 2][cos, sin] */
    size_t rope_positions;

    size_t chunk;                  /* rows that go through a block's second part at once */
    float *norm, *sum;             /* [chunk, H]: what goes into a part of the block, and what it adds */
    float *q, *attn, *gate, *up;   /* [chunk, q_width] twice, [chunk, widest MLP] twice */
    struct expert_scratch experts;
    float **scores;                /* [threads][QUERY_BLOCK, keys] */
    size_t score_keys;

    struct prefix **prefixes;
    size_t n_prefixes;
    size_t prefix_bytes, prefix_used;
    uint64_t clock;
};

/* rope.c: cos and sin for positions below n. */
int rope_reserve(struct ai_forward *f, size_t n, struct ai_err *err);
/* Rotates the heads m [n, heads * head_dim] of rows [row, row + n) of the lane as block b does. */
void rope_rows(struct ai_forward *f, const struct lane *l, unsigned b, size_t row, float *m, size_t heads, size_t n);

/* attention.c: out [n, q_width] of the queries q [n, q_width] that are rows
 * [row, row + n) of the lane, over K and V of block `block`. */
void attention(struct ai_forward *f, const struct lane *l, unsigned block, size_t row, size_t n, const float *q,
               float *out);
int attention_reserve(struct ai_forward *f, size_t keys, struct ai_err *err);

/* block.c */
/* First part of block b (from 0): K and V of all rows of the lane. */
void block_keys(struct ai_forward *f, struct lane *l, unsigned b);
/* Second part for rows [row, row + n): attention, MLP; x of those rows is updated. */
void block_rows(struct ai_forward *f, struct lane *l, unsigned b, size_t row, size_t n);
/* out [n, H] = what the MLP or experts of block b read of x [n, H]; they may be the same. */
void block_mlp_norm(struct ai_forward *f, unsigned b, const float *x, size_t n, float *out);
/* out [n, H] = w of x [n, H], n <= chunk; they may be the same. */
void block_mlp(struct ai_forward *f, const struct ai_mlp *w, const float *x, size_t n, float *out);
/* Tokens to residual stream. */
void embed_row(struct ai_forward *f, uint32_t token, uint32_t position, float *x);
/* Multiply-adds of K and V for n rows, of the second part for n rows, and of the
 * attention of queries at positions [from, to), all in block b. */
uint64_t macs_keys(const struct ai_model *m, unsigned b, uint64_t n);
uint64_t macs_rows(const struct ai_model *m, unsigned b, uint64_t n);
uint64_t macs_attention(const struct ai_model *m, unsigned b, uint64_t from, uint64_t to);

/* experts.c */
/* What the experts of block b add to x [n, H], n as reserved: [n, H], which stays until the next call. */
float *experts_sum(struct ai_forward *f, unsigned b, const float *x, size_t n);
int experts_reserve(struct ai_forward *f, size_t rows, struct ai_err *err);
uint64_t experts_bytes(const struct ai_model *m, uint64_t rows);
void experts_free(struct expert_scratch *s);

/* lane.c */
int lane_init(struct lane *l, struct ai_forward *f, const struct lane_seq *seqs, size_t n, bool last,
              struct ai_err *err);
void lane_free(struct lane *l);
/* Removes the sequences whose leave[i] is set and closes the gaps. */
void lane_compact(struct ai_forward *f, struct lane *l, const bool *leave);

/* cosines.c: for the sequences of a lane that has last rows; all zero at first. */
int cosines_init(struct lane *l, const struct ai_forward *f, struct ai_err *err);
void cosines_free(struct lane *l);
/* Sequence `from` becomes sequence `to`. */
void cosines_move(struct lane *l, const struct ai_forward *f, size_t to, size_t from);
/* out [n, H] is what a block makes of rows [row, row + n): those of them that are last
 * rows are compared with the block before.  Does nothing where no cosines are wanted. */
void cosines_note(const struct ai_forward *f, struct lane *l, int which, size_t row, size_t n, const float *out);

/* prefix.c */
/* Finds or makes the prefixes of a batch: of[i] is sequence i's or NULL. */
int prefix_assign(struct ai_forward *f, const struct ai_sequence *seqs, size_t n, struct prefix **of,
                  struct ai_forward_totals *totals, struct ai_err *err);
/* Runs p's rows up to `depth` blocks. */
int prefix_advance(struct ai_forward *f, struct prefix *p, unsigned depth, struct ai_forward_totals *totals,
                   struct ai_err *err);
void prefix_free_all(struct ai_forward *f);

#endif
