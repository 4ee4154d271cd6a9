/* The model that is compared: prompts in, states and logits of all layers out. */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "forward/forward.h"
#include "io/json.h"
#include "lens/lens.h"

enum { MAX_PROMPTS = 16 };

struct prompt {
    uint32_t *ids;          /* [n], room for MAX_TOKENS */
    uint32_t n;
    float *states;          /* [L + 1, n, H] after subject_run */
};

struct subject {
    struct ai_model *model;
    struct ai_forward *forward;
    struct ai_lens *lens;
    struct prompt prompts[MAX_PROMPTS];
    size_t n;
};

enum { MAX_TOKENS = 1024 };

int subject_open(struct subject *s, const char *path, enum ai_compute compute, struct ai_pool *pool,
                 struct ai_err *err) AI_CHECKED;
void subject_close(struct subject *s);
/* Adds the prompt of a JSON array of ids. */
int subject_prompt(struct subject *s, const struct ai_json *ids, struct ai_err *err) AI_CHECKED;
/* All states of all prompts, as one batch. */
int subject_run(struct subject *s, struct ai_err *err) AI_CHECKED;
/* What the head takes of the states of one layer, by this test's own arithmetic: final
 * norm and projection, [n, E].  Returns the number of values. */
size_t subject_normed(const struct subject *s, const float *states, size_t n, float *out);
/* Continues every prompt by steps[i] greedy tokens, all of them together; more [MAX_PROMPTS][MAX_TOKENS]. */
int subject_greedy(struct subject *s, const size_t *steps, uint32_t (*more)[MAX_TOKENS], struct ai_err *err) AI_CHECKED;

#endif
