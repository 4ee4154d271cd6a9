/* See gen_torch.h.  Python's pickletools.py lists the opcodes. */
#include "gen_torch.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

/* ---- pickles ---- */

void gen_op(struct ai_buf *b, const char *ops)
{
    MUST(ai_buf_puts(b, ops, &err));
}

void gen_text(struct ai_buf *b, const char *s)
{
    MUST(ai_buf_puts(b, "X", &err) || ai_buf_u32(b, (uint32_t)strlen(s), &err) || ai_buf_puts(b, s, &err));
}

void gen_int(struct ai_buf *b, int64_t i)
{
    uint8_t bytes[10] = {(uint8_t)i, (uint8_t)(i >> 8)};

    if (i >= 0 && i < 256) {
        MUST(ai_buf_puts(b, "K", &err) || ai_buf_put(b, bytes, 1, &err));
    } else if (i >= 0 && i < 65536) {
        MUST(ai_buf_puts(b, "M", &err) || ai_buf_put(b, bytes, 2, &err));
    } else if (i >= INT32_MIN && i <= INT32_MAX) {
        MUST(ai_buf_puts(b, "J", &err) || ai_buf_u32(b, (uint32_t)i, &err));
    } else {
        MUST(ai_buf_puts(b, "\x8a\x08", &err) || ai_buf_u64(b, (uint64_t)i, &err));
    }
}

static void put_tuple(struct ai_buf *b, const int64_t *v, unsigned n)
{
    gen_op(b, "(");
    for (unsigned i = 0; i < n; i++)
        gen_int(b, v[i]);
    gen_op(b, "t");
}

void gen_view(struct ai_buf *b, const struct gen_view *v)
{
    if (v->parameter)
        gen_op(b, "ctorch._utils\n_rebuild_parameter\n(");
    gen_op(b, "ctorch._utils\n_rebuild_tensor_v2\n((");
    gen_text(b, "storage");
    MUST(ai_buf_printf(b, &err, "c%s\n%s\n", strcmp(v->type, "UntypedStorage") == 0 ? "torch.storage" : "torch",
                       v->type));
    gen_text(b, v->key);
    gen_text(b, "cpu");
    gen_int(b, v->n);
    gen_op(b, v->legacy ? "NtQ" : "tQ");
    gen_int(b, v->first);
    put_tuple(b, v->dims, v->n_dims);
    put_tuple(b, v->strides, v->n_dims);
    gen_op(b, "\x89" "ccollections\nOrderedDict\n)RtR");
    if (v->parameter)
        gen_op(b, "\x88" "ccollections\nOrderedDict\n)RtR");
}

/* ---- archives ---- */

enum { LOCAL = 30, PLACE = 64 };

static void put_wide(struct ai_buf *b, uint64_t size, uint64_t at)
{
    MUST(ai_buf_u16(b, 1, &err) || ai_buf_u16(b, 24, &err) || ai_buf_u64(b, size, &err) ||
         ai_buf_u64(b, size, &err) || ai_buf_u64(b, at, &err));
}

/* What both headers of a record have: flags, method, time, sum, sizes, lengths. */
static void put_common(struct ai_buf *b, const struct gen_record *r, bool wide, size_t extra)
{
    uint32_t size = wide ? UINT32_MAX : (uint32_t)r->n;

    MUST(ai_buf_u32(b, 0, &err) || ai_buf_u32(b, 0, &err) || ai_buf_u32(b, 0, &err) ||
         ai_buf_u32(b, size, &err) || ai_buf_u32(b, size, &err) ||
         ai_buf_u16(b, (uint16_t)strlen(r->name), &err) || ai_buf_u16(b, (uint16_t)extra, &err));
}

/* What follows a table of n entries, which begins at byte `at`. */
static void put_end(struct ai_buf *out, uint64_t at, uint64_t size, size_t n)
{
    MUST(ai_buf_puts(out, "PK\6\6", &err) || ai_buf_u64(out, 44, &err) || ai_buf_u32(out, 0x2d031e, &err) ||
         ai_buf_u64(out, 0, &err) || ai_buf_u64(out, n, &err) || ai_buf_u64(out, n, &err) ||
         ai_buf_u64(out, size, &err) || ai_buf_u64(out, at, &err));
    MUST(ai_buf_puts(out, "PK\6\7", &err) || ai_buf_u32(out, 0, &err) || ai_buf_u64(out, at + size, &err) ||
         ai_buf_u32(out, 1, &err));
    MUST(ai_buf_puts(out, "PK\5\6", &err) || ai_buf_u32(out, 0, &err) || ai_buf_u16(out, (uint16_t)n, &err) ||
         ai_buf_u16(out, (uint16_t)n, &err) ||
         ai_buf_u32(out, size < UINT32_MAX ? (uint32_t)size : UINT32_MAX, &err) ||
         ai_buf_u32(out, at < UINT32_MAX ? (uint32_t)at : UINT32_MAX, &err) || ai_buf_u16(out, 0, &err));
}

