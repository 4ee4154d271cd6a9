#include "tokenizer/internal.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "model/split.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILE = 256 << 20 };

static int load_file(struct ai_tokenizer *t, const char *path, struct ai_err *err)
{
    struct ai_buf data = {0};
    int rc;

    if (ai_gguf_probe(path))
        return tok_load_gguf(t, path, err);
    if (ai_fd_slurp(path, MAX_FILE, &data, err))
        return -1;
    if (data.len && data.data[0] == '{') {
        struct ai_json *root = ai_json_parse(data.data, data.len, err);

        rc = root ? tok_load_json(t, root, err) : -1;
        if (root)
            ai_json_free(root);
    } else {
        rc = tok_load_model_bytes(t, data.data, data.len, err);
    }
    ai_buf_free(&data);
    return rc ? ai_err_at(err, "%s", path) : 0;
}

int tok_load_model_bytes(struct ai_tokenizer *t, const void *data, size_t n, struct ai_err *err)
{
    const char *p = data;

    /* tiktoken's lines are base64, a space, a number; a serialised model begins with byte 0x0a */
    if (n && p[0] != '\n' && memchr(p, ' ', n < 200 ? n : 200))
        return tok_load_tiktoken(t, data, n, err);
    return tok_load_sentencepiece(t, data, n, err);
}

struct ai_tokenizer *ai_tokenizer_open(const char *path, struct ai_err *err)
{
    struct ai_tokenizer *t = ai_calloc(1, sizeof *t, err);
    struct stat st;
    int rc;

    if (!t)
        return NULL;
    t->bos = t->eos = t->unk = AI_NO_TOKEN;
    for (int b = 0; b < 256; b++)
        t->byte_id[b] = VOCAB_NONE;
    if (stat(path, &st)) {
        rc = ai_fail_errno(err, "%s", path);
    } else if (S_ISDIR(st.st_mode)) {
        rc = tok_load_directory(t, path, err);
    } else {
        rc = load_file(t, path, err);
    }
    if (rc == 0 && tok_finish(t, err))
        rc = ai_err_at(err, "%s: tokenizer", path);
    if (rc) {
        ai_tokenizer_free(t);
        return NULL;
    }
    return t;
}

bool ai_tokenizer_there(const char *path)
{
    struct ai_err ignored;
    struct ai_gguf *g;
    struct stat st;
    bool there;

    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return tok_directory_has_any(path);
    g = ai_gguf_probe(path) ? ai_gguf_open_first(path, &ignored) : NULL;
    there = !g || ai_gguf_find(g, "tokenizer.ggml.tokens");
    ai_gguf_free(g);
    return there;
}

void ai_tokenizer_free(struct ai_tokenizer *t)
{
    if (!t)
        return;
    vocab_free(&t->v);
    ai_buf_free(&t->charsmap);
    for (unsigned i = 0; i < t->n_pre; i++)
        ai_regex_free(t->pre[i]);
    free(t->added_len);
    free(t);
}

uint32_t ai_tokenizer_size(const struct ai_tokenizer *t)
{
    return t->v.n;
}

const char *ai_tokenizer_digest(const struct ai_tokenizer *t)
{
    return t->digest;
}

uint32_t ai_tokenizer_bos(const struct ai_tokenizer *t)
{
    return t->bos;
}

uint32_t ai_tokenizer_eos(const struct ai_tokenizer *t)
{
    return t->eos;
}

bool ai_tokenizer_adds_bos(const struct ai_tokenizer *t)
{
    return t->add_bos;
}

void ai_ids_free(struct ai_ids *ids)
{
    free(ids->id);
    *ids = (struct ai_ids){0};
}

void run_free(struct run *r)
{
    free(r->symbol);
    free(r->heap);
    free(r->best);
}

int run_emit(struct run *r, uint32_t id, struct ai_err *err)
{
    struct ai_ids *ids = r->ids;

    r->prev_unknown = false;
    if (ids->n == ids->cap && ai_grow(&ids->id, &ids->cap, ids->n + 1, sizeof *ids->id, err))
        return -1;
    ids->id[ids->n++] = id;
    return 0;
}

