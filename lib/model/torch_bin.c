/* pytorch_model.bin: what torch.save writes of a dictionary of tensors.  Since torch
 * 1.6 a zip archive of ROOT/data.pkl and one record ROOT/data/KEY a storage, stored and
 * aligned; before, five pickles in a row (magic, version, sizes of C's integers, the
 * dictionary, the storages' keys), then the storages behind their lengths.
 *
 * A tensor is a view of a storage: first value, sizes and strides. */
#include "model/files.h"
#include "model/pickle.h"
#include "model/zip.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICKLE_MAX = 64 << 20 };
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

static const struct storage_type { const char *name; unsigned bytes; } storage_types[N_GLOBALS - FIRST_STORAGE] = {
    {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1}, {"U8", 1},
    {"BOOL", 1}, {"bytes", 1},
};

struct storage {
    struct storage *next;
    const struct storage_type *type;
    const char *key;
    size_t key_len;
    uint64_t n;           /* values */
    const uint8_t *data;  /* NULL until its record is found */
};

struct tensor {
    const struct storage *storage;
    uint64_t first, dims[4], strides[4]; /* in values */
    unsigned n_dims;
};

enum { A_STORAGE, A_TENSOR }; /* classes of the machine's objects */

struct reader {
    struct ai_model_files *f;
    const char *file;
    struct storage *storages; /* last first */
    size_t n_storages;
    bool legacy;
};

/* ---- what the globals make ---- */

static bool is_string(const struct ai_value *v, const char *s)
{
    return v->kind == AI_VALUE_STRING && v->n == strlen(s) && memcmp(v->u.s, s, v->n) == 0;
}

static int clip(size_t n)
{
    return n > 100 ? 100 : (int)n;
}

/* ('storage', type, key, device, number of values), and in old files the view of
 * another storage that it is: None. */
static int find_storage(void *arg, struct ai_pickle *p, const struct ai_value *id, struct ai_value *out,
                        struct ai_err *err)
{
    struct reader *r = arg;
    const struct ai_value *v = id->u.items;
    struct storage *s;

    if (id->kind != AI_VALUE_TUPLE || id->n != (r->legacy ? 6 : 5) || !is_string(&v[0], "storage") ||
        v[1].kind != AI_VALUE_GLOBAL || v[1].n < FIRST_STORAGE || v[2].kind != AI_VALUE_STRING ||
        v[4].kind != AI_VALUE_INT)
        return ai_fail(err, AI_EINPUT, "a persistent id that is not a storage's");
    if (r->legacy && v[5].kind != AI_VALUE_NONE)
        return ai_fail(err, AI_EINPUT, "storage '%.*s' is a view of another, which is not supported", clip(v[2].n),
                       v[2].u.s);
    s = ai_pickle_alloc(p, sizeof *s, err);
    if (!s)
        return -1;
    *s = (struct storage){r->storages, &storage_types[v[1].n - FIRST_STORAGE], v[2].u.s, v[2].n, 0, NULL};
    if (v[4].u.i < 0 || (uint64_t)v[4].u.i > UINT64_MAX / s->type->bytes)
        return ai_fail(err, AI_EINPUT, "storage '%.*s': %lld values", clip(s->key_len), s->key, (long long)v[4].u.i);
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
                       clip(t->storage->key_len), t->storage->key, (unsigned long long)t->storage->n);
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

static int add_tensor(struct reader *r, const struct ai_value *key, const struct tensor *t, struct ai_err *err)
{
    const struct storage_type *type = t->storage->type;
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

static int add_tensors(struct reader *r, const struct ai_value *root, struct ai_err *err)
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
            return ai_err_at(err, "%.*s", clip(key->n), key->u.s);
    }
    if (r->f->n_tensors == first)
        return ai_fail(err, AI_EINPUT, "no tensors");
    return 0;
}

/* ---- zip archives ---- */

