#include "base/mem.h"

#include <stdint.h>
#include <string.h>

int ai_mul(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b)
        return -1;
    *out = a * b;
    return 0;
}

static void *no_memory(struct ai_err *err, size_t n, size_t size)
{
    ai_fail(err, AI_ESYS, "out of memory (%zu times %zu bytes wanted)", n, size);
    return NULL;
}

void *ai_calloc(size_t n, size_t size, struct ai_err *err)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    return p ? p : no_memory(err, n, size);
}

void *ai_realloc(void *p, size_t n, size_t size, struct ai_err *err)
{
    size_t bytes;
    void *q;

    if (ai_mul(n, size, &bytes))
        return no_memory(err, n, size);
    q = realloc(p, bytes ? bytes : 1);
    return q ? q : no_memory(err, n, size);
}

void *ai_alloc_aligned(size_t n, size_t size, struct ai_err *err)
{
    size_t bytes;
    void *p;

    if (ai_mul(n, size, &bytes) || bytes > SIZE_MAX - 63)
        return no_memory(err, n, size);
    p = aligned_alloc(64, bytes ? (bytes + 63) & ~(size_t)63 : 64);
    return p ? p : no_memory(err, n, size);
}

char *ai_strndup(const char *s, size_t n, struct ai_err *err)
{
    char *p = n == SIZE_MAX ? NULL : malloc(n + 1);

    if (!p)
        return no_memory(err, n, 1);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

int ai_grow(void *p, size_t *cap, size_t need, size_t size, struct ai_err *err)
{
    void *old, *new;
    size_t want = *cap;

    if (need <= *cap)
        return 0;
    want = want > SIZE_MAX / 2 ? need : want * 2;
    if (want < need)
        want = need;
    if (want < 16)
        want = 16;
    memcpy(&old, p, sizeof old);
    new = ai_realloc(old, want, size, err);
    if (!new)
        return -1;
    memcpy(p, &new, sizeof new);
    *cap = want;
    return 0;
}