/* The header of a record whose header begins at `at`, up to its data. */
static void put_header(struct ai_buf *out, const struct gen_record *r, bool wide, uint64_t at)
{
    uint64_t head = at + LOCAL + strlen(r->name) + 4 + (wide ? 28 : 0);
    size_t fill = (PLACE - head % PLACE) % PLACE;

    MUST(ai_buf_puts(out, "PK\3\4", &err) || ai_buf_u16(out, 0, &err));
    put_common(out, r, wide, (wide ? 28 : 0) + 4 + fill);
    MUST(ai_buf_puts(out, r->name, &err));
    if (wide)
        put_wide(out, r->n, 0);
    MUST(ai_buf_puts(out, "FB", &err) || ai_buf_u16(out, (uint16_t)fill, &err));
    while (fill--)
        MUST(ai_buf_puts(out, "Z", &err));
}

/* Its entry of the table. */
static void put_entry(struct ai_buf *out, const struct gen_record *r, bool wide, uint64_t at)
{
    MUST(ai_buf_puts(out, "PK\1\2", &err) || ai_buf_u32(out, 0, &err));
    put_common(out, r, wide, wide ? 28 : 0);
    MUST(ai_buf_u32(out, 0, &err) || ai_buf_u16(out, 0, &err) || ai_buf_u32(out, 0, &err) ||
         ai_buf_u32(out, wide ? UINT32_MAX : (uint32_t)at, &err) || ai_buf_puts(out, r->name, &err));
    if (wide)
        put_wide(out, r->n, at);
}

static void flush(FILE *f, struct ai_buf *b)
{
    if (b->len && fwrite(b->data, 1, b->len, f) != b->len) {
        perror("writing");
        exit(99);
    }
    b->len = 0;
}

static void write_zip(const struct gen_record *r, size_t n, bool wide, FILE *f)
{
    struct ai_buf table = {0}, b = {0};
    uint64_t at = 0;

    for (size_t i = 0; i < n; i++) {
        bool far = wide || at >= UINT32_MAX || r[i].n >= UINT32_MAX;

        put_entry(&table, &r[i], far, at);
        put_header(&b, &r[i], far, at);
        at += b.len + r[i].n;
        if (r[i].data)
            MUST(ai_buf_put(&b, r[i].data, (size_t)r[i].n, &err));
        flush(f, &b);
        if (r[i].tensor)
            gen_put_tensor(f, r[i].tensor);
    }
    put_end(&table, at, table.len, n);
    flush(f, &table);
    ai_buf_free(&table);
    ai_buf_free(&b);
}

/* What is written to the stream that comes back goes to memory; closing it appends that to a buffer. */
struct memory {
    char *bytes;
    size_t size;
    FILE *f;
};

static FILE *open_memory(struct memory *m)
{
    m->f = open_memstream(&m->bytes, &m->size);
    if (!m->f)
        exit(99);
    return m->f;
}

static void close_memory(struct memory *m, struct ai_buf *out)
{
    if (fclose(m->f))
        exit(99);
    MUST(ai_buf_put(out, m->bytes, m->size, &err));
    free(m->bytes);
}

void gen_zip(const struct gen_record *r, size_t n, bool wide, struct ai_buf *out)
{
    struct memory m = {0};

    write_zip(r, n, wide, open_memory(&m));
    close_memory(&m, out);
}

/* ---- models ---- */

static const char *storage_of(enum ai_wtype type)
{
    return type == AI_W_F16 ? "HalfStorage" : type == AI_W_BF16 ? "BFloat16Storage" : "FloatStorage";
}

/* The tensor's values, column by column if so asked. */
static void put_values(const struct gen_tensor *t, bool transposed, struct ai_buf *out)
{
    size_t bytes = ai_wtypes[t->type].bytes, rows = t->dims[0], cols = t->dims[1];

    if (!transposed || t->n_dims != 2) {
        MUST(ai_buf_put(out, t->data.data, t->data.len, &err));
        return;
    }
    for (size_t c = 0; c < cols; c++)
        for (size_t r = 0; r < rows; r++)
            MUST(ai_buf_put(out, t->data.data + (r * cols + c) * bytes, bytes, &err));
}

struct storage {
    char key[8];
    const char *type;
    struct ai_buf data;
    const struct gen_tensor *large; /* whose data it is, if it is not in memory */
};

/* What one file holds, as far as it is laid out. */
struct layout {
    const struct gen_torch *how;
    struct storage *storages;
    size_t n_storages;
    struct gen_view *views; /* with their storages' final lengths once all are laid out */
    size_t *storage_of_view, n_views;
};

