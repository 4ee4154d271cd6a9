/* The logit lens: logits of a hidden state = LM head(final norm(state)), and what
 * ai-features(1) reads from their softmax. */
#ifndef AI_LENS_LENS_H
#define AI_LENS_LENS_H

#include "base/err.h"
#include "base/pool.h"
#include "model/model.h"
#include "stream/records.h"

struct ai_lens;

/* Scratch for up to max_rows states at a time.  model and pool are borrowed. */
struct ai_lens *ai_lens_new(const struct ai_model *model, struct ai_pool *pool, size_t max_rows, struct ai_err *err) AI_CHECKED;
void ai_lens_free(struct ai_lens *lens);

/* logits [n, V] of states [n, H]. */
void ai_lens_logits(struct ai_lens *lens, const float *states, size_t n, float *logits);

#endif
