/* Random models in the published formats.  Small ones for tests: the same seed gives
 * the same function of tokens in every format (in F32, F16, BF16 and Q8_0; of the other
 * block formats any block is as good as another).  The tables can be edited before
 * they are written, so that a test can break one thing.  And large ones for
 * measurements, whose matrices never are in memory: see `large`. */
#ifndef GEN_MODEL_H
#define GEN_MODEL_H

#include "base/buf.h"
#include "base/err.h"
#include "model/tensor.h"

#include <stdbool.h>
#include <stdio.h>

enum gen_kind { GEN_GGUF, GEN_LLAMA, GEN_NEO, GEN_OPT }; /* Llama in GGUF; directories of Llama, GPT-Neo and OPT */

struct gen_spec {
    enum gen_kind kind;
    unsigned layers, width, heads, kv_heads, ff, vocab, context;
    unsigned window;       /* GPT-Neo's local layers */
    enum ai_wtype type;    /* of matrices; vectors are F32 (F16, BF16 in directories of that type) */
    bool tied;
    bool bias;             /* Llama: biases of the attention */
    bool tokenizer;        /* GGUF: pieces and byte tokens inside, vocab >= GEN_MIN_VOCAB */
    bool large;            /* matrices are made when they are written, of random bits in their format */
    uint64_t seed;
};
enum { GEN_MIN_VOCAB = 400 };
/* Two layers, width 64: a few kilobytes. */
extern const struct gen_spec gen_small;

struct gen_tensor {
    char name[96];
    unsigned n_dims;
    uint64_t dims[4];      /* slowest first */
    enum ai_wtype type;
    int type_number;       /* in GGUF in place of type's own, -1: none */
    const char *type_name; /* in safetensors, likewise NULL */
    int64_t shift;         /* added to where the file says that the data begins */
    struct ai_buf data;    /* data.data NULL: made when it is written, of these two */
    uint64_t seed;
    float rms;
};

/* A metadata value of GGUF. */
struct gen_value {
    char key[64];
    uint32_t type;         /* AI_GGUF_U32, _F32, _STRING, or _ARRAY: bytes hold element type, count, elements */
    struct ai_buf bytes;
};

struct gen_model {
    struct gen_spec spec;
    struct gen_tensor *tensors;
    size_t n_tensors, cap_tensors;
    struct gen_value *values;
    size_t n_values, cap_values;
    struct ai_buf config;  /* text of config.json, NUL-terminated */
};

/* Memory that is missing ends the program: these are tests. */
struct gen_model *gen_make(const struct gen_spec *spec);
void gen_free(struct gen_model *g);

/* NULL if there is none. */
struct gen_tensor *gen_tensor(struct gen_model *g, const char *name);
struct gen_value *gen_value(struct gen_model *g, const char *key);
/* A new tensor of zeros at the end. */
struct gen_tensor *gen_add(struct gen_model *g, const char *name, uint64_t rows, uint64_t cols, enum ai_wtype type);
void gen_remove(struct gen_model *g, const char *name);
/* Sets or adds. */
void gen_set_u32(struct gen_model *g, const char *key, uint32_t v);
void gen_set_f32(struct gen_model *g, const char *key, float v);
void gen_set_bool(struct gen_model *g, const char *key, bool v);
void gen_set_string(struct gen_model *g, const char *key, const char *v);
/* Adds keys and values to config.json, which they begin if nothing is there yet. */
AI_PRINTF(2, 3) void gen_config_add(struct gen_model *g, const char *format, ...);
/* Replaces the first `from` in config.json by `to`. */
void gen_config(struct gen_model *g, const char *from, const char *to);

/* The file's bytes. */
void gen_gguf(const struct gen_model *g, unsigned version, struct ai_buf *out);
/* Those of one file of a set: tensors [first, first + n), the three numbers in split.no, split.count and
 * split.tensors.count, and the other metadata in the file of number 0. */
struct gen_split { unsigned no, count, tensors; };
void gen_gguf_part(const struct gen_model *g, const struct gen_split *split, size_t first, size_t n,
                   struct ai_buf *out);
/* Tensors [first, first + n). */
void gen_safetensors(const struct gen_model *g, size_t first, size_t n, struct ai_buf *out);
/* GEN_GGUF: the file path, or `shards` files path-00001-of-0000N.gguf (an ending .gguf of path left out); else a
 * directory (made if need be) with the weights in `shards` files. */
void gen_write(const struct gen_model *g, const char *path, unsigned shards);
void gen_write_file(const char *path, const void *data, size_t n);
/* The tensor's bytes, made now if they are not in memory. */
void gen_put_tensor(FILE *f, const struct gen_tensor *t);

#endif
