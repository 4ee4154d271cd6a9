/* The forward pass: many prompts at once, layer by layer, each leaving when its
 * answer is settled.
 *
 * Layer-major: all live documents go through block 0, then block 1, so a block's
 * weights are read (and decoded) once a batch and an exit saves the upper layers
 * for every token of the prompt.
 *
 * Peek: what an exit check after block l needs is K and V of that block for all
 * tokens, and one row of the rest of it, the last token's.  That much is computed
 * and handed out first; the other rows follow only for documents that stay.
 *
 * Lanes: while decisions about one half of the batch are on their way, the other
 * half is computed; no row is ever computed for nothing.  Small batches (fewer than
 * AI_LANE_ROWS rows a half) run as one lane: two would read the weights twice.
 *
 * Shared prefixes: documents of a batch that begin alike share the rows of their
 * common beginning; its K and V stay for later batches. */
#ifndef AI_FORWARD_FORWARD_H
#define AI_FORWARD_FORWARD_H

#include "base/err.h"
#include "base/pool.h"
#include "control/control.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "stream/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AI_LANE_ROWS = 128,  /* rows below which half a batch is not worth a lane */
    AI_PREFIX_MIN = 16,  /* shared tokens below which a prefix is not worth keeping */
};

struct ai_forward;

/* model and pool are borrowed.  prefix_bytes: memory for prefixes kept between
 * batches, 0: share none.  Returns NULL with err filled. */
struct ai_forward *ai_forward_new(const struct ai_model *model, struct ai_pool *pool, size_t prefix_bytes,
                                  struct ai_err *err) AI_CHECKED;
void ai_forward_free(struct ai_forward *f);
/* How products are computed; before the first run.  f32 until then. */
void ai_forward_compute(struct ai_forward *f, enum ai_compute compute);
/* "F32 f32 avx512, Q4_0 int8 avx512vnni": how the blocks' weights are multiplied. */
void ai_forward_ways(const struct ai_forward *f, char *out, size_t size);

/* One prompt, n >= 1 tokens below the model's vocabulary, n <= its context.
 * The second half is filled by ai_forward_run. */
struct ai_sequence {
    const uint32_t *tokens;
    uint32_t n;

    uint32_t layers;     /* blocks run */
    uint32_t shared;     /* leading tokens that came from a shared prefix */
    uint64_t macs;       /* multiply-adds of its own rows */
    uint64_t macs_full;  /* what they would have been at full depth */
};

/* What happens to the states.  Each returns 0, or -1 with err to end the run. */
struct ai_forward_calls {
    void *arg;
    /* The residual stream of sequence `seq` at `position` after `layer` blocks: H floats.
     * Called for the layers of ai_forward_plan.emit, the last position only unless all_positions. */
    int (*state)(void *arg, size_t seq, unsigned layer, uint32_t position, const float *h, struct ai_err *err);
    /* The states of a group of sequences at one layer are out: bring them on their way. */
    int (*flush)(void *arg, struct ai_err *err);
    /* Which of the n sequences leave after `layer`?  Waits for the answers.  NULL: none ever. */
    int (*decide)(void *arg, unsigned layer, const size_t *seqs, size_t n, bool *leave, struct ai_err *err);
    /* Before each state: AI_COSINES of them, between block `layer` and the one before.  NULL:
     * they are not computed.  Not with all_positions. */
    int (*cosines)(void *arg, size_t seq, unsigned layer, uint32_t position, const float *cosines,
                   struct ai_err *err);
};

struct ai_forward_plan {
    struct ai_layers emit;   /* layers whose states are wanted; 0 is the embedding */
    bool all_positions;      /* every row, not the last one; shares no prefixes, nothing leaves */
};

/* What a run adds up over its batches. */
struct ai_forward_totals {
    uint64_t tokens_asked, tokens_computed;
    uint64_t macs_shared, macs_shared_full;
    uint64_t left_early;     /* sequences */
};

/* Runs one batch to the end.  Totals are added to.  Returns 0 or -1. */
int ai_forward_run(struct ai_forward *f, struct ai_sequence *seqs, size_t n, const struct ai_forward_plan *plan,
                   const struct ai_forward_calls *calls, struct ai_forward_totals *totals, struct ai_err *err) AI_CHECKED;

/* Bytes that a batch of `rows` tokens with longest prompt `longest` takes beside the weights. */
uint64_t ai_forward_bytes(const struct ai_model *model, unsigned threads, uint64_t rows, uint64_t longest);

#endif
