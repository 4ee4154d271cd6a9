/* Merge lists of byte-pair vocabularies. */
#include "tokenizer/internal.h"

#include <string.h>

/* How much of a piece a message shows. */
static int shown(size_t n)
{
    return n > 40 ? 40 : (int)n;
}

/* Appends the piece's text as the vocabulary holds it. */
static int spell(const struct ai_tokenizer *t, const char *s, size_t n, struct ai_buf *out, struct ai_err *err)
{
    int rc;

    if (!t->by_bytes)
        return ai_buf_put(out, s, n, err);
    rc = tok_alphabet_decode(s, n, out, err);
    if (rc > 0)
        return ai_fail(err, AI_EINPUT, "'%.*s' is not in the byte alphabet", shown(n), s);
    return rc;
}

int tok_add_merge(struct ai_tokenizer *t, const char *left, size_t left_n, const char *right, size_t right_n,
                  struct ai_err *err)
{
    const struct vocab *v = &t->v;
    struct ai_buf text = {0};
    uint32_t l = VOCAB_NONE, r = VOCAB_NONE, both = VOCAB_NONE;
    int rc = spell(t, left, left_n, &text, err);
    size_t cut = text.len;

    if (rc == 0)
        rc = spell(t, right, right_n, &text, err);
    if (rc == 0) {
        l = vocab_find(v, &v->plain, text.data, cut);
        r = vocab_find(v, &v->plain, text.data + cut, text.len - cut);
        both = vocab_find(v, &v->plain, text.data, text.len);
    }
    ai_buf_free(&text);
    if (rc)
        return rc;
    if (l == VOCAB_NONE || r == VOCAB_NONE || both == VOCAB_NONE) {
        const char *lost = l == VOCAB_NONE ? "the left part" : r == VOCAB_NONE ? "the right part" : "the whole";

        return ai_fail(err, AI_EINPUT, "'%.*s' and '%.*s': %s is not in the vocabulary", shown(left_n), left,
                       shown(right_n), right, lost);
    }
    return vocab_pair_add(&t->v, l, r, both, err);
}
