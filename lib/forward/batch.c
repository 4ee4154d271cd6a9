#include "forward/batch.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* How long a batch that has a document waits for one more. */
enum { GATHER_MS = 10 };

static void clear(struct ai_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        ai_doc_free(&b->docs[i]);
    b->n = 0;
    b->n_ids = 0;
    b->tokens = 0;
}

void ai_batch_free(struct ai_batch *b)
{
    clear(b);
    if (b->has_waiting)
        ai_doc_free(&b->waiting);
    free(b->docs);
    free(b->seqs);
    free(b->ids);
    free(b->first);
    free(b->waiting_ids);
    memset(b, 0, sizeof *b);
}

static int check_tokens(const struct ai_tokens *t, const struct ai_hparams *hp, struct ai_err *err)
{
    if (t->n == 0)
        return ai_fail(err, AI_EINPUT, "document %llu: no tokens: there is no position to read an answer from",
                       (unsigned long long)t->doc);
    if (t->n > hp->context)
        return ai_fail(err, AI_EINPUT, "document %llu: %u tokens are more than the model's context of %u",
                       (unsigned long long)t->doc, t->n, hp->context);
    for (uint32_t i = 0; i < t->n; i++)
        if (ai_tokens_get(t, i) >= hp->vocab)
            return ai_fail(err, AI_EINPUT, "document %llu: token %u is outside the model's vocabulary of %u",
                           (unsigned long long)t->doc, ai_tokens_get(t, i), hp->vocab);
    return 0;
}

/* The tokens of the document that b->waiting holds. */
static int take_tokens(struct ai_batch *b, const struct ai_record *rec, const struct ai_hparams *hp,
                       struct ai_err *err)
{
    struct ai_tokens t;

    if (ai_tokens_decode(rec, &t, err))
        return -1;
    if (t.doc != b->waiting.number)
        return ai_fail(err, AI_EINPUT, "tokens of document %llu follow the beginning of document %llu",
                       (unsigned long long)t.doc, (unsigned long long)b->waiting.number);
    if (check_tokens(&t, hp, err) || ai_grow(&b->waiting_ids, &b->cap_waiting, t.n, sizeof *b->waiting_ids, err))
        return -1;
    for (uint32_t i = 0; i < t.n; i++)
        b->waiting_ids[i] = ai_tokens_get(&t, i);
    b->n_waiting = t.n;
    b->waiting.tokens = t.n;
    return 0;
}

/* Reads one document into b->waiting.  Returns 1, 0 at the end, -1. */
static int read_one(struct ai_batch *b, struct ai_reader *r, const struct ai_hparams *hp, struct ai_err *err)
{
    struct ai_record rec;
    int got = ai_reader_next(r, &rec, err);

    if (got <= 0)
        return got;
    if (rec.type != AI_REC_DOC) {
        ai_fail(err, AI_EINPUT, "a document should begin here (record type %u)", rec.type);
        return ai_reader_err_at(r, err);
    }
    if (ai_doc_decode(&rec, &b->waiting, err))
        return ai_reader_err_at(r, err);
    b->has_waiting = true;
    if (b->any && b->waiting.number <= b->newest) { /* verdicts are looked up in this order */
        ai_fail(err, AI_EINPUT, "document %llu begins after document %llu", (unsigned long long)b->waiting.number,
                (unsigned long long)b->newest);
        return ai_reader_err_at(r, err);
    }
    b->any = true;
    b->newest = b->waiting.number;
    got = ai_reader_next(r, &rec, err);
    if (got < 0)
        return -1;
    if (got == 0 || rec.type != AI_REC_TOKENS) {
        ai_fail(err, AI_EINPUT, "document %llu has no tokens record", (unsigned long long)b->waiting.number);
        return ai_reader_err_at(r, err);
    }
    return take_tokens(b, &rec, hp, err) ? ai_reader_err_at(r, err) : 1;
}

static int add_waiting(struct ai_batch *b, struct ai_err *err)
{
    size_t n = b->n + 1;

    if (ai_grow(&b->docs, &b->cap, n, sizeof *b->docs, err) ||
        ai_grow(&b->seqs, &b->cap_seqs, n, sizeof *b->seqs, err) ||
        ai_grow(&b->first, &b->cap_first, n, sizeof *b->first, err) ||
        ai_grow(&b->ids, &b->cap_ids, b->n_ids + b->n_waiting, sizeof *b->ids, err))
        return -1;
    memcpy(b->ids + b->n_ids, b->waiting_ids, b->n_waiting * sizeof *b->ids);
    b->first[b->n] = b->n_ids;
    memset(&b->seqs[b->n], 0, sizeof *b->seqs);
    b->seqs[b->n].n = b->n_waiting;
    b->docs[b->n++] = b->waiting;
    b->n_ids += b->n_waiting;
    b->tokens += b->n_waiting;
    memset(&b->waiting, 0, sizeof b->waiting);
    b->has_waiting = false;
    return 0;
}

int ai_batch_read(struct ai_batch *b, struct ai_reader *r, const struct ai_hparams *hp, size_t max_docs,
                  uint64_t max_tokens, struct ai_err *err)
{
    clear(b);
    while (b->n < max_docs) {
        if (!b->has_waiting) {
            int got = b->n ? ai_reader_poll(r, GATHER_MS, err) : 1;

            if (got > 0)
                got = read_one(b, r, hp, err);
            if (got < 0)
                return -1;
            if (got == 0)
                break;
        }
        if (b->n && b->tokens + b->n_waiting > max_tokens)
            break;
        if (add_waiting(b, err))
            return -1;
    }
    for (size_t i = 0; i < b->n; i++)
        b->seqs[i].tokens = b->ids + b->first[i];
    return b->n > 0;
}
