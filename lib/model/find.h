/* Looking for a model's tensors by name: every one that is taken has the type, shape
 * and place that it should.  Private to lib/model. */
#ifndef AI_MODEL_FIND_H
#define AI_MODEL_FIND_H

#include "model/arch.h"

/* What a tensor is to an architecture: not looked for, taken if it is there, or missing without it. */
enum need { NONE, OPTIONAL, REQUIRED };

struct loader {
    struct ai_model *m;
    unsigned traits;
    bool gguf;
    const struct ai_arch_names *names;
    const char *prefix;  /* of all names but the head's */
    struct ai_err *err;
    char name[192];      /* of the tensor last looked for */
    const char *file;    /* where it was */
};

/* Patterns are of struct ai_arch_names: the first %u is the block. */
const struct ai_named_tensor *find_named(struct loader *l, const char *pattern, unsigned block, const char *suffix);

/* Each fills *out (no data: not there, and not needed) and returns 0 or -1 with l->err, file and tensor named. */
/* A matrix; rows 0: as many as the file has. */
int find_matrix(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t rows, size_t cols,
                enum need need, struct ai_tensor *out);
/* One that the file has as [cols, rows]: the files keep a turned copy. */
int find_turned(struct loader *l, const char *pattern, unsigned block, size_t rows, size_t cols,
                struct ai_tensor *out);
/* n matrices that are one tensor [n, rows, cols]: out has n * rows rows.  t: what find_named gave. */
int find_stack(struct loader *l, const struct ai_named_tensor *t, size_t n, size_t rows, size_t cols,
               struct ai_tensor *out);
/* A vector of finite values. */
int find_vector(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t n, enum need need,
                struct ai_tensor *out);

/* Memory that the model owns, or NULL. */
void *find_make(struct loader *l, size_t n, size_t size);

#endif
