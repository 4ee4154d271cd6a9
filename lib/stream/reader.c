#include "stream/format.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "io/fd.h"
#include "io/zst.h"

#include <stdlib.h>
#include <string.h>

enum { READ_SIZE = 64 << 10, DECODE_SIZE = 256 << 10 };

/* What the steps below return besides 1, 0 and -1: the input is silent and the caller
 * of ai_reader_poll does not want to wait longer.  Every step can be taken again. */
enum { WOULD_WAIT = 2 };

struct ai_reader {
    int fd;
    char *name;
    enum ai_kind wanted, kind;
    uint32_t extra;            /* bits: ignorable types that are wanted */
    int (*on_wait)(void *arg, struct ai_err *err);
    void *on_wait_arg;

    struct ai_buf in;          /* bytes of fd, from in_at on not decoded yet */
    size_t in_at;
    bool eof;
    bool zstd;                 /* what in holds: frames, or the stream itself */
    struct ai_zst_reader *zst;
    struct ai_buf data;        /* the stream's bytes, from at on not consumed yet */
    size_t at, consume;        /* consume: of the record read last */

    struct ai_meta meta;
    struct ai_meta same;       /* lines in which later segments must agree */
    uint64_t segments, records, payload, base, next_base;
    uint32_t crc;
    bool between;              /* after END: a header or the end of the input is next */
    bool ended;                /* the last segment was read: next says so again */

    bool limited;              /* in ai_reader_poll: wait until deadline, no longer */
    double deadline;
    bool ahead;                /* poll has read record; next gives it */
    struct ai_record record;
    uint64_t given;            /* index of the record that next gave last, for messages */
};

static const char *const kind_names[] = {NULL, "tokens", "hidden", "features", "decisions"};

const char *ai_kind_name(enum ai_kind kind)
{
    return kind_names[kind];
}

enum ai_kind ai_reader_kind(const struct ai_reader *r)
{
    return r->kind;
}

const struct ai_meta *ai_reader_meta(const struct ai_reader *r)
{
    return &r->meta;
}

void ai_reader_on_wait(struct ai_reader *r, int (*fn)(void *arg, struct ai_err *err), void *arg)
{
    r->on_wait = fn;
    r->on_wait_arg = arg;
}

int ai_reader_err_at(const struct ai_reader *r, struct ai_err *err)
{
    return ai_err_at(err, "%s: record %llu", r->name, (unsigned long long)r->given);
}

/* ---- bytes ---- */

static size_t unread(const struct ai_reader *r)
{
    return r->data.len - r->at;
}

static size_t undecoded(const struct ai_reader *r)
{
    return r->in.len - r->in_at;
}

/* Moves what has come from in to data as far as that goes.  Returns 1 if something
 * moved, 0 if not, -1. */
static int decode(struct ai_reader *r, struct ai_err *err)
{
    size_t before = r->in_at, had = r->data.len;

    if (!r->zstd) {
        size_t n = undecoded(r);

        if (ai_buf_put(&r->data, r->in.data + r->in_at, n, err))
            return -1;
        r->in_at += n;
    } else {
        if (ai_zst_at_boundary(r->zst)) {
            if (undecoded(r) < 4 && !r->eof)
                return 0;
            if (undecoded(r) && !ai_zst_probe(r->in.data + r->in_at, undecoded(r)))
                return 0; /* what follows is raw: a new segment must begin there */
        }
        if (ai_zst_read(r->zst, r->in.data, r->in.len, &r->in_at, &r->data, DECODE_SIZE, err))
            return -1;
    }
    return r->in_at != before || r->data.len != had;
}

/* Waits for fd to have something, the program having flushed.  Returns 1, WOULD_WAIT, -1. */
static int wait_for_input(struct ai_reader *r, struct ai_err *err)
{
    int ready = ai_fd_wait(r->fd, 0, err);

    if (ready)
        return ready;
    if (r->limited && ai_clock_seconds() >= r->deadline)
        return WOULD_WAIT;
    if (r->on_wait && r->on_wait(r->on_wait_arg, err))
        return -1;
    while (r->limited && !ready) {
        double left = r->deadline - ai_clock_seconds();

        if (left <= 0)
            return WOULD_WAIT;
        ready = ai_fd_wait(r->fd, left > 1000 ? 1000000 : (int)(left * 1000) + 1, err);
    }
    return ready < 0 ? -1 : 1;
}

