#include "stream/format.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "io/fd.h"
#include "io/zst.h"

#include <stdlib.h>
#include <string.h>

struct ai_writer {
    int fd;
    bool live;                 /* flush before waiting */
    enum ai_flush flush;
    struct ai_zst_writer *zst; /* NULL: raw */
    struct ai_buf out;         /* on its way to fd */
    size_t in_frame;           /* raw bytes since the frame began */
    bool pending;              /* bytes inside zst or out */
    uint32_t crc;
    uint64_t records, payload;
    bool ended;
};

enum { WRITE_SIZE = 64 << 10 };

static int send_out(struct ai_writer *w, struct ai_err *err)
{
    int rc = w->out.len ? ai_fd_write(w->fd, w->out.data, w->out.len, err) : 0;

    w->out.len = 0;
    return rc;
}

static int put_bytes(struct ai_writer *w, const void *p, size_t n, struct ai_err *err)
{
    w->pending = true;
    w->in_frame += n;
    if (w->zst ? ai_zst_write(w->zst, p, n, &w->out, err) : ai_buf_put(&w->out, p, n, err))
        return -1;
    return w->out.len >= WRITE_SIZE ? send_out(w, err) : 0;
}

static int put_summed(struct ai_writer *w, const void *p, size_t n, struct ai_err *err)
{
    w->crc = ai_crc32c(w->crc, p, n);
    return put_bytes(w, p, n, err);
}

/* A value may hold anything but what would break its line. */
static int put_line(struct ai_buf *b, const char *key, const char *value, struct ai_err *err)
{
    if (!*key || strpbrk(key, "\t\n") || strpbrk(value, "\t\n") || ai_utf8_check(key, strlen(key)) != strlen(key) ||
        ai_utf8_check(value, strlen(value)) != strlen(value))
        return ai_fail(err, AI_EINPUT, "header line '%s' holds a tab, a line feed or bytes that are not UTF-8", key);
    return ai_buf_printf(b, err, "%s\t%s\n", key, value);
}

static int write_header(struct ai_writer *w, enum ai_kind kind, const struct ai_meta *meta, struct ai_err *err)
{
    struct ai_buf b = {0};
    uint8_t crc[4];
    int rc = -1;

    if (ai_buf_put(&b, AI_STREAM_MAGIC, STREAM_MAGIC_LEN, err) || ai_buf_u16(&b, STREAM_MAJOR, err) ||
        ai_buf_u16(&b, STREAM_MINOR, err) || ai_buf_u32(&b, 0, err) || put_line(&b, "kind", ai_kind_name(kind), err))
        goto out;
    for (size_t i = 0; meta && i < meta->n; i++)
        if (strcmp(meta->lines[i].key, "kind") != 0 && put_line(&b, meta->lines[i].key, meta->lines[i].value, err))
            goto out;
    if (b.len - STREAM_FIXED > STREAM_MAX_META) {
        ai_fail(err, AI_EINPUT, "header larger than %d bytes", STREAM_MAX_META);
        goto out;
    }
    ai_put_u32(b.data + 12, (uint32_t)(b.len - STREAM_FIXED));
    if (put_summed(w, b.data, b.len, err))
        goto out;
    /* Not under END's checksum: a sum over bytes and their own CRC would say nothing of the bytes. */
    ai_put_u32(crc, w->crc);
    rc = put_bytes(w, crc, sizeof crc, err);
out:
    ai_buf_free(&b);
    return rc;
}

struct ai_writer *ai_writer_open(int fd, enum ai_kind kind, const struct ai_meta *meta, int level,
                                 enum ai_flush flush, struct ai_err *err)
{
    struct ai_writer *w = ai_calloc(1, sizeof *w, err);

    if (!w)
        return NULL;
    w->fd = fd;
    w->flush = flush;
    w->live = flush == AI_FLUSH_RECORD || (flush == AI_FLUSH_AUTO && !ai_fd_is_file(fd));
    if (level > 0 && !(w->zst = ai_zst_writer_new(level, err)))
        goto fail;
    if (write_header(w, kind, meta, err) || ai_writer_flush_live(w, err))
        goto fail;
    return w;
fail:
    ai_writer_free(w);
    return NULL;
}

