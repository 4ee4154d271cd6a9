/* Common beginnings of prompts: computed once, kept for later batches. */
#include "forward/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void prefix_free(struct ai_forward *f, struct prefix *p)
{
    f->prefix_used -= p->bytes;
    for (unsigned b = 0; p->k && p->v && b < f->model->hp.layers; b++) {
        free(p->k[b]);
        free(p->v[b]);
    }
    free(p->k);
    free(p->v);
    free(p->x);
    free(p->tokens);
    free(p);
}

void prefix_free_all(struct ai_forward *f)
{
    for (size_t i = 0; i < f->n_prefixes; i++)
        prefix_free(f, f->prefixes[i]);
    free(f->prefixes);
    f->prefixes = NULL;
    f->n_prefixes = 0;
}

/* Makes room for `bytes` by dropping prefixes that this batch does not use, the
 * longest unused first.  Returns false if there is not enough to drop. */
static bool make_room(struct ai_forward *f, size_t bytes)
{
    if (bytes > f->prefix_bytes)
        return false;
    while (f->prefix_used + bytes > f->prefix_bytes) {
        size_t oldest = f->n_prefixes;

        for (size_t i = 0; i < f->n_prefixes; i++)
            if (!f->prefixes[i]->users && (oldest == f->n_prefixes || f->prefixes[i]->used < f->prefixes[oldest]->used))
                oldest = i;
        if (oldest == f->n_prefixes)
            return false;
        prefix_free(f, f->prefixes[oldest]);
        f->prefixes[oldest] = f->prefixes[--f->n_prefixes];
    }
    return true;
}

/* A new prefix of n tokens, not computed yet; *out NULL if memory for prefixes is spent. */
static int prefix_new(struct ai_forward *f, const uint32_t *tokens, uint32_t n, struct prefix **out,
                      struct ai_err *err)
{
    const struct ai_hparams *hp = &f->model->hp;
    size_t bytes = n * (hp->width + 2 * f->kv_width * hp->layers) * sizeof(float);
    struct prefix *p, **list;

    *out = NULL;
    if (!make_room(f, bytes))
        return 0;
    list = ai_realloc(f->prefixes, f->n_prefixes + 1, sizeof *list, err);
    if (!list)
        return -1;
    f->prefixes = list;
    p = ai_calloc(1, sizeof *p, err);
    if (!p)
        return -1;
    f->prefixes[f->n_prefixes++] = p;
    p->n = n;
    p->bytes = bytes;
    f->prefix_used += bytes;
    p->tokens = ai_calloc(n, sizeof *p->tokens, err);
    p->x = ai_alloc_aligned(n * hp->width, sizeof *p->x, err);
    p->k = ai_calloc(hp->layers, sizeof *p->k, err);
    p->v = ai_calloc(hp->layers, sizeof *p->v, err);
    if (!p->tokens || !p->x || !p->k || !p->v)
        return -1;
    memcpy(p->tokens, tokens, n * sizeof *tokens);
    for (uint32_t i = 0; i < n; i++)
        embed_row(f, tokens[i], i, p->x + i * hp->width);
    *out = p;
    return 0;
}

static uint32_t common(const uint32_t *a, const uint32_t *b, uint32_t n)
{
    uint32_t i = 0;

    while (i < n && a[i] == b[i])
        i++;
    return i;
}

/* The longest kept prefix that the sequence begins with, leaving it a row of its own. */
static struct prefix *find_kept(const struct ai_forward *f, const struct ai_sequence *s)
{
    struct prefix *best = NULL;

    for (size_t i = 0; i < f->n_prefixes; i++) {
        struct prefix *p = f->prefixes[i];

        if (p->n < s->n && (!best || p->n > best->n) && common(p->tokens, s->tokens, p->n) == p->n)
            best = p;
    }
    return best;
}

struct by_tokens {
    const struct ai_sequence *s;
    size_t index;
};