/* Reads more of fd into in.  Returns 1 (also at the end of the input: eof), WOULD_WAIT, -1. */
static int fetch(struct ai_reader *r, struct ai_err *err)
{
    long got;

    if (r->on_wait || r->limited) {
        int ready = wait_for_input(r, err);

        if (ready != 1)
            return ready;
    }
    ai_buf_consume(&r->in, r->in_at);
    r->in_at = 0;
    if (ai_buf_reserve(&r->in, READ_SIZE, err))
        return -1;
    got = ai_fd_read(r->fd, r->in.data + r->in.len, READ_SIZE, err);
    if (got < 0)
        return ai_err_at(err, "%s", r->name);
    if (got == 0)
        r->eof = true;
    r->in.len += (size_t)got;
    return 1;
}

/* True where frames stop and the bytes that follow are none. */
static bool raw_follows(const struct ai_reader *r)
{
    return r->zstd && ai_zst_at_boundary(r->zst) && undecoded(r) >= 4;
}

/* Makes n unread bytes available.  Returns 1, 0 if the input ends before, WOULD_WAIT, -1. */
static int need(struct ai_reader *r, size_t n, struct ai_err *err)
{
    if (r->at > READ_SIZE && r->at > unread(r)) {
        ai_buf_consume(&r->data, r->at);
        r->at = 0;
    }
    while (unread(r) < n) {
        int moved = decode(r, err), got;

        if (moved < 0)
            return ai_err_at(err, "%s", r->name);
        if (moved)
            continue;
        if (r->eof || raw_follows(r))
            return 0;
        got = fetch(r, err);
        if (got != 1)
            return got;
    }
    return 1;
}

/* ---- segments ---- */

static int bad(struct ai_reader *r, struct ai_err *err, const char *why)
{
    ai_fail(err, AI_EINPUT, "%s", why);
    return ai_err_at(err, "%s", r->name);
}

static int truncated(struct ai_reader *r, struct ai_err *err)
{
    ai_fail(err, AI_EINPUT, "%s: record %llu: truncated (%s)", r->name, (unsigned long long)r->records,
            r->zstd && !ai_zst_at_boundary(r->zst) ? "the zstd frame is cut" : "no end marker");
    return -1;
}

/* Decides at the beginning of a segment whether frames or the stream itself follow.
 * Returns 1, WOULD_WAIT, -1. */
static int probe(struct ai_reader *r, struct ai_err *err)
{
    if (!r->zstd && unread(r)) { /* raw bytes went through; they may be frames now */
        struct ai_buf left = {0};

        if (ai_buf_put(&left, r->data.data + r->at, unread(r), err) ||
            ai_buf_put(&left, r->in.data + r->in_at, undecoded(r), err)) {
            ai_buf_free(&left);
            return -1;
        }
        ai_buf_free(&r->in);
        r->in = left;
        r->in_at = 0;
        r->data.len = r->at = 0;
    }
    while (!r->eof && undecoded(r) < 4) {
        int got = fetch(r, err);

        if (got != 1)
            return got;
    }
    r->zstd = ai_zst_probe(r->in.data + r->in_at, undecoded(r));
    if (r->zstd && !r->zst && !(r->zst = ai_zst_reader_new(err)))
        return -1;
    return 1;
}

static int parse_meta(struct ai_meta *m, const uint8_t *p, size_t n, struct ai_err *err)
{
    if (ai_utf8_check(p, n) != n || memchr(p, 0, n))
        return ai_fail(err, AI_EINPUT, "header: not UTF-8 text");
    while (n) {
        const uint8_t *end = memchr(p, '\n', n), *tab;
        char *key, *value;
        int rc;

        tab = end ? memchr(p, '\t', (size_t)(end - p)) : NULL;
        if (!tab || tab == p || memchr(tab + 1, '\t', (size_t)(end - tab - 1)))
            return ai_fail(err, AI_EINPUT, "header: a line is not 'key TAB value'");
        key = ai_strndup((const char *)p, (size_t)(tab - p), err);
        value = ai_strndup((const char *)tab + 1, (size_t)(end - tab - 1), err);
        rc = !key || !value ? -1 : ai_meta_add(m, key, value, err);
        free(key);
        free(value);
        if (rc)
            return -1;
        n -= (size_t)(end + 1 - p);
        p = end + 1;
    }
    return 0;
}

