/* Vocabularies in tiktoken's form, as Llama 3 is published: a line a piece, its
 * bytes in base64, a space, its rank.  Any two neighbours whose bytes together are
 * a piece merge, the smallest rank first; a word that is a piece stays whole. */
#include "tokenizer/internal.h"

#include <stdio.h>
#include <string.h>

static int digit64(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int base64(const uint8_t *p, size_t n, struct ai_buf *out, struct ai_err *err)
{
    uint32_t bits = 0;
    unsigned held = 0;

    if (n % 4)
        return ai_fail(err, AI_EINPUT, "not base64");
    for (unsigned pad = 0; pad < 2 && n && p[n - 1] == '='; pad++)
        n--;
    for (size_t i = 0; i < n; i++) {
        int d = digit64(p[i]);
        uint8_t byte;

        if (d < 0)
            return ai_fail(err, AI_EINPUT, "not base64");
        bits = bits << 6 | (uint32_t)d;
        held += 6;
        if (held >= 8) {
            held -= 8;
            byte = (uint8_t)(bits >> held);
            if (ai_buf_put(out, &byte, 1, err))
                return -1;
        }
    }
    return 0;
}

static int read_line(struct ai_tokenizer *t, const uint8_t *p, size_t n, struct ai_buf *bytes, struct ai_err *err)
{
    const uint8_t *space = memchr(p, ' ', n);
    uint64_t rank = 0;

    if (!space || space == p || space + 1 == p + n || n - (size_t)(space - p) > 10)
        return ai_fail(err, AI_EINPUT, "not a piece and its rank");
    for (const uint8_t *d = space + 1; d < p + n; d++) {
        if (*d < '0' || *d > '9')
            return ai_fail(err, AI_EINPUT, "not a piece and its rank");
        rank = rank * 10 + (uint64_t)(*d - '0');
    }
    if (rank != t->v.n)
        return ai_fail(err, AI_EINPUT, "rank %llu where %u was expected", (unsigned long long)rank, t->v.n);
    bytes->len = 0;
    if (base64(p, (size_t)(space - p), bytes, err))
        return -1;
    return vocab_add(&t->v, bytes->data, bytes->len, PIECE_NORMAL, -(float)rank, err);
}

/* The 256 tokens behind the 128,000 pieces of Llama 3. */
static int add_llama3(struct ai_tokenizer *t, struct ai_err *err)
{
    static const char *const named[] = {"begin_of_text", "end_of_text", NULL, NULL, NULL, NULL,
                                        "start_header_id", "end_header_id", NULL, "eot_id"};
    unsigned reserved = 0;

    t->bos = t->v.n;
    t->eos = t->v.n + 1;
    t->add_bos = true;
    for (unsigned i = 0; i < 256; i++) {
        char text[64];

        if (i < sizeof named / sizeof *named && named[i])
            snprintf(text, sizeof text, "<|%s|>", named[i]);
        else
            snprintf(text, sizeof text, "<|reserved_special_token_%u|>", reserved++);
        if (vocab_add(&t->v, text, strlen(text), PIECE_CONTROL, 0, err))
            return -1;
    }
    return tok_pre_named(t, "llama3", 6, err);
}

int tok_load_tiktoken(struct ai_tokenizer *t, const void *data, size_t n, struct ai_err *err)
{
    const uint8_t *p = data, *end = p + n;
    struct ai_buf bytes = {0};
    int rc = 0;

    t->by_bytes = true;
    while (p < end && rc == 0) {
        const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((lf ? lf : end) - p);

        if (read_line(t, p, len, &bytes, err))
            rc = ai_err_at(err, "line %u", t->v.n + 1);
        p = lf ? lf + 1 : end;
    }
    ai_buf_free(&bytes);
    if (rc)
        return rc;
    if (t->v.n != 128000)
        return ai_fail(err, AI_EINPUT, "a vocabulary of %u ranked pieces: only Llama 3's (128000) is known", t->v.n);
    return add_llama3(t, err);
}
