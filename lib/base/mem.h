/* Memory whose sizes are checked: products that overflow fail like memory that
 * is not there.  All return NULL with err filled (AI_ESYS); free with free(). */
#ifndef AI_BASE_MEM_H
#define AI_BASE_MEM_H

#include "base/err.h"

#include <stddef.h>
#include <stdlib.h>

/* n objects of size bytes, zeroed.  A zero-sized request gives a valid pointer. */
void *ai_calloc(size_t n, size_t size, struct ai_err *err) AI_CHECKED;

/* Resizes p to n objects of size bytes.  On failure p stays valid and owned by the caller. */
void *ai_realloc(void *p, size_t n, size_t size, struct ai_err *err) AI_CHECKED;

/* n objects of size bytes on a 64-byte boundary, not zeroed. */
void *ai_alloc_aligned(size_t n, size_t size, struct ai_err *err) AI_CHECKED;

char *ai_strndup(const char *s, size_t n, struct ai_err *err) AI_CHECKED;

/* Makes room in *p (capacity *cap, in objects) for need objects, at least doubling.
 * Returns 0, or -1 with *p and *cap as they were. */
int ai_grow(void *p, size_t *cap, size_t need, size_t size, struct ai_err *err) AI_CHECKED;

/* *out = a * b.  Returns 0, or -1 if that does not fit. */
int ai_mul(size_t a, size_t b, size_t *out) AI_CHECKED;

#endif
