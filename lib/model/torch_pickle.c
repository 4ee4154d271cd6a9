#include "model/torch.h"

#include <stdio.h>
#include <string.h>

enum { ORDERED_DICT, TENSOR_V2, PARAMETER, FIRST_STORAGE };

/* The storages come last; their types as safetensors calls them. */
static const struct ai_pickle_global globals[] = {
    [ORDERED_DICT] = {"collections", "OrderedDict"}, [TENSOR_V2] = {"torch._utils", "_rebuild_tensor_v2"},
    [PARAMETER] = {"torch._utils", "_rebuild_parameter"},
    [FIRST_STORAGE] = {"torch", "FloatStorage"}, {"torch", "HalfStorage"}, {"torch", "BFloat16Storage"},
    {"torch", "DoubleStorage"}, {"torch", "LongStorage"}, {"torch", "IntStorage"}, {"torch", "ShortStorage"},
    {"torch", "CharStorage"}, {"torch", "ByteStorage"}, {"torch", "BoolStorage"}, {"torch.storage", "UntypedStorage"},
};
enum { N_GLOBALS = sizeof globals / sizeof *globals };

static const struct ai_torch_type storage_types[N_GLOBALS - FIRST_STORAGE] = {
    {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1}, {"U8", 1},
    {"BOOL", 1}, {"bytes", 1},
};

struct tensor {
    const struct ai_torch_storage *storage;
    uint64_t first, dims[4], strides[4]; /* in values */
    unsigned n_dims;
};

enum { A_STORAGE, A_TENSOR }; /* classes of the machine's objects */

/* ---- what the globals make ---- */

/* ('storage', type, key, device, number of values), and in old files the view of
 * another storage that it is: None. */
static int find_storage(void *arg, struct ai_pickle *p, const struct ai_value *id, struct ai_value *out,
                        struct ai_err *err)
{
    struct ai_torch *r = arg;
    const struct ai_value *v = id->u.items;
    struct ai_torch_storage *s;

    if (id->kind != AI_VALUE_TUPLE || id->n != (r->legacy ? 6 : 5) || !ai_value_is(&v[0], "storage") ||
        v[1].kind != AI_VALUE_GLOBAL || v[1].n < FIRST_STORAGE || v[2].kind != AI_VALUE_STRING ||
        v[4].kind != AI_VALUE_INT)
        return ai_fail(err, AI_EINPUT, "a persistent id that is not a storage's");
    if (r->legacy && v[5].kind != AI_VALUE_NONE)
        return ai_fail(err, AI_EINPUT, "storage '%.*s' is a view of another, which is not supported", ai_clip(v[2].n),
                       v[2].u.s);
    s = ai_pickle_alloc(p, sizeof *s, err);
    if (!s)
        return -1;
    *s = (struct ai_torch_storage){r->storages, &storage_types[v[1].n - FIRST_STORAGE], v[2].u.s, v[2].n, 0, NULL};
    if (v[4].u.i < 0 || (uint64_t)v[4].u.i > UINT64_MAX / s->type->bytes)
        return ai_fail(err, AI_EINPUT, "storage '%.*s': %lld values", ai_clip(s->key_len), s->key, (long long)v[4].u.i);
    s->n = (uint64_t)v[4].u.i;
    r->storages = s;
    r->n_storages++;
    *out = (struct ai_value){.kind = AI_VALUE_OBJECT, .n = A_STORAGE, .u.object = s};
    return 0;
}

static int read_numbers(const struct ai_value *tuple, uint64_t to[4], const char *what, struct ai_err *err)
{
    for (uint32_t i = 0; i < tuple->n; i++) {
        const struct ai_value *v = &tuple->u.items[i];

        if (v->kind != AI_VALUE_INT || v->u.i < 0)
            return ai_fail(err, AI_EINPUT, "%s that are no whole numbers from 0 on", what);
        to[i] = (uint64_t)v->u.i;
    }
    return 0;
}

/* (storage, first value, sizes, strides, gradient wanted, hooks[, flags]); whether the
 * view fits is asked when its name is known. */
static int make_tensor(struct ai_pickle *p, const struct ai_value *v, size_t n, struct ai_value *out,
                       struct ai_err *err)
{
    struct tensor *t;

    if (n < 6 || n > 7 || v[0].kind != AI_VALUE_OBJECT || v[0].n != A_STORAGE || v[1].kind != AI_VALUE_INT ||
        v[1].u.i < 0 || v[2].kind != AI_VALUE_TUPLE || v[3].kind != AI_VALUE_TUPLE || v[2].n != v[3].n)
        return ai_fail(err, AI_EINPUT, "not given a storage, its first value, sizes and as many strides");
    if (v[2].n > 4)
        return ai_fail(err, AI_EINPUT, "%u dimensions, where up to 4 are supported", v[2].n);
    if (n == 7 && v[6].kind != AI_VALUE_NONE && (v[6].kind != AI_VALUE_DICT || v[6].u.list->n))
        return ai_fail(err, AI_EINPUT, "flags (conjugate, negative) are not supported");
    t = ai_pickle_alloc(p, sizeof *t, err);
    if (!t)
        return -1;
    t->storage = v[0].u.object;
    t->first = (uint64_t)v[1].u.i;
    t->n_dims = v[2].n ? v[2].n : 1;
    t->dims[0] = 1;
    if (read_numbers(&v[2], t->dims, "sizes", err) || read_numbers(&v[3], t->strides, "strides", err))
        return -1;
    *out = (struct ai_value){.kind = AI_VALUE_OBJECT, .n = A_TENSOR, .u.object = t};
    return 0;
}

