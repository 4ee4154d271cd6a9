#include "model/gguf.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ENTRIES = 1 << 20, MAX_NAME = 65535 };

/* The file being read front to back; every take checks what is left. */
struct cursor {
    const uint8_t *p, *end;
};

static size_t left(const struct cursor *c)
{
    return (size_t)(c->end - c->p);
}

static int short_of(struct ai_err *err, const char *what)
{
    return ai_fail(err, AI_EINPUT, "truncated: the file ends inside %s", what);
}

static int take_u32(struct cursor *c, uint32_t *v, const char *what, struct ai_err *err)
{
    if (left(c) < 4)
        return short_of(err, what);
    *v = ai_get_u32(c->p);
    c->p += 4;
    return 0;
}

static int take_u64(struct cursor *c, uint64_t *v, const char *what, struct ai_err *err)
{
    if (left(c) < 8)
        return short_of(err, what);
    *v = ai_get_u64(c->p);
    c->p += 8;
    return 0;
}

static int take_string(struct cursor *c, struct ai_gguf_string *s, const char *what, struct ai_err *err)
{
    uint64_t n = 0;

    if (take_u64(c, &n, what, err))
        return -1;
    if (n > left(c))
        return short_of(err, what);
    s->s = (const char *)c->p;
    s->len = (size_t)n;
    c->p += n;
    return 0;
}

static const uint8_t scalar_size[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

static int skip_values(struct cursor *c, enum ai_gguf_type type, uint64_t count, struct ai_err *err)
{
    struct ai_gguf_string s;

    if (type != AI_GGUF_STRING) {
        if (count > left(c) / scalar_size[type])
            return short_of(err, "a metadata value");
        c->p += count * scalar_size[type];
        return 0;
    }
    for (uint64_t i = 0; i < count; i++)
        if (take_string(c, &s, "a metadata string", err))
            return -1;
    return 0;
}

static int take_type(struct cursor *c, enum ai_gguf_type *type, struct ai_err *err)
{
    uint32_t t = 0;

    if (take_u32(c, &t, "a metadata type", err))
        return -1;
    if (t > AI_GGUF_F64)
        return ai_fail(err, AI_EINPUT, "metadata type %u is not known", t);
    *type = (enum ai_gguf_type)t;
    return 0;
}

static int read_value(struct cursor *c, struct ai_gguf_value *v, struct ai_err *err)
{
    if (take_string(c, &v->key, "a metadata key", err))
        return -1;
    if (v->key.len == 0 || v->key.len > MAX_NAME || ai_utf8_check(v->key.s, v->key.len) != v->key.len)
        return ai_fail(err, AI_EINPUT, "a metadata key is empty, too long or not UTF-8");
    if (take_type(c, &v->type, err))
        goto fail;
    v->elem = v->type;
    v->count = 1;
    if (v->type == AI_GGUF_ARRAY) {
        if (take_type(c, &v->elem, err) || take_u64(c, &v->count, "an array's length", err))
            goto fail;
        if (v->elem == AI_GGUF_ARRAY) {
            ai_fail(err, AI_EINPUT, "arrays of arrays are not supported");
            goto fail;
        }
    }
    v->data = c->p;
    if (skip_values(c, v->elem, v->count, err))
        goto fail;
    v->end = c->p;
    return 0;
fail:
    return ai_err_at(err, "%.*s", (int)v->key.len, v->key.s);
}

static int read_tensor(struct cursor *c, struct ai_gguf_tensor *t, struct ai_err *err)
{
    uint64_t count = 1;
    uint32_t n = 0;

    if (take_string(c, &t->name, "a tensor's name", err))
        return -1;
    if (t->name.len == 0 || t->name.len > MAX_NAME || ai_utf8_check(t->name.s, t->name.len) != t->name.len)
        return ai_fail(err, AI_EINPUT, "a tensor's name is empty, too long or not UTF-8");
    if (take_u32(c, &n, "a tensor's shape", err))
        goto fail;
    if (n < 1 || n > 4) {
        ai_fail(err, AI_EINPUT, "%u dimensions", n);
        goto fail;
    }
    t->n_dims = n;
    for (unsigned i = 0; i < 4; i++) {
        t->dims[i] = 1;
        if (i < n && take_u64(c, &t->dims[i], "a tensor's shape", err))
            goto fail;
        if (t->dims[i] && count > INT64_MAX / t->dims[i]) {
            ai_fail(err, AI_EINPUT, "shape: more values than 63 bits can count");
            goto fail;
        }
        count *= t->dims[i];
    }
    if (take_u32(c, &t->type, "a tensor's type", err) || take_u64(c, &t->offset, "a tensor's offset", err))
        goto fail;
    return 0;
fail:
    return ai_err_at(err, "%.*s", (int)t->name.len, t->name.s);
}

static int compare_names(const void *a, const void *b)
{
    const struct ai_gguf_string *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int d = memcmp(x->s, y->s, n);

    return d ? d : x->len < y->len ? -1 : x->len > y->len;
}

/* Names must differ.  Both structs begin with their name. */
static int check_unique(const void *entries, size_t n, size_t size, const char *what, struct ai_err *err)
{
    struct ai_gguf_string *names = ai_calloc(n, sizeof *names, err);
    int rc = 0;

    if (!names)
        return -1;
    for (size_t i = 0; i < n; i++)
        memcpy(&names[i], (const char *)entries + i * size, sizeof *names);
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n && rc == 0; i++)
        if (compare_names(&names[i - 1], &names[i]) == 0)
            rc = ai_fail(err, AI_EINPUT, "%s '%.*s' is there twice", what, (int)names[i].len, names[i].s);
    free(names);
    return rc;
}

