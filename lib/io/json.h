/* JSON (RFC 8259), read strictly and whole: duplicate keys, lone surrogates, a
 * string with U+0000, trailing bytes and integers beyond 64 bits are errors.
 * Values belong to their root; the pointers given out live as long as it does.
 *
 * Every accessor takes NULL and answers as for a value of the wrong kind, so that
 * a path can be walked without a check at each step. */
#ifndef AI_IO_JSON_H
#define AI_IO_JSON_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ai_json;

enum ai_json_type {
    AI_JSON_NONE, /* NULL: absent */
    AI_JSON_NULL,
    AI_JSON_BOOL,
    AI_JSON_INT,  /* written without fraction and exponent */
    AI_JSON_REAL,
    AI_JSON_STRING,
    AI_JSON_ARRAY,
    AI_JSON_OBJECT,
};

/* Parses exactly one value (white space may surround it) from n bytes: a document
 * or a line of JSONL.  Returns the root, which the caller owns, or NULL with err
 * "line L, column C: reason". */
struct ai_json *ai_json_parse(const void *data, size_t n, struct ai_err *err) AI_CHECKED;

/* The same of the whole file; err is "name: line L, column C: reason". */
struct ai_json *ai_json_parse_file(const char *name, size_t limit, struct ai_err *err) AI_CHECKED;

/* A root only. */
void ai_json_free(struct ai_json *root);

enum ai_json_type ai_json_type(const struct ai_json *v);
/* "a string", "an object", ... for messages. */
const char *ai_json_type_name(const struct ai_json *v);

/* The member of an object; NULL if there is none or v is no object. */
const struct ai_json *ai_json_get(const struct ai_json *v, const char *key);
/* Element i of an array; NULL beyond its end or if v is no array. */
const struct ai_json *ai_json_at(const struct ai_json *v, size_t i);
/* Elements of an array or members of an object; 0 for anything else. */
size_t ai_json_size(const struct ai_json *v);

/* Walks an object in the order of the text.  *it is NULL before the first call.
 * Returns 1 with key (NUL-terminated) and value, 0 at the end. */
int ai_json_next(const struct ai_json *object, void **it, const char **key, const struct ai_json **value);

/* The bytes of a string, NUL-terminated, valid UTF-8 without U+0000; NULL if v is
 * no string.  len may be NULL. */
const char *ai_json_string(const struct ai_json *v, size_t *len);

/* 0 and *out; -1 if v is something else (a real with a whole value is no integer). */
int ai_json_int(const struct ai_json *v, int64_t *out) AI_CHECKED;
int ai_json_number(const struct ai_json *v, double *out) AI_CHECKED; /* integers too */
int ai_json_bool(const struct ai_json *v, bool *out) AI_CHECKED;

/* Members by key: 0 and *out; 1 when absent or null, *out untouched; -1 with err
 * "key: reason" when it is something else or does not fit. */
int ai_json_get_u64(const struct ai_json *v, const char *key, uint64_t max, uint64_t *out,
                    struct ai_err *err) AI_CHECKED;
int ai_json_get_number(const struct ai_json *v, const char *key, double *out, struct ai_err *err) AI_CHECKED;
int ai_json_get_bool(const struct ai_json *v, const char *key, bool *out, struct ai_err *err) AI_CHECKED;
int ai_json_get_string(const struct ai_json *v, const char *key, const char **out, struct ai_err *err) AI_CHECKED;

/* ---- writing ---- */

/* Appends n bytes as a JSON string, quotes included.  Bytes that are no UTF-8 (part
 * of a character) become U+FFFD, one each, since JSON cannot hold them. */
int ai_json_put_string(struct ai_buf *out, const char *s, size_t n, struct ai_err *err) AI_CHECKED;
/* Appends the shortest text that reads back as the same number: 9 or 17 digits at
 * most.  NaN and infinities fail (AI_EINPUT): JSON has none. */
int ai_json_put_f32(struct ai_buf *out, float v, struct ai_err *err) AI_CHECKED;
int ai_json_put_f64(struct ai_buf *out, double v, struct ai_err *err) AI_CHECKED;

#endif
