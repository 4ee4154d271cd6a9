#include "tokenizer/vocab.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PIECES = 1 << 24 };

int vocab_add(struct vocab *v, const void *text, size_t len, enum piece_type type, float score, struct ai_err *err)
{
    struct piece *p;

    if (v->n >= MAX_PIECES)
        return ai_fail(err, AI_EINPUT, "more than %d tokens", MAX_PIECES);
    if (len > 65535)
        return ai_fail(err, AI_EINPUT, "token %u: %zu bytes long", v->n, len);
    if (isnan(score))
        return ai_fail(err, AI_EINPUT, "token %u: its score is not a number", v->n);
    if (ai_grow(&v->piece, &v->cap, (size_t)v->n + 1, sizeof *v->piece, err))
        return -1;
    p = &v->piece[v->n];
    *p = (struct piece){.offset = v->text.len, .len = (uint32_t)len, .score = score, .type = (uint8_t)type};
    if (ai_buf_put(&v->text, text, len, err))
        return -1;
    v->n++;
    return 0;
}

/* Multiply and fold, eight bytes at a time. */
static uint64_t mix(uint64_t h)
{
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t hash_text(const uint8_t *p, size_t n)
{
    uint64_t h = n;

    for (; n >= 8; p += 8, n -= 8)
        h = mix(h ^ ai_get_u64(p));
    if (n >= 4) {
        h = mix(h ^ ((uint64_t)ai_get_u32(p) | (uint64_t)ai_get_u32(p + n - 4) << 32));
    } else if (n) {
        h = mix(h ^ ((uint64_t)p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16));
    }
    h = mix(h);
    return h ^ h >> 32;
}

static int table_alloc(struct text_table *t, size_t n, struct ai_err *err)
{
    size_t size = 16;

    while (size < 2 * n)
        size *= 2;
    free(t->slot);
    t->slot = ai_calloc(size, sizeof *t->slot, err);
    if (!t->slot)
        return -1;
    for (size_t i = 0; i < size; i++)
        t->slot[i].id = VOCAB_NONE;
    t->mask = size - 1;
    return 0;
}

uint32_t vocab_find(const struct vocab *v, const struct text_table *t, const void *text, size_t len)
{
    uint64_t h = hash_text(text, len);
    uint32_t tag = (uint32_t)(h >> 32);

    for (size_t i = h & t->mask; t->slot[i].id != VOCAB_NONE; i = (i + 1) & t->mask)
        if (t->slot[i].tag == tag) {
            const struct piece *p = &v->piece[t->slot[i].id];

            if (p->len == len && memcmp(v->text.data + p->offset, text, len) == 0)
                return t->slot[i].id;
        }
    return VOCAB_NONE;
}

static void table_put(const struct vocab *v, struct text_table *t, uint32_t id)
{
    uint64_t h = hash_text(vocab_text(v, id), v->piece[id].len);
    size_t i = h & t->mask;

    while (t->slot[i].id != VOCAB_NONE)
        i = (i + 1) & t->mask;
    t->slot[i] = (struct text_slot){(uint32_t)(h >> 32), id};
}

static bool is_added(const struct piece *p)
{
    return p->type == PIECE_USER || p->type == PIECE_CONTROL;
}

static bool is_plain(const struct piece *p)
{
    return p->type == PIECE_NORMAL || p->type == PIECE_UNUSED || p->mergeable;
}

static int index_piece(const struct vocab *v, struct text_table *t, uint32_t id, struct ai_err *err)
{
    const struct piece *p = &v->piece[id];
    uint32_t other;

    if (p->len == 0)
        return 0;
    other = vocab_find(v, t, vocab_text(v, id), p->len);
    if (other != VOCAB_NONE)
        return ai_fail(err, AI_EINPUT, "tokens %u and %u have the same text '%.*s'", other, id,
                       p->len > 40 ? 40 : (int)p->len, (const char *)vocab_text(v, id));
    table_put(v, t, id);
    return 0;
}

int vocab_index(struct vocab *v, struct ai_err *err)
{
    size_t plain = 0, added = 0;

    for (uint32_t i = 0; i < v->n; i++) {
        plain += is_plain(&v->piece[i]);
        added += is_added(&v->piece[i]);
    }
    if (table_alloc(&v->plain, plain, err) || table_alloc(&v->added, added, err))
        return -1;
    v->max_len = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        if ((is_plain(&v->piece[i]) && index_piece(v, &v->plain, i, err)) ||
            (is_added(&v->piece[i]) && index_piece(v, &v->added, i, err)))
            return -1;
        if (is_plain(&v->piece[i]) && v->piece[i].len > v->max_len)
            v->max_len = v->piece[i].len;
    }
    return 0;
}

