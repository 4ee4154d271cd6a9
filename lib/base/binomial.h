/* Exact binomial probabilities. */
#ifndef AI_BASE_BINOMIAL_H
#define AI_BASE_BINOMIAL_H

#include <stdint.h>

/* P(X <= k) of X ~ Binomial(n, p), 0 <= p <= 1.  Time in proportion to k. */
double ai_binomial_at_most(uint64_t k, uint64_t n, double p);

/* The upper bound of Clopper and Pearson (Biometrika 1934) for the probability of something seen
 * k times in n > 0: the p for which k or fewer have probability 1 - confidence.  Whatever the true
 * probability, it lies above the bound in at most 1 - confidence of all samples. */
double ai_binomial_upper(uint64_t k, uint64_t n, double confidence);

/* The least n for which no case at all in n shows a probability of at most p. */
uint64_t ai_binomial_least(double p, double confidence);

#endif