/* What records mean depends on these lines: where segments have them they must agree,
 * or numbers of one would be read as those of the other.  A missing line says nothing,
 * but for features, which tell how many values there are. */
static int check_same(struct ai_reader *r, const struct ai_meta *meta, struct ai_err *err)
{
    static const char *const keys[] = {"model", "tokenizer", "vocab", "layers", "width", "features", "head"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *before = ai_meta_get(&r->same, keys[i]), *now = ai_meta_get(meta, keys[i]);

        if (before && !now && strcmp(keys[i], "features") == 0)
            return ai_fail(err, AI_EINPUT, "header: no line 'features', which the segment before has");
        if (before && now && strcmp(before, now) != 0)
            return ai_fail(err, AI_EINPUT, "streams that do not go together: %s '%.100s' follows '%.100s'", keys[i], now,
                           before);
        if (now && !before && ai_meta_add(&r->same, keys[i], now, err))
            return -1;
    }
    return 0;
}

/* The header's kind must be what is wanted and that of the segment before. */
static int check_meta(struct ai_reader *r, const struct ai_meta *meta, struct ai_err *err)
{
    const char *kind = ai_meta_get(meta, "kind");
    enum ai_kind k = AI_KIND_ANY;

    for (int i = 1; i <= AI_KIND_DECISIONS; i++)
        if (kind && strcmp(kind, kind_names[i]) == 0)
            k = (enum ai_kind)i;
    if (k == AI_KIND_ANY)
        return ai_fail(err, AI_EINPUT, "header: kind '%.100s' is not known", kind ? kind : "");
    if (r->wanted != AI_KIND_ANY && k != r->wanted)
        return ai_fail(err, AI_EINPUT, "a %s stream, where a %s stream is wanted", kind, kind_names[r->wanted]);
    if (r->segments && k != r->kind)
        return ai_fail(err, AI_EINPUT, "a %s stream follows a %s stream", kind, kind_names[r->kind]);
    if (check_same(r, meta, err))
        return -1;
    r->kind = k;
    return 0;
}

/* Makes the fixed part of a header available, as frames or raw.  Returns 1, 0 if the
 * input ends before (at once, or inside it), WOULD_WAIT, -1. */
static int find_header(struct ai_reader *r, struct ai_err *err)
{
    for (;;) {
        int got;

        /* Inside a frame, and where a frame has given bytes already, there is nothing to decide. */
        if (!r->zstd || (ai_zst_at_boundary(r->zst) && unread(r) == 0)) {
            got = probe(r, err);
            if (got != 1)
                return got;
        }
        got = need(r, STREAM_FIXED, err);
        if (got != 0 || unread(r) || !raw_follows(r)) /* raw after frames that held nothing: look again */
            return got;
    }
}

/* The bytes at p are the first of a stream, or of a frame if there are too few to tell. */
static bool begins_well(const uint8_t *p, size_t n)
{
    return memcmp(p, AI_STREAM_MAGIC, n < STREAM_MAGIC_LEN ? n : STREAM_MAGIC_LEN) == 0 ||
           (n < 4 && memcmp(p, "\x28\xb5\x2f\xfd", n) == 0);
}

