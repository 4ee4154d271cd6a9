/* The fast path against the f32 path of the same model: what rounding inputs to BF16 or
 * to 8 bits may change, and what it may not. */
#ifndef FAST_H
#define FAST_H

#include "subject.h"

enum fast_result { FAST_BAD, FAST_GOOD, FAST_SAME /* all weights are multiplied in f32 then too */ };

/* Runs the prompts of `exact` (after subject_run) once more in another mode.
 * agreement: of 1000 best tokens over all positions and layers so many must stay.
 * report: one line on what came out. */
enum fast_result fast_check(const char *path, const struct subject *exact, enum ai_compute compute, unsigned agreement,
                            struct ai_pool *pool, char *report, size_t size);

#endif