static int find_data(struct ai_gguf *g, const struct cursor *c, struct ai_err *err)
{
    uint32_t alignment = 32;
    uint64_t at = (uint64_t)(c->p - (const uint8_t *)g->map.data);

    if (ai_gguf_u32(g, "general.alignment", &alignment, err) < 0)
        return -1;
    if (alignment == 0 || alignment % 8 || alignment > 1 << 20)
        return ai_fail(err, AI_EINPUT, "general.alignment: %u", alignment);
    at = (at + alignment - 1) / alignment * alignment;
    if (at > g->map.size) {
        if (g->n_tensors)
            return short_of(err, "the padding before the tensors' data");
        at = g->map.size; /* a vocabulary alone has no data section */
    }
    g->data = (const uint8_t *)g->map.data + at;
    g->data_size = g->map.size - at;
    for (size_t i = 0; i < g->n_tensors; i++)
        if (g->tensors[i].offset % alignment || g->tensors[i].offset > g->data_size)
            return ai_fail(err, AI_EINPUT, "%.*s: offset %llu is not in the file, or not aligned to %u",
                           (int)g->tensors[i].name.len, g->tensors[i].name.s, (unsigned long long)g->tensors[i].offset,
                           alignment);
    return 0;
}

static int read_all(struct ai_gguf *g, struct ai_err *err)
{
    struct cursor c = {g->map.data, g->map.size ? (const uint8_t *)g->map.data + g->map.size : g->map.data};
    uint64_t n_tensors = 0, n_values = 0;

    if (left(&c) < 4 || memcmp(c.p, "GGUF", 4) != 0)
        return ai_fail(err, AI_EINPUT, "not a GGUF file");
    c.p += 4;
    if (take_u32(&c, &g->version, "the header", err))
        return -1;
    if (g->version < 2 || g->version > 3)
        return ai_fail(err, AI_EINPUT,
                       "GGUF version %u is not supported (2 and 3 are; files in big-endian order are not)", g->version);
    if (take_u64(&c, &n_tensors, "the header", err) || take_u64(&c, &n_values, "the header", err))
        return -1;
    /* a value takes 13 bytes at least, a tensor 33: more than that cannot be there */
    if (n_values > MAX_ENTRIES || n_values > left(&c) / 13 || n_tensors > MAX_ENTRIES || n_tensors > left(&c) / 33)
        return ai_fail(err, AI_EINPUT, "%llu metadata values and %llu tensors do not fit the file",
                       (unsigned long long)n_values, (unsigned long long)n_tensors);
    g->values = ai_calloc(n_values, sizeof *g->values, err);
    g->tensors = ai_calloc(n_tensors, sizeof *g->tensors, err);
    if (!g->values || !g->tensors)
        return -1;
    for (; g->n_values < n_values; g->n_values++)
        if (read_value(&c, &g->values[g->n_values], err))
            return -1;
    for (; g->n_tensors < n_tensors; g->n_tensors++)
        if (read_tensor(&c, &g->tensors[g->n_tensors], err))
            return -1;
    if (check_unique(g->values, g->n_values, sizeof *g->values, "metadata key", err) ||
        check_unique(g->tensors, g->n_tensors, sizeof *g->tensors, "tensor", err))
        return -1;
    return find_data(g, &c, err);
}

