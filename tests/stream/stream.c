/* lib/stream: every record survives, every damage is seen, nobody waits for a buffer. */
#include "stream/open.h"
#include "stream/records.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "io/fd.h"

#include "../tap.h"

#include <fcntl.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

static struct ai_err err;

/* An anonymous file with these bytes, at its beginning. */
static int file_of(const void *p, size_t n)
{
    char name[] = "/tmp/ai-stream-test-XXXXXX";
    int fd = mkstemp(name);

    unlink(name);
    if (n && ai_fd_write(fd, p, n, &err))
        exit(99);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static struct ai_buf bytes_of(int fd)
{
    struct ai_buf b = {0};
    long got;

    lseek(fd, 0, SEEK_SET);
    do {
        if (ai_buf_reserve(&b, 4096, &err))
            exit(99);
        got = ai_fd_read(fd, b.data + b.len, 4096, &err);
        b.len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    close(fd);
    return b;
}

static void put(struct ai_writer *w, uint16_t type, struct ai_buf *b)
{
    if (ai_writer_put(w, type, 0, b->data, b->len, &err))
        exit(99);
    b->len = 0;
}

static void must(int rc)
{
    if (rc) {
        printf("Bail out! %s\n", err.msg);
        exit(99);
    }
}

static const float values[4] = {1.5f, -0.0f, 65504, 1e-7f};

/* One of each record; docs documents. */
static struct ai_buf sample(int level, const char *model, unsigned docs)
{
    struct ai_choice choices[2] = {{(char *)(uintptr_t)"no", 5}, {(char *)(uintptr_t)"s\xc3\xad", 6}};
    struct ai_meta meta = {0};
    struct ai_buf b = {0};
    int fd = file_of("", 0);
    struct ai_writer *w;

    must(ai_meta_add(&meta, "model", model, &err));
    must(ai_meta_add(&meta, "note", "an = sign, spaces", &err));
    w = ai_writer_open(fd, AI_KIND_HIDDEN, &meta, level, AI_FLUSH_AUTO, &err);
    ai_meta_free(&meta);
    for (unsigned d = 0; d < docs; d++) {
        struct ai_doc doc = {d, 3, (char *)(uintptr_t)(d ? "id\t1" : NULL), (char *)(uintptr_t)"s\xc3\xad", 6, choices, 2, d ? 77 : 0};
        struct ai_hidden h = {.doc = d, .position = 2, .layer = 7, .width = 4};
        struct ai_features f = {.doc = d, .layer = 7, .position = 2, .n = 2, .top = 2, .value = {0.25f, -3},
                                .top_token = {9, 4}, .top_prob = {0.5f, 0.25f}};
        struct ai_decision x = {d, 0, 7, 1, 9, 0.5f, 1.25f};
        struct ai_doc_end e = {d, 7, 1000, 2000};
        uint32_t ids[3] = {1, 0xffffffff, 0};

        must(ai_doc_encode(&doc, &b, &err));
        put(w, AI_REC_DOC, &b);
        must(ai_tokens_encode(d, 0, ids, 3, &b, &err));
        put(w, AI_REC_TOKENS, &b);
        for (uint16_t t = 0; t < 3; t++) {
            h.dtype = t;
            must(ai_hidden_encode(&h, values, &b, &err));
            put(w, AI_REC_HIDDEN, &b);
        }
        must(ai_features_encode(&f, &b, &err));
        put(w, AI_REC_FEATURES, &b);
        must(ai_decision_encode(&x, &b, &err));
        put(w, AI_REC_DECISION, &b);
        must(ai_doc_end_encode(&e, &b, &err));
        put(w, AI_REC_DOC_END, &b);
    }
    must(ai_run_encode(&(struct ai_run){1.5, docs, 3, 3, 10, 20}, &b, &err));
    put(w, AI_REC_RUN, &b);
    must(ai_writer_end(w, &err));
    ai_writer_free(w);
    ai_buf_free(&b);
    return bytes_of(fd);
}

/* Reads all of it.  Returns the records, or -1 with err. */
static int read_all(const void *p, size_t n, enum ai_kind kind)
{
    int fd = file_of(p, n), got, records = 0;
    struct ai_reader *r = ai_reader_open(fd, "x", kind, &err);
    struct ai_record rec;

    if (!r) {
        close(fd);
        return -1;
    }
    while ((got = ai_reader_next(r, &rec, &err)) > 0)
        records++;
    ai_reader_free(r);
    close(fd);
    return got < 0 ? -1 : records;
}

/* Ignorable records reach only a reader that wants them; numbers of documents are moved. */
static void test_ignorable(void)
{
    struct ai_cosines c = {.doc = 4, .position = 2, .layer = 7, .value = {1, -0.5f, 0}}, c2;
    struct ai_cost cost = {"ai-features", 12, 1ull << 40, 0.25}, cost2 = {.items = 0};
    struct ai_meta meta = {0};
    struct ai_buf b = {0};
    struct ai_reader *r;
    struct ai_record rec;
    int fd = file_of("", 0), records = 0, bad = 0;

    for (int segment = 0; segment < 2; segment++) {
        struct ai_writer *w = ai_writer_open(fd, AI_KIND_HIDDEN, &meta, 0, AI_FLUSH_AUTO, &err);

        must(ai_cosines_encode(&c, &b, &err));
        must(ai_writer_put(w, AI_REC_COSINES, AI_REC_IGNORABLE, b.data, b.len, &err));
        b.len = 0;
        must(ai_doc_end_encode(&(struct ai_doc_end){4, 7, 1, 2}, &b, &err));
        put(w, AI_REC_DOC_END, &b);
        must(ai_cost_encode(&cost, &b, &err));
        must(ai_writer_put(w, AI_REC_COST, AI_REC_IGNORABLE, b.data, b.len, &err));
        b.len = 0;
        must(ai_writer_end(w, &err));
        ai_writer_free(w);
    }
    lseek(fd, 0, SEEK_SET);
    r = ai_reader_open(fd, "x", AI_KIND_HIDDEN, &err);
    while (ai_reader_next(r, &rec, &err) > 0)
        records += rec.type == AI_REC_DOC_END ? 1 : 100;
    is_int(records, 2, "cosines and costs are skipped where nobody wants them");
    ai_reader_free(r);
    lseek(fd, 0, SEEK_SET);
    r = ai_reader_open(fd, "x", AI_KIND_HIDDEN, &err);
    ai_reader_want(r, AI_REC_COSINES);
    ai_reader_want(r, AI_REC_COST);
    for (records = 0; ai_reader_next(r, &rec, &err) > 0; records++) {
        if (rec.type == AI_REC_COSINES)
            bad += ai_cosines_decode(&rec, &c2, &err) || c2.doc != (records < 3 ? 4u : 9u) || c2.layer != 7 ||
                   c2.position != 2 || memcmp(c.value, c2.value, sizeof c.value) != 0;
        else if (rec.type == AI_REC_COST)
            bad += ai_cost_decode(&rec, &cost2, &err) || strcmp(cost2.program, "ai-features") || cost2.items != 12 ||
                   cost2.macs != 1ull << 40 || cost2.seconds != 0.25;
    }
    ok(records == 6 && bad == 0, "and are whole where somebody does");
    ai_reader_free(r);
    close(fd);
    ai_buf_free(&b);
}

static void test_records(int level)
{
    struct ai_buf s = sample(level, "m", 2);
    int fd = file_of(s.data, s.len), bad = 0, n = 0;
    struct ai_reader *r = ai_reader_open(fd, "x", AI_KIND_HIDDEN, &err);
    struct ai_record rec;

    is_str(ai_meta_get(ai_reader_meta(r), "note"), "an = sign, spaces", "header lines survive");
    while (ai_reader_next(r, &rec, &err) > 0) {
        struct ai_doc doc;
        struct ai_tokens t;
        struct ai_hidden h;
        struct ai_features f;
        struct ai_decision x;
        struct ai_doc_end e;
        struct ai_run run;
        uint64_t d = (uint64_t)n / 8;
        float state[4];

        switch (rec.type) {
        case AI_REC_DOC:
            bad += ai_doc_decode(&rec, &doc, &err) || doc.number != d || (d ? strcmp(doc.id, "id\t1") : doc.id != NULL) ||
                   strcmp(doc.label, "s\xc3\xad") || doc.n_choices != 2 || doc.choices[1].token != 6 ||
                   strcmp(doc.choices[1].text, "s\xc3\xad") || doc.label_token != 6 || doc.tokens != 3 ||
                   doc.prompt_digest != (d ? 77 : 0);
            ai_doc_free(&doc);
            break;
        case AI_REC_TOKENS:
            bad += ai_tokens_decode(&rec, &t, &err) || t.doc != d || t.n != 3 || ai_tokens_get(&t, 1) != 0xffffffff;
            break;
        case AI_REC_HIDDEN:
            bad += ai_hidden_decode(&rec, &h, &err) || h.doc != d || h.layer != 7 || h.position != 2 || h.width != 4;
            ai_hidden_state(&h, state);
            bad += state[0] != 1.5f || !signbit(state[1]) || (h.dtype == AI_F32 && memcmp(state, values, sizeof state)) ||
                   (h.dtype == AI_F16 && state[2] != 65504) || (h.dtype == AI_BF16 && state[2] != 65536);
            break;
        case AI_REC_FEATURES:
            bad += ai_features_decode(&rec, &f, &err) || f.doc != d || f.n != 2 || f.value[1] != -3 || f.top != 2 ||
                   f.top_token[1] != 4 || f.top_prob[0] != 0.5f;
            break;
        case AI_REC_DECISION:
            bad += ai_decision_decode(&rec, &x, &err) || x.doc != d || x.early != 1 || x.token != 9 || x.score != 1.25f;
            break;
        case AI_REC_DOC_END:
            bad += ai_doc_end_decode(&rec, &e, &err) || e.doc != d || e.macs != 1000 || e.macs_full != 2000;
            break;
        case AI_REC_RUN:
            bad += ai_run_decode(&rec, &run, &err) || run.seconds != 1.5 || run.macs_shared_full != 20;
            break;
        }
        n++;
    }
    is_int(n, 17, level ? "zstd: all records come" : "raw: all records come");
    is_int(bad, 0, "and are what was written");
    is_int(ai_reader_next(r, &rec, &err), 0, "the end stays the end");
    ai_reader_free(r);
    close(fd);
    ai_buf_free(&s);
}

static void test_damage(void)
{
    struct ai_buf raw = sample(0, "m", 1), zst = sample(1, "m", 1);
    int bad = 0, wrong_code = 0;

    for (size_t n = 0; n < raw.len; n++) {
        bad += read_all(raw.data, n, AI_KIND_ANY) >= 0;
        wrong_code += err.code != AI_EINPUT;
    }
    is_int(bad, 0, "every proper prefix of a raw stream is refused");
    bad = 0;
    for (size_t n = 0; n < zst.len; n++) {
        bad += read_all(zst.data, n, AI_KIND_ANY) >= 0;
        wrong_code += err.code != AI_EINPUT;
    }
    is_int(bad, 0, "every proper prefix of a compressed stream is refused");
    bad = 0;
    for (size_t bit = 0; bit < raw.len * 8; bit++) {
        raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (read_all(raw.data, raw.len, AI_KIND_ANY) >= 0 && ++bad < 5)
            printf("# bit %zu of byte %zu\n", bit % 8, bit / 8);
        raw.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* the minor version is no damage, but its bits are under the checksum */
    is_int(bad, 0, "every flipped bit of a raw stream is seen");
    is_int(wrong_code, 0, "and said to be bad input");
    ai_buf_free(&raw);
    ai_buf_free(&zst);
}

static struct ai_buf joined(const struct ai_buf *a, const struct ai_buf *b)
{
    struct ai_buf both = {0};

    must(ai_buf_put(&both, a->data, a->len, &err));
    must(ai_buf_put(&both, b->data, b->len, &err));
    return both;
}

/* One document of this number, in a stream of these features. */
static struct ai_buf numbered(const char *features, uint64_t number)
{
    struct ai_meta meta = {0};
    struct ai_buf payload = {0};
    struct ai_doc doc = {.number = number, .label_token = AI_NO_TOKEN};
    int fd = file_of("", 0);
    struct ai_writer *w;

    must(ai_meta_add(&meta, "features", features, &err));
    w = ai_writer_open(fd, AI_KIND_FEATURES, &meta, 0, AI_FLUSH_NONE, &err);
    must(!w || ai_doc_encode(&doc, &payload, &err));
    put(w, AI_REC_DOC, &payload);
    must(ai_writer_end(w, &err));
    ai_writer_free(w);
    ai_meta_free(&meta);
    ai_buf_free(&payload);
    return bytes_of(fd);
}

static void test_agreement(void)
{
    struct ai_buf a = numbered("gap,top_prob", 0), b = numbered("top_prob,gap", 0), both = joined(&a, &a);
    struct ai_buf last = numbered("gap", INT64_MAX), beyond = numbered("gap", (uint64_t)INT64_MAX + 1), twice;

    is_int(read_all(both.data, both.len, AI_KIND_FEATURES), 2, "streams of the same features read as one");
    ai_buf_free(&both);
    both = joined(&a, &b);
    ok(read_all(both.data, both.len, AI_KIND_FEATURES) < 0 && strstr(err.msg, "do not go together"),
       "streams of other features do not: %s", err.msg);
    is_int(read_all(last.data, last.len, AI_KIND_ANY), 1, "the largest document number is read");
    ok(read_all(beyond.data, beyond.len, AI_KIND_ANY) < 0 && strstr(err.msg, "2^63"), "a larger one is not: %s", err.msg);
    twice = joined(&last, &last);
    ok(read_all(twice.data, twice.len, AI_KIND_ANY) < 0 && strstr(err.msg, "2^63"), "nor one that segments add up to");
    ai_buf_free(&a);
    ai_buf_free(&b);
    ai_buf_free(&both);
    ai_buf_free(&last);
    ai_buf_free(&beyond);
    ai_buf_free(&twice);
}

static int released;

static void count_release(void *item)
{
    released += *(int *)item;
}

static void test_open(void)
{
    struct ai_open *o = ai_open_new(sizeof(int), count_release, &err);
    int bad = 0, sum = 0;

    for (uint64_t i = 0; o && i < 5000; i++) {
        int *item = ai_open_begin(o, i * i, &err);

        if (!item)
            exit(99);
        *item = 1;
    }
    ok(!ai_open_begin(o, 49, &err) && strstr(err.msg, "begins twice"), "a document begins once");
    for (uint64_t i = 0; i < 5000; i += 2)
        bad += ai_open_end(o, i * i, &err) != 0;
    for (uint64_t i = 0; i < 5000; i++)
        sum += ai_open_find(o, i * i) != NULL;
    ok(!bad && sum == 2500 && released == 2500, "those that have not ended are found");
    ok(ai_open_end(o, 4, &err) && strstr(err.msg, "has ended"), "one ends once");
    ok(ai_open_none(o, &err) && strstr(err.msg, "document 1 never ends"), "the first that is open is named");
    for (uint64_t i = 0; !bad && i <= AI_MAX_OPEN; i++)
        bad = !ai_open_begin(o, UINT64_C(1) << 40 | i, &err);
    ok(bad && strstr(err.msg, "open at once"), "there is a limit: %s", err.msg);
    ai_open_free(o);
    is_int(released, 5000, "all are released");
}

static void test_segments(void)
{
    struct ai_buf raw = sample(0, "m", 2), zst = sample(3, "m", 1), other = sample(0, "n", 1);
    const struct ai_buf *pairs[][2] = {{&raw, &raw}, {&raw, &zst}, {&zst, &raw}, {&zst, &zst}};
    struct ai_buf both, skip = {0};

    for (int i = 0; i < 4; i++) {
        both = joined(pairs[i][0], pairs[i][1]);
        is_int(read_all(both.data, both.len, AI_KIND_HIDDEN),
               (pairs[i][0] == &raw ? 17 : 9) + (pairs[i][1] == &raw ? 17 : 9), "concatenated streams read as one");
        is_int(read_all(both.data, both.len - 1, AI_KIND_HIDDEN), -1, "and are refused when the second is cut");
        ai_buf_free(&both);
    }
    both = joined(&raw, &other);
    ok(read_all(both.data, both.len, AI_KIND_ANY) < 0 && strstr(err.msg, "model 'n' follows 'm'"), "two models do not go together");
    ai_buf_free(&both);
    must(ai_buf_put(&skip, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11, &err));
    both = joined(&skip, &zst);
    is_int(read_all(both.data, both.len, AI_KIND_ANY), 9, "a skippable frame is skipped");
    ai_buf_free(&both);
    must(ai_buf_puts(&skip, "", &err));
    skip.len = 0;
    must(ai_buf_puts(&skip, "garbage", &err));
    both = joined(&raw, &skip);
    ok(read_all(both.data, both.len, AI_KIND_ANY) < 0, "what follows the end marker is looked at: %s", err.msg);
    ai_buf_free(&both);
    both = joined(&zst, &skip);
    ok(read_all(both.data, both.len, AI_KIND_ANY) < 0, "after a compressed stream too: %s", err.msg);
    ai_buf_free(&both);
    ok(read_all(raw.data, raw.len, AI_KIND_TOKENS) < 0 && strstr(err.msg, "tokens stream is wanted"), "a wrong kind is named");
    raw.data[8] = 2;
    ok(read_all(raw.data, raw.len, AI_KIND_ANY) < 0 && strstr(err.msg, "version 2"), "a later major version is refused");
    ai_buf_free(&raw);
    ai_buf_free(&zst);
    ai_buf_free(&other);
    ai_buf_free(&skip);
}

static void test_numbers(void)
{
    struct ai_buf raw = sample(0, "m", 3), both = joined(&raw, &raw);
    int fd = file_of(both.data, both.len), bad = 0;
    struct ai_reader *r = ai_reader_open(fd, "x", AI_KIND_ANY, &err);
    struct ai_record rec;
    uint64_t want = 0, number;

    while (ai_reader_next(r, &rec, &err) > 0)
        if (rec.type == AI_REC_DOC)
            bad += ai_record_doc(&rec, &number, &err) || number != want++;
    ok(want == 6 && bad == 0, "documents of later segments count on");
    ai_reader_free(r);
    close(fd);
    ai_buf_free(&raw);
    ai_buf_free(&both);
}

/* A segment with one record of this type, flags and claimed length. */
static int odd_record(uint16_t type, uint16_t flags)
{
    int fd = file_of("", 0), n;
    struct ai_writer *w = ai_writer_open(fd, AI_KIND_TOKENS, NULL, 0, AI_FLUSH_AUTO, &err);
    struct ai_buf s;

    must(ai_writer_put(w, type, flags, "12345678", 8, &err));
    must(ai_writer_end(w, &err));
    ai_writer_free(w);
    s = bytes_of(fd);
    n = read_all(s.data, s.len, AI_KIND_ANY);
    ai_buf_free(&s);
    return n;
}

static void test_types(void)
{
    int fd = file_of("", 0);
    struct ai_writer *w = ai_writer_open(fd, AI_KIND_TOKENS, NULL, 1, AI_FLUSH_AUTO, &err);
    struct ai_buf s;
    uint8_t huge[8];

    is_int(odd_record(77, AI_REC_IGNORABLE), 0, "an unknown ignorable record is passed over");
    is_int(odd_record(77, 0), -1, "an unknown record that is not is refused");
    is_int(odd_record(AI_REC_TOKENS, 2), -1, "an unknown flag is refused");
    ai_writer_abort(w, 3, "ai-x: the disk is full");
    ai_writer_free(w);
    s = bytes_of(fd);
    ok(read_all(s.data, s.len, AI_KIND_ANY) < 0 && strstr(err.msg, "the disk is full"), "an upstream failure is told: %s",
       err.msg);
    ai_buf_free(&s);
    s = sample(0, "m", 0);
    s.len = 16 + ai_get_u32(s.data + 12) + 4;
    ai_put_u32(huge, 0xfffffff0);
    ai_put_u32(huge + 4, AI_REC_TOKENS);
    must(ai_buf_put(&s, huge, 8, &err));
    ok(read_all(s.data, s.len, AI_KIND_ANY) < 0 && strstr(err.msg, "limit"), "a length that lies takes no memory: %s", err.msg);
    s.len -= 8;
    ai_put_u32(huge, 200u << 20);
    must(ai_buf_put(&s, huge, 8, &err));
    ok(read_all(s.data, s.len, AI_KIND_ANY) < 0 && strstr(err.msg, "truncated"), "one below the limit neither");
    ai_buf_free(&s);
}

/* Cut short, or with something behind them, payloads are refused. */
static void test_payloads(void)
{
    struct ai_buf s = sample(0, "m", 1);
    int fd = file_of(s.data, s.len), bad = 0;
    struct ai_reader *r = ai_reader_open(fd, "x", AI_KIND_ANY, &err);
    struct ai_record rec;

    while (ai_reader_next(r, &rec, &err) > 0) {
        uint8_t longer[256] = {0};
        struct ai_record cut = rec;

        for (size_t n = 0; n <= rec.len + 1; n++) {
            struct ai_doc doc;
            struct ai_tokens t;
            struct ai_hidden h;
            struct ai_features f;
            struct ai_decision x;
            struct ai_doc_end e;
            struct ai_run run;
            int rc = -1;

            if (n == rec.len)
                continue;
            memcpy(longer, rec.data, rec.len);
            cut.data = longer;
            cut.len = n;
            switch (rec.type) {
            case AI_REC_DOC: rc = ai_doc_decode(&cut, &doc, &err); break;
            case AI_REC_TOKENS: rc = ai_tokens_decode(&cut, &t, &err); break;
            case AI_REC_HIDDEN: rc = ai_hidden_decode(&cut, &h, &err); break;
            case AI_REC_FEATURES: rc = ai_features_decode(&cut, &f, &err); break;
            case AI_REC_DECISION: rc = ai_decision_decode(&cut, &x, &err); break;
            case AI_REC_DOC_END: rc = ai_doc_end_decode(&cut, &e, &err); break;
            case AI_REC_RUN: rc = ai_run_decode(&cut, &run, &err); break;
            }
            bad += rc == 0;
        }
    }
    is_int(bad, 0, "payloads of any other length are refused");
    ai_reader_free(r);
    close(fd);
    ai_buf_free(&s);
}

static int waits;

static int count_wait(void *arg, struct ai_err *e)
{
    (void)e;
    waits++;
    /* what a live ring does here: the other side only now says more */
    return arg ? ai_writer_flush(arg, e) : 0;
}

static void test_live(int level)
{
    struct ai_buf b = {0};
    struct ai_writer *w;
    struct ai_reader *r;
    struct ai_record rec;
    uint32_t id = 7;
    int ends[2];

    if (pipe(ends))
        exit(99);
    w = ai_writer_open(ends[1], AI_KIND_TOKENS, NULL, level, AI_FLUSH_AUTO, &err);
    r = ai_reader_open(ends[0], "x", AI_KIND_ANY, &err);
    ok(r != NULL, "the header is there before any record");
    is_int(ai_reader_poll(r, 0, &err), 0, "nothing more yet");
    must(ai_tokens_encode(0, 0, &id, 1, &b, &err));
    put(w, AI_REC_TOKENS, &b);
    must(ai_writer_flush(w, &err));
    is_int(ai_reader_poll(r, 1000, &err), 1, "a flushed record has come");
    waits = 0;
    ai_reader_on_wait(r, count_wait, w);
    is_int(ai_reader_next(r, &rec, &err), 1, "it is read while the writer is alive");
    is_int(waits, 0, "without waiting");
    must(ai_tokens_encode(1, 0, &id, 1, &b, &err));
    put(w, AI_REC_TOKENS, &b); /* not flushed: only on_wait does */
    is_int(ai_reader_next(r, &rec, &err), 1, "before it waits, the reader lets the program flush");
    is_int(waits, 1, "once");
    must(ai_writer_end(w, &err));
    close(ends[1]);
    is_int(ai_reader_next(r, &rec, &err), 0, "and the end comes");
    ai_reader_free(r);
    ai_writer_free(w);
    close(ends[0]);
    ai_buf_free(&b);
}

static void test_header_values(void)
{
    struct ai_meta meta = {0};
    int fd = file_of("", 0);

    must(ai_meta_add(&meta, "k", "a\tb", &err));
    ok(ai_writer_open(fd, AI_KIND_TOKENS, &meta, 0, AI_FLUSH_AUTO, &err) == NULL, "a value that breaks its line is refused");
    ai_meta_free(&meta);
    must(ai_meta_add(&meta, "n", "12", &err));
    must(ai_meta_add(&meta, "x", "12a", &err));
    uint64_t v;
    ok(ai_meta_u64(&meta, "n", 12, &v, &err) == 0 && v == 12, "numbers are read");
    ok(ai_meta_u64(&meta, "n", 11, &v, &err) < 0 && ai_meta_u64(&meta, "x", 99, &v, &err) < 0 &&
           ai_meta_u64(&meta, "y", 99, &v, &err) < 0, "and checked");
    ai_meta_free(&meta);
    close(fd);
}

int main(void)
{
    test_ignorable();
    test_records(0);
    test_records(1);
    test_damage();
    test_segments();
    test_agreement();
    test_open();
    test_numbers();
    test_types();
    test_payloads();
    test_live(0);
    test_live(1);
    test_header_values();
    return done_testing();
}
