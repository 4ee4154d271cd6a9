/* Byte-pair encoding of one word or text: the pair with the best priority merges,
 * the leftmost of equals first, until no pair has one.  Short words by looking
 * over all pairs each time; long ones with a heap over a linked list, n log n. */
#include "tokenizer/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT = 40 };

/* What the neighbours a and b would become; VOCAB_NONE as priority: they do not merge. */
static uint32_t join(const struct ai_tokenizer *t, const uint8_t *s, const struct symbol *a, const struct symbol *b,
                     uint32_t *id)
{
    if (t->by_pair) {
        const struct pair_slot *p;

        if (a->id == VOCAB_NONE || b->id == VOCAB_NONE)
            return VOCAB_NONE;
        p = vocab_pair(&t->v, a->id, b->id);
        if (!p)
            return VOCAB_NONE;
        *id = p->id;
        return p->rank;
    }
    if (a->len + b->len > t->v.max_len)
        return VOCAB_NONE;
    *id = vocab_find(&t->v, &t->v.plain, s + a->from, a->len + b->len);
    return *id == VOCAB_NONE ? VOCAB_NONE : t->v.piece[*id].priority;
}

/* Bytes of the character that starts with c in valid UTF-8. */
static uint32_t char_len(uint8_t c)
{
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static struct symbol first_symbol(const struct ai_tokenizer *t, const uint8_t *s, size_t n, size_t at)
{
    struct symbol y = {.from = (uint32_t)at, .len = 1, .id = t->byte_id[s[at]]};

    if (!t->by_bytes) {
        y.len = char_len(s[at]);
        if (y.len > n - at)
            y.len = (uint32_t)(n - at);
        y.id = vocab_find(&t->v, &t->v.plain, s + at, y.len);
    }
    return y;
}

static int emit_symbol(struct run *r, const uint8_t *s, const struct symbol *y, struct ai_err *err)
{
    return y->id == VOCAB_NONE ? run_emit_missing(r, s + y->from, y->len, err) : run_emit(r, y->id, err);
}

static int merge_short(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    struct symbol y[SHORT];
    uint32_t priority[SHORT], merged[SHORT];
    unsigned k = 0;

    for (size_t at = 0; at < n; at += y[k++].len)
        y[k] = first_symbol(r->t, s, n, at);
    for (unsigned i = 0; i + 1 < k; i++)
        priority[i] = join(r->t, s, &y[i], &y[i + 1], &merged[i]);
    for (;;) {
        uint32_t best = VOCAB_NONE;
        unsigned at = 0;

        for (unsigned i = 0; i + 1 < k; i++)
            if (priority[i] < best) {
                best = priority[i];
                at = i;
            }
        if (best == VOCAB_NONE)
            break;
        y[at].len += y[at + 1].len;
        y[at].id = merged[at];
        k--;
        for (unsigned i = at + 1; i < k; i++) {
            y[i] = y[i + 1];
            priority[i] = priority[i + 1];
            merged[i] = merged[i + 1];
        }
        if (at > 0)
            priority[at - 1] = join(r->t, s, &y[at - 1], &y[at], &merged[at - 1]);
        if (at + 1 < k)
            priority[at] = join(r->t, s, &y[at], &y[at + 1], &merged[at]);
    }
    for (unsigned i = 0; i < k; i++)
        if (emit_symbol(r, s, &y[i], err))
            return -1;
    return 0;
}

static bool before(const struct candidate *a, const struct candidate *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->left < b->left;
}

static int heap_push(struct run *r, struct candidate c, struct ai_err *err)
{
    size_t i = r->heap_n;

    if (ai_grow(&r->heap, &r->heap_cap, i + 1, sizeof *r->heap, err))
        return -1;
    r->heap_n++;
    for (; i > 0 && before(&c, &r->heap[(i - 1) / 2]); i = (i - 1) / 2)
        r->heap[i] = r->heap[(i - 1) / 2];
    r->heap[i] = c;
    return 0;
}

static struct candidate heap_pop(struct run *r)
{
    struct candidate top = r->heap[0], last = r->heap[--r->heap_n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= r->heap_n)
            break;
        if (child + 1 < r->heap_n && before(&r->heap[child + 1], &r->heap[child]))
            child++;
        if (!before(&r->heap[child], &last))
            break;
        r->heap[i] = r->heap[child];
        i = child;
    }
    if (r->heap_n)
        r->heap[i] = last;
    return top;
}

static int consider(struct run *r, const uint8_t *s, uint32_t left, struct ai_err *err)
{
    struct symbol *a = &r->symbol[left], *b;
    struct candidate c;

    if (a->next == VOCAB_NONE)
        return 0;
    b = &r->symbol[a->next];
    c = (struct candidate){.left = left, .left_len = a->len, .right_len = b->len};
    c.priority = join(r->t, s, a, b, &c.id);
    return c.priority == VOCAB_NONE ? 0 : heap_push(r, c, err);
}

static int list_symbols(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    uint32_t k = 0;

    for (size_t at = 0; at < n; at += r->symbol[k++].len) {
        if (ai_grow(&r->symbol, &r->symbol_cap, (size_t)k + 1, sizeof *r->symbol, err))
            return -1;
        r->symbol[k] = first_symbol(r->t, s, n, at);
        r->symbol[k].prev = k - 1; /* wraps to VOCAB_NONE for the first */
        r->symbol[k].next = k + 1;
    }
    r->symbol[k - 1].next = VOCAB_NONE;
    r->heap_n = 0;
    for (uint32_t i = 0; i < k; i++)
        if (consider(r, s, i, err))
            return -1;
    return 0;
}

static int merge_long(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    if (list_symbols(r, s, n, err))
        return -1;
    while (r->heap_n) {
        struct candidate c = heap_pop(r);
        struct symbol *a = &r->symbol[c.left], *b;

        if (a->len != c.left_len || a->next == VOCAB_NONE)
            continue; /* one of the two has merged meanwhile */
        b = &r->symbol[a->next];
        if (b->len != c.right_len)
            continue;
        a->len += b->len;
        a->id = c.id;
        a->next = b->next;
        if (b->next != VOCAB_NONE)
            r->symbol[b->next].prev = c.left;
        b->len = 0;
        if (a->prev != VOCAB_NONE && consider(r, s, a->prev, err))
            return -1;
        if (consider(r, s, c.left, err))
            return -1;
    }
    for (uint32_t i = 0; i != VOCAB_NONE; i = r->symbol[i].next)
        if (emit_symbol(r, s, &r->symbol[i], err))
            return -1;
    return 0;
}

int tok_merge(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    if (n == 0)
        return 0;
    if (n <= r->t->v.max_len) {
        uint32_t id = vocab_find(&r->t->v, &r->t->v.plain, s, n);

        if (id != VOCAB_NONE && r->t->v.piece[id].whole)
            return run_emit(r, id, err);
    }
    return n <= SHORT ? merge_short(r, s, n, err) : merge_long(r, s, n, err);
}