int run_emit_missing(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    const struct ai_tokenizer *t = r->t;

    if (t->byte_fallback) {
        for (size_t i = 0; i < n; i++)
            if (run_emit(r, t->byte_id[s[i]], err))
                return -1;
        return 0;
    }
    if (t->unk == AI_NO_TOKEN)
        return ai_fail(err, AI_EINPUT, "the vocabulary has no token for byte 0x%02x and none for what is unknown",
                       s[0]);
    if (r->prev_unknown)
        return 0;
    if (run_emit(r, t->unk, err))
        return -1;
    r->prev_unknown = true;
    return 0;
}

size_t tok_added_at(const struct ai_tokenizer *t, const uint8_t *s, size_t n, unsigned types, uint32_t *id)
{
    if (!(t->added_first[*s] & types) || (n > 1 && !(t->added_pair[s[0] << 5 | s[1] >> 3] & 1u << (s[1] & 7))))
        return 0;
    for (size_t i = 0; i < t->n_added_len; i++) {
        if (t->added_len[i] > n)
            continue;
        *id = vocab_find(&t->v, &t->v.added, s, t->added_len[i]);
        if (*id != VOCAB_NONE && (1u << t->v.piece[*id].type & types))
            return t->added_len[i];
    }
    return 0;
}

static int cut_word(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    return r->t->model == TOK_UNIGRAM ? tok_unigram(r, s, n, err) : tok_merge(r, s, n, err);
}

/* Words begin where U+2581 follows something else. */
static int cut_words(struct run *r, const uint8_t *s, size_t n, struct ai_err *err)
{
    size_t from = 0, at = 0;

    if (!r->t->words)
        return cut_word(r, s, n, err);
    for (;;) {
        const uint8_t *p;
        bool after;

        while (at + 3 <= n && memcmp(s + at, "\xe2\x96\x81", 3) == 0) /* the spaces it begins with */
            at += 3;
        do {
            p = at < n ? memchr(s + at, 0xe2, n - at) : NULL;
            at = p ? (size_t)(p - s) : n;
            after = p && n - at >= 3 && p[1] == 0x96 && p[2] == 0x81;
            at += p && !after;
        } while (p && !after);
        if (cut_word(r, s + from, at - from, err))
            return -1;
        if (at >= n)
            return 0;
        from = at;
    }
}

/* SentencePiece: normalise, then pieces of users stand for themselves and part the rest. */
static int encode_spaces(struct run *r, const uint8_t *s, size_t n, bool begin, struct ai_err *err)
{
    struct ai_buf text = {0};
    size_t from = 0, at = 0;
    uint32_t id;
    int rc = tok_normalize(r->t, s, n, begin, &text, err);

    while (rc == 0 && at < text.len) {
        size_t k = tok_added_at(r->t, text.data + at, text.len - at, 1u << PIECE_USER, &id);

        if (k == 0) {
            at++;
            continue;
        }
        if ((at > from && cut_words(r, text.data + from, at - from, err)) || run_emit(r, id, err))
            rc = -1;
        from = at += k;
    }
    if (rc == 0 && at > from && cut_words(r, text.data + from, at - from, err))
        rc = -1;
    ai_buf_free(&text);
    return rc;
}

static int encode_bytes(struct run *r, const uint8_t *s, size_t n, bool begin, struct ai_err *err)
{
    struct ai_buf text = {0};
    int rc = 0;

    if (n && begin && r->t->prefix_space && *s != ' ')
        rc = ai_buf_put(&text, " ", 1, err);
    if (rc == 0 && r->t->normal_form)
        rc = tok_unicode(r->t->normal_form, (const char *)s, n, &text, err);
    else if (rc == 0 && text.len)
        rc = ai_buf_put(&text, s, n, err);
    if (rc == 0 && text.len)
        rc = tok_pre_split(r, (const char *)text.data, text.len, err);
    else if (rc == 0)
        rc = tok_pre_split(r, (const char *)s, n, err);
    ai_buf_free(&text);
    return rc;
}

