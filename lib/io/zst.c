#include "io/zst.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdlib.h>
#include <zstd.h>

enum { WINDOW_LOG_MAX = 27 };

bool ai_zst_probe(const void *p, size_t n)
{
    uint32_t magic;

    if (n < 4)
        return false;
    magic = ai_get_u32(p);
    return magic == 0xfd2fb528 || (magic & 0xfffffff0) == 0x184d2a50;
}

struct ai_zst_writer {
    ZSTD_CCtx *ctx;
};

struct ai_zst_writer *ai_zst_writer_new(int level, struct ai_err *err)
{
    struct ai_zst_writer *z = ai_calloc(1, sizeof *z, err);

    if (!z)
        return NULL;
    z->ctx = ZSTD_createCCtx();
    if (!z->ctx || ZSTD_isError(ZSTD_CCtx_setParameter(z->ctx, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(z->ctx, ZSTD_c_checksumFlag, 1))) {
        ai_fail(err, AI_ESYS, "zstd cannot be set up");
        ai_zst_writer_free(z);
        return NULL;
    }
    return z;
}

static int compress(struct ai_zst_writer *z, const void *p, size_t n, ZSTD_EndDirective mode, struct ai_buf *out,
                    struct ai_err *err)
{
    ZSTD_inBuffer in = {p, n, 0};

    for (;;) {
        ZSTD_outBuffer o;
        size_t left;

        if (ai_buf_reserve(out, ZSTD_CStreamOutSize(), err))
            return -1;
        o.dst = out->data + out->len;
        o.size = out->cap - out->len;
        o.pos = 0;
        left = ZSTD_compressStream2(z->ctx, &o, &in, mode);
        out->len += o.pos;
        if (ZSTD_isError(left))
            return ai_fail(err, AI_ESYS, "zstd: %s", ZSTD_getErrorName(left));
        if (mode == ZSTD_e_continue ? in.pos == in.size : left == 0)
            return 0;
    }
}

int ai_zst_write(struct ai_zst_writer *z, const void *p, size_t n, struct ai_buf *out, struct ai_err *err)
{
    return compress(z, p, n, ZSTD_e_continue, out, err);
}

int ai_zst_flush(struct ai_zst_writer *z, struct ai_buf *out, struct ai_err *err)
{
    return compress(z, NULL, 0, ZSTD_e_flush, out, err);
}

int ai_zst_end(struct ai_zst_writer *z, struct ai_buf *out, struct ai_err *err)
{
    return compress(z, NULL, 0, ZSTD_e_end, out, err);
}

void ai_zst_writer_free(struct ai_zst_writer *z)
{
    if (!z)
        return;
    ZSTD_freeCCtx(z->ctx);
    free(z);
}

struct ai_zst_reader {
    ZSTD_DCtx *ctx;
    bool inside; /* a frame has begun and not ended */
};

struct ai_zst_reader *ai_zst_reader_new(struct ai_err *err)
{
    struct ai_zst_reader *z = ai_calloc(1, sizeof *z, err);

    if (!z)
        return NULL;
    z->ctx = ZSTD_createDCtx();
    if (!z->ctx || ZSTD_isError(ZSTD_DCtx_setParameter(z->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        ai_fail(err, AI_ESYS, "zstd cannot be set up");
        ai_zst_reader_free(z);
        return NULL;
    }
    return z;
}

int ai_zst_read(struct ai_zst_reader *z, const void *p, size_t n, size_t *at, struct ai_buf *out, size_t limit,
                struct ai_err *err)
{
    ZSTD_inBuffer in = {p, n, *at};
    ZSTD_outBuffer o;
    size_t rc, before = *at;

    if (ai_buf_reserve(out, limit, err))
        return -1;
    o.dst = out->data + out->len;
    o.size = limit;
    o.pos = 0;
    rc = ZSTD_decompressStream(z->ctx, &o, &in);
    out->len += o.pos;
    *at = in.pos;
    if (ZSTD_isError(rc))
        return ai_fail(err, AI_EINPUT, "zstd: %s", ZSTD_getErrorName(rc));
    if (in.pos > before || o.pos > 0)
        z->inside = rc != 0;
    return 0;
}

bool ai_zst_at_boundary(const struct ai_zst_reader *z)
{
    return !z->inside;
}

void ai_zst_reader_free(struct ai_zst_reader *z)
{
    if (!z)
        return;
    ZSTD_freeDCtx(z->ctx);
    free(z);
}
