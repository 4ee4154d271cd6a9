/* Llama and its relatives, OPT and the GPTs in plain double loops, one prompt at a
 * time, each family from its own definition: nothing of lib/model or lib/forward is
 * in it. */
#ifndef PLAIN_DENSE_H
#define PLAIN_DENSE_H

#include "../gen/gen_dense.h"

/* states [L + 1][n][H], and logits [L + 1][V] of the last token, as if each layer were
 * the last.  The caller frees both. */
double *plain_dense(const struct dense_model *m, const uint32_t *tokens, size_t n, double **logits);

#endif
