/* Rule expressions over features, as ai-policy(5) describes them:
 *
 *   gap>0.8 && (layer>=4 || top_prob>0.99)
 *
 * Numbers, feature names, + - * /, comparisons, ! && ||, parentheses; true is 1,
 * false 0.  `layer`, `layers` and `depth` (layer / layers) are always there, and
 * `threshold`, the number that calibration chooses. */
#ifndef AI_POLICY_RULE_H
#define AI_POLICY_RULE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct ai_rule;

/* Errors name the column.  Returns the rule, owned by the caller, or NULL. */
struct ai_rule *ai_rule_parse(const char *text, struct ai_err *err) AI_CHECKED;
void ai_rule_free(struct ai_rule *r);
const char *ai_rule_text(const struct ai_rule *r);

/* Names of the features it reads, in the order of first use, without the built-in ones. */
size_t ai_rule_names(const struct ai_rule *r, const char *const **names);
/* values: in the order of ai_rule_names. */
double ai_rule_eval(const struct ai_rule *r, const double *values, unsigned layer, unsigned layers, double threshold);
/* The same as a truth: any number but 0. */
bool ai_rule_true(const struct ai_rule *r, const double *values, unsigned layer, unsigned layers, double threshold);
/* Does it read `threshold`? */
bool ai_rule_has_threshold(const struct ai_rule *r);

#endif
