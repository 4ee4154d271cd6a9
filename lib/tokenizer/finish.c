/* What every loader ends with: the tables, what is left implicit in the files,
 * shortcuts that change no result, and the digest. */
#include "tokenizer/internal.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

static int find_byte_pieces(struct ai_tokenizer *t, struct ai_err *err)
{
    unsigned found = 0;

    if (t->by_bytes) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t byte = (uint8_t)b;

            t->byte_id[b] = vocab_find(&t->v, &t->v.plain, &byte, 1);
        }
        return 0;
    }
    for (uint32_t i = 0; i < t->v.n; i++) {
        struct piece *p = &t->v.piece[i];

        if (p->type != PIECE_BYTE)
            continue;
        if (tok_byte_piece(vocab_text(&t->v, i), p->len, &p->byte))
            return ai_fail(err, AI_EINPUT, "token %u is a byte, but its text is not <0xHH>", i);
        if (t->byte_id[p->byte] != VOCAB_NONE)
            return ai_fail(err, AI_EINPUT, "tokens %u and %u are the same byte", t->byte_id[p->byte], i);
        t->byte_id[p->byte] = i;
        found++;
    }
    if (found && found < 256)
        return ai_fail(err, AI_EINPUT, "only %u of the 256 byte tokens are there", found);
    t->byte_fallback = found == 256;
    return 0;
}

static int longest_first(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x > y ? -1 : x < y;
}

static void note_beginning(struct ai_tokenizer *t, const uint8_t *s, size_t n)
{
    for (unsigned second = 0; second < 256; second++)
        if (n == 1 || s[1] == second)
            t->added_pair[s[0] << 5 | second >> 3] |= (uint8_t)(1u << (second & 7));
}

static int index_added(struct ai_tokenizer *t, struct ai_err *err)
{
    size_t n = 0, k = 0;

    t->added_len = ai_calloc(t->v.n, sizeof *t->added_len, err);
    if (!t->added_len)
        return -1;
    for (uint32_t i = 0; i < t->v.n; i++) {
        const struct piece *p = &t->v.piece[i];

        if ((p->type != PIECE_USER && p->type != PIECE_CONTROL) || p->len == 0)
            continue;
        note_beginning(t, vocab_text(&t->v, i), p->len);
        t->added_first[*vocab_text(&t->v, i)] |= (uint8_t)(1u << p->type);
        t->added_len[n++] = p->len;
    }
    qsort(t->added_len, n, sizeof *t->added_len, longest_first);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || t->added_len[i] != t->added_len[k - 1])
            t->added_len[k++] = t->added_len[i];
    t->n_added_len = k;
    return 0;
}

/* True if no plain piece holds U+2581 behind another character. */
static bool words_are_independent(const struct ai_tokenizer *t)
{
    for (uint32_t i = 0; i < t->v.n; i++) {
        const struct piece *p = &t->v.piece[i];
        const uint8_t *s = vocab_text(&t->v, i);
        size_t at = 0;

        if (p->type != PIECE_NORMAL && p->type != PIECE_UNUSED)
            continue;
        while (at + 3 <= p->len && memcmp(s + at, "\xe2\x96\x81", 3) == 0)
            at += 3;
        for (; at + 3 <= p->len; at++)
            if (memcmp(s + at, "\xe2\x96\x81", 3) == 0)
                return false;
    }
    return true;
}

/* Marks the pieces whose own text becomes just them: most words of a text are such. */
static int mark_whole(struct ai_tokenizer *t, struct ai_err *err)
{
    struct ai_ids ids = {0};
    struct run r = {.t = t, .ids = &ids};
    int rc = 0;

    for (uint32_t i = 0; i < t->v.n && rc == 0; i++) {
        struct piece *p = &t->v.piece[i];
        struct ai_err ignored;

        if (p->type != PIECE_NORMAL)
            continue;
        if (t->ignore_merges) {
            p->whole = true;
            continue;
        }
        ids.n = 0;
        if (tok_merge(&r, vocab_text(&t->v, i), p->len, &ignored)) {
            if (ignored.code == AI_ESYS) {
                *err = ignored;
                rc = -1;
            }
            continue;
        }
        p->whole = ids.n == 1 && ids.id[0] == i;
    }
    run_free(&r);
    ai_ids_free(&ids);
    return rc;
}

static void score_range(struct ai_tokenizer *t)
{
    bool any = false;

    for (uint32_t i = 0; i < t->v.n; i++) {
        const struct piece *p = &t->v.piece[i];

        if (p->type != PIECE_NORMAL)
            continue;
        if (!any || p->score < t->min_score)
            t->min_score = p->score;
        any = true;
    }
}

static int digest(struct ai_tokenizer *t, struct ai_err *err)
{
    struct ai_sha256 s;
    uint8_t how[] = {(uint8_t)t->model, t->by_bytes, t->by_pair, t->ignore_merges, t->spaces, t->dummy_prefix,
                     t->squeeze, t->prefix_space, (uint8_t)t->normal_form};

    ai_sha256_init(&s);
    ai_sha256_add(&s, how, sizeof how);
    ai_sha256_add(&s, t->charsmap.data, t->charsmap.len);
    if (vocab_digest(&t->v, &s, err))
        return -1;
    ai_sha256_end_hex(&s, t->digest);
    return 0;
}

int tok_finish(struct ai_tokenizer *t, struct ai_err *err)
{
    if (t->v.n == 0)
        return ai_fail(err, AI_EINPUT, "an empty vocabulary");
    if ((t->bos != AI_NO_TOKEN && t->bos >= t->v.n) || (t->eos != AI_NO_TOKEN && t->eos >= t->v.n) ||
        (t->unk != AI_NO_TOKEN && t->unk >= t->v.n))
        return ai_fail(err, AI_EINPUT, "a special token's number is beyond the %u tokens", t->v.n);
    if (t->add_bos && t->bos == AI_NO_TOKEN)
        return ai_fail(err, AI_EINPUT, "a beginning-of-sequence token is wanted, but none is named");
    if (t->add_eos && t->eos == AI_NO_TOKEN)
        return ai_fail(err, AI_EINPUT, "an end-of-sequence token is wanted, but none is named");
    if (vocab_index(&t->v, err) || find_byte_pieces(t, err) || index_added(t, err))
        return -1;
    /* not for unigram: its sums of scores would round otherwise */
    t->words = t->model == TOK_MERGE && t->spaces && words_are_independent(t);
    score_range(t);
    if (t->model == TOK_MERGE && ((!t->by_pair && vocab_rank_scores(&t->v, err)) || mark_whole(t, err)))
        return -1;
    return digest(t, err);
}