/* ROOT/data.pkl, whatever ROOT is. */
static const struct ai_zip_entry *find_pickle(const struct ai_zip *z, struct ai_err *err)
{
    static const char tail[] = "/data.pkl";
    const size_t n = sizeof tail - 1;
    const struct ai_zip_entry *found = NULL;

    for (size_t i = 0; i < z->n; i++) {
        const struct ai_zip_entry *e = &z->entries[i];

        if (e->name_len <= n || memcmp(e->name + e->name_len - n, tail, n) != 0 ||
            memchr(e->name, '/', e->name_len - n))
            continue;
        if (found) {
            ai_fail(err, AI_EINPUT, "two pickles, %.*s and %.*s", clip(found->name_len), found->name,
                    clip(e->name_len), e->name);
            return NULL;
        }
        found = e;
    }
    if (!found)
        ai_fail(err, AI_EINPUT, "a zip archive without the record data.pkl that torch.save writes");
    else if (found->size > PICKLE_MAX) {
        ai_fail(err, AI_EINPUT, "%.*s: larger than %d MiB", clip(found->name_len), found->name, PICKLE_MAX >> 20);
        found = NULL;
    }
    return found;
}

static int check_order(const struct ai_zip *z, const char *root, size_t root_len, struct ai_err *err)
{
    char name[300];
    int n = snprintf(name, sizeof name, "%.*s/byteorder", (int)root_len, root);
    const struct ai_zip_entry *e = ai_zip_find(z, name, (size_t)n);

    if (e && (e->size != 6 || memcmp(e->data, "little", 6) != 0))
        return ai_fail(err, AI_EINPUT, "%s: not 'little': other orders of bytes are not supported", name);
    return 0;
}

static int find_records(struct reader *r, const struct ai_zip *z, const char *root, size_t root_len,
                        struct ai_err *err)
{
    char name[600];

    for (struct storage *s = r->storages; s; s = s->next) {
        int n = snprintf(name, sizeof name, "%.*s/data/%.*s", (int)root_len, root,
                         s->key_len > 250 ? 250 : (int)s->key_len, s->key);
        const struct ai_zip_entry *e = s->key_len > 250 ? NULL : ai_zip_find(z, name, (size_t)n);

        if (!e)
            return ai_fail(err, AI_EINPUT, "%s: this record is missing", name);
        if (e->size != s->n * s->type->bytes)
            return ai_fail(err, AI_EINPUT, "%s: %llu bytes, where %llu values of %s are wanted", name,
                           (unsigned long long)e->size, (unsigned long long)s->n, s->type->name);
        s->data = e->data;
    }
    return 0;
}

static int add_zip(struct reader *r, struct ai_pickle *p, const struct ai_map *map, struct ai_err *err)
{
    const struct ai_zip_entry *e;
    struct ai_value root;
    struct ai_zip z;
    size_t used, root_len;
    int rc = -1;

    if (ai_zip_open(&z, map->data, map->size, err))
        return -1;
    e = find_pickle(&z, err);
    if (!e)
        goto out;
    root_len = e->name_len - strlen("/data.pkl");
    if (root_len > 250) {
        ai_fail(err, AI_EINPUT, "records with names of more than 250 bytes");
        goto out;
    }
    if (ai_pickle_load(p, e->data, (size_t)e->size, &used, &root, err)) {
        ai_err_at(err, "%.*s", (int)e->name_len, e->name);
        goto out;
    }
    rc = check_order(&z, e->name, root_len, err) || find_records(r, &z, e->name, root_len, err) ||
                 add_tensors(r, &root, err)
             ? -1
             : 0;
out:
    ai_zip_close(&z);
    return rc;
}

/* ---- files from before torch 1.6 ---- */

/* Pickles of the number 0x1950a86a20f9469cfc6c and of the version, 1001. */
static const uint8_t legacy_magic[] = {0x80, 2,    0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a,
                                       0xa8, 0x50, 0x19, '.', 0x80, 2,   'M',  0xe9, 3,    '.'};

static int by_key(const void *a, const void *b)
{
    const struct storage *x = *(struct storage *const *)a, *y = *(struct storage *const *)b;
    int d = memcmp(x->key, y->key, x->key_len < y->key_len ? x->key_len : y->key_len);

    return d ? d : x->key_len < y->key_len ? -1 : x->key_len > y->key_len;
}

/* The storages of one key at *at: a length, then the values. */
static int place(struct storage **sorted, size_t n, const struct ai_value *key, const struct ai_map *map, size_t *at,
                 struct ai_err *err)
{
    struct storage wanted = {.key = key->u.s, .key_len = key->n}, *k = &wanted, **found;
    size_t i, room = map->size - *at;

