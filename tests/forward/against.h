/* A model's files against a plain reference: states of all layers and positions,
 * logits and the best tokens, prompts that share a beginning, prompts that leave early,
 * and the arithmetic that is counted. */
#ifndef AGAINST_H
#define AGAINST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROMPTS = 6, LONGEST = 180 };

/* What a reference says of a model. */
struct answers {
    unsigned layers, width, vocab;
    uint32_t n[PROMPTS], tokens[PROMPTS][LONGEST];
    double *states[PROMPTS];   /* [L + 1][n][H] */
    double *logits[PROMPTS];   /* [L + 1][V] of the last token */
    uint64_t macs[PROMPTS];    /* multiply-adds of all blocks and tokens; 0: not compared */
};

/* Prompts of up to `longest` tokens. */
void answers_init(struct answers *a, unsigned layers, unsigned width, unsigned vocab, unsigned longest);
void answers_free(struct answers *a);

/* True if the model at path says the same; the report says how near, or what is wrong. */
bool against(const struct answers *a, const char *path, char *report, size_t size);

#endif
