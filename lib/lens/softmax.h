/* The softmax of logits that come in pieces: a running maximum, the sum of
 * exponentials relative to it, and the k best. */
#ifndef AI_LENS_SOFTMAX_H
#define AI_LENS_SOFTMAX_H

#include "lens/lens.h"

struct ai_softmax {
    bool finite;
    unsigned k, n;                /* wanted and found so far */
    uint64_t seen;                /* logits so far */
    float max;
    double sum;                   /* of exp(logit - max) over all logits so far */
    uint32_t token[AI_MAX_TOP];   /* best first */
    float logit[AI_MAX_TOP];
};

void ai_softmax_init(struct ai_softmax *s, unsigned k);
/* n more logits, of tokens[i], or first + i where tokens is NULL; ids ascend over
 * all calls.  Destroys logits. */
void ai_softmax_add(struct ai_softmax *s, float *logits, size_t n, uint32_t first, const uint32_t *tokens);
void ai_softmax_end(const struct ai_softmax *s, struct ai_lens_top *out);

#endif