    if (key->kind != AI_VALUE_STRING)
        return ai_fail(err, AI_EINPUT, "a storage's key that is no text");
    found = n ? bsearch(&k, sorted, n, sizeof *sorted, by_key) : NULL;
    if (!found || (*found)->data)
        return ai_fail(err, AI_EINPUT, "storage '%.*s': %s", clip(key->n), key->u.s,
                       found ? "it is there twice" : "nothing uses it, so its type is not known");
    for (i = (size_t)(found - sorted); i > 0 && by_key(&sorted[i - 1], found) == 0;)
        i--;
    k = sorted[i];
    if (room < 8 || ai_get_u64((const uint8_t *)map->data + *at) != k->n || k->n * k->type->bytes > room - 8)
        return ai_fail(err, AI_EINPUT, "storage '%.*s': truncated, or not of %llu values", clip(key->n), key->u.s,
                       (unsigned long long)k->n);
    for (; i < n && by_key(&sorted[i], &k) == 0; i++) {
        if (sorted[i]->n != k->n || sorted[i]->type != k->type)
            return ai_fail(err, AI_EINPUT, "storage '%.*s': of two types or lengths", clip(key->n), key->u.s);
        sorted[i]->data = (const uint8_t *)map->data + *at + 8;
    }
    *at += 8 + (size_t)(k->n * k->type->bytes);
    return 0;
}

static int place_storages(struct reader *r, const struct ai_value *keys, const struct ai_map *map, size_t at,
                          struct ai_err *err)
{
    struct storage **sorted = ai_calloc(r->n_storages, sizeof *sorted, err);
    size_t n = 0;
    int rc = 0;

    if (!sorted)
        return -1;
    for (struct storage *s = r->storages; s; s = s->next)
        sorted[n++] = s;
    if (n)
        qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 0; rc == 0 && i < keys->u.list->n; i++)
        rc = place(sorted, n, &keys->u.list->v[i], map, &at, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!sorted[i]->data)
            rc = ai_fail(err, AI_EINPUT, "storage '%.*s' is missing", clip(sorted[i]->key_len), sorted[i]->key);
    if (rc == 0 && at != map->size)
        rc = ai_fail(err, AI_EINPUT, "%zu bytes behind the last storage", map->size - at);
    free(sorted);
    return rc;
}

static bool is_big_endian(const struct ai_value *sizes)
{
    for (size_t i = 0; sizes->kind == AI_VALUE_DICT && i < sizes->u.list->n; i += 2)
        if (is_string(&sizes->u.list->v[i], "little_endian"))
            return sizes->u.list->v[i + 1].u.i == 0;
    return false;
}

static int add_legacy(struct reader *r, struct ai_pickle *p, const struct ai_map *map, struct ai_err *err)
{
    struct ai_value value[3]; /* sizes of integers, tensors, keys */
    size_t at = sizeof legacy_magic, used;

    r->legacy = true;
    for (int i = 0; i < 3; i++) {
        size_t left = map->size - at;

        if (ai_pickle_load(p, (const uint8_t *)map->data + at, left < PICKLE_MAX ? left : PICKLE_MAX, &used,
                           &value[i], err))
            return ai_err_at(err, "pickle at byte %zu", at);
        at += used;
    }
    if (is_big_endian(&value[0]))
        return ai_fail(err, AI_EINPUT, "not little-endian: other orders of bytes are not supported");
    if (value[2].kind != AI_VALUE_LIST)
        return ai_fail(err, AI_EINPUT, "no list of storages");
    return place_storages(r, &value[2], map, at, err) || add_tensors(r, &value[1], err) ? -1 : 0;
}

int ai_torch_add(struct ai_model_files *f, const char *file, struct ai_err *err)
{
    struct ai_model_file *m = ai_model_files_map(f, file, err);
    struct reader r = {.f = f};
    const struct ai_pickle_calls calls = {&r, globals, N_GLOBALS, apply, find_storage};
    struct ai_pickle *p;
    int rc;

    if (!m)
        return -1;
    p = ai_pickle_new(&calls, err);
    if (!p)
        return -1;
    r.file = m->name;
    if (m->map.size >= sizeof legacy_magic && memcmp(m->map.data, legacy_magic, sizeof legacy_magic) == 0)
        rc = add_legacy(&r, p, &m->map, err);
    else if (m->map.size >= 4 && memcmp(m->map.data, "PK\3\4", 4) == 0)
        rc = add_zip(&r, p, &m->map, err);
    else
        rc = ai_fail(err, AI_EINPUT, "truncated, or not written by torch.save");
    ai_pickle_free(p);
    return rc ? ai_err_at(err, "%s", file) : 0;
}
