/* pytorch_model.bin: what torch.save writes of a dictionary of tensors.  Since torch
 * 1.6 a zip archive of ROOT/data.pkl and one record ROOT/data/KEY a storage, stored and
 * aligned; before, five pickles in a row (magic, version, sizes of C's integers, the
 * dictionary, the storages' keys), then the storages behind their lengths. */
#include "model/torch.h"
#include "model/zip.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PICKLE_MAX = 64 << 20 };

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
            ai_fail(err, AI_EINPUT, "two pickles, %.*s and %.*s", ai_clip(found->name_len), found->name,
                    ai_clip(e->name_len), e->name);
            return NULL;
        }
        found = e;
    }
    if (!found)
        ai_fail(err, AI_EINPUT, "a zip archive without the record data.pkl that torch.save writes");
    else if (found->size > PICKLE_MAX) {
        ai_fail(err, AI_EINPUT, "%.*s: larger than %d MiB", ai_clip(found->name_len), found->name, PICKLE_MAX >> 20);
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

static int find_records(struct ai_torch *r, const struct ai_zip *z, const char *root, size_t root_len,
                        struct ai_err *err)
{
    char name[600];

    for (struct ai_torch_storage *s = r->storages; s; s = s->next) {
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

static int add_zip(struct ai_torch *r, struct ai_pickle *p, const struct ai_map *map, struct ai_err *err)
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
                 ai_torch_add_tensors(r, &root, err)
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
    const struct ai_torch_storage *x = *(struct ai_torch_storage *const *)a, *y = *(struct ai_torch_storage *const *)b;
    int d = memcmp(x->key, y->key, x->key_len < y->key_len ? x->key_len : y->key_len);

    return d ? d : x->key_len < y->key_len ? -1 : x->key_len > y->key_len;
}

/* The storages of one key at *at: a length, then the values. */
static int place(struct ai_torch_storage **sorted, size_t n, const struct ai_value *key, const struct ai_map *map,
                 size_t *at, struct ai_err *err)
{
    struct ai_torch_storage wanted = {.key = key->u.s, .key_len = key->n}, *k = &wanted, **found;
    size_t i, room = map->size - *at;

    if (key->kind != AI_VALUE_STRING)
        return ai_fail(err, AI_EINPUT, "a storage's key that is no text");
    found = n ? bsearch(&k, sorted, n, sizeof *sorted, by_key) : NULL;
    if (!found || (*found)->data)
        return ai_fail(err, AI_EINPUT, "storage '%.*s': %s", ai_clip(key->n), key->u.s,
                       found ? "it is there twice" : "nothing uses it, so its type is not known");
    for (i = (size_t)(found - sorted); i > 0 && by_key(&sorted[i - 1], found) == 0;)
        i--;
    k = sorted[i];
    if (room < 8 || ai_get_u64((const uint8_t *)map->data + *at) != k->n || k->n * k->type->bytes > room - 8)
        return ai_fail(err, AI_EINPUT, "storage '%.*s': truncated, or not of %llu values", ai_clip(key->n), key->u.s,
                       (unsigned long long)k->n);
    for (; i < n && by_key(&sorted[i], &k) == 0; i++) {
        if (sorted[i]->n != k->n || sorted[i]->type != k->type)
            return ai_fail(err, AI_EINPUT, "storage '%.*s': of two types or lengths", ai_clip(key->n), key->u.s);
        sorted[i]->data = (const uint8_t *)map->data + *at + 8;
    }
    *at += 8 + (size_t)(k->n * k->type->bytes);
    return 0;
}

static int place_storages(struct ai_torch *r, const struct ai_value *keys, const struct ai_map *map, size_t at,
                          struct ai_err *err)
{
    struct ai_torch_storage **sorted = ai_calloc(r->n_storages, sizeof *sorted, err);
    size_t n = 0;
    int rc = 0;

    if (!sorted)
        return -1;
    for (struct ai_torch_storage *s = r->storages; s; s = s->next)
        sorted[n++] = s;
    if (n)
        qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 0; rc == 0 && i < keys->u.list->n; i++)
        rc = place(sorted, n, &keys->u.list->v[i], map, &at, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!sorted[i]->data)
            rc = ai_fail(err, AI_EINPUT, "storage '%.*s' is missing", ai_clip(sorted[i]->key_len), sorted[i]->key);
    if (rc == 0 && at != map->size)
        rc = ai_fail(err, AI_EINPUT, "%zu bytes behind the last storage", map->size - at);
    free(sorted);
    return rc;
}

static bool is_big_endian(const struct ai_value *sizes)
{
    for (size_t i = 0; sizes->kind == AI_VALUE_DICT && i < sizes->u.list->n; i += 2)
        if (ai_value_is(&sizes->u.list->v[i], "little_endian"))
            return sizes->u.list->v[i + 1].u.i == 0;
    return false;
}

static int add_legacy(struct ai_torch *r, struct ai_pickle *p, const struct ai_map *map, struct ai_err *err)
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
    return place_storages(r, &value[2], map, at, err) || ai_torch_add_tensors(r, &value[1], err) ? -1 : 0;
}

int ai_torch_add(struct ai_model_files *f, const char *file, struct ai_err *err)
{
    struct ai_model_file *m = ai_model_files_map(f, file, err);
    struct ai_torch r = {.f = f};
    struct ai_pickle *p;
    int rc;

    if (!m)
        return -1;
    p = ai_torch_machine(&r, err);
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
