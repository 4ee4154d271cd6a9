/* A decoder in plain double loops, one prompt at a time, written from the papers
 * and sharing nothing with lib/forward but the model struct. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "model/model.h"

/* A model in memory with random weights; shape and kinds from hp.  bias: every
 * linear map and norm has one where the kind allows. */
struct ai_model *random_model(const struct ai_hparams *hp, unsigned window_of_odd, int bias, uint64_t seed);
void random_model_free(struct ai_model *m);

/* states [L + 1][n][H] of the tokens; caller frees. */
double *reference_states(const struct ai_model *m, const uint32_t *tokens, size_t n);

#endif
