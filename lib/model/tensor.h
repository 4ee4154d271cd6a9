/* Weights as they lie in the file, and their decoding to f32.  A weight format is
 * a row of the table in tensor.c, a decoder in decode_body.h and, if it packs values
 * into blocks, a struct in blocks.h. */
#ifndef AI_MODEL_TENSOR_H
#define AI_MODEL_TENSOR_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum ai_wtype {
    AI_W_F32, AI_W_F16, AI_W_BF16, AI_W_Q8_0, AI_W_Q4_0, AI_W_Q4_1, AI_W_Q5_0, AI_W_Q5_1,
    AI_W_Q2_K, AI_W_Q3_K, AI_W_Q4_K, AI_W_Q5_K, AI_W_Q6_K, AI_W_IQ4_NL, AI_W_IQ4_XS, AI_W_COUNT
};

struct ai_wtype_info {
    const char *name;       /* "F32", "F16", ... as in GGUF */
    int gguf;               /* its number there, -1: not in GGUF */
    const char *safetensors;/* its name there, NULL: not in safetensors */
    unsigned block;         /* values a block; a row is a whole number of blocks */
    unsigned bytes;         /* bytes a block */
};
extern const struct ai_wtype_info ai_wtypes[AI_W_COUNT];

/* A matrix [rows, cols] (a vector has rows 1), row-major: W[r][c] multiplies input
 * c and adds to output r, as in y = W x.  Borrowed from the model's mapping. */
struct ai_tensor {
    const void *data;
    enum ai_wtype type;
    size_t rows, cols;
};

/* Decodes n values (a whole number of blocks) at src, at any address, to f32: bit for
 * bit what the format's definition says. */
void ai_decode(enum ai_wtype type, const void *src, float *dst, size_t n);

/* Bytes of one row. */
size_t ai_tensor_row_bytes(const struct ai_tensor *t);
/* Decodes rows [row, row + n) to dst, n * cols values. */
void ai_tensor_rows(const struct ai_tensor *t, size_t row, size_t n, float *dst);
/* *out: the one row of the vector t, aligned, to be freed; NULL if t has no data. */
int ai_tensor_vector(const struct ai_tensor *t, float **out, struct ai_err *err) AI_CHECKED;

#endif
