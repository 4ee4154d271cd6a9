/* k solved examples in front of every prompt, drawn from a pool of rows so that the
 * answers are as even as k allows. */
#ifndef AI_PROMPT_SHOTS_H
#define AI_PROMPT_SHOTS_H

#include "base/rng.h"
#include "prompt/template.h"

struct ai_shots;

/* k examples of a template with an answer, chosen by seed; without choices, any rows.  t is borrowed. */
struct ai_shots *ai_shots_new(const struct ai_template *t, unsigned k, uint64_t seed, struct ai_err *err) AI_CHECKED;
void ai_shots_free(struct ai_shots *s);

/* Offers a row of the pool; one without an answer is passed over.  Memory holds at most k of them (reservoir sampling: each
 * row with the same answer has the same chance). */
int ai_shots_offer(struct ai_shots *s, const struct ai_row *row, struct ai_err *err) AI_CHECKED;

/* Appends the examples in an order drawn too: prompt, space, answer, separator.  A
 * pool with too few rows of an answer fails. */
int ai_shots_text(struct ai_shots *s, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
