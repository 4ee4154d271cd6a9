/* Models as bytes and files; see gen_model.h. */
#include "gen_model.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

enum { ALIGNMENT = 32 };

static void put_string(struct ai_buf *b, const char *s)
{
    MUST(ai_buf_u64(b, strlen(s), &err) || ai_buf_puts(b, s, &err));
}

static void pad(struct ai_buf *b)
{
    static const uint8_t zeros[ALIGNMENT];

    MUST(ai_buf_put(b, zeros, (ALIGNMENT - b->len % ALIGNMENT) % ALIGNMENT, &err));
}

void gen_gguf(const struct gen_model *g, unsigned version, struct ai_buf *out)
{
    uint64_t offset = 0;

    MUST(ai_buf_puts(out, "GGUF", &err) || ai_buf_u32(out, version, &err) || ai_buf_u64(out, g->n_tensors, &err) ||
         ai_buf_u64(out, g->n_values, &err));
    for (size_t i = 0; i < g->n_values; i++) {
        put_string(out, g->values[i].key);
        MUST(ai_buf_u32(out, g->values[i].type, &err) ||
             ai_buf_put(out, g->values[i].bytes.data, g->values[i].bytes.len, &err));
    }
    for (size_t i = 0; i < g->n_tensors; i++) {
        const struct gen_tensor *t = &g->tensors[i];

        put_string(out, t->name);
        MUST(ai_buf_u32(out, t->n_dims, &err));
        for (unsigned d = 0; d < t->n_dims; d++)
            MUST(ai_buf_u64(out, t->n_dims > 4 ? 1 : t->dims[t->n_dims - 1 - d], &err));
        MUST(ai_buf_u32(out, (uint32_t)(t->type_number >= 0 ? t->type_number : ai_wtypes[t->type].gguf), &err) ||
             ai_buf_u64(out, offset + (uint64_t)t->shift, &err));
        offset += (t->data.len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    for (size_t i = 0; i < g->n_tensors; i++) {
        pad(out);
        MUST(ai_buf_put(out, g->tensors[i].data.data, g->tensors[i].data.len, &err));
    }
}

void gen_safetensors(const struct gen_model *g, size_t first, size_t n, struct ai_buf *out)
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
    for (size_t i = first; i < first + n; i++)
        MUST(ai_buf_put(out, g->tensors[i].data.data, g->tensors[i].data.len, &err));
    ai_buf_free(&header);
}

void gen_write_file(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    if (!f || (n && fwrite(data, 1, n, f) != n) || fclose(f)) {
        perror(path);
        exit(99);
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

        gen_safetensors(g, first, end - first, &b);
        snprintf(file, sizeof file, "%s/model-%05u-of-%05u.safetensors", path, k + 1, shards);
        gen_write_file(file, b.data, b.len);
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
        gen_gguf(g, 3, &b);
        gen_write_file(path, b.data, b.len);
        ai_buf_free(&b);
        return;
    }
    mkdir(path, 0777);
    snprintf(file, sizeof file, "%s/config.json", path);
    gen_write_file(file, g->config.data, g->config.len - 1);
    if (shards > 1) {
        write_shards(g, path, shards);
        return;
    }
    gen_safetensors(g, 0, g->n_tensors, &b);
    snprintf(file, sizeof file, "%s/model.safetensors", path);
    gen_write_file(file, b.data, b.len);
    ai_buf_free(&b);
}