void vocab_free(struct vocab *v)
{
    free(v->piece);
    ai_buf_free(&v->text);
    free(v->plain.slot);
    free(v->added.slot);
    free(v->pair.slot);
    *v = (struct vocab){0};
}

static size_t pair_home(const struct pair_table *t, uint32_t left, uint32_t right)
{
    uint64_t h = mix((uint64_t)left << 32 | right);

    return (h ^ h >> 32) & t->mask;
}

int vocab_pairs_reserve(struct vocab *v, size_t n, struct ai_err *err)
{
    size_t size = 16;

    if (n > MAX_PIECES)
        return ai_fail(err, AI_EINPUT, "more than %d merges", MAX_PIECES);
    while (size < 2 * n)
        size *= 2;
    v->pair.slot = ai_calloc(size, sizeof *v->pair.slot, err);
    if (!v->pair.slot)
        return -1;
    for (size_t i = 0; i < size; i++)
        v->pair.slot[i].id = VOCAB_NONE;
    v->pair.mask = size - 1;
    return 0;
}

int vocab_pair_add(struct vocab *v, uint32_t left, uint32_t right, uint32_t id, struct ai_err *err)
{
    struct pair_table *t = &v->pair;
    size_t i = pair_home(t, left, right);

    AI_ASSERT(2 * t->n <= t->mask + 1);
    for (; t->slot[i].id != VOCAB_NONE; i = (i + 1) & t->mask)
        if (t->slot[i].left == left && t->slot[i].right == right)
            return ai_fail(err, AI_EINPUT, "the same as merge %u", t->slot[i].rank + 1);
    t->slot[i] = (struct pair_slot){left, right, (uint32_t)t->n++, id};
    return 0;
}

const struct pair_slot *vocab_pair(const struct vocab *v, uint32_t left, uint32_t right)
{
    const struct pair_table *t = &v->pair;

    for (size_t i = pair_home(t, left, right); t->slot[i].id != VOCAB_NONE; i = (i + 1) & t->mask)
        if (t->slot[i].left == left && t->slot[i].right == right)
            return &t->slot[i];
    return NULL;
}

struct ranked {
    float score;
    uint32_t id;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    return x->score > y->score ? -1 : x->score < y->score;
}

int vocab_rank_scores(struct vocab *v, struct ai_err *err)
{
    struct ranked *r = ai_calloc(v->n, sizeof *r, err);
    uint32_t rank = 0;

    if (!r)
        return -1;
    for (uint32_t i = 0; i < v->n; i++)
        r[i] = (struct ranked){v->piece[i].score, i};
    qsort(r, v->n, sizeof *r, by_score);
    for (uint32_t i = 0; i < v->n; i++) {
        if (i && r[i].score != r[i - 1].score)
            rank++;
        v->piece[r[i].id].priority = rank;
    }
    free(r);
    return 0;
}

static void digest_u32(struct ai_sha256 *s, uint32_t x)
{
    uint8_t b[4];

    ai_put_u32(b, x);
    ai_sha256_add(s, b, sizeof b);
}

static int digest_pairs(const struct pair_table *t, struct ai_sha256 *s, struct ai_err *err)
{
    const struct pair_slot **by_rank;

    digest_u32(s, (uint32_t)t->n);
    if (t->n == 0)
        return 0;
    by_rank = ai_calloc(t->n, sizeof *by_rank, err);
    if (!by_rank)
        return -1;
    for (size_t i = 0; i <= t->mask; i++)
        if (t->slot[i].id != VOCAB_NONE)
            by_rank[t->slot[i].rank] = &t->slot[i];
    for (size_t i = 0; i < t->n; i++) {
        digest_u32(s, by_rank[i]->left);
        digest_u32(s, by_rank[i]->right);
    }
    free(by_rank);
    return 0;
}

int vocab_digest(const struct vocab *v, struct ai_sha256 *s, struct ai_err *err)
{
    digest_u32(s, v->n);
    for (uint32_t i = 0; i < v->n; i++) {
        digest_u32(s, v->piece[i].type);
        digest_u32(s, ai_f32_bits(v->piece[i].score));
        digest_u32(s, v->piece[i].len);
        ai_sha256_add(s, vocab_text(v, i), v->piece[i].len);
    }
    return digest_pairs(&v->pair, s, err);
}