bool ai_gguf_probe(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char magic[4];
    bool is = false;

    if (fd >= 0) {
        is = ai_fd_is_file(fd) && read(fd, magic, 4) == 4 && memcmp(magic, "GGUF", 4) == 0;
        close(fd);
    }
    return is;
}

struct ai_gguf *ai_gguf_open(const char *path, struct ai_err *err)
{
    struct ai_gguf *g = ai_calloc(1, sizeof *g, err);

    if (!g)
        return NULL;
    if (ai_map_open(&g->map, path, err)) {
        ai_gguf_free(g);
        return NULL;
    }
    if (read_all(g, err)) {
        ai_err_at(err, "%s", path);
        ai_gguf_free(g);
        return NULL;
    }
    return g;
}

void ai_gguf_free(struct ai_gguf *g)
{
    if (!g)
        return;
    ai_map_close(&g->map);
    free(g->values);
    free(g->tensors);
    free(g);
}

const struct ai_gguf_value *ai_gguf_find(const struct ai_gguf *g, const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; i < g->n_values; i++)
        if (g->values[i].key.len == n && memcmp(g->values[i].key.s, key, n) == 0)
            return &g->values[i];
    return NULL;
}

static int wrong_type(const char *key, const char *want, struct ai_err *err)
{
    return ai_fail(err, AI_EINPUT, "%s: not %s", key, want);
}

int ai_gguf_u32(const struct ai_gguf *g, const char *key, uint32_t *out, struct ai_err *err)
{
    const struct ai_gguf_value *v = ai_gguf_find(g, key);
    uint64_t n = 0;

    if (!v)
        return 1;
    switch (v->type) {
    case AI_GGUF_U8: n = v->data[0]; break;
    case AI_GGUF_I8: n = (uint64_t)(int64_t)(int8_t)v->data[0]; break;
    case AI_GGUF_U16: n = ai_get_u16(v->data); break;
    case AI_GGUF_I16: n = (uint64_t)(int64_t)(int16_t)ai_get_u16(v->data); break;
    case AI_GGUF_U32: n = ai_get_u32(v->data); break;
    case AI_GGUF_I32: n = (uint64_t)(int64_t)(int32_t)ai_get_u32(v->data); break;
    case AI_GGUF_U64:
    case AI_GGUF_I64: n = ai_get_u64(v->data); break;
    default: return wrong_type(key, "a whole number", err);
    }
    if (n > UINT32_MAX)
        return wrong_type(key, "a number from 0 to 2^32 - 1", err);
    *out = (uint32_t)n;
    return 0;
}

int ai_gguf_f32(const struct ai_gguf *g, const char *key, float *out, struct ai_err *err)
{
    const struct ai_gguf_value *v = ai_gguf_find(g, key);

    if (!v)
        return 1;
    if (v->type == AI_GGUF_F32)
        *out = ai_get_f32(v->data);
    else if (v->type == AI_GGUF_F64)
        *out = (float)ai_get_f64(v->data);
    else
        return wrong_type(key, "a float", err);
    return 0;
}

int ai_gguf_bool(const struct ai_gguf *g, const char *key, bool *out, struct ai_err *err)
{
    const struct ai_gguf_value *v = ai_gguf_find(g, key);

    if (!v)
        return 1;
    if (v->type != AI_GGUF_BOOL || v->data[0] > 1)
        return wrong_type(key, "true or false", err);
    *out = v->data[0];
    return 0;
}

int ai_gguf_str(const struct ai_gguf *g, const char *key, struct ai_gguf_string *out, struct ai_err *err)
{
    const struct ai_gguf_value *v = ai_gguf_find(g, key);

    if (!v)
        return 1;
    if (v->type != AI_GGUF_STRING)
        return wrong_type(key, "a string", err);
    out->s = (const char *)v->data + 8;
    out->len = (size_t)ai_get_u64(v->data);
    return 0;
}

int ai_gguf_next_string(const struct ai_gguf_value *v, const uint8_t **at, struct ai_gguf_string *out)
{
    if (*at >= v->end)
        return 0;
    out->len = (size_t)ai_get_u64(*at);
    out->s = (const char *)*at + 8;
    *at += 8 + out->len;
    return 1;
}
