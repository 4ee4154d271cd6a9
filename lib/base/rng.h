/* Seeded random numbers: the same on every machine for one seed (SplitMix64). */
#ifndef AI_BASE_RNG_H
#define AI_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct ai_rng {
    uint64_t state;
};

uint64_t ai_rng_u64(struct ai_rng *r);
/* uniform in [0, n), n > 0, without modulo bias */
uint64_t ai_rng_below(struct ai_rng *r, uint64_t n);
/* uniform in [0, 1), 53 bits */
double ai_rng_unit(struct ai_rng *r);
/* a permutation of the n indices (Fisher-Yates) */
void ai_rng_shuffle(struct ai_rng *r, size_t *index, size_t n);

#endif
