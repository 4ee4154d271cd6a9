/* Copies of tensors whose values do not lie one behind the other. */
#include "model/files.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct ai_model_copy {
    struct ai_named_tensor of;
    void *values;
};

/* Rows and columns of a tile: both its lines in the file and in the copy stay in L1. */
enum { TILE = 32 };

/* One matrix [rows, cols]: value r, c is at r * down + c * right. */
static void gather_matrix(const uint8_t *src, uint64_t rows, uint64_t cols, uint64_t down, uint64_t right, size_t bytes,
                          uint8_t *dst)
{
    for (uint64_t r0 = 0; r0 < rows; r0 += TILE)
        for (uint64_t c0 = 0; c0 < cols; c0 += TILE)
            for (uint64_t r = r0; r < rows && r < r0 + TILE; r++)
                for (uint64_t c = c0; c < cols && c < c0 + TILE; c++)
                    memcpy(dst + (r * cols + c) * bytes, src + (r * down + c * right) * bytes, bytes);
}

static void gather(const struct ai_named_tensor *t, size_t bytes, uint8_t *dst)
{
    uint64_t dims[4] = {1, 1, 1, 1}, strides[4] = {0};
    unsigned skip = 4 - t->n_dims;

    for (unsigned i = 0; i < t->n_dims; i++) {
        dims[skip + i] = t->dims[i];
        strides[skip + i] = t->strides[i];
    }
    for (uint64_t a = 0; a < dims[0]; a++)
        for (uint64_t b = 0; b < dims[1]; b++, dst += dims[2] * dims[3] * bytes)
            gather_matrix(t->data + (a * strides[0] + b * strides[1]) * bytes, dims[2], dims[3], strides[2],
                          strides[3], bytes, dst);
}

static bool is_same(const struct ai_named_tensor *a, const struct ai_named_tensor *b)
{
    size_t n = a->n_dims * sizeof *a->dims;

    return a->data == b->data && a->type == b->type && a->n_dims == b->n_dims && memcmp(a->dims, b->dims, n) == 0 &&
           memcmp(a->strides, b->strides, n) == 0;
}

/* Bytes of all mapped files: what published models could need at most. */
static uint64_t file_bytes(const struct ai_model_files *f)
{
    uint64_t n = f->gguf ? f->gguf->map.size : 0;

    for (size_t i = 0; i < f->n_files; i++)
        n += f->files[i].map.size;
    return n;
}

const void *ai_model_files_data(struct ai_model_files *f, const struct ai_named_tensor *t, struct ai_err *err)
{
    size_t bytes = ai_wtypes[t->type].bytes;
    void *values;

    if (!t->strided)
        return t->data;
    for (size_t i = 0; i < f->n_copies; i++)
        if (is_same(&f->copies[i].of, t))
            return f->copies[i].values;
    for (unsigned i = 0; i < t->n_dims; i++)
        if (ai_mul(bytes, t->dims[i], &bytes))
            bytes = SIZE_MAX;
    if (bytes > file_bytes(f) - f->copy_bytes) {
        ai_fail(err, AI_EINPUT, "with this one, strided tensors have more values than the files");
        return NULL;
    }
    if (ai_grow(&f->copies, &f->cap_copies, f->n_copies + 1, sizeof *f->copies, err))
        return NULL;
    values = ai_alloc_aligned(bytes, 1, err);
    if (!values)
        return NULL;
    gather(t, ai_wtypes[t->type].bytes, values);
    f->copies[f->n_copies++] = (struct ai_model_copy){*t, values};
    f->copy_bytes += bytes;
    return values;
}

void ai_model_files_free_copies(struct ai_model_files *f)
{
    for (size_t i = 0; i < f->n_copies; i++)
        free(f->copies[i].values);
    free(f->copies);
}
