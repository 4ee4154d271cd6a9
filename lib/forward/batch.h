/* Documents of a token stream, gathered into batches for the forward pass. */
#ifndef AI_FORWARD_BATCH_H
#define AI_FORWARD_BATCH_H

#include "forward/forward.h"
#include "stream/records.h"

struct ai_batch {
    size_t n;
    uint64_t tokens;             /* of all documents */
    struct ai_doc *docs;         /* [n] */
    struct ai_sequence *seqs;    /* [n] tokens borrowed from ids */
    /* private */
    size_t cap;
    uint32_t *ids;
    size_t n_ids, cap_ids;
    size_t *first;               /* [n] offsets into ids */
    size_t cap_first, cap_seqs;
    struct ai_doc waiting;       /* read, but did not fit the batch before */
    bool has_waiting;
    bool any;                    /* a document has begun: */
    uint64_t newest;             /* the last one that did */
    uint32_t *waiting_ids;
    size_t cap_waiting;
    uint32_t n_waiting;
};

/* Reads the next documents: up to max_docs, and up to max_tokens unless one
 * document alone has more.  Waits for the first; for more only as long as they come
 * within a few milliseconds, so that somebody typing is answered at once.
 * Checks that document numbers rise, and each prompt against the model's vocabulary and context.
 * Returns 1, 0 at the end of the stream, -1 with err. */
int ai_batch_read(struct ai_batch *b, struct ai_reader *r, const struct ai_hparams *hp, size_t max_docs,
                  uint64_t max_tokens, struct ai_err *err) AI_CHECKED;
void ai_batch_free(struct ai_batch *b);

#endif
