/* safetensors: a JSON table of tensors behind its length, then their bytes, without
 * holes or overlaps. */
#include "model/files.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 100 << 20 };

static int parse_dims(const struct ai_json *shape, struct ai_named_tensor *t, uint64_t *count, struct ai_err *err)
{
    size_t n = ai_json_size(shape);

    if (ai_json_type(shape) != AI_JSON_ARRAY || n > 4)
        return ai_fail(err, AI_EINPUT, "shape: not an array of at most four numbers");
    *count = 1;
    t->n_dims = n ? (unsigned)n : 1;
    t->dims[0] = 1;
    for (size_t i = 0; i < n; i++) {
        int64_t d;

        if (ai_json_int(ai_json_at(shape, i), &d) || d < 0 || (d && *count > UINT64_MAX / (uint64_t)d))
            return ai_fail(err, AI_EINPUT, "shape: not whole numbers whose product fits 64 bits");
        t->dims[i] = (uint64_t)d;
        *count *= (uint64_t)d;
    }
    return 0;
}

static int parse_tensor(const struct ai_json *v, const uint8_t *data, uint64_t size, struct ai_named_tensor *t,
                        struct ai_err *err)
{
    const char *dtype = ai_json_string(ai_json_get(v, "dtype"), NULL);
    const struct ai_json *offsets = ai_json_get(v, "data_offsets");
    int64_t begin, end;
    uint64_t count = 0;

    if (!dtype || ai_json_size(offsets) != 2 || ai_json_int(ai_json_at(offsets, 0), &begin) ||
        ai_json_int(ai_json_at(offsets, 1), &end))
        return ai_fail(err, AI_EINPUT, "not an object with dtype, shape and data_offsets");
    if (parse_dims(ai_json_get(v, "shape"), t, &count, err))
        return -1;
    if (begin < 0 || end < begin || (uint64_t)end > size)
        return ai_fail(err, AI_EINPUT, "data_offsets %lld..%lld are not in the file's %llu bytes of data",
                       (long long)begin, (long long)end, (unsigned long long)size);
    t->type = -1;
    snprintf(t->type_name, sizeof t->type_name, "%.20s", dtype);
    for (int k = 0; k < AI_W_COUNT; k++)
        if (ai_wtypes[k].safetensors && strcmp(dtype, ai_wtypes[k].safetensors) == 0)
            t->type = k;
    if (t->type >= 0 && (count > UINT64_MAX / 8 || count * ai_wtypes[t->type].bytes != (uint64_t)(end - begin)))
        return ai_fail(err, AI_EINPUT, "%lld bytes of data for %llu values of %s", (long long)(end - begin),
                       (unsigned long long)count, dtype);
    t->data = data + begin;
    t->room = (uint64_t)(end - begin);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct ai_named_tensor *x = a, *y = b;

    return x->data < y->data ? -1 : x->data > y->data ? 1 : x->room < y->room ? -1 : x->room > y->room;
}

/* The data section is the tensors' bytes, one tensor behind the other. */
static int check_places(const struct ai_named_tensor *t, size_t n, const uint8_t *data, uint64_t size,
                        struct ai_err *err)
{
    const uint8_t *end = data;

    for (size_t i = 0; i < n; i++) {
        if (t[i].data != end)
            return ai_fail(err, AI_EINPUT, "%.*s: its data %s", (int)t[i].name_len, t[i].name,
                           t[i].data < end ? "overlaps another tensor's" : "begins behind a hole");
        end += t[i].room;
    }
    if ((uint64_t)(end - data) != size)
        return ai_fail(err, AI_EINPUT, "%llu bytes behind the last tensor",
                       (unsigned long long)(size - (uint64_t)(end - data)));
    return 0;
}

static int parse_table(struct ai_model_files *f, const struct ai_json *root, const char *file, const uint8_t *data,
                       uint64_t size, struct ai_err *err)
{
    size_t first = f->n_tensors;
    const struct ai_json *value;
    const char *key;
    void *it = NULL;

    if (ai_json_type(root) != AI_JSON_OBJECT)
        return ai_fail(err, AI_EINPUT, "the header is not an object");
    while (ai_json_next(root, &it, &key, &value)) {
        struct ai_named_tensor t = {.name = key, .name_len = strlen(key), .file = file};

        if (strcmp(key, "__metadata__") == 0)
            continue;
        if (parse_tensor(value, data, size, &t, err))
            return ai_err_at(err, "%s", key);
        if (ai_model_files_add(f, &t, err))
            return -1;
    }
    if (f->n_tensors == first)
        return ai_fail(err, AI_EINPUT, "no tensors");
    qsort(f->tensors + first, f->n_tensors - first, sizeof *f->tensors, by_place);
    return check_places(f->tensors + first, f->n_tensors - first, data, size, err);
}

int ai_safetensors_add(struct ai_model_files *f, const char *file, struct ai_err *err)
{
    struct ai_model_file *m = ai_model_files_map(f, file, err);
    const uint8_t *p = m ? m->map.data : NULL;
    size_t size = m ? m->map.size : 0;
    uint64_t n = size < 8 ? 0 : ai_get_u64(p);

    if (!m)
        return -1;
    if (size < 8 || n > HEADER_MAX || n > size - 8)
        return ai_fail(err, AI_EINPUT,
                       "%s: truncated, or not a safetensors file: a header of %llu bytes in a file of %zu", file,
                       (unsigned long long)n, size);
    m->header = ai_json_parse(p + 8, (size_t)n, err);
    if (!m->header)
        return ai_err_at(err, "%s: header", file);
    if (parse_table(f, m->header, m->name, p + 8 + n, size - 8 - n, err))
        return ai_err_at(err, "%s", file);
    return 0;
}
