/* Scores of machines trained on different rows, made comparable by their ranks. */
#ifndef AI_POLICY_RANKS_H
#define AI_POLICY_RANKS_H

#include "base/err.h"

#include <stddef.h>

/* Sorts v [n], rising. */
void ai_sort(double *v, size_t n);

/* Replaces each finite score [n] by the share of its group's scores that are lower, in
 * [0, 1).  group [n]: 0..groups-1.  Returns 0 or -1. */
int ai_rank_in_groups(double *score, const unsigned *group, size_t n, unsigned groups, struct ai_err *err) AI_CHECKED;

/* Of values sorted [n], n > 0, the one that a share of `rank` of them is below. */
double ai_value_at_rank(const double *sorted, size_t n, double rank);

#endif