static int put_record(struct ai_writer *w, uint16_t type, uint16_t flags, const void *data, size_t len, bool summed,
                      struct ai_err *err)
{
    static const uint8_t zeros[8];
    uint8_t head[STREAM_RECORD_HEAD];
    int (*put)(struct ai_writer *, const void *, size_t, struct ai_err *) = summed ? put_summed : put_bytes;

    ai_put_u32(head, (uint32_t)len);
    ai_put_u16(head + 4, type);
    ai_put_u16(head + 6, flags);
    if (put(w, head, sizeof head, err) || (len && put(w, data, len, err)))
        return -1;
    return stream_padding(len) ? put(w, zeros, stream_padding(len), err) : 0;
}

int ai_writer_put(struct ai_writer *w, uint16_t type, uint16_t flags, const void *data, size_t len,
                  struct ai_err *err)
{
    AI_ASSERT(!w->ended);
    if (len > STREAM_MAX_RECORD)
        return ai_fail(err, AI_EINPUT, "a record of %zu bytes is larger than %d", len, STREAM_MAX_RECORD);
    if (put_record(w, type, flags, data, len, true, err))
        return -1;
    w->records++;
    w->payload += len;
    if (w->zst && w->in_frame >= STREAM_FRAME) {
        if (ai_zst_end(w->zst, &w->out, err))
            return -1;
        w->in_frame = 0;
    }
    return w->flush == AI_FLUSH_RECORD ? ai_writer_flush(w, err) : 0;
}

int ai_writer_flush(struct ai_writer *w, struct ai_err *err)
{
    if (!w->pending)
        return 0;
    if (w->zst && w->in_frame && ai_zst_flush(w->zst, &w->out, err))
        return -1;
    w->pending = false;
    return send_out(w, err);
}

int ai_writer_flush_live(void *arg, struct ai_err *err)
{
    struct ai_writer *w = arg;

    return w->live ? ai_writer_flush(w, err) : 0;
}

/* The last record of a segment, whole and on its way. */
static int finish(struct ai_writer *w, uint16_t type, const struct ai_buf *payload, struct ai_err *err)
{
    w->ended = true;
    if (put_record(w, type, 0, payload->data, payload->len, false, err))
        return -1;
    if (w->zst && ai_zst_end(w->zst, &w->out, err))
        return -1;
    return send_out(w, err);
}

int ai_writer_end(struct ai_writer *w, struct ai_err *err)
{
    struct ai_buf b = {0};
    int rc = -1;

    AI_ASSERT(!w->ended);
    if (ai_buf_u64(&b, w->records, err) == 0 && ai_buf_u64(&b, w->payload, err) == 0 &&
        ai_buf_u32(&b, w->crc, err) == 0)
        rc = finish(w, AI_REC_END, &b, err);
    ai_buf_free(&b);
    return rc;
}

/* A message may name a file in any bytes, and may have been cut. */
static int put_message(struct ai_buf *b, const char *s, struct ai_err *err)
{
    for (size_t n = strlen(s); n;) {
        size_t good = ai_utf8_check(s, n);

        if (ai_buf_put(b, s, good, err) || (good < n && ai_buf_puts(b, "?", err)))
            return -1;
        good += good < n;
        s += good;
        n -= good;
    }
    return 0;
}

void ai_writer_abort(struct ai_writer *w, int status, const char *message)
{
    struct ai_err ignored;
    struct ai_buf b = {0};

    if (!w->ended && ai_buf_u16(&b, (uint16_t)status, &ignored) == 0 && put_message(&b, message, &ignored) == 0 &&
        finish(w, AI_REC_ERROR, &b, &ignored)) {
        /* the reader learns of it by truncation then */
    }
    ai_buf_free(&b);
}

void ai_writer_free(struct ai_writer *w)
{
    if (!w)
        return;
    ai_zst_writer_free(w->zst);
    ai_buf_free(&w->out);
    free(w);
}
