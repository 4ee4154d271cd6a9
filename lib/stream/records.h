/* The records' payloads as structs; layouts are in ai-stream(5).
 *
 * Decoders check every length and borrow from the record's bytes (valid until the
 * reader's next call) unless said otherwise; they add rec->base to document
 * numbers.  Encoders append the payload to an ai_buf that the caller reuses. */
#ifndef AI_STREAM_RECORDS_H
#define AI_STREAM_RECORDS_H

#include "base/buf.h"
#include "stream/stream.h"

/* A document as it travels through every stream.  Owns its strings. */
struct ai_choice {
    char *text;      /* NUL-terminated UTF-8, as the input gave it */
    uint32_t token;  /* first token of the choice as a continuation of the prompt */
};
struct ai_doc {
    uint64_t number;
    uint32_t tokens;   /* tokens of the prompt; 0 before tokenisation */
    char *id;          /* NULL when the input gave none */
    char *label;       /* gold answer: the text of a choice, or any text; NULL: unknown */
    uint32_t label_token; /* first token of the label as a continuation; AI_NO_TOKEN */
    struct ai_choice *choices;
    uint32_t n_choices;
    uint64_t prompt_digest; /* of the prompt's tokens, ai_prompt_digest; 0: not known */
};
#define AI_NO_TOKEN 0xffffffffu

int ai_doc_encode(const struct ai_doc *doc, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_doc_decode(const struct ai_record *rec, struct ai_doc *doc, struct ai_err *err) AI_CHECKED; /* doc: owned by caller */
/* The first 8 bytes, little-endian, of the SHA-256 of the ids as little-endian u32; 1 where that is 0. */
uint64_t ai_prompt_digest(const uint32_t *ids, size_t n);
void ai_doc_free(struct ai_doc *doc); /* frees the strings, not doc itself */

/* Any record whose payload begins with its document number: that number, base added. */
int ai_record_doc(const struct ai_record *rec, uint64_t *number, struct ai_err *err) AI_CHECKED;

struct ai_tokens {
    uint64_t doc;
    uint32_t step;
    uint32_t n;
    const uint8_t *ids; /* n little-endian u32: read with ai_tokens_get */
};
int ai_tokens_encode(uint64_t doc, uint32_t step, const uint32_t *ids, uint32_t n, struct ai_buf *out,
                     struct ai_err *err) AI_CHECKED;
int ai_tokens_decode(const struct ai_record *rec, struct ai_tokens *t, struct ai_err *err) AI_CHECKED;
uint32_t ai_tokens_get(const struct ai_tokens *t, uint32_t i);

/* How floats are stored in hidden records. */
enum ai_dtype { AI_F32 = 0, AI_F16 = 1, AI_BF16 = 2 };
const char *ai_dtype_name(enum ai_dtype t);           /* "f32", "f16", "bf16" */
int ai_dtype_from_name(const char *s, enum ai_dtype *t); /* 0 or -1 */

struct ai_hidden {
    uint64_t doc;
    uint32_t step;
    uint32_t position;  /* of the token in its sequence, from 0 */
    uint16_t layer;     /* blocks run: 0 = embedding, L = after the last block */
    uint16_t dtype;     /* enum ai_dtype */
    uint32_t width;     /* H: values of the residual stream */
    const uint8_t *data; /* decode only: width values */
};
/* state: h->width f32 values, converted to h->dtype. */
int ai_hidden_encode(const struct ai_hidden *h, const float *state, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_hidden_decode(const struct ai_record *rec, struct ai_hidden *h, struct ai_err *err) AI_CHECKED;
void ai_hidden_state(const struct ai_hidden *h, float *state); /* width values out */

/* What the block that made the next HIDDEN changed, for the same position: cosines
 * between this block and the one before; 0 where one of the two is missing or zero. */
enum { AI_COSINE_STATE, AI_COSINE_ATTENTION, AI_COSINE_MLP, AI_COSINES };
struct ai_cosines {
    uint64_t doc;
    uint32_t step, position;
    uint16_t layer;
    float value[AI_COSINES];    /* of the residual stream, the attention's and the MLP's output */
};
int ai_cosines_encode(const struct ai_cosines *c, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_cosines_decode(const struct ai_record *rec, struct ai_cosines *c, struct ai_err *err) AI_CHECKED;

enum { AI_MAX_FEATURES = 64, AI_MAX_TOP = 64 };
struct ai_features {
    uint64_t doc;
    uint32_t step, position;
    uint16_t layer;
    uint16_t n;                 /* features, named in the header line "features" */
    uint16_t top;               /* tokens in top_*; >= 1, most probable first */
    float value[AI_MAX_FEATURES];
    uint32_t top_token[AI_MAX_TOP];
    float top_prob[AI_MAX_TOP];
};
int ai_features_encode(const struct ai_features *f, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_features_decode(const struct ai_record *rec, struct ai_features *f, struct ai_err *err) AI_CHECKED;

struct ai_decision {
    uint64_t doc;
    uint32_t step;
    uint16_t layer;     /* blocks run for this answer */
    uint16_t early;     /* 1: the policy stopped here; 0: full depth was reached */
    uint32_t token;
    float prob;         /* top_prob of the token there */
    float score;        /* of the policy: > 0 stops; 0 at full depth without a score */
};
int ai_decision_encode(const struct ai_decision *d, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_decision_decode(const struct ai_record *rec, struct ai_decision *d, struct ai_err *err) AI_CHECKED;

/* Block arithmetic of one document, in multiply-adds: weights and attention of the
 * blocks, the head not included.  What several documents share is counted once,
 * in the RUN record. */
struct ai_doc_end {
    uint64_t doc;
    uint16_t layers;        /* blocks that this document ran */
    uint64_t macs;          /* done for it */
    uint64_t macs_full;     /* that full depth would have done */
};
int ai_doc_end_encode(const struct ai_doc_end *e, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_doc_end_decode(const struct ai_record *rec, struct ai_doc_end *e, struct ai_err *err) AI_CHECKED;

struct ai_run {
    double seconds;          /* wall clock from the start of ai-forward to its last state */
    uint64_t documents;
    uint64_t tokens_asked;   /* tokens of all prompts */
    uint64_t tokens_computed;/* rows that entered block 1: shared prefixes once */
    uint64_t macs_shared;    /* done for shared prefixes */
    uint64_t macs_shared_full;
};
int ai_run_encode(const struct ai_run *r, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_run_decode(const struct ai_record *rec, struct ai_run *r, struct ai_err *err) AI_CHECKED;

/* What a program behind ai-forward spent on a stream: its own part, once, at the end. */
struct ai_cost {
    char program[32];
    uint64_t items;          /* states read, rows decided, ... */
    uint64_t macs;           /* multiply-adds; 0 where they are not worth counting */
    double seconds;          /* of processor time, all threads together */
};
int ai_cost_encode(const struct ai_cost *c, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_cost_decode(const struct ai_record *rec, struct ai_cost *c, struct ai_err *err) AI_CHECKED;

#endif
