/* lib/stream's reader at a pipe: what it may wait for, and when it says so; and what
 * segments may follow each other. */
#include "stream/records.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "io/fd.h"
#include "io/zst.h"

#include "../tap.h"

#include <fcntl.h>
#include <unistd.h>

enum { HEADER = 64 }; /* bytes that hold a raw header without lines, and not all of a segment */

static struct ai_err err;

static void must(int rc)
{
    if (rc) {
        printf("Bail out! %s\n", err.msg);
        exit(99);
    }
}

static struct ai_buf drain(int fd)
{
    struct ai_buf b = {0};
    long got;

    do {
        must(ai_buf_reserve(&b, 65536, &err));
        got = ai_fd_read(fd, b.data + b.len, 65536, &err);
        b.len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    close(fd);
    return b;
}

/* A segment of n documents whose tokens are 0, 1, ..., with these header lines (key, value, ..., NULL). */
static struct ai_buf segment(enum ai_kind kind, int level, unsigned n, const char *const *lines)
{
    struct ai_meta meta = {0};
    struct ai_writer *w;
    struct ai_buf b = {0};
    int ends[2];

    must(pipe(ends));
    for (; lines && *lines; lines += 2)
        must(ai_meta_add(&meta, lines[0], lines[1], &err));
    w = ai_writer_open(ends[1], kind, &meta, level, AI_FLUSH_NONE, &err);
    must(!w);
    for (uint32_t i = 0; i < n; i++) {
        b.len = 0;
        must(ai_tokens_encode(i, 0, &i, 1, &b, &err));
        must(ai_writer_put(w, AI_REC_TOKENS, 0, b.data, b.len, &err));
    }
    must(ai_writer_end(w, &err));
    ai_writer_free(w);
    ai_meta_free(&meta);
    ai_buf_free(&b);
    close(ends[1]);
    return drain(ends[0]);
}

static struct ai_buf frame_of(const uint8_t *p, size_t n)
{
    struct ai_zst_writer *z = ai_zst_writer_new(1, &err);
    struct ai_buf b = {0};

