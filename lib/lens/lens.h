/* The logit lens: logits of a hidden state = LM head(final norm(state)), and the
 * most probable tokens of their softmax.  A model without a final norm (OPT-350m)
 * has none here, and one with a projection before its head (OPT-350m) has it.
 *
 * The vocabulary is taken a tile of columns at a time, with a running maximum, sum
 * and list of the best per state, so that memory does not grow with it: below
 * 64 MB for 256 states of width 16384 and any vocabulary. */
#ifndef AI_LENS_LENS_H
#define AI_LENS_LENS_H

#include "base/err.h"
#include "base/pool.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "stream/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ai_lens;

/* Scratch for up to max_rows states at a time.  model and pool are borrowed. */
struct ai_lens *ai_lens_new(const struct ai_model *model, struct ai_pool *pool, size_t max_rows,
                            struct ai_err *err) AI_CHECKED;
void ai_lens_free(struct ai_lens *lens);
/* How the product with the head is computed from now on; f32 until then.  A small head
 * is decoded once and stays in f32, and so are the rows of ai_lens_top_of. */
void ai_lens_compute(struct ai_lens *lens, enum ai_compute compute);

/* logits [n, V] of states [n, H]; any n. */
void ai_lens_logits(struct ai_lens *lens, const float *states, size_t n, float *logits);

/* The softmax of one state's logits: its most probable tokens, best first, equal
 * ones in order of their ids. */
struct ai_lens_top {
    bool finite;       /* false: a logit is NaN or infinite, and nothing else is set */
    bool rest;         /* other tokens competed than those listed */
    unsigned n;        /* tokens listed: the smaller of what was asked for and what competed */
    uint32_t token[AI_MAX_TOP];
    float prob[AI_MAX_TOP];
};

/* out[i] for states [n, H]: the k best of the whole vocabulary.  n <= max_rows,
 * 1 <= k <= AI_MAX_TOP. */
void ai_lens_top(struct ai_lens *lens, const float *states, size_t n, unsigned k, struct ai_lens_top *out);

/* The same for one state when only n_tokens tokens compete: ascending ids below V,
 * each once, n_tokens >= 1.  Their rows of the head are kept between calls. */
int ai_lens_top_of(struct ai_lens *lens, const float *state, const uint32_t *tokens, size_t n_tokens, unsigned k,
                   struct ai_lens_top *out, struct ai_err *err) AI_CHECKED;

#endif
