/* libsvm asked directly, as an oracle for lib/policy. */
#ifndef ORACLE_H
#define ORACLE_H

#include <stddef.h>

/* Trains on scaled rows x [m, n] with balanced classes, and gives libsvm's own
 * decision value (positive for +1) of each row of query [k, n]. */
void oracle_decisions(int rbf, const double *x, const signed char *label, size_t m, size_t n, double cost, double gamma,
                      const double *query, size_t k, double *out);

#endif
