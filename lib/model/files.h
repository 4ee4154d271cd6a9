/* A model's files as one table of named tensors, whatever their container.  Private
 * to lib/model. */
#ifndef AI_MODEL_FILES_H
#define AI_MODEL_FILES_H

#include "io/fd.h"
#include "io/json.h"
#include "model/split.h"
#include "model/tensor.h"

#include <stdbool.h>

struct ai_named_tensor {
    const char *name;        /* not NUL-terminated */
    size_t name_len;
    const char *file;
    int type;                /* enum ai_wtype, -1: a type that is not supported */
    char type_name[24];
    unsigned n_dims;
    uint64_t dims[4];        /* slowest first */
    bool strided;            /* not row-major: neighbours are strides apart */
    uint64_t strides[4];     /* in values, if strided */
    const uint8_t *data;
    uint64_t room;           /* bytes from data to the end of the data section; strided: of the values */
};

/* A mapped file of a directory, and what owns its tensors' names. */
struct ai_model_file {
    char *name;
    struct ai_map map;
    struct ai_json *header;  /* of safetensors, or NULL: the names are in the mapping */
};

struct ai_model_files {
    char *path;
    struct ai_gguf_set set;  /* of GGUF files, or empty */
    struct ai_gguf *gguf;    /* the one with the metadata, or NULL */
    struct ai_json *config_file;  /* of a directory, or NULL */
    const struct ai_json *config; /* it, or the part of it that the text model's numbers are in */
    struct ai_model_file *files;
    size_t n_files, cap_files;
    struct ai_named_tensor *tensors; /* sorted by name */
    size_t n_tensors, cap_tensors;
    struct ai_model_copy *copies;    /* of strided tensors, see ai_model_files_data */
    size_t n_copies, cap_copies, copy_bytes;
    float *rope_factors;
};

/* Opens path: a GGUF file or any one of a set of them, or a directory with config.json and weights: the first of
 * model.safetensors, model.safetensors.index.json, pytorch_model.bin and
 * pytorch_model.bin.index.json that is there. */
struct ai_model_files *ai_model_files_open(const char *path, struct ai_err *err) AI_CHECKED;
void ai_model_files_free(struct ai_model_files *f);

/* The tensor of that name or NULL. */
const struct ai_named_tensor *ai_model_files_find(const struct ai_model_files *f, const char *name);

/* strided.c: the values of t, row-major: where they lie in the file, or, if t is
 * strided, a copy that f keeps and gives again for the same place, sizes and strides.
 * t need not be one of f's own: a transposed one has two sizes and strides swapped.
 * All copies together are no larger than f's files.  Types of one value a block only.
 * Returns NULL with err. */
const void *ai_model_files_data(struct ai_model_files *f, const struct ai_named_tensor *t, struct ai_err *err);
void ai_model_files_free_copies(struct ai_model_files *f);

/* For readers of one container, which add the tensors of one file to f, checked to lie
 * inside of it.  Each returns 0, or -1 with err naming file and tensor. */
int ai_gguf_add(struct ai_model_files *f, struct ai_err *err) AI_CHECKED; /* f->path, and those that belong to it */
int ai_safetensors_add(struct ai_model_files *f, const char *file, struct ai_err *err) AI_CHECKED;
int ai_torch_add(struct ai_model_files *f, const char *file, struct ai_err *err) AI_CHECKED;
/* Maps the file for as long as f lives.  The result moves when the next one is mapped,
 * its name does not. */
struct ai_model_file *ai_model_files_map(struct ai_model_files *f, const char *file, struct ai_err *err) AI_CHECKED;
int ai_model_files_add(struct ai_model_files *f, const struct ai_named_tensor *t, struct ai_err *err) AI_CHECKED;

#endif
