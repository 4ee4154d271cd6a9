/* A model's files as one table of named tensors, whatever their container.  Private
 * to lib/model. */
#ifndef AI_MODEL_FILES_H
#define AI_MODEL_FILES_H

#include "io/fd.h"
#include "io/json.h"
#include "model/gguf.h"
#include "model/tensor.h"

struct ai_named_tensor {
    const char *name;        /* not NUL-terminated */
    size_t name_len;
    const char *file;
    int type;                /* enum ai_wtype, -1: a type that is not supported */
    char type_name[24];
    unsigned n_dims;
    uint64_t dims[4];        /* slowest first */
    const uint8_t *data;
    uint64_t room;           /* bytes from data to the end of the data section */
};

struct ai_model_files {
    char *path;
    struct ai_gguf *gguf;    /* or NULL */
    struct ai_json *config;  /* of a directory, or NULL */
    struct ai_map *maps;
    char **names;            /* [n_maps] file names */
    struct ai_json **headers;/* [n_maps] of safetensors files: they own the tensors' names */
    size_t n_maps;
    struct ai_named_tensor *tensors; /* sorted by name */
    size_t n_tensors, cap_tensors;
    float *rope_factors;
};

/* Opens path: a GGUF file, or a directory with config.json and safetensors. */
struct ai_model_files *ai_model_files_open(const char *path, struct ai_err *err) AI_CHECKED;
void ai_model_files_free(struct ai_model_files *f);

/* The tensor of that name or NULL. */
const struct ai_named_tensor *ai_model_files_find(const struct ai_model_files *f, const char *name);

/* safetensors.c: adds the tensors of one file. */
int ai_safetensors_add(struct ai_model_files *f, const char *file, struct ai_err *err) AI_CHECKED;
int ai_model_files_add(struct ai_model_files *f, const struct ai_named_tensor *t, struct ai_err *err) AI_CHECKED;

#endif
