/* The unigram model: the cut of the text whose pieces have the largest sum of
 * scores (log probabilities), found from left to right (Kudo 2018, Viterbi).  Of
 * two equal cuts the one whose last piece begins earlier stands.  Sums are kept in
 * single and compared in double precision, as the library does that trained the
 * models: near ties come out as they do there. */
#include "tokenizer/internal.h"

#include "base/mem.h"

#include <string.h>

struct best {
    float score;   /* of the best cut of everything before this byte */
    uint32_t from; /* where its last piece begins; VOCAB_NONE: not reached */
    uint32_t id;   /* VOCAB_NONE: an unknown character */
    uint32_t next; /* the end of the piece that begins here, once the best cut is known */
};

static const float unknown_penalty = 10;

static void offer(struct best *b, double score, size_t from, uint32_t id)
{
    if (b->from == VOCAB_NONE || score > b->score)
        *b = (struct best){.score = (float)score, .from = (uint32_t)from, .id = id};
}

static void extend(const struct ai_tokenizer *t, const uint8_t *s, size_t n, size_t at, struct best *best)
{
    float till = best[at].score;
    size_t first = 1, longest = n - at < t->v.max_len ? n - at : t->v.max_len;
    bool single = false;

    while (at + first < n && (s[at + first] & 0xc0) == 0x80)
        first++;
    for (size_t len = first; len <= longest; len++) {
        uint32_t id;

        if (at + len < n && (s[at + len] & 0xc0) == 0x80)
            continue;
        id = vocab_find(&t->v, &t->v.plain, s + at, len);
        if (id == VOCAB_NONE || t->v.piece[id].type == PIECE_UNUSED || t->v.piece[id].type == PIECE_CONTROL)
            continue;
        offer(&best[at + len], (double)t->v.piece[id].score + till, at, id);
        single |= len == first;
    }
    if (!single)
        offer(&best[at + first], t->min_score - unknown_penalty + till, at, VOCAB_NONE);
}

int tok_unigram(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    struct best *best;

    if (n == 0)
        return 0;
    if (ai_grow(&r->best, &r->best_cap, n + 1, sizeof *r->best, err))
        return -1;
    best = r->best;
    for (size_t i = 0; i <= n; i++)
        best[i].from = VOCAB_NONE;
    best[0] = (struct best){.id = VOCAB_NONE};
    for (size_t at = 0; at < n; at++)
        if (best[at].from != VOCAB_NONE)
            extend(r->t, s, n, at, best);
    for (size_t at = n; at > 0; at = best[at].from)
        best[best[at].from].next = (uint32_t)at;
    for (size_t at = 0; at < n; at = best[at].next) {
        uint32_t id = best[best[at].next].id;
        size_t len = best[at].next - at;

        if (id == VOCAB_NONE ? run_emit_missing(r, s + at, len, err) : run_emit(r, id, err))
            return -1;
    }
    return 0;
}
