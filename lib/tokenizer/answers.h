/* Token and decision streams as text: one line a document, in the documents' order. */
#ifndef AI_TOKENIZER_ANSWERS_H
#define AI_TOKENIZER_ANSWERS_H

#include "stream/records.h"
#include "tokenizer/tokenizer.h"

struct ai_answers;

struct ai_answers_options {
    enum ai_kind kind; /* AI_KIND_TOKENS: the documents' texts; AI_KIND_DECISIONS: the answers */
    bool jsonl;
    bool special;      /* control tokens are shown */
    char end;          /* behind a text: '\n' or 0 */
};

struct ai_answers *ai_answers_new(const struct ai_tokenizer *t, const struct ai_answers_options *options,
                                  struct ai_err *err) AI_CHECKED;
void ai_answers_free(struct ai_answers *a);

/* Takes a record and appends the lines that are complete now.  Answers come in any
 * order; one that is early waits for those before it. */
int ai_answers_record(struct ai_answers *a, const struct ai_record *rec, struct ai_buf *out,
                      struct ai_err *err) AI_CHECKED;
/* The stream has ended: documents without an answer get an empty line, or null. */
int ai_answers_end(struct ai_answers *a, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* Documents written so far, and of them those without an answer. */
uint64_t ai_answers_written(const struct ai_answers *a);
uint64_t ai_answers_missing(const struct ai_answers *a);

#endif