static struct storage *add_storage(struct layout *l, const char *type)
{
    struct storage *s = &l->storages[l->n_storages];

    snprintf(s->key, sizeof s->key, "%zu", l->n_storages++);
    s->type = type;
    return s;
}

static void add_view(struct layout *l, const struct gen_tensor *t)
{
    const char *type = storage_of(t->type);
    size_t bytes = ai_wtypes[t->type].bytes, i = 0;
    struct gen_view *v = &l->views[l->n_views];
    bool columns = l->how->transposed && t->n_dims == 2;
    struct storage *s;

    while (i < l->n_storages && !(l->how->shared && l->storages[i].type == type))
        i++;
    AI_ASSERT(t->data.data || (!l->how->shared && !columns && !l->how->legacy));
    s = i < l->n_storages ? &l->storages[i] : add_storage(l, type);
    *v = (struct gen_view){.type = type, .key = s->key, .first = (int64_t)(s->data.len / bytes), .n_dims = t->n_dims,
                           .legacy = l->how->legacy, .parameter = l->how->parameters};
    if (t->data.data)
        put_values(t, columns, &s->data);
    else
        s->large = t;
    for (unsigned d = 0; d < t->n_dims; d++)
        v->dims[d] = (int64_t)t->dims[d];
    v->strides[0] = t->n_dims == 1 || columns ? 1 : v->dims[1];
    v->strides[1] = columns ? v->dims[0] : 1;
    l->storage_of_view[l->n_views++] = i;
}

static void put_buffers(struct layout *l, struct ai_buf *b)
{
    static const struct { const char *name, *type; unsigned bytes; } other[] = {
        {"a.position_ids", "LongStorage", 8}, {"a.mask", "BoolStorage", 1}, {"a.bytes", "ByteStorage", 1},
        {"a.double", "DoubleStorage", 8}, {"a.raw", "UntypedStorage", 1},
    };
    const char *scalar = l->storages[l->n_storages].key;

    for (size_t i = 0; i < sizeof other / sizeof *other - l->how->legacy; i++) { /* untyped ones came later */
        struct storage *s = add_storage(l, other[i].type);
        struct gen_view v = {.type = s->type, .key = s->key, .n = 6, .n_dims = 2, .dims = {2, 3}, .strides = {3, 1},
                             .legacy = l->how->legacy};

        for (unsigned k = 0; k < 6 * other[i].bytes; k++)
            MUST(ai_buf_puts(&s->data, "\1", &err));
        gen_text(b, other[i].name);
        gen_view(b, &v);
    }
    gen_text(b, "a.scalar"); /* the fourth value of the first of these */
    gen_view(b, &(struct gen_view){.type = "LongStorage", .key = scalar, .n = 6, .first = 3,
                                   .legacy = l->how->legacy});
    gen_text(b, "a.number");
    gen_op(b, "\x8a"); /* -2, on two bytes */
    MUST(ai_buf_put(b, "\2\xfe\xff", 3, &err));
    gen_text(b, "a.text");
    gen_text(b, "x");
    gen_text(b, "a.list");
    gen_op(b, "](NG@\n\n\n\n\n\n\ne");
}

static void put_dictionary(struct layout *l, const struct gen_model *g, size_t first, struct ai_buf *b)
{
    static const char head[] = "\x80\x02" "ccollections\nOrderedDict\nq\0)Rq\1(";

    MUST(ai_buf_put(b, head, sizeof head - 1, &err));
    for (size_t i = 0; i < l->n_views; i++) {
        const struct storage *s = &l->storages[l->storage_of_view[i]];
        size_t bytes = s->large ? s->large->data.len : s->data.len;

        l->views[i].n = (int64_t)(bytes / ai_wtypes[g->tensors[first + i].type].bytes);
        gen_text(b, g->tensors[first + i].name);
        gen_view(b, &l->views[i]);
    }
    if (l->how->buffers)
        put_buffers(l, b);
    gen_op(b, "u");
    if (l->how->attributes) {
        gen_op(b, "}");
        gen_text(b, "_metadata");
        MUST(ai_buf_put(b, "h\0)R", 4, &err));
        gen_text(b, "");
        gen_op(b, "}");
        gen_text(b, "version");
        gen_op(b, "K\1sssb");
    }
    gen_op(b, ".");
}

