/* How far results are from their reference, in the terms of the fixtures' profiles:
 * rel_max = max |d| / rms(reference), rel_rms = rms(d) / rms(reference), the
 * Kullback-Leibler divergence of softmaxes, and the widest lead of the reference's
 * best token over its second at which ours is another one. */
#ifndef MEASURE_H
#define MEASURE_H

#include "npy.h"

#include <stddef.h>

struct distance {
    unsigned arrays;        /* compared */
    size_t rows, flips;     /* rows of logits; those whose best token differs */
    double rel_max, rel_rms, divergence, flip_lead; /* the worst of them */
    int strange;            /* a result is not finite, or a shape is not the reference's */
};

/* got [n] against a whole array; rows of `width` logits when width > 0. */
void distance_add(struct distance *d, const float *got, size_t n, const struct npy *want, size_t width);
/* One row's best token: ours against a reference that leads by `lead`. */
void distance_add_best(struct distance *d, size_t got, size_t want, double lead);
/* Within the profile for exact weights and 32-bit arithmetic? */
int distance_is_f32(const struct distance *d);

size_t best_of(const float *x, size_t n);

#endif
