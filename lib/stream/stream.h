/* The container of every stream, as ai-stream(5) defines it.
 *
 *   stream  := segment+
 *   segment := header record* END
 *
 * A reader takes raw or zstd-compressed bytes (any number of frames), checks the
 * checksum and the counts, and gives one record at a time; several segments of
 * one kind, model, tokenizer, depth, width, list of features and head read as one
 * stream (what `cat a b` makes).  A stream that stops before END fails with
 * AI_EINPUT "truncated", never as a shorter result. */
#ifndef AI_STREAM_STREAM_H
#define AI_STREAM_STREAM_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ai_kind { AI_KIND_ANY, AI_KIND_TOKENS, AI_KIND_HIDDEN, AI_KIND_FEATURES, AI_KIND_DECISIONS };

/* "tokens", "hidden", "features", "decisions"; NULL for AI_KIND_ANY. */
const char *ai_kind_name(enum ai_kind kind);

enum ai_record_type {
    AI_REC_DOC = 1,      /* a document begins: number, id, label, choices */
    AI_REC_TOKENS = 2,   /* its token ids */
    AI_REC_HIDDEN = 3,   /* one position's hidden state after one block */
    AI_REC_FEATURES = 4, /* the features of one such state */
    AI_REC_DECISION = 5, /* the answer, and the layer it came from */
    AI_REC_DOC_END = 6,  /* a document is done: what was computed for it */
    AI_REC_RUN = 7,      /* what the run cost: wall clock, tokens */
    AI_REC_COSINES = 8,  /* ignorable: how far one block turned what the next HIDDEN holds */
    AI_REC_COST = 9,     /* ignorable: what a program behind the forward pass spent */
    AI_REC_ERROR = 0xfffe,
    AI_REC_END = 0xffff,
};

enum { AI_REC_IGNORABLE = 1 }; /* flag: a reader that does not know the type may skip it */

struct ai_record {
    uint16_t type, flags;
    const uint8_t *data; /* len bytes, valid until the next ai_reader_next or _poll */
    size_t len;
    uint64_t base;       /* to add to document numbers: documents of earlier segments */
    uint64_t index;      /* of this record in its segment, from 0, for messages */
};

/* Header lines, in order; keys may repeat.  Owned copies. */
struct ai_meta {
    struct ai_meta_line { char *key, *value; } *lines;
    size_t n, cap;
};
int ai_meta_add(struct ai_meta *m, const char *key, const char *value, struct ai_err *err) AI_CHECKED;
/* Replaces the first line of that key, or adds one. */
int ai_meta_set(struct ai_meta *m, const char *key, const char *value, struct ai_err *err) AI_CHECKED;
int ai_meta_setf(struct ai_meta *m, struct ai_err *err, const char *key, const char *fmt, ...) AI_PRINTF(4, 5) AI_CHECKED;
/* Removes every line of that key. */
void ai_meta_remove(struct ai_meta *m, const char *key);
/* The first value of key, or NULL. */
const char *ai_meta_get(const struct ai_meta *m, const char *key);
/* The value as a number in [0, max]; 0 or -1 with err ("header: key ..."). */
int ai_meta_u64(const struct ai_meta *m, const char *key, uint64_t max, uint64_t *out, struct ai_err *err) AI_CHECKED;
int ai_meta_copy(struct ai_meta *to, const struct ai_meta *from, struct ai_err *err) AI_CHECKED;
void ai_meta_free(struct ai_meta *m);

/* ---- reading ---- */

struct ai_reader;

/* Reads the first header from fd (borrowed, not closed) and checks its kind.
 * name stands in messages.  Returns the reader or NULL. */
struct ai_reader *ai_reader_open(int fd, const char *name, enum ai_kind kind, struct ai_err *err) AI_CHECKED;
void ai_reader_free(struct ai_reader *r);

enum ai_kind ai_reader_kind(const struct ai_reader *r);
/* The header of the present segment; valid until the next ai_reader_next or _poll. */
const struct ai_meta *ai_reader_meta(const struct ai_reader *r);

/* Ignorable records of that type are handed out too; without this they are skipped. */
void ai_reader_want(struct ai_reader *r, enum ai_record_type type);

/* Next record (never END; an ERROR record fails with its message).  Unknown
 * ignorable records are skipped, other unknown ones fail.  Returns 1, 0 at the
 * end of the last segment, -1 with err saying "name: record N: reason". */
int ai_reader_next(struct ai_reader *r, struct ai_record *rec, struct ai_err *err) AI_CHECKED;

/* Called before the reader would block for input: the place to flush outputs, so
 * that a live ring never waits for a buffer.  fn returns 0 or -1 with err. */
void ai_reader_on_wait(struct ai_reader *r, int (*fn)(void *arg, struct ai_err *err), void *arg);

/* Waits up to timeout_ms (0: not at all, <0: for ever) for the next whole record or for the
 * end of the last segment.  Returns 1: ai_reader_next will not wait, 0: not yet, -1 error. */
int ai_reader_poll(struct ai_reader *r, int timeout_ms, struct ai_err *err) AI_CHECKED;

/* "name: record N: " + reason: puts the place of the last record before err. */
int ai_reader_err_at(const struct ai_reader *r, struct ai_err *err);

/* ---- writing ---- */

struct ai_writer;

enum ai_flush {
    AI_FLUSH_AUTO,   /* when the program is about to wait, unless fd is a regular file */
    AI_FLUSH_RECORD, /* after every record */
    AI_FLUSH_NONE,   /* when a buffer is full */
};

/* Starts a segment on fd (borrowed): header lines of meta plus "kind".  level 0: raw,
 * 1..19: zstd.  The header is written at once unless flush is AI_FLUSH_NONE or fd a file. */
struct ai_writer *ai_writer_open(int fd, enum ai_kind kind, const struct ai_meta *meta, int level,
                                 enum ai_flush flush, struct ai_err *err) AI_CHECKED;

int ai_writer_put(struct ai_writer *w, uint16_t type, uint16_t flags, const void *data, size_t len,
                  struct ai_err *err) AI_CHECKED;

/* Brings everything put so far to the other end.  Cheap when there is nothing. */
int ai_writer_flush(struct ai_writer *w, struct ai_err *err) AI_CHECKED;

/* As ai_writer_flush, but does nothing under AI_FLUSH_NONE or AUTO on a regular
 * file.  Fits ai_reader_on_wait (arg: the writer). */
int ai_writer_flush_live(void *w, struct ai_err *err) AI_CHECKED;

/* Writes END and all that is buffered.  The writer can then only be freed. */
int ai_writer_end(struct ai_writer *w, struct ai_err *err) AI_CHECKED;

/* Tells the reader that this run failed: an ERROR record with the exit status and
 * message instead of END.  Errors while doing so are ignored. */
void ai_writer_abort(struct ai_writer *w, int status, const char *message);
void ai_writer_free(struct ai_writer *w);

#endif