    must(!z || ai_zst_write(z, p, n, &b, &err) || ai_zst_end(z, &b, &err));
    ai_zst_writer_free(z);
    return b;
}

static void append(struct ai_buf *to, struct ai_buf more)
{
    must(ai_buf_put(to, more.data, more.len, &err));
    ai_buf_free(&more);
}

/* ---- at a pipe ---- */

struct feed {
    int fd;
    const uint8_t *p;
    size_t n, at, step;
    int calls;
};

/* What the other side of a ring does: it says more only when it is waited for. */
static int more(void *arg, struct ai_err *e)
{
    struct feed *f = arg;
    size_t n = f->n - f->at < f->step ? f->n - f->at : f->step;

    f->calls++;
    if (n && ai_fd_write(f->fd, f->p + f->at, n, e))
        return -1;
    f->at += n;
    if (n == 0 && f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
    }
    return 0;
}

/* The stream in pieces of step bytes, each only on demand, but for the first ones, which
 * hold the header: ai_reader_open has nobody to ask.  Returns the records. */
static int in_pieces(const struct ai_buf *s, size_t first, size_t step, int *calls)
{
    int ends[2], n = 0, got;
    struct feed f = {.p = s->data, .n = s->len, .step = step};
    struct ai_reader *r;
    struct ai_record rec;

    must(pipe(ends));
    f.fd = ends[1];
    f.step = first;
    must(more(&f, &err));
    f.step = step;
    f.calls = 0;
    r = ai_reader_open(ends[0], "x", AI_KIND_ANY, &err);
    must(!r);
    ai_reader_on_wait(r, more, &f);
    while ((got = ai_reader_next(r, &rec, &err)) > 0) {
        struct ai_tokens t;

        if (ai_tokens_decode(&rec, &t, &err) || t.doc != (uint64_t)n)
            break;
        n++;
    }
    if (got)
        printf("# %s\n", err.msg);
    *calls = f.calls;
    if (f.fd >= 0)
        close(f.fd);
    ai_reader_free(r);
    close(ends[0]);
    return got ? -1 : n;
}

static void test_pieces(void)
{
    struct ai_buf raw = segment(AI_KIND_TOKENS, 0, 5, NULL), all = {0}, one = {0};
    int calls;

    append(&all, segment(AI_KIND_TOKENS, 0, 5, NULL));
    append(&all, segment(AI_KIND_TOKENS, 1, 3, NULL));
    append(&all, frame_of(NULL, 0));
    append(&all, segment(AI_KIND_TOKENS, 0, 2, NULL));
    is_int(in_pieces(&raw, HEADER, 1, &calls), 5, "a raw stream, byte by byte");
    is_int(calls, (int)(raw.len - HEADER) + 1, "waits once a byte, and once for the end");
    is_int(in_pieces(&all, HEADER, 1, &calls), 10, "raw, compressed, an empty frame and raw again, byte by byte");
    is_int(in_pieces(&all, HEADER, 7, &calls), 10, "and by seven");
    is_int(in_pieces(&all, HEADER, all.len, &calls), 10, "and at once");
    /* frames that begin and end anywhere, in heads, payloads and the header */
    for (size_t at = 0, step = 1; at < raw.len; at += step, step = step % 13 + 1)
        append(&one, frame_of(raw.data + at, raw.len - at < step ? raw.len - at : step));
    is_int(in_pieces(&one, 6 * HEADER, 5, &calls), 5, "frames cut in the middle of everything");
    ai_buf_free(&raw);
    ai_buf_free(&all);
    ai_buf_free(&one);
}

/* Everything of both segments is in one frame that has come whole: nothing to wait for. */
static void test_decodable(void)
{
    struct ai_buf raw = segment(AI_KIND_TOKENS, 0, 2, NULL), frame;
    struct feed f = {.fd = -1};
    struct ai_reader *r;
    struct ai_record rec;
    int ends[2], n = 0;

    append(&raw, segment(AI_KIND_TOKENS, 0, 3, NULL));
    frame = frame_of(raw.data, raw.len);
    must(pipe(ends));
    must(ai_fd_write(ends[1], frame.data, frame.len, &err));
    r = ai_reader_open(ends[0], "x", AI_KIND_ANY, &err);
    must(!r);
    ai_reader_on_wait(r, more, &f);
    while (n < 5 && ai_reader_poll(r, 0, &err) == 1 && ai_reader_next(r, &rec, &err) == 1)
        n++;
    is_int(n, 5, "records that have come are given while the pipe is open");
    is_int(f.calls, 0, "without waiting");
    is_int(ai_reader_poll(r, 0, &err), 0, "behind the last end marker, nothing has come yet");
    is_int(f.calls, 0, "which a look does not wait for");
    is_int(ai_reader_poll(r, 20, &err), 0, "nor does it come");
    is_int(f.calls, 1, "the program could flush before");
    close(ends[1]);
    is_int(ai_reader_poll(r, 0, &err), 1, "the end has come");
    is_int(ai_reader_next(r, &rec, &err), 0, "and is the end");
    ai_reader_free(r);
    close(ends[0]);
    ai_buf_free(&raw);
    ai_buf_free(&frame);
}

static void test_poll(int level)
{
    struct ai_buf b = {0};
    struct ai_writer *w;
    struct ai_reader *r;
    struct ai_record rec;
    double begun;
    int ends[2];

    must(pipe(ends));
    w = ai_writer_open(ends[1], AI_KIND_TOKENS, NULL, level, AI_FLUSH_AUTO, &err);
    r = ai_reader_open(ends[0], "x", AI_KIND_ANY, &err);
    must(!w || !r);
    must(ai_tokens_encode(0, 0, &(uint32_t){7}, 1, &b, &err));
    for (int i = 0; i < 3; i++)
        must(ai_writer_put(w, AI_REC_TOKENS, 0, b.data, b.len, &err));
    must(ai_writer_put(w, 77, AI_REC_IGNORABLE, b.data, b.len, &err));
    must(ai_writer_flush(w, &err));
    is_int(ai_reader_next(r, &rec, &err), 1, level ? "zstd: one of three" : "raw: one of three");
    is_int(ai_reader_poll(r, 0, &err), 1, "the second lies in our own buffers");
    is_int(ai_reader_poll(r, 0, &err), 1, "looking twice takes nothing");
    is_int(ai_reader_next(r, &rec, &err), 1, "it is there");
    is_int((long long)rec.index, 1, "and is the second");
    is_int(ai_reader_next(r, &rec, &err), 1, "the third");
    begun = ai_clock_seconds();
    is_int(ai_reader_poll(r, 30, &err), 0, "a record that would be passed over is none");
    ok(ai_clock_seconds() - begun >= 0.029, "the time given is waited");
    ai_writer_abort(w, 1, "caf\xe9: no such file");
    close(ends[1]);
    is_int(ai_reader_poll(r, 0, &err), -1, "an upstream failure is an error");
    ok(strstr(err.msg, "caf?: no such file") != NULL, "and told, whatever bytes the name has: %s", err.msg);
    ai_reader_free(r);
    ai_writer_free(w);
    close(ends[0]);
    ai_buf_free(&b);
}

/* ---- what may follow what ---- */

static int count(const struct ai_buf *s)
{
    struct ai_reader *r;
    struct ai_record rec;
    int ends[2], n = 0, got;

    must(pipe(ends));
    must(fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0);
    must(ai_fd_write(ends[1], s->data, s->len, &err)); /* small: fits the pipe */
    close(ends[1]);
    r = ai_reader_open(ends[0], "x", AI_KIND_ANY, &err);
    got = r ? 1 : -1;
    while (r && (got = ai_reader_next(r, &rec, &err)) > 0)
        n++;
    ai_reader_free(r);
    close(ends[0]);
    return got < 0 ? -1 : n;
}

static void test_same(void)
{
    static const char *const a[] = {"model", "m", "features", "gap,top_prob", "head", "full", NULL};
    static const char *const order[] = {"model", "m", "features", "top_prob,gap", "head", "full", NULL};
    static const char *const head[] = {"model", "m", "features", "gap,top_prob", "head", "choices", NULL};
    static const char *const unnamed[] = {"features", "gap,top_prob", NULL};
    static const char *const none[] = {"model", "m", NULL};
    static const struct {
        const char *const *first, *const *second;
        int records;
        const char *what;
    } pairs[] = {
        {a, a, 2, "streams of the same features"},
        {a, unnamed, 2, "a model that is not named"},
        {a, order, -1, "features in another order"},
        {a, head, -1, "another head"},
        {a, none, -1, "features without names"},
    };
    static const char *const m[] = {"model", "m", NULL}, *const n[] = {"model", "n", NULL};
    struct ai_buf s = {0};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        s = segment(AI_KIND_FEATURES, 0, 1, pairs[i].first);
        append(&s, segment(AI_KIND_FEATURES, 0, 1, pairs[i].second));
        is_int(count(&s), pairs[i].records, pairs[i].what);
        ai_buf_free(&s);
    }
    s = segment(AI_KIND_TOKENS, 0, 1, m);
    append(&s, segment(AI_KIND_TOKENS, 1, 1, NULL));
    append(&s, segment(AI_KIND_TOKENS, 0, 1, n));
    is_int(count(&s), -1, "two models do not go together with a third segment between");
    ai_buf_free(&s);
}

