/* Between the files that publish dense models (gen_dense.h). */
#ifndef GEN_PUBLISH_H
#define GEN_PUBLISH_H

#include "gen_dense.h"

struct publisher {
    const struct dense_model *m;
    struct gen_model *g;
    bool gguf;
    char block[64];          /* before the names of the present block */
};

struct publisher publisher(const struct dense_model *m, bool gguf);

/* All are named prefix followed by name, or p->block followed by name. */
/* A matrix, or a vector (rows 0). */
struct gen_tensor *publish(struct publisher *p, const char *prefix, const char *name, size_t rows, size_t cols,
                           const float *x);
/* name.weight and name.bias of a norm (rows 0) or a map, its rows in the order `from`, or
 * as they are.  Nothing if the model has none. */
void publish_map(struct publisher *p, const char *prefix, const char *name, size_t rows, size_t cols,
                 const struct dense_map *m, const size_t *from);
/* The same, the matrix stored [in, out] as a Conv1D has it. */
void publish_turned(struct publisher *p, const char *name, size_t rows, size_t cols, const struct dense_map *m);
/* Q, K and V as one map: turned, or its rows in the order `from`. */
void publish_fused(struct publisher *p, const char *name, const struct dense_block *w, bool turned, const size_t *from);

#endif
