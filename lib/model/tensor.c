#include "model/tensor.h"

#include "base/bytes.h"

static void decode_f32(const void *src, float *dst, size_t n)
{
    const uint8_t *p = src;

    for (size_t i = 0; i < n; i++)
        dst[i] = ai_get_f32(p + 4 * i);
}

static void decode_f16(const void *src, float *dst, size_t n)
{
    const uint8_t *p = src;

    for (size_t i = 0; i < n; i++)
        dst[i] = ai_f16_to_f32(ai_get_u16(p + 2 * i));
}

static void decode_bf16(const void *src, float *dst, size_t n)
{
    const uint8_t *p = src;

    for (size_t i = 0; i < n; i++)
        dst[i] = ai_bf16_to_f32(ai_get_u16(p + 2 * i));
}

/* Blocks of 32: an f16 scale, then 32 signed bytes. */
static void decode_q8_0(const void *src, float *dst, size_t n)
{
    const uint8_t *p = src;

    for (size_t b = 0; b < n / 32; b++, p += 34, dst += 32) {
        float scale = ai_f16_to_f32(ai_get_u16(p));

        for (int i = 0; i < 32; i++)
            dst[i] = (float)(int8_t)p[2 + i] * scale;
    }
}

const struct ai_wtype_info ai_wtypes[AI_W_COUNT] = {
    [AI_W_F32] = {"F32", 0, "F32", 1, 4, decode_f32},
    [AI_W_F16] = {"F16", 1, "F16", 1, 2, decode_f16},
    [AI_W_BF16] = {"BF16", 30, "BF16", 1, 2, decode_bf16},
    [AI_W_Q8_0] = {"Q8_0", 8, NULL, 32, 34, decode_q8_0},
};

size_t ai_tensor_row_bytes(const struct ai_tensor *t)
{
    const struct ai_wtype_info *info = &ai_wtypes[t->type];

    return t->cols / info->block * info->bytes;
}

void ai_tensor_rows(const struct ai_tensor *t, size_t row, size_t n, float *dst)
{
    ai_wtypes[t->type].decode((const uint8_t *)t->data + row * ai_tensor_row_bytes(t), dst, n * t->cols);
}
