/* Records as text: TSV rows, JSON objects and svmlight rows of one stream. */
#ifndef AI_STREAM_TEXT_H
#define AI_STREAM_TEXT_H

#include "base/buf.h"
#include "stream/records.h"

enum ai_text { AI_TEXT_TSV, AI_TEXT_JSONL, AI_TEXT_SVMLIGHT };

struct ai_text_view;

/* For the stream whose header meta is (of the given kind).  values: hidden states
 * with all their numbers.  svmlight is for features only (AI_EUSAGE otherwise). */
struct ai_text_view *ai_text_view_new(enum ai_text form, enum ai_kind kind, const struct ai_meta *meta, bool values,
                                      struct ai_err *err) AI_CHECKED;
void ai_text_view_free(struct ai_text_view *v);

/* Appends the TSV column names and a line feed; nothing for the other forms. */
int ai_text_header(const struct ai_text_view *v, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* Appends what the record shows: a line, several, or nothing. */
int ai_text_record(struct ai_text_view *v, const struct ai_record *rec, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* After the last record: fails if a document has begun and not ended. */
int ai_text_end(const struct ai_text_view *v, struct ai_err *err) AI_CHECKED;

#endif
