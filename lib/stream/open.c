#include "stream/open.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

struct entry {
    uint64_t number;
    void *item;             /* NULL: empty */
};

/* Open addressing with linear probing; a removal moves later entries back, so that
 * there are no tombstones. */
struct ai_open {
    size_t item_size;
    void (*release)(void *item);
    struct entry *table;
    size_t size, n;         /* size: a power of two, more than twice n */
};

struct ai_open *ai_open_new(size_t size, void (*release)(void *item), struct ai_err *err)
{
    struct ai_open *o = ai_calloc(1, sizeof *o, err);

    if (!o)
        return NULL;
    o->item_size = size;
    o->release = release;
    o->size = 64;
    o->table = ai_calloc(o->size, sizeof *o->table, err);
    if (!o->table) {
        free(o);
        return NULL;
    }
    return o;
}

static void free_item(struct ai_open *o, void *item)
{
    if (item && o->release)
        o->release(item);
    free(item);
}

void ai_open_free(struct ai_open *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->size; i++)
        free_item(o, o->table[i].item);
    free(o->table);
    free(o);
}

static size_t home_of(const struct ai_open *o, uint64_t number)
{
    uint64_t h = number * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(h >> 32) & (o->size - 1);
}

/* The entry of number, or the empty one where it would go. */
static size_t slot_of(const struct ai_open *o, uint64_t number)
{
    size_t i = home_of(o, number);

    while (o->table[i].item && o->table[i].number != number)
        i = (i + 1) & (o->size - 1);
    return i;
}

static int make_room(struct ai_open *o, struct ai_err *err)
{
    struct entry *old = o->table;
    size_t old_size = o->size;

    if (2 * (o->n + 1) < o->size)
        return 0;
    o->table = ai_calloc(2 * old_size, sizeof *o->table, err);
    if (!o->table) {
        o->table = old;
        return -1;
    }
    o->size = 2 * old_size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].item)
            o->table[slot_of(o, old[i].number)] = old[i];
    free(old);
    return 0;
}

void *ai_open_find(const struct ai_open *o, uint64_t number)
{
    return o->table[slot_of(o, number)].item;
}

void *ai_open_begin(struct ai_open *o, uint64_t number, struct ai_err *err)
{
    void *item;

    if (ai_open_find(o, number)) {
        ai_fail(err, AI_EINPUT, "document %" PRIu64 ": it begins twice", number);
        return NULL;
    }
    if (o->n == AI_MAX_OPEN) {
        ai_fail(err, AI_EINPUT, "more than %d documents are open at once", AI_MAX_OPEN);
        return NULL;
    }
    if (make_room(o, err) || !(item = ai_calloc(1, o->item_size, err)))
        return NULL;
    o->table[slot_of(o, number)] = (struct entry){number, item};
    o->n++;
    return item;
}

static int not_open(uint64_t number, struct ai_err *err)
{
    return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": it has not begun, or has ended", number);
}

void *ai_open_get(const struct ai_open *o, uint64_t number, struct ai_err *err)
{
    void *item = ai_open_find(o, number);

    if (!item)
        not_open(number, err);
    return item;
}

int ai_open_end(struct ai_open *o, uint64_t number, struct ai_err *err)
{
    size_t hole = slot_of(o, number), mask = o->size - 1;

    if (!o->table[hole].item)
        return not_open(number, err);
    free_item(o, o->table[hole].item);
    o->table[hole].item = NULL;
    o->n--;
    for (size_t i = (hole + 1) & mask; o->table[i].item; i = (i + 1) & mask) {
        size_t home = home_of(o, o->table[i].number);

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            o->table[hole] = o->table[i];
            o->table[i].item = NULL;
            hole = i;
        }
    }
    return 0;
}

int ai_open_none(const struct ai_open *o, struct ai_err *err)
{
    uint64_t lowest = UINT64_MAX;

    if (o->n == 0)
        return 0;
    for (size_t i = 0; i < o->size; i++)
        if (o->table[i].item && o->table[i].number < lowest)
            lowest = o->table[i].number;
    return ai_fail(err, AI_EINPUT, "document %" PRIu64 " never ends", lowest);
}
