/* Exit policies: does the answer still change after this layer?  Knows features by
 * name and number, nothing of models. */
#ifndef AI_POLICY_POLICY_H
#define AI_POLICY_POLICY_H

#include "base/buf.h"
#include "base/err.h"
#include "control/control.h"

#include <stddef.h>

struct ai_policy;

/* A file in the format of ai-policy(5), or a rule such as "gap>0.8 && layer>=4". */
struct ai_policy *ai_policy_open(const char *file_or_rule, struct ai_err *err) AI_CHECKED;
void ai_policy_free(struct ai_policy *p);

/* Digest of the model it was trained for, "" if any. */
const char *ai_policy_model(const struct ai_policy *p);
/* The layers at which it may stop; false: any. */
bool ai_policy_checks(const struct ai_policy *p, struct ai_layers *out);

/* Finds its features among the names that a feature stream offers (once, before
 * scoring).  Fails naming the one that is missing. */
int ai_policy_bind(struct ai_policy *p, const char *const *names, size_t n, struct ai_err *err) AI_CHECKED;

/* > 0: stop at this layer.  values as in ai_policy_bind's order; layers: the model's L. */
double ai_policy_score(const struct ai_policy *p, const float *values, unsigned layer, unsigned layers);

#endif