static int apply(void *arg, struct ai_pickle *p, uint32_t global, const struct ai_value *args, size_t n,
                 struct ai_value *out, struct ai_err *err)
{
    (void)arg;
    switch (global) {
    case ORDERED_DICT:
        return n == 0 ? ai_pickle_dict(p, out, err) : ai_fail(err, AI_EINPUT, "made from something");
    case TENSOR_V2:
        return make_tensor(p, args, n, out, err);
    case PARAMETER: /* (tensor, gradient wanted, hooks) */
        if (n != 3 || args[0].kind != AI_VALUE_OBJECT || args[0].n != A_TENSOR)
            return ai_fail(err, AI_EINPUT, "not given a tensor");
        *out = args[0];
        return 0;
    default:
        return ai_fail(err, AI_EINPUT, "a storage cannot be made here");
    }
}

/* ---- from the dictionary to named tensors ---- */

/* The number of values, all of which must be in the storage; none can lie in two
 * places, and not more than there are. */
static int check_view(const struct tensor *t, uint64_t *count, struct ai_err *err)
{
    uint64_t last = t->first;

    *count = 1;
    for (unsigned i = 0; i < t->n_dims; i++) {
        if (t->dims[i] && *count > UINT64_MAX / 8 / t->dims[i])
            return ai_fail(err, AI_EINPUT, "sizes whose product does not fit 64 bits");
        *count *= t->dims[i];
    }
    if (*count == 0)
        return 0;
    for (unsigned i = 0; i < t->n_dims; i++) {
        uint64_t steps = t->dims[i] - 1;

        if (steps && t->strides[i] > (UINT64_MAX - last) / steps)
            return ai_fail(err, AI_EINPUT, "sizes and strides beyond 64 bits");
        last += steps * t->strides[i];
    }
    if (last >= t->storage->n || *count > t->storage->n)
        return ai_fail(err, AI_EINPUT, "%llu values from %llu to %llu, in storage '%.*s' of %llu",
                       (unsigned long long)*count, (unsigned long long)t->first, (unsigned long long)last,
                       ai_clip(t->storage->key_len), t->storage->key, (unsigned long long)t->storage->n);
    return 0;
}

static bool is_row_major(const struct tensor *t)
{
    uint64_t step = 1;

    for (unsigned i = t->n_dims; i-- > 0; step *= t->dims[i])
        if (t->dims[i] > 1 && t->strides[i] != step)
            return false;
    return true;
}

static int add_tensor(struct ai_torch *r, const struct ai_value *key, const struct tensor *t, struct ai_err *err)
{
    const struct ai_torch_type *type = t->storage->type;
    struct ai_named_tensor n = {.name = key->u.s, .name_len = key->n, .file = r->file, .type = -1,
                                .n_dims = t->n_dims};
    uint64_t count;

    if (check_view(t, &count, err))
        return -1;
    snprintf(n.type_name, sizeof n.type_name, "%s", type->name);
    for (int k = 0; k < AI_W_COUNT; k++)
        if (ai_wtypes[k].safetensors && strcmp(type->name, ai_wtypes[k].safetensors) == 0)
            n.type = k;
    memcpy(n.dims, t->dims, sizeof n.dims);
    n.data = t->storage->data + (count ? t->first * type->bytes : 0);
    n.room = count * type->bytes;
    n.strided = count && !is_row_major(t);
    memcpy(n.strides, t->strides, sizeof n.strides);
    return ai_model_files_add(r->f, &n, err);
}

int ai_torch_add_tensors(struct ai_torch *r, const struct ai_value *root, struct ai_err *err)
{
    size_t first = r->f->n_tensors;

    if (root->kind != AI_VALUE_DICT)
        return ai_fail(err, AI_EINPUT, "not a dictionary of tensors");
    for (size_t i = 0; i < root->u.list->n; i += 2) {
        const struct ai_value *key = &root->u.list->v[i], *v = key + 1;

        if (v->kind != AI_VALUE_OBJECT || v->n != A_TENSOR)
            continue; /* a number or a text beside them */
        if (key->kind != AI_VALUE_STRING)
            return ai_fail(err, AI_EINPUT, "a tensor whose name is no text");
        if (add_tensor(r, key, v->u.object, err))
            return ai_err_at(err, "%.*s", ai_clip(key->n), key->u.s);
    }
    if (r->f->n_tensors == first)
        return ai_fail(err, AI_EINPUT, "no tensors");
    return 0;
}

struct ai_pickle *ai_torch_machine(struct ai_torch *r, struct ai_err *err)
{
    const struct ai_pickle_calls calls = {r, globals, N_GLOBALS, apply, find_storage};

    return ai_pickle_new(&calls, err);
}