static void put_legacy(const struct layout *l, const struct ai_buf *pickle, FILE *f)
{
    struct ai_buf b = {0}, *out = &b;
    static const char magic[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}q";

    MUST(ai_buf_put(out, magic, sizeof magic, &err)); /* with the 0 of q */
    gen_op(out, "(");
    gen_text(out, "protocol_version");
    gen_int(out, 1001);
    gen_text(out, "little_endian");
    gen_op(out, "\x88u.");
    MUST(ai_buf_put(out, pickle->data, pickle->len, &err));
    gen_op(out, "\x80\x02](");
    for (size_t i = l->n_storages; i-- > 0;)
        gen_text(out, l->storages[i].key);
    gen_op(out, "e.");
    for (size_t i = l->n_storages; i-- > 0;) {
        const struct storage *s = &l->storages[i];
        unsigned bytes = strstr("LongStorage DoubleStorage", s->type) ? 8 : strcmp(s->type, "FloatStorage") == 0 ? 4
                         : strstr("BoolStorage ByteStorage", s->type) ? 1 : 2;

        MUST(ai_buf_u64(out, s->data.len / bytes, &err) || ai_buf_put(out, s->data.data, s->data.len, &err));
    }
    flush(f, out);
    ai_buf_free(out);
}

static void put_archive(const struct layout *l, const struct ai_buf *pickle, FILE *f)
{
    const char *root = l->how->root ? l->how->root : "archive";
    struct gen_record *r = ai_calloc(l->n_storages + 7, sizeof *r, &err);
    size_t n = 0;

    MUST(!r);
#define RECORD(bytes, size, ...) \
    (r[n].data = (bytes), r[n].n = (size), snprintf(r[n].name, sizeof r[n].name, __VA_ARGS__), n++)
    RECORD(pickle->data, pickle->len, "%s/data.pkl", root);
    if (l->how->records) {
        RECORD("1", 1, "%s/.format_version", root);
        RECORD("64", 2, "%s/.storage_alignment", root);
        RECORD("little", 6, "%s/byteorder", root);
    }
    for (size_t i = 0; i < l->n_storages; i++) {
        const struct storage *s = &l->storages[i];

        r[n].tensor = s->large;
        RECORD(s->data.data, s->large ? s->large->data.len : s->data.len, "%s/data/%s", root, s->key);
    }
    RECORD("3\n", 2, "%s/version", root);
    if (l->how->records)
        RECORD("0123456789012345678901234567890123456789", 40, "%s/.data/serialization_id", root);
#undef RECORD
    write_zip(r, n, l->how->wide, f);
    free(r);
}

static void write_torch(const struct gen_model *g, size_t first, size_t n, const struct gen_torch *how, FILE *f)
{
    struct layout l = {.how = how};
    struct ai_buf pickle = {0};

    MUST(!(l.storages = ai_calloc(n + 8, sizeof *l.storages, &err)));
    MUST(!(l.views = ai_calloc(n, sizeof *l.views, &err)));
    MUST(!(l.storage_of_view = ai_calloc(n, sizeof *l.storage_of_view, &err)));
    for (size_t i = first; i < first + n; i++)
        add_view(&l, &g->tensors[i]);
    put_dictionary(&l, g, first, &pickle);
    if (how->legacy)
        put_legacy(&l, &pickle, f);
    else
        put_archive(&l, &pickle, f);
    for (size_t i = 0; i < l.n_storages; i++)
        ai_buf_free(&l.storages[i].data);
    free(l.storages);
    free(l.views);
    free(l.storage_of_view);
    ai_buf_free(&pickle);
}

void gen_torch(const struct gen_model *g, size_t first, size_t n, const struct gen_torch *how, struct ai_buf *out)
{
    struct memory m = {0};

    write_torch(g, first, n, how, open_memory(&m));
    close_memory(&m, out);
}

void gen_write_torch(const struct gen_model *g, const char *path, unsigned shards, const struct gen_torch *how)
{
    struct ai_buf index = {0};
    char file[1200], name[64] = "pytorch_model.bin";

    mkdir(path, 0777);
    snprintf(file, sizeof file, "%s/config.json", path);
    gen_write_file(file, g->config.data, g->config.len - 1);
    MUST(ai_buf_puts(&index, "{\"metadata\": {}, \"weight_map\": {", &err));
    for (unsigned k = 0; k < shards; k++) {
        size_t first = g->n_tensors * k / shards, end = g->n_tensors * (k + 1) / shards;
        FILE *f;

        if (shards > 1)
            snprintf(name, sizeof name, "pytorch_model-%05u-of-%05u.bin", k + 1, shards);
        snprintf(file, sizeof file, "%s/%s", path, name);
        f = fopen(file, "wb");
        if (f)
            write_torch(g, first, end - first, how, f);
        if (!f || fclose(f)) {
            perror(file);
            exit(99);
        }
        for (size_t i = first; i < end; i++)
            MUST(ai_buf_printf(&index, &err, "%s\"%s\": \"%s\"", i ? ", " : "", g->tensors[i].name, name));
    }
    MUST(ai_buf_puts(&index, "}}", &err));
    snprintf(file, sizeof file, "%s/pytorch_model.bin.index.json", path);
    if (shards > 1)
        gen_write_file(file, index.data, index.len);
    ai_buf_free(&index);
}
