#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>

enum { CHUNK = 64 << 10 };

struct ai_arena_chunk {
    struct ai_arena_chunk *next;
    _Alignas(16) uint8_t data[];
};

void *ai_arena_alloc(struct ai_arena *a, size_t size, struct ai_err *err)
{
    struct ai_arena_chunk *c;
    size_t room;

    if (size > a->limit)
        goto full;
    size = size ? (size + 15) & ~(size_t)15 : 16;
    if (size > a->left) {
        room = size > CHUNK ? size : CHUNK;
        if (room > a->limit - a->used)
            goto full;
        c = ai_calloc(1, sizeof *c + room, err);
        if (!c)
            return NULL;
        c->next = a->chunks;
        a->chunks = c;
        a->left = room;
        a->used += room;
    }
    a->left -= size;
    return a->chunks->data + a->left;
full:
    ai_fail(err, AI_EINPUT, "values of more than %zu MiB", a->limit >> 20);
    return NULL;
}

void ai_arena_free(struct ai_arena *a)
{
    while (a->chunks) {
        struct ai_arena_chunk *next = a->chunks->next;

        free(a->chunks);
        a->chunks = next;
    }
    a->used = a->left = 0;
}
