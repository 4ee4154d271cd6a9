/* Random weights written directly in a weight format: every bit pattern of the
 * quants and sub-scales occurs, the scales are such that the values have mean 0 and
 * the root mean square that is asked for, roughly. */
#ifndef GEN_BLOCKS_H
#define GEN_BLOCKS_H

#include "base/rng.h"
#include "model/tensor.h"

/* n values, a whole number of blocks. */
void gen_blocks(enum ai_wtype type, struct ai_rng *rng, float rms, size_t n, uint8_t *out);

#endif