/* Reads a header.  Returns 1, 0 at the end of the input, WOULD_WAIT, -1. */
static int begin_segment(struct ai_reader *r, struct ai_err *err)
{
    struct ai_meta meta = {0};
    const uint8_t *p;
    uint32_t n;
    int got = find_header(r, err);

    if (got < 0 || got == WOULD_WAIT)
        return got;
    if (got == 0 && unread(r) == 0 && undecoded(r) == 0 && (!r->zstd || ai_zst_at_boundary(r->zst)))
        return r->segments ? 0 : bad(r, err, "empty: not a stream");
    p = r->data.data + r->at;
    if (unread(r) && !begins_well(p, unread(r)))
        return bad(r, err, r->segments ? "bytes that are no stream follow the end marker" : "not a stream of ai-tools");
    if (got == 0)
        return truncated(r, err);
    if (ai_get_u16(p + 8) != STREAM_MAJOR) {
        ai_fail(err, AI_EINPUT, "%s: format version %u is not supported (this program reads %d)", r->name,
                ai_get_u16(p + 8), STREAM_MAJOR);
        return -1;
    }
    n = ai_get_u32(p + 12);
    if (n > STREAM_MAX_META)
        return bad(r, err, "header: longer than 1 MiB");
    got = need(r, STREAM_FIXED + n + 4, err);
    if (got != 1)
        return got ? got : truncated(r, err);
    p = r->data.data + r->at;
    if (ai_crc32c(0, p, STREAM_FIXED + n) != ai_get_u32(p + STREAM_FIXED + n))
        return bad(r, err, "header: checksum does not match");
    if (parse_meta(&meta, p + STREAM_FIXED, n, err) || check_meta(r, &meta, err)) {
        ai_meta_free(&meta);
        return ai_err_at(err, "%s", r->name);
    }
    ai_meta_free(&r->meta);
    r->meta = meta;
    r->crc = ai_get_u32(p + STREAM_FIXED + n);
    r->at += STREAM_FIXED + n + 4;
    r->segments++;
    r->records = r->payload = 0;
    r->base = r->next_base;
    return 1;
}

struct ai_reader *ai_reader_open(int fd, const char *name, enum ai_kind kind, struct ai_err *err)
{
    struct ai_reader *r = ai_calloc(1, sizeof *r, err);

    if (!r)
        return NULL;
    r->fd = fd;
    r->wanted = kind;
    r->name = ai_strndup(name, strlen(name), err);
    if (!r->name || begin_segment(r, err) < 0) {
        ai_reader_free(r);
        return NULL;
    }
    return r;
}

void ai_reader_free(struct ai_reader *r)
{
    if (!r)
        return;
    ai_zst_reader_free(r->zst);
    ai_buf_free(&r->in);
    ai_buf_free(&r->data);
    ai_meta_free(&r->meta);
    ai_meta_free(&r->same);
    free(r->name);
    free(r);
}

/* ---- records ---- */

static int check_end(struct ai_reader *r, const uint8_t *p, size_t n, struct ai_err *err)
{
    if (n != STREAM_END_LEN || ai_get_u64(p) != r->records || ai_get_u64(p + 8) != r->payload)
        return bad(r, err, "end marker: the counts of records or bytes do not match");
    if (ai_get_u32(p + 16) != r->crc)
        return bad(r, err, "end marker: checksum does not match");
    return 0;
}

static int upstream_failed(struct ai_reader *r, const uint8_t *p, size_t n, struct ai_err *err)
{
    if (n < 2 || ai_utf8_check(p + 2, n - 2) != n - 2)
        return bad(r, err, "error record: not well formed");
    ai_fail(err, AI_EINPUT, "%s: the program before failed: %.*s", r->name, (int)(n - 2 > 400 ? 400 : n - 2),
            (const char *)p + 2);
    return -1;
}

static bool known(const struct ai_reader *r, uint16_t type)
{
    return (type >= AI_REC_DOC && type <= AI_REC_RUN) || (type < 32 && r->extra >> type & 1);
}

void ai_reader_want(struct ai_reader *r, enum ai_record_type type)
{
    AI_ASSERT(type > AI_REC_RUN && type < 32);
    r->extra |= 1u << type;
}

/* Makes one whole record available, len its payload.  Returns 1, WOULD_WAIT, -1. */
static int find_record(struct ai_reader *r, size_t *payload, struct ai_err *err)
{
    size_t len;
    const uint8_t *p;
    int got = need(r, STREAM_RECORD_HEAD, err);

    if (got != 1)
        return got ? got : truncated(r, err);
    p = r->data.data + r->at;
    len = ai_get_u32(p);
    if (len > STREAM_MAX_RECORD) {
        ai_fail(err, AI_EINPUT, "%s: record %llu: length %zu is above the limit of 256 MiB", r->name,
                (unsigned long long)r->records, len);
        return -1;
    }
    *payload = len;
    got = need(r, STREAM_RECORD_HEAD + len + stream_padding(len), err);
    return got ? got : truncated(r, err);
}

