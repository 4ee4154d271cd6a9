/* A growable run of bytes.  `struct ai_buf b = {0}` is an empty one; ai_buf_free
 * gives its memory back.  b.data is not NUL-terminated unless one was put. */
#ifndef AI_BASE_BUF_H
#define AI_BASE_BUF_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct ai_buf {
    uint8_t *data;
    size_t len, cap;
};

/* Each returns 0, or -1 with err filled and the buffer as it was. */
int ai_buf_reserve(struct ai_buf *b, size_t more, struct ai_err *err) AI_CHECKED;
int ai_buf_put(struct ai_buf *b, const void *p, size_t n, struct ai_err *err) AI_CHECKED;
int ai_buf_puts(struct ai_buf *b, const char *s, struct ai_err *err) AI_CHECKED;
int ai_buf_printf(struct ai_buf *b, struct ai_err *err, const char *fmt, ...) AI_PRINTF(3, 4) AI_CHECKED;
/* little-endian */
int ai_buf_u16(struct ai_buf *b, uint16_t v, struct ai_err *err) AI_CHECKED;
int ai_buf_u32(struct ai_buf *b, uint32_t v, struct ai_err *err) AI_CHECKED;
int ai_buf_u64(struct ai_buf *b, uint64_t v, struct ai_err *err) AI_CHECKED;
int ai_buf_f32(struct ai_buf *b, float v, struct ai_err *err) AI_CHECKED;
int ai_buf_f64(struct ai_buf *b, double v, struct ai_err *err) AI_CHECKED;

/* Drops the first n bytes. */
void ai_buf_consume(struct ai_buf *b, size_t n);
void ai_buf_free(struct ai_buf *b);

#endif
