/* What torch.save's pickles make: storages, and the tensors that are views of them.
 * Private to lib/model. */
#ifndef AI_MODEL_TORCH_H
#define AI_MODEL_TORCH_H

#include "model/files.h"
#include "model/pickle.h"

struct ai_torch_storage {
    struct ai_torch_storage *next;
    const struct ai_torch_type { const char *name; unsigned bytes; } *type; /* as safetensors calls it */
    const char *key;
    size_t key_len;
    uint64_t n;           /* values; their bytes fit 64 bits */
    const uint8_t *data;  /* NULL until somebody finds them */
};

/* One file while it is read. */
struct ai_torch {
    struct ai_model_files *f;
    const char *file;
    bool legacy;                       /* from before torch 1.6 */
    struct ai_torch_storage *storages; /* of all tensors, last first; a key may be there many times */
    size_t n_storages;
};

/* A machine that fills r->storages while it runs. */
struct ai_pickle *ai_torch_machine(struct ai_torch *r, struct ai_err *err);

/* Adds the tensors of the dictionary that a pickle made to r->f, once all storages have
 * their data.  Returns 0, or -1 with err naming the tensor. */
int ai_torch_add_tensors(struct ai_torch *r, const struct ai_value *root, struct ai_err *err) AI_CHECKED;

#endif