/* Text between added tokens. */
static int encode_plain(struct run *r, const uint8_t *s, size_t n, bool begin, struct ai_err *err)
{
    if (n == 0)
        return 0;
    return r->t->by_bytes ? encode_bytes(r, s, n, begin, err) : encode_spaces(r, s, n, begin, err);
}

/* Where the white space that s[from..to) ends with begins. */
static size_t before_white(const uint8_t *s, size_t from, size_t to)
{
    while (to > from) {
        size_t at = to - 1;
        uint32_t cp;

        while (at > from && (s[at] & 0xc0) == 0x80)
            at--;
        if (ai_utf8_get(s + at, to - at, &cp) != to - at || !tok_is_white(cp))
            break;
        to = at;
    }
    return to;
}

static size_t behind_white(const uint8_t *s, size_t from, size_t to)
{
    uint32_t cp;
    size_t k;

    while (from < to && (k = ai_utf8_get(s + from, to - from, &cp)) && tok_is_white(cp))
        from += k;
    return from;
}

int tok_encode(const struct ai_tokenizer *t, const uint8_t *s, size_t n, const struct tok_mark *mark, size_t n_marks,
               unsigned flags, struct ai_ids *ids, struct ai_err *err)
{
    struct run r = {.t = t, .ids = ids};
    unsigned types = (flags & AI_TOK_SPECIAL ? 1u << PIECE_CONTROL : 0) | (t->by_bytes ? 1u << PIECE_USER : 0);
    bool begin = flags & AI_TOK_BEGIN;
    size_t from = 0, at = 0, m = 0, bad = ai_utf8_check(s, n);
    int rc = 0;

    if (bad < n)
        return ai_fail(err, AI_EINPUT, "byte %zu: not UTF-8", bad + 1);
    if (n > UINT32_MAX / 4)
        return ai_fail(err, AI_EINPUT, "a text of %zu bytes is too long", n);
    if (begin && t->add_bos && !(flags & AI_TOK_NO_BOS))
        rc = run_emit(&r, t->bos, err);
    while (rc == 0) {
        size_t stop = m < n_marks ? mark[m].at : n, end, k = 0;
        const struct piece *p;
        uint32_t id;

        if (at < stop) {
            k = types ? tok_added_at(t, s + at, stop - at, types, &id) : 0;
            if (k == 0) {
                at = types ? at + 1 : stop;
                continue;
            }
        } else if (m < n_marks) {
            id = mark[m++].id;
            stop = m < n_marks ? mark[m].at : n;
        } else {
            rc = encode_plain(&r, s + from, n - from, begin, err);
            if (rc == 0 && flags & AI_TOK_BEGIN && t->add_eos && !(flags & AI_TOK_NO_BOS))
                rc = run_emit(&r, t->eos, err);
            break;
        }
        p = &t->v.piece[id];
        end = p->lstrip ? before_white(s, from, at) : at;
        if (encode_plain(&r, s + from, end - from, begin, err) || run_emit(&r, id, err))
            rc = -1;
        begin = !t->prefix_once; /* as after BOS */
        from = at = p->rstrip ? behind_white(s, at + k, stop) : at + k;
    }
    run_free(&r);
    return rc;
}

int ai_tokenize(const struct ai_tokenizer *t, const char *text, size_t n, unsigned flags, struct ai_ids *ids,
                struct ai_err *err)
{
    return tok_encode(t, (const uint8_t *)text, n, NULL, 0, flags, ids, err);
}

int ai_tokenize_choice(const struct ai_tokenizer *t, const char *choice, uint32_t *token, struct ai_err *err)
{
    struct ai_ids ids = {0};
    struct ai_buf text = {0};
    int rc = -1;

    if (ai_buf_put(&text, " ", 1, err) == 0 && ai_buf_puts(&text, choice, err) == 0)
        rc = ai_tokenize(t, (const char *)text.data, text.len, 0, &ids, err);
    if (rc == 0 && (ids.n == 0 || *choice == '\0'))
        rc = ai_fail(err, AI_EINPUT, "a choice without text");
    if (rc == 0)
        *token = ids.id[0];
    ai_buf_free(&text);
    ai_ids_free(&ids);
    return rc;
}
