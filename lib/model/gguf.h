/* GGUF v2/v3 as a checked table: metadata values and tensors of a mapped file.
 * Used for weights (model) and for the tokenizer inside (tokenizer). */
#ifndef AI_MODEL_GGUF_H
#define AI_MODEL_GGUF_H

#include "base/err.h"
#include "io/fd.h"

#include <stdbool.h>
#include <stdint.h>

enum ai_gguf_type {
    AI_GGUF_U8, AI_GGUF_I8, AI_GGUF_U16, AI_GGUF_I16, AI_GGUF_U32, AI_GGUF_I32, AI_GGUF_F32, AI_GGUF_BOOL,
    AI_GGUF_STRING, AI_GGUF_ARRAY, AI_GGUF_U64, AI_GGUF_I64, AI_GGUF_F64,
};

struct ai_gguf_string { const char *s; size_t len; }; /* not NUL-terminated */

struct ai_gguf_value {
    struct ai_gguf_string key;
    enum ai_gguf_type type;      /* AI_GGUF_ARRAY: see elem, count */
    enum ai_gguf_type elem;      /* element type of an array (never an array itself) */
    uint64_t count;              /* elements of an array; 1 otherwise */
    const uint8_t *data;         /* the (first) value as stored, bounds checked */
    const uint8_t *end;          /* one past the value's last byte */
};

struct ai_gguf_tensor {
    struct ai_gguf_string name;
    unsigned n_dims;
    uint64_t dims[4];            /* dims[0] fastest; unused ones 1; the product fits 63 bits */
    uint32_t type;               /* ggml type number */
    uint64_t offset;             /* from the start of the data section */
};

struct ai_gguf {
    struct ai_map map;
    uint32_t version;
    struct ai_gguf_value *values;
    size_t n_values;
    struct ai_gguf_tensor *tensors;
    size_t n_tensors;
    const uint8_t *data;         /* the data section */
    uint64_t data_size;
};

/* True if the file at path begins with the magic "GGUF". */
bool ai_gguf_probe(const char *path);
struct ai_gguf *ai_gguf_open(const char *path, struct ai_err *err) AI_CHECKED;
void ai_gguf_free(struct ai_gguf *g);

const struct ai_gguf_value *ai_gguf_find(const struct ai_gguf *g, const char *key);
/* Scalars: 0 and *out, 1 when the key is absent (*out untouched), -1 with err "key: reason" when it has another type
 * or does not fit; the caller puts the file's name in front. */
int ai_gguf_u32(const struct ai_gguf *g, const char *key, uint32_t *out, struct ai_err *err) AI_CHECKED;
int ai_gguf_f32(const struct ai_gguf *g, const char *key, float *out, struct ai_err *err) AI_CHECKED;
int ai_gguf_bool(const struct ai_gguf *g, const char *key, bool *out, struct ai_err *err) AI_CHECKED;
int ai_gguf_str(const struct ai_gguf *g, const char *key, struct ai_gguf_string *out, struct ai_err *err) AI_CHECKED;
/* Walks a string array: *at starts as v->data; returns 1 and the string, 0 at the end. */
int ai_gguf_next_string(const struct ai_gguf_value *v, const uint8_t **at, struct ai_gguf_string *out);

#endif
