#include "base/buf.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ai_buf_reserve(struct ai_buf *b, size_t more, struct ai_err *err)
{
    if (more > SIZE_MAX - b->len)
        return ai_fail(err, AI_ESYS, "out of memory (%zu bytes more wanted)", more);
    return ai_grow(&b->data, &b->cap, b->len + more, 1, err);
}

int ai_buf_put(struct ai_buf *b, const void *p, size_t n, struct ai_err *err)
{
    if (ai_buf_reserve(b, n, err))
        return -1;
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
    return 0;
}

int ai_buf_puts(struct ai_buf *b, const char *s, struct ai_err *err)
{
    return ai_buf_put(b, s, strlen(s), err);
}

int ai_buf_printf(struct ai_buf *b, struct ai_err *err, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return ai_fail(err, AI_ESYS, "cannot format text");
    if (ai_buf_reserve(b, (size_t)n + 1, err))
        return -1;
    va_start(ap, fmt);
    vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return 0;
}

int ai_buf_u16(struct ai_buf *b, uint16_t v, struct ai_err *err)
{
    uint8_t p[2];

    ai_put_u16(p, v);
    return ai_buf_put(b, p, sizeof p, err);
}

int ai_buf_u32(struct ai_buf *b, uint32_t v, struct ai_err *err)
{
    uint8_t p[4];

    ai_put_u32(p, v);
    return ai_buf_put(b, p, sizeof p, err);
}

int ai_buf_u64(struct ai_buf *b, uint64_t v, struct ai_err *err)
{
    uint8_t p[8];

    ai_put_u64(p, v);
    return ai_buf_put(b, p, sizeof p, err);
}

int ai_buf_f32(struct ai_buf *b, float v, struct ai_err *err)
{
    return ai_buf_u32(b, ai_f32_bits(v), err);
}

int ai_buf_f64(struct ai_buf *b, double v, struct ai_err *err)
{
    uint64_t u;

    memcpy(&u, &v, sizeof u);
    return ai_buf_u64(b, u, err);
}

void ai_buf_consume(struct ai_buf *b, size_t n)
{
    b->len -= n;
    if (b->len)
        memmove(b->data, b->data + n, b->len);
}

void ai_buf_free(struct ai_buf *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}
