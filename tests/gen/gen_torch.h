/* pytorch_model.bin as torch.save writes it: the same tensors in every variant.  And
 * its parts, pickles and zip archives, for tests that write wrong ones. */
#ifndef GEN_TORCH_H
#define GEN_TORCH_H

#include "gen_model.h"

struct gen_torch {
    const char *root;  /* folder within the archive; NULL: "archive" */
    bool legacy;       /* as before torch 1.6: no archive */
    bool wide;         /* 64-bit sizes and offsets for every record */
    bool records;      /* torch 2's further records */
    bool parameters;   /* parameters, not tensors */
    bool attributes;   /* the dictionary has attributes */
    bool shared;       /* the tensors of a type are views of one storage, behind each other */
    bool transposed;   /* matrices lie column by column */
    bool buffers;      /* tensors of other types, a number and a text beside the weights */
};

/* Tensors [first, first + n) of g. */
void gen_torch(const struct gen_model *g, size_t first, size_t n, const struct gen_torch *how, struct ai_buf *out);
/* A directory, made if need be, with the weights in `shards` files. */
void gen_write_torch(const struct gen_model *g, const char *path, unsigned shards, const struct gen_torch *how);

/* Pickle, protocol 2: opcodes as they are, a text, a number, a dictionary's head and end. */
void gen_op(struct ai_buf *b, const char *ops);
void gen_text(struct ai_buf *b, const char *s);
void gen_int(struct ai_buf *b, int64_t i);
/* (storage) `key` of n values of `type` ("FloatStorage"), seen from value first on, with
 * these sizes and strides; kept and used values: none. */
struct gen_view {
    const char *type, *key;
    int64_t n, first;
    unsigned n_dims;
    int64_t dims[5], strides[5];
    bool legacy, parameter;
};
void gen_view(struct ai_buf *b, const struct gen_view *v);

struct gen_record {
    char name[300];
    const void *data;
    uint64_t n;
    const struct gen_tensor *tensor; /* whose data it is, if it is not in memory */
};
/* Stored records, each with its data on a multiple of 64, as torch writes them. */
void gen_zip(const struct gen_record *r, size_t n, bool wide, struct ai_buf *out);

#endif
