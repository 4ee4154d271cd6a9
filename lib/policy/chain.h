/* A linear chain over the layers of one document, checked in order: at each it is
 * unsettled (0) or settled (1),
 *
 *   P(y | x) = exp(sum over l of y_l s_l + sum over l > 1 of T[y_{l-1}][y_l]) / Z,
 *
 * s_l the score of "settled" from the layer's own features: the linear-chain CRF of
 * Lafferty, McCallum and Pereira (ICML 2001) with two states.  All sums are kept as
 * logarithms. */
#ifndef AI_POLICY_CHAIN_H
#define AI_POLICY_CHAIN_H

#include "base/err.h"

#include <stddef.h>

/* log Z of s [n], n > 0.  settled [n], if not NULL: the marginals P(y_l = 1 | x_1..x_n).
 * pairs, if not NULL: the expected number of each transition.  room [4 * n] is scratch. */
double ai_chain_marginals(const double *s, size_t n, double t[2][2], double *settled, double pairs[2][2], double *room);

/* Log odds of "settled" at a layer when only the layers up to it are there (the forward
 * filter): the marginal of the last layer of the chain that ends here.  before: that of
 * the layer before. */
double ai_chain_filter(double before, double s, const double t[2][2]);

/* log(exp(a) + exp(b)) */
double ai_log_add(double a, double b);

#endif
