/* tokenizer.model of SentencePiece: a serialised message in the protocol-buffers
 * wire format (a run of fields: varint tag = number << 3 | wire type, then a
 * varint, 8 bytes, a length and bytes, or 4 bytes), read with checks of our own. */
#include "tokenizer/internal.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <string.h>

struct field {
    uint64_t number;
    unsigned wire;
    uint64_t value;       /* wire 0, 1 and 5 */
    const uint8_t *data;  /* wire 2 */
    size_t len;
};

static int varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && *p < end; shift += 7) {
        uint8_t b = *(*p)++;

        *v |= (uint64_t)(b & 127) << shift;
        if (!(b & 128))
            return 0;
    }
    return -1;
}

/* Returns 1 and the next field, 0 at the end, -1. */
static int next_field(const uint8_t **p, const uint8_t *end, struct field *f, struct ai_err *err)
{
    size_t left;

    if (*p == end)
        return 0;
    if (varint(p, end, &f->number))
        goto cut;
    f->wire = f->number & 7;
    f->number >>= 3;
    left = (size_t)(end - *p);
    switch (f->wire) {
    case 0:
        if (varint(p, end, &f->value))
            goto cut;
        return 1;
    case 1:
        if (left < 8)
            goto cut;
        f->value = ai_get_u64(*p);
        *p += 8;
        return 1;
    case 2:
        if (varint(p, end, &f->value) || f->value > (size_t)(end - *p))
            goto cut;
        f->data = *p;
        f->len = (size_t)f->value;
        *p += f->len;
        return 1;
    case 5:
        if (left < 4)
            goto cut;
        f->value = ai_get_u32(*p);
        *p += 4;
        return 1;
    }
    return ai_fail(err, AI_EINPUT, "not a SentencePiece model (wire type %u)", f->wire);
cut:
    return ai_fail(err, AI_EINPUT, "a SentencePiece model cut short, or none");
}

static int read_piece(struct ai_tokenizer *t, const uint8_t *p, size_t n, struct ai_err *err)
{
    const uint8_t *end = p + n, *text = NULL;
    uint64_t type = PIECE_NORMAL;
    size_t len = 0;
    float score = 0;
    struct field f;
    int rc;

    while ((rc = next_field(&p, end, &f, err)) > 0) {
        if (f.number == 1 && f.wire == 2) {
            text = f.data;
            len = f.len;
        } else if (f.number == 2 && f.wire == 5) {
            score = ai_bits_f32((uint32_t)f.value);
        } else if (f.number == 3 && f.wire == 0) {
            type = f.value;
        }
    }
    if (rc)
        return rc;
    if (!text || len == 0)
        return ai_fail(err, AI_EINPUT, "piece %u has no text", t->v.n);
    if (type < PIECE_NORMAL || type > PIECE_BYTE)
        return ai_fail(err, AI_EINPUT, "piece %u has type %llu", t->v.n, (unsigned long long)type);
    if (ai_utf8_check(text, len) < len)
        return ai_fail(err, AI_EINPUT, "piece %u is not UTF-8", t->v.n);
    if (type == PIECE_UNKNOWN) {
        if (t->unk != AI_NO_TOKEN)
            return ai_fail(err, AI_EINPUT, "pieces %u and %u both stand for what is unknown", t->unk, t->v.n);
        t->unk = t->v.n;
    }
    return vocab_add(&t->v, text, len, (enum piece_type)type, score, err);
}

struct trainer {
    uint64_t model_type;
    bool suffix;
    int32_t bos, eos;
};

static int read_trainer(struct trainer *tr, const uint8_t *p, size_t n, struct ai_err *err)
{
    const uint8_t *end = p + n;
    struct field f;
    int rc;

    while ((rc = next_field(&p, end, &f, err)) > 0) {
        if (f.wire != 0)
            continue;
        if (f.number == 3)
            tr->model_type = f.value;
        else if (f.number == 24)
            tr->suffix = f.value != 0;
        else if (f.number == 41)
            tr->bos = (int32_t)f.value;
        else if (f.number == 42)
            tr->eos = (int32_t)f.value;
    }
    return rc;
}

static int read_normalizer(struct ai_tokenizer *t, const uint8_t *p, size_t n, struct ai_err *err)
{
    const uint8_t *end = p + n;
    struct field f;
    int rc;

    while ((rc = next_field(&p, end, &f, err)) > 0) {
        if (f.number == 2 && f.wire == 2) {
            t->charsmap.len = 0;
            if (ai_buf_put(&t->charsmap, f.data, f.len, err))
                return -1;
        } else if (f.number == 3 && f.wire == 0) {
            t->dummy_prefix = f.value != 0;
        } else if (f.number == 4 && f.wire == 0) {
            t->squeeze = f.value != 0;
        } else if (f.number == 5 && f.wire == 0) {
            t->spaces = f.value != 0;
        }
    }
    return rc;
}

int tok_load_sentencepiece(struct ai_tokenizer *t, const void *data, size_t n, struct ai_err *err)
{
    const uint8_t *p = data, *end = p + n;
    struct trainer tr = {.model_type = 1, .bos = 1, .eos = 2};
    struct field f;
    int rc;

    t->spaces = t->dummy_prefix = t->squeeze = true; /* the format's defaults */
    while ((rc = next_field(&p, end, &f, err)) > 0) {
        if (f.wire != 2)
            continue;
        if ((f.number == 1 && read_piece(t, f.data, f.len, err)) ||
            (f.number == 2 && read_trainer(&tr, f.data, f.len, err)) ||
            (f.number == 3 && read_normalizer(t, f.data, f.len, err)))
            return -1;
    }
    if (rc)
        return rc;
    if (tr.model_type != 1 && tr.model_type != 2)
        return ai_fail(err, AI_EINPUT, "SentencePiece model type %llu is not supported",
                       (unsigned long long)tr.model_type);
    if (tr.suffix)
        return ai_fail(err, AI_EINPUT, "white space as a suffix is not supported");
    if (t->unk == AI_NO_TOKEN)
        return ai_fail(err, AI_EINPUT, "no piece stands for what is unknown");
    if (t->charsmap.len && tok_charsmap_check(&t->charsmap, err))
        return -1;
    t->model = tr.model_type == 1 ? TOK_UNIGRAM : TOK_MERGE;
    t->bos = tr.bos >= 0 && (uint32_t)tr.bos < t->v.n ? (uint32_t)tr.bos : AI_NO_TOKEN;
    t->eos = tr.eos >= 0 && (uint32_t)tr.eos < t->v.n ? (uint32_t)tr.eos : AI_NO_TOKEN;
    t->add_bos = t->bos != AI_NO_TOKEN && t->v.piece[t->bos].type == PIECE_CONTROL;
    return 0;
}