/* A raw segment's bytes after a change, the header's own checksum made right again. */
static void test_checksum(void)
{
    static const char *const lines[] = {"model", "m", NULL};
    struct ai_buf s = segment(AI_KIND_TOKENS, 0, 1, lines);
    size_t text = ai_get_u32(s.data + 12), end = 16 + text;

    is_int(count(&s), 1, "as it was written");
    s.data[end - 2] = 'n';
    ai_put_u32(s.data + end, ai_crc32c(0, s.data, end));
    is_int(count(&s), -1, "a whole header from elsewhere does not fit the end marker");
    ok(strstr(err.msg, "end marker: checksum") != NULL, "which says so: %s", err.msg);
    ai_buf_free(&s);
}

static void test_numbers(void)
{
    struct ai_writer *w;
    struct ai_buf b = {0}, s;
    int ends[2];

    must(pipe(ends));
    w = ai_writer_open(ends[1], AI_KIND_TOKENS, NULL, 0, AI_FLUSH_NONE, &err);
    must(!w);
    must(ai_tokens_encode(UINT64_MAX, 0, NULL, 0, &b, &err));
    must(ai_writer_put(w, AI_REC_TOKENS, 0, b.data, b.len, &err));
    must(ai_writer_end(w, &err));
    ai_writer_free(w);
    close(ends[1]);
    s = drain(ends[0]);
    is_int(count(&s), -1, "a document number that leaves no room for the next is refused");
    ai_buf_free(&b);
    ai_buf_free(&s);
}

/* Frames that stop before END, and then bytes without end. */
static void test_raw_after_frames(void)
{
    struct ai_buf raw = segment(AI_KIND_TOKENS, 0, 2, NULL), s = frame_of(raw.data, raw.len - 40), zeros = {0};

    must(ai_buf_reserve(&zeros, 30000, &err));
    memset(zeros.data, 0, 30000);
    zeros.len = 30000;
    append(&s, zeros);
    ok(count(&s) < 0 && strstr(err.msg, "truncated"), "raw bytes do not go on with what frames began: %s", err.msg);
    ai_buf_free(&s);
    s = frame_of(raw.data, 10);
    must(ai_buf_put(&s, raw.data + 10, raw.len - 10, &err));
    ok(count(&s) < 0 && strstr(err.msg, "truncated"), "not in the header either: %s", err.msg);
    ai_buf_free(&s);
    must(ai_buf_put(&s, "\x28\xb5\x2f", 3, &err));
    ok(count(&s) < 0 && strstr(err.msg, "truncated"), "three bytes of a frame are a cut stream: %s", err.msg);
    ai_buf_free(&s);
    s = frame_of(NULL, 0);
    ok(count(&s) < 0 && strstr(err.msg, "empty: not a stream"), "an empty frame is no stream: %s", err.msg);
    ai_buf_free(&s);
    ai_buf_free(&raw);
}

static void test_padding(void)
{
    struct ai_buf s = segment(AI_KIND_TOKENS, 0, 1, NULL);
    size_t pad = 16 + ai_get_u32(s.data + 12) + 4 + 8 + 20; /* tokens of one: 20 bytes, 4 to fill */

    is_int(s.data[pad], 0, "padding is zero");
    s.data[pad] = 1;
    ok(count(&s) < 0 && strstr(err.msg, "padding"), "or refused by its name: %s", err.msg);
    ai_buf_free(&s);
}

int main(void)
{
    test_pieces();
    test_decodable();
    test_poll(0);
    test_poll(1);
    test_same();
    test_checksum();
    test_numbers();
    test_raw_after_frames();
    test_padding();
    return done_testing();
}
