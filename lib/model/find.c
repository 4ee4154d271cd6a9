#include "model/find.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int unsupported(const char *type, struct ai_err *err)
{
    char known[128] = "";

    for (int k = 0; k < AI_W_COUNT; k++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", k ? ", " : "", ai_wtypes[k].name);
    return ai_fail(err, AI_EINPUT, "weights of type %s are not supported (known: %s)", type, known);
}

static int check_place(const struct ai_named_tensor *t, size_t rows, size_t cols, struct ai_err *err)
{
    const struct ai_wtype_info *info;
    uint64_t bytes;

    if (t->type < 0)
        return unsupported(t->type_name, err);
    info = &ai_wtypes[t->type];
    if (cols % info->block)
        return ai_fail(err, AI_EINPUT, "rows of %zu values are no whole blocks of %s", cols, info->name);
    bytes = (uint64_t)cols / info->block * info->bytes; /* dimensions are below 2^24: no product overflows */
    bytes *= rows;
    if (bytes > t->room)
        return ai_fail(err, AI_EINPUT, "truncated, or overlapping: %llu bytes of data, room for %llu",
                       (unsigned long long)bytes, (unsigned long long)t->room);
    return 0;
}

static void shape_of(const struct ai_named_tensor *t, char shape[100])
{
    *shape = '\0';
    for (unsigned i = 0; i < t->n_dims; i++)
        snprintf(shape + strlen(shape), 100 - strlen(shape), "%s%llu", i ? ", " : "", (unsigned long long)t->dims[i]);
}

static int wrong_shape(struct loader *l, const struct ai_named_tensor *t, size_t rows, size_t cols)
{
    char shape[100];

    shape_of(t, shape);
    if (rows)
        return ai_fail(l->err, AI_EINPUT, "%s: %s: shape [%s], where [%zu, %zu] is wanted", t->file, l->name, shape,
                       rows, cols);
    return ai_fail(l->err, AI_EINPUT, "%s: %s: shape [%s], where [tokens, %zu] is wanted", t->file, l->name, shape,
                   cols);
}

const struct ai_named_tensor *find_named(struct loader *l, const char *pattern, unsigned block, const char *suffix)
{
    const char *hole = strstr(pattern, "%u"), *prefix = pattern == l->names->head ? "" : l->prefix;

    if (hole)
        snprintf(l->name, sizeof l->name, "%s%.*s%u%s%s", prefix, (int)(hole - pattern), pattern, block, hole + 2,
                 suffix);
    else
        snprintf(l->name, sizeof l->name, "%s%s%s", prefix, pattern, suffix);
    return ai_model_files_find(l->m->files, l->name);
}

/* The tensor t as [rows, cols]; rows 0: as many as the file has. */
static int take(struct loader *l, const struct ai_named_tensor *t, size_t rows, size_t cols, struct ai_tensor *out)
{
    l->file = t->file;
    out->rows = t->n_dims > 1 ? t->dims[0] : 1;
    out->cols = t->n_dims > 1 ? t->dims[1] : t->dims[0];
    if (t->n_dims > 2 || out->cols != cols || (rows ? out->rows != rows : out->rows < 1 || out->rows > 1u << 24))
        return wrong_shape(l, t, rows, cols);
    if (check_place(t, out->rows, out->cols, l->err))
        return ai_err_at(l->err, "%s: %s", t->file, l->name);
    out->data = ai_model_files_data(l->m->files, t, l->err);
    if (!out->data)
        return ai_err_at(l->err, "%s: %s", t->file, l->name);
    out->type = (enum ai_wtype)t->type;
    l->m->weight_bytes += ai_tensor_row_bytes(out) * out->rows;
    return 0;
}

int find_matrix(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t rows, size_t cols,
                enum need need, struct ai_tensor *out)
{
    const struct ai_named_tensor *t;

    memset(out, 0, sizeof *out);
    if (need == NONE)
        return 0;
    t = find_named(l, pattern, block, suffix);
    if (!t) {
        if (need == OPTIONAL)
            return 0;
        return ai_fail(l->err, AI_EINPUT, "%s: tensor '%s' is missing", l->m->files->path, l->name);
    }
    return take(l, t, rows, cols, out);
}

int find_turned(struct loader *l, const char *pattern, unsigned block, size_t rows, size_t cols,
                struct ai_tensor *out)
{
    const struct ai_named_tensor *t = find_named(l, pattern, block, ".weight");
    struct ai_named_tensor turned;

    if (!t || t->n_dims != 2 || t->dims[0] != cols || t->dims[1] != rows || t->type < 0 ||
        ai_wtypes[t->type].block != 1) /* refused with the shape that the file should have */
        return find_matrix(l, pattern, block, ".weight", cols, rows, REQUIRED, out);
    turned = *t;
    turned.strided = true;
    turned.dims[0] = t->dims[1];
    turned.dims[1] = t->dims[0];
    turned.strides[0] = t->strided ? t->strides[1] : 1;
    turned.strides[1] = t->strided ? t->strides[0] : t->dims[1];
    return take(l, &turned, rows, cols, out);
}

int find_stack(struct loader *l, const struct ai_named_tensor *t, size_t n, size_t rows, size_t cols,
               struct ai_tensor *out)
{
    char shape[100];

    if (t->n_dims != 3 || t->dims[0] != n || t->dims[1] != rows || t->dims[2] != cols) {
        shape_of(t, shape);
        return ai_fail(l->err, AI_EINPUT, "%s: %s: shape [%s], where [%zu, %zu, %zu] is wanted", t->file, l->name,
                       shape, n, rows, cols);
    }
    l->file = t->file;
    if (check_place(t, n * rows, cols, l->err))
        return ai_err_at(l->err, "%s: %s", t->file, l->name);
    *out = (struct ai_tensor){t->data, (enum ai_wtype)t->type, n * rows, cols};
    l->m->weight_bytes += ai_tensor_row_bytes(out) * out->rows;
    return 0;
}

void *find_make(struct loader *l, size_t n, size_t size)
{
    void *p;

    if (ai_grow(&l->m->made, &l->m->cap_made, l->m->n_made + 1, sizeof *l->m->made, l->err))
        return NULL;
    p = ai_alloc_aligned(n, size, l->err);
    if (p)
        l->m->made[l->m->n_made++] = p;
    return p;
}

int find_vector(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t n, enum need need,
                struct ai_tensor *out)
{
    float value;

    if (find_matrix(l, pattern, block, suffix, 1, n, need, out))
        return -1;
    for (size_t i = 0; out->data && i < n; i++) {
        const struct ai_wtype_info *info = &ai_wtypes[out->type];

        if (info->block != 1)
            return ai_fail(l->err, AI_EINPUT, "%s: %s: a vector of type %s", l->file, l->name, info->name);
        ai_decode(out->type, (const uint8_t *)out->data + i * info->bytes, &value, 1);
        if (!isfinite(value))
            return ai_fail(l->err, AI_EINPUT, "%s: %s: value %zu is not finite", l->file, l->name, i);
    }
    return 0;
}
