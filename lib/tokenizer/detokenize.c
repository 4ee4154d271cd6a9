#include "tokenizer/internal.h"

#include <string.h>

/* What SentencePiece prints for a token that stands for unknown text. */
static const char unknown_surface[] = " \xe2\x81\x87 ";

static int put_spaces(const struct ai_tokenizer *t, const uint8_t *s, size_t n, bool first, struct ai_buf *out,
                      struct ai_err *err)
{
    if (!t->spaces)
        return ai_buf_put(out, s, n, err);
    while (n) {
        bool space = n >= 3 && memcmp(s, "\xe2\x96\x81", 3) == 0;
        size_t k = 1;

        if (space) {
            k = 3;
        } else {
            while (k < n && s[k] != 0xe2)
                k++;
        }
        if (!(space && first && t->dummy_prefix) &&
            (space ? ai_buf_put(out, " ", 1, err) : ai_buf_put(out, s, k, err)))
            return -1;
        first = false;
        s += k;
        n -= k;
    }
    return 0;
}

int ai_detokenize(const struct ai_tokenizer *t, uint32_t id, bool first, bool special, struct ai_buf *out,
                  struct ai_err *err)
{
    const struct piece *p;

    if (id >= t->v.n)
        return ai_fail(err, AI_EINPUT, "token %u is beyond the %u of the vocabulary", id, t->v.n);
    p = &t->v.piece[id];
    switch (p->type) {
    case PIECE_CONTROL:
        return special ? ai_buf_put(out, vocab_text(&t->v, id), p->len, err) : 0;
    case PIECE_UNKNOWN:
        return special ? ai_buf_put(out, vocab_text(&t->v, id), p->len, err) : ai_buf_puts(out, unknown_surface, err);
    case PIECE_BYTE:
        return ai_buf_put(out, &p->byte, 1, err);
    default:
        return put_spaces(t, vocab_text(&t->v, id), p->len, first, out, err);
    }
}
