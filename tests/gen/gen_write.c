/* Models as bytes and files; see gen_model.h. */
#include "gen_model.h"

#include "base/bytes.h"
#include "gen_blocks.h"
#include "model/gguf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

enum { ALIGNMENT = 32, PIECE = 1 << 18 };

static void put_string(struct ai_buf *b, const char *s)
{
    MUST(ai_buf_u64(b, strlen(s), &err) || ai_buf_puts(b, s, &err));
}

static void pad(struct ai_buf *b)
{
    static const uint8_t zeros[ALIGNMENT];

    MUST(ai_buf_put(b, zeros, (ALIGNMENT - b->len % ALIGNMENT) % ALIGNMENT, &err));
}

static void put_values(const struct gen_model *g, const struct gen_split *split, struct ai_buf *out)
{
    bool all = !split || split->no == 0;

    MUST(ai_buf_u64(out, (all ? g->n_values : 0) + (split ? 3 : 0), &err));
    for (size_t i = 0; all && i < g->n_values; i++) {
        put_string(out, g->values[i].key);
        MUST(ai_buf_u32(out, g->values[i].type, &err) ||
             ai_buf_put(out, g->values[i].bytes.data, g->values[i].bytes.len, &err));
    }
    if (!split)
        return;
    put_string(out, "split.no");
    MUST(ai_buf_u32(out, AI_GGUF_U16, &err) || ai_buf_u16(out, (uint16_t)split->no, &err));
    put_string(out, "split.count");
    MUST(ai_buf_u32(out, AI_GGUF_U16, &err) || ai_buf_u16(out, (uint16_t)split->count, &err));
    put_string(out, "split.tensors.count");
    MUST(ai_buf_u32(out, AI_GGUF_I32, &err) || ai_buf_u32(out, split->tensors, &err));
}

