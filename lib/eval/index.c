#include "eval/index.h"

#include "base/mem.h"

struct slot {
    uint64_t hash;
    size_t entry_plus_1;    /* 0: empty */
};

struct ai_eval_index {
    struct slot *slots;
    size_t size, n;         /* size: a power of two, more than twice n */
};

struct ai_eval_index *ai_eval_index_new(struct ai_err *err)
{
    struct ai_eval_index *x = ai_calloc(1, sizeof *x, err);

    if (!x)
        return NULL;
    x->size = 64;
    x->slots = ai_calloc(x->size, sizeof *x->slots, err);
    if (!x->slots) {
        free(x);
        return NULL;
    }
    return x;
}

void ai_eval_index_free(struct ai_eval_index *x)
{
    if (!x)
        return;
    free(x->slots);
    free(x);
}

size_t ai_eval_index_find(const struct ai_eval_index *x, uint64_t hash, bool (*same)(const void *arg, size_t entry),
                          const void *arg)
{
    for (size_t i = hash & (x->size - 1); x->slots[i].entry_plus_1; i = (i + 1) & (x->size - 1))
        if (x->slots[i].hash == hash && same(arg, x->slots[i].entry_plus_1 - 1))
            return x->slots[i].entry_plus_1 - 1;
    return SIZE_MAX;
}

static void place(struct slot *slots, size_t size, struct slot s)
{
    size_t i = s.hash & (size - 1);

    while (slots[i].entry_plus_1)
        i = (i + 1) & (size - 1);
    slots[i] = s;
}

int ai_eval_index_add(struct ai_eval_index *x, uint64_t hash, size_t entry, struct ai_err *err)
{
    if (2 * (x->n + 1) >= x->size) {
        struct slot *bigger = ai_calloc(2 * x->size, sizeof *bigger, err);

        if (!bigger)
            return -1;
        for (size_t i = 0; i < x->size; i++)
            if (x->slots[i].entry_plus_1)
                place(bigger, 2 * x->size, x->slots[i]);
        free(x->slots);
        x->slots = bigger;
        x->size *= 2;
    }
    place(x->slots, x->size, (struct slot){hash, entry + 1});
    x->n++;
    return 0;
}

uint64_t ai_eval_hash_u64(uint64_t v)
{
    v = (v ^ v >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return v ^ v >> 29;
}

/* FNV-1a, stirred at the end because only low bits choose the slot. */
uint64_t ai_eval_hash_bytes(const char *s, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * UINT64_C(0x100000001b3);
    return ai_eval_hash_u64(h);
}
