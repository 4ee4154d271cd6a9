/* Many small objects that are freed together, with a limit on all of them: what is
 * read from a file that may claim anything. */
#ifndef AI_BASE_ARENA_H
#define AI_BASE_ARENA_H

#include "base/err.h"

#include <stddef.h>

/* `struct ai_arena a = {.limit = bytes}` is an empty one. */
struct ai_arena {
    size_t limit, used;        /* bytes of all chunks */
    struct ai_arena_chunk *chunks;
    size_t left;               /* of the newest */
};

/* size bytes, zeroed, on a boundary of 16, for as long as the arena lives.  NULL with
 * err: no memory, or (AI_EINPUT) beyond the limit. */
void *ai_arena_alloc(struct ai_arena *a, size_t size, struct ai_err *err) AI_CHECKED;
void ai_arena_free(struct ai_arena *a);

#endif