/* One record into r->record, its bytes still unread.  Returns 1, 0 for END, WOULD_WAIT, -1. */
static int read_record(struct ai_reader *r, struct ai_err *err)
{
    struct ai_record *rec = &r->record;
    size_t len = 0, whole;
    const uint8_t *p;
    int got = find_record(r, &len, err);

    if (got != 1)
        return got;
    whole = STREAM_RECORD_HEAD + len + stream_padding(len);
    p = r->data.data + r->at;
    rec->type = ai_get_u16(p + 4);
    rec->flags = ai_get_u16(p + 6);
    rec->data = p + STREAM_RECORD_HEAD;
    rec->len = len;
    rec->base = r->base;
    rec->index = r->records;
    r->consume = whole;
    for (size_t i = STREAM_RECORD_HEAD + len; i < whole; i++)
        if (p[i])
            return bad(r, err, "padding is not zero");
    if (rec->flags & ~AI_REC_IGNORABLE || (rec->flags && rec->type >= AI_REC_ERROR))
        return bad(r, err, "a record has flags that are not known");
    if (rec->type == AI_REC_END)
        return check_end(r, rec->data, len, err);
    if (rec->type == AI_REC_ERROR)
        return upstream_failed(r, rec->data, len, err);
    r->crc = ai_crc32c(r->crc, p, whole);
    r->records++;
    r->payload += len;
    return 1;
}

static void release_record(struct ai_reader *r)
{
    r->at += r->consume;
    r->consume = 0;
}

/* The document number that a record begins with moves the base of the next segment. */
static int note_number(struct ai_reader *r, const struct ai_record *rec, struct ai_err *err)
{
    uint64_t number;

    if (rec->type >= AI_REC_RUN || rec->len < 8)
        return 0;
    number = ai_get_u64(rec->data);
    if (number > INT64_MAX || rec->base > INT64_MAX - number) {
        ai_fail(err, AI_EINPUT, "%s: record %llu: a document number above 2^63 - 1", r->name,
                (unsigned long long)rec->index);
        return -1;
    }
    if (rec->base + number + 1 > r->next_base)
        r->next_base = rec->base + number + 1;
    return 0;
}

/* The next record that the program knows into r->record.  Returns 1, 0 at the end of
 * the last segment, WOULD_WAIT, -1. */
static int advance(struct ai_reader *r, struct ai_err *err)
{
    while (!r->ended) {
        int got;

        release_record(r);
        got = r->between ? begin_segment(r, err) : read_record(r, err);
        if (got < 0 || got == WOULD_WAIT)
            return got;
        if (r->between) {
            r->between = false;
            r->ended = got == 0;
        } else if (got == 0) {
            r->between = true;
        } else if (known(r, r->record.type)) {
            return note_number(r, &r->record, err) ? -1 : 1;
        } else if (!(r->record.flags & AI_REC_IGNORABLE)) {
            ai_fail(err, AI_EINPUT, "%s: record %llu: type %u is not known", r->name,
                    (unsigned long long)r->record.index, r->record.type);
            return -1;
        }
    }
    return 0;
}

int ai_reader_next(struct ai_reader *r, struct ai_record *rec, struct ai_err *err)
{
    int got = r->ahead ? 1 : advance(r, err);

    r->ahead = false;
    if (got == 1) {
        *rec = r->record;
        r->given = rec->index;
    }
    return got;
}

int ai_reader_poll(struct ai_reader *r, int timeout_ms, struct ai_err *err)
{
    int got;

    if (r->ahead)
        return 1;
    r->limited = timeout_ms >= 0;
    r->deadline = ai_clock_seconds() + timeout_ms / 1000.0;
    got = advance(r, err);
    r->limited = false;
    r->ahead = got == 1;
    return got < 0 ? -1 : got != WOULD_WAIT;
}
