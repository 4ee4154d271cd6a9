/* Training a chain (policy/chain.h), or logistic regression: the chain without its
 * transitions.  liblbfgs behind one file. */
#ifndef AI_POLICY_CRF_H
#define AI_POLICY_CRF_H

#include "policy/policy.h"

/* Documents of rows x [rows, p->n], already scaled, labels +1 / -1; document d is the
 * rows from begin[d] to begin[d + 1] - 1, at least one.  p->classifier is AI_CRF or
 * AI_LOGISTIC.  Fills p's weight, bias and transition: the maximum of the sum of
 * log P(labels | x) minus l2 / 2 times the squares of weights and transitions (not of the
 * bias).  Returns 0 or -1. */
int ai_crf_train(struct ai_policy *p, const double *x, const signed char *label, const size_t *begin, size_t docs,
                 double l2, struct ai_err *err) AI_CHECKED;

/* What is maximised, negated, at the parameters w (weights, bias, transitions 00 01 10 11),
 * and its gradient g; for tests.  Returns NAN where memory was refused. */
double ai_crf_loss(const struct ai_policy *p, const double *x, const signed char *label, const size_t *begin,
                   size_t docs, double l2, const double *w, double *g);

#endif