static int compare(const void *a, const void *b)
{
    const struct by_tokens *x = a, *y = b;
    uint32_t n = x->s->n < y->s->n ? x->s->n : y->s->n, i = common(x->s->tokens, y->s->tokens, n);

    if (i < n)
        return x->s->tokens[i] < y->s->tokens[i] ? -1 : 1;
    if (x->s->n != y->s->n)
        return x->s->n < y->s->n ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Multiply-adds of all rows of a prefix of n tokens in block b. */
static uint64_t block_macs(const struct ai_forward *f, unsigned b, uint64_t n)
{
    return macs_keys(f->model, b, n) + macs_rows(f->model, b, n) + macs_attention(f->model, b, 0, n);
}

/* Gives the group its common beginning of `shared` tokens, unless a kept prefix
 * serves its members nearly as well. */
static int settle_group(struct ai_forward *f, const struct by_tokens *group, size_t n, uint32_t shared,
                        struct prefix **of, struct ai_forward_totals *totals, struct ai_err *err)
{
    struct prefix *p = find_kept(f, group[0].s);

    if (n > 1 && shared >= AI_PREFIX_MIN && (!p || p->n + AI_PREFIX_MIN <= shared)) {
        if (prefix_new(f, group[0].s->tokens, shared, &p, err))
            return -1;
        if (p) {
            for (unsigned b = 0; b < f->model->hp.layers; b++)
                totals->macs_shared_full += block_macs(f, b, shared);
            totals->tokens_computed += shared;
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct prefix *q = find_kept(f, group[i].s);

        if (!q)
            continue;
        q->users++;
        q->used = f->clock;
        of[group[i].index] = q;
    }
    return 0;
}

int prefix_assign(struct ai_forward *f, const struct ai_sequence *seqs, size_t n, struct prefix **of,
                  struct ai_forward_totals *totals, struct ai_err *err)
{
    struct by_tokens *sorted = ai_calloc(n, sizeof *sorted, err);
    uint32_t shared = 0, long_from = f->model->hp.long_from;
    size_t all = n;
    int rc = 0;

    if (!sorted)
        return -1;
    f->clock++;
    for (size_t i = 0; i < f->n_prefixes; i++)
        f->prefixes[i]->users = 0;
    n = 0;
    for (size_t i = 0; i < all; i++) {
        of[i] = NULL;
        if (long_from && seqs[i].n > long_from)
            continue; /* its keys turn otherwise than those of shorter ones */
        sorted[n].s = &seqs[i];
        sorted[n++].index = i;
    }
    qsort(sorted, n, sizeof *sorted, compare);
    /* neighbours share most: a group grows while that saves more rows */
    for (size_t first = 0, i = 1; rc == 0 && first < n; i++) {
        uint32_t with_next = 0;

        if (i == first + 1)
            shared = sorted[first].s->n - 1;
        if (i < n) {
            uint32_t limit = sorted[i].s->n - 1 < shared ? sorted[i].s->n - 1 : shared;

            with_next = common(sorted[first].s->tokens, sorted[i].s->tokens, limit);
        }
        if (i < n && with_next >= AI_PREFIX_MIN &&
            (i == first + 1 || (uint64_t)with_next * (i - first) >= (uint64_t)shared * (i - first - 1))) {
            shared = with_next;
            continue;
        }
        rc = settle_group(f, sorted + first, i - first, shared, of, totals, err);
        first = i;
    }
    free(sorted);
    return rc;
}

int prefix_advance(struct ai_forward *f, struct prefix *p, unsigned depth, struct ai_forward_totals *totals,
                   struct ai_err *err)
{
    struct lane_seq s = {.rest = p->n};
    struct lane l;
    float *x;

    if (p->depth >= depth)
        return 0;
    if (lane_init(&l, f, &s, 1, false, err))
        return -1;
    x = l.x;
    l.x = p->x;
    for (; p->depth < depth; p->depth++) {
        unsigned b = p->depth;

        block_keys(f, &l, b);
        block_rows(f, &l, b, 0, p->n);
        totals->macs_shared += block_macs(f, b, p->n);
        /* K and V stay; the lane gets new ones for the next block */
        p->k[b] = l.k;
        p->v[b] = l.v;
        l.k = ai_alloc_aligned(p->n * f->kv_width, sizeof *l.k, err);
        l.v = ai_alloc_aligned(p->n * f->kv_width, sizeof *l.v, err);
        if (!l.k || !l.v)
            break;
    }
    l.x = x;
    lane_free(&l);
    return p->depth >= depth ? 0 : -1;
}