/* All that comes before the tensors' data. */
static void gguf_header(const struct gen_model *g, unsigned version, const struct gen_split *split, size_t first,
                        size_t n, struct ai_buf *out)
{
    uint64_t offset = 0;

    MUST(ai_buf_puts(out, "GGUF", &err) || ai_buf_u32(out, version, &err) || ai_buf_u64(out, n, &err));
    put_values(g, split, out);
    for (size_t i = first; i < first + n; i++) {
        const struct gen_tensor *t = &g->tensors[i];

        put_string(out, t->name);
        MUST(ai_buf_u32(out, t->n_dims, &err));
        for (unsigned d = 0; d < t->n_dims; d++)
            MUST(ai_buf_u64(out, t->n_dims > 4 ? 1 : t->dims[t->n_dims - 1 - d], &err));
        MUST(ai_buf_u32(out, (uint32_t)(t->type_number >= 0 ? t->type_number : ai_wtypes[t->type].gguf), &err) ||
             ai_buf_u64(out, offset + (uint64_t)t->shift, &err));
        offset += (t->data.len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    if (n)
        pad(out);
}

static void gguf_file(const struct gen_model *g, unsigned version, const struct gen_split *split, size_t first,
                      size_t n, struct ai_buf *out)
{
    gguf_header(g, version, split, first, n, out);
    for (size_t i = first; i < first + n; i++) {
        pad(out);
        MUST(ai_buf_put(out, g->tensors[i].data.data, g->tensors[i].data.len, &err));
    }
}

void gen_gguf(const struct gen_model *g, unsigned version, struct ai_buf *out)
{
    gguf_file(g, version, NULL, 0, g->n_tensors, out);
}

void gen_gguf_part(const struct gen_model *g, const struct gen_split *split, size_t first, size_t n,
                   struct ai_buf *out)
{
    gguf_file(g, 3, split, first, n, out);
}

static void safetensors_header(const struct gen_model *g, size_t first, size_t n, struct ai_buf *out)
{
    struct ai_buf header = {0};
    uint64_t at = 0;

    MUST(ai_buf_puts(&header, "{\"__metadata__\":{\"format\":\"pt\"}", &err));
    for (size_t i = first; i < first + n; i++) {
        const struct gen_tensor *t = &g->tensors[i];

        MUST(ai_buf_printf(&header, &err, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", t->name,
                           t->type_name ? t->type_name : ai_wtypes[t->type].safetensors));
        for (unsigned d = 0; d < t->n_dims; d++)
            MUST(ai_buf_printf(&header, &err, "%s%llu", d ? "," : "", (unsigned long long)t->dims[d]));
        MUST(ai_buf_printf(&header, &err, "],\"data_offsets\":[%lld,%lld]}", (long long)at + (long long)t->shift,
                           (long long)(at + t->data.len) + (long long)t->shift));
        at += t->data.len;
    }
    MUST(ai_buf_puts(&header, "}", &err));
    MUST(ai_buf_u64(out, header.len, &err) || ai_buf_put(out, header.data, header.len, &err));
    ai_buf_free(&header);
}

void gen_safetensors(const struct gen_model *g, size_t first, size_t n, struct ai_buf *out)
{
    safetensors_header(g, first, n, out);
    for (size_t i = first; i < first + n; i++)
        MUST(ai_buf_put(out, g->tensors[i].data.data, g->tensors[i].data.len, &err));
}

/* ---- files ---- */

static FILE *create(const char *path)
{
    FILE *f = fopen(path, "wb");

    if (!f) {
        perror(path);
        exit(99);
    }
    return f;
}

static void put(FILE *f, const void *data, size_t n)
{
    if (n && fwrite(data, 1, n, f) != n) {
        perror("writing");
        exit(99);
    }
}

static void finish(FILE *f, const char *path)
{
    if (fclose(f)) {
        perror(path);
        exit(99);
    }
}

void gen_write_file(const char *path, const void *data, size_t n)
{
    FILE *f = create(path);

    put(f, data, n);
    finish(f, path);
}

void gen_put_tensor(FILE *f, const struct gen_tensor *t)
{
    static uint8_t piece[PIECE * 4];
    const struct ai_wtype_info *info = &ai_wtypes[t->type];
    struct ai_rng rng = {t->seed};

    if (t->data.data) {
        put(f, t->data.data, t->data.len);
        return;
    }
    for (uint64_t left = t->data.len / info->bytes * info->block, n; left; left -= n) {
        n = left < PIECE ? left : PIECE;
        gen_blocks(t->type, &rng, t->rms, n, piece);
        put(f, piece, n / info->block * info->bytes);
    }
}

/* The header and then the data of tensors [first, first + n), each aligned. */
static void write_parts(const struct gen_model *g, const char *path, const struct ai_buf *header, size_t first,
                        size_t n, size_t alignment)
{
    static const uint8_t zeros[ALIGNMENT];
    FILE *f = create(path);

    put(f, header->data, header->len);
    for (size_t i = first; i < first + n; i++) {
        gen_put_tensor(f, &g->tensors[i]);
        if (i + 1 < first + n)
            put(f, zeros, (alignment - g->tensors[i].data.len % alignment) % alignment);
    }
    finish(f, path);
}

static void write_gguf(const struct gen_model *g, const char *path, unsigned shards)
{
    size_t stem = strlen(path);
    char file[1200];

    if (stem > 5 && strcmp(path + stem - 5, ".gguf") == 0)
        stem -= 5;
    for (unsigned k = 0; k < shards; k++) {
        size_t first = g->n_tensors * k / shards, end = g->n_tensors * (k + 1) / shards;
        struct gen_split split = {k, shards, (unsigned)g->n_tensors};
        struct ai_buf header = {0};

        snprintf(file, sizeof file, "%.*s-%05u-of-%05u.gguf", (int)stem, path, k + 1, shards);
        gguf_header(g, 3, shards > 1 ? &split : NULL, first, end - first, &header);
        write_parts(g, shards > 1 ? file : path, &header, first, end - first, ALIGNMENT);
        ai_buf_free(&header);
    }
}

static void write_shards(const struct gen_model *g, const char *path, unsigned shards)
{
    struct ai_buf index = {0};
    char file[1200];

    MUST(ai_buf_puts(&index, "{\"weight_map\":{", &err));
    for (unsigned k = 0; k < shards; k++) {
        size_t first = g->n_tensors * k / shards, end = g->n_tensors * (k + 1) / shards;
        struct ai_buf b = {0};

        safetensors_header(g, first, end - first, &b);
        snprintf(file, sizeof file, "%s/model-%05u-of-%05u.safetensors", path, k + 1, shards);
        write_parts(g, file, &b, first, end - first, 1);
        ai_buf_free(&b);
        for (size_t i = first; i < end; i++)
            MUST(ai_buf_printf(&index, &err, "%s\"%s\":\"%s\"", i ? "," : "", g->tensors[i].name,
                               strrchr(file, '/') + 1));
    }
    MUST(ai_buf_puts(&index, "}}", &err));
    snprintf(file, sizeof file, "%s/model.safetensors.index.json", path);
    gen_write_file(file, index.data, index.len);
    ai_buf_free(&index);
}

void gen_write(const struct gen_model *g, const char *path, unsigned shards)
{
    struct ai_buf b = {0};
    char file[1200];

    if (g->spec.kind == GEN_GGUF) {
        write_gguf(g, path, shards);
        return;
    }
    mkdir(path, 0777);
    snprintf(file, sizeof file, "%s/config.json", path);
    gen_write_file(file, g->config.data, g->config.len - 1);
    if (shards > 1) {
        write_shards(g, path, shards);
        return;
    }
    safetensors_header(g, 0, g->n_tensors, &b);
    snprintf(file, sizeof file, "%s/model.safetensors", path);
    write_parts(g, file, &b, 0, g->n_tensors, 1);
    ai_buf_free(&b);
}
