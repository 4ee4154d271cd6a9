/* One pool of threads for all numeric work of a process.  Workers sleep between
 * jobs (after at most a few microseconds of spinning), because in the ring the
 * other programs need the processors while this one waits. */
#ifndef AI_BASE_POOL_H
#define AI_BASE_POOL_H

#include "base/err.h"

#include <stddef.h>

struct ai_pool;

/* Starts threads - 1 workers (the caller is the remaining thread); threads >= 1.
 * Returns the pool, owned by the caller, or NULL. */
struct ai_pool *ai_pool_new(unsigned threads, struct ai_err *err) AI_CHECKED;
void ai_pool_free(struct ai_pool *pool);
unsigned ai_pool_threads(const struct ai_pool *pool);

/* Calls fn(arg, i, thread) once for each i in [0, n), spread over the threads in
 * no particular order; thread is in [0, ai_pool_threads) and no two calls with
 * the same thread overlap, so it can index scratch memory.  Returns when all
 * calls have returned.  One caller at a time; fn must not call it again. */
void ai_pool_run(struct ai_pool *pool, size_t n, void (*fn)(void *arg, size_t i, unsigned thread), void *arg);

/* The processors this process may use, at least 1. */
unsigned ai_cpu_count(void);

#endif
