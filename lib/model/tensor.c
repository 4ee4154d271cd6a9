#include "model/tensor.h"

#include "base/mem.h"
#include "model/blocks.h"
#include "model/decode.h"

const struct ai_wtype_info ai_wtypes[AI_W_COUNT] = {
    [AI_W_F32] = {"F32", 0, "F32", 1, 4},
    [AI_W_F16] = {"F16", 1, "F16", 1, 2},
    [AI_W_BF16] = {"BF16", 30, "BF16", 1, 2},
    [AI_W_Q8_0] = {"Q8_0", 8, NULL, AI_BLOCK, sizeof(struct ai_block_q8_0)},
    [AI_W_Q4_0] = {"Q4_0", 2, NULL, AI_BLOCK, sizeof(struct ai_block_q4_0)},
    [AI_W_Q4_1] = {"Q4_1", 3, NULL, AI_BLOCK, sizeof(struct ai_block_q4_1)},
    [AI_W_Q5_0] = {"Q5_0", 6, NULL, AI_BLOCK, sizeof(struct ai_block_q5_0)},
    [AI_W_Q5_1] = {"Q5_1", 7, NULL, AI_BLOCK, sizeof(struct ai_block_q5_1)},
    [AI_W_Q2_K] = {"Q2_K", 10, NULL, AI_BLOCK_K, sizeof(struct ai_block_q2_k)},
    [AI_W_Q3_K] = {"Q3_K", 11, NULL, AI_BLOCK_K, sizeof(struct ai_block_q3_k)},
    [AI_W_Q4_K] = {"Q4_K", 12, NULL, AI_BLOCK_K, sizeof(struct ai_block_q4_k)},
    [AI_W_Q5_K] = {"Q5_K", 13, NULL, AI_BLOCK_K, sizeof(struct ai_block_q5_k)},
    [AI_W_Q6_K] = {"Q6_K", 14, NULL, AI_BLOCK_K, sizeof(struct ai_block_q6_k)},
    [AI_W_IQ4_NL] = {"IQ4_NL", 20, NULL, AI_BLOCK, sizeof(struct ai_block_iq4_nl)},
    [AI_W_IQ4_XS] = {"IQ4_XS", 23, NULL, AI_BLOCK_K, sizeof(struct ai_block_iq4_xs)},
};

void ai_decode(enum ai_wtype type, const void *src, float *dst, size_t n)
{
    ai_decoders()->of[type](src, dst, n);
}

size_t ai_tensor_row_bytes(const struct ai_tensor *t)
{
    const struct ai_wtype_info *info = &ai_wtypes[t->type];

    return t->cols / info->block * info->bytes;
}

void ai_tensor_rows(const struct ai_tensor *t, size_t row, size_t n, float *dst)
{
    ai_decode(t->type, (const uint8_t *)t->data + row * ai_tensor_row_bytes(t), dst, n * t->cols);
}

int ai_tensor_vector(const struct ai_tensor *t, float **out, struct ai_err *err)
{
    *out = NULL;
    if (!t->data)
        return 0;
    *out = ai_alloc_aligned(t->cols, sizeof **out, err);
    if (!*out)
        return -1;
    ai_tensor_rows(t, 0, 1, *out);
    return 0;
}
