/* The decoders of the weight formats, once for each instruction set; all give the
 * same bits.  Private to lib/model and its tests. */
#ifndef AI_MODEL_DECODE_H
#define AI_MODEL_DECODE_H

#include "model/tensor.h"

struct ai_decoders {
    const char *isa;
    /* n values, a whole number of blocks, at src (any alignment) to f32 */
    void (*of[AI_W_COUNT])(const void *restrict src, float *restrict dst, size_t n);
};

/* The best set that this machine runs. */
const struct ai_decoders *ai_decoders(void);
/* Set i of those that this machine runs, NULL behind the last. */
const struct ai_decoders *ai_decoders_at(unsigned i);

#endif
