#include "stream/records.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A payload being read; over is set when it ends too early. */
struct cursor {
    const uint8_t *p, *end;
    bool over;
};

static struct cursor open_payload(const struct ai_record *rec)
{
    return (struct cursor){rec->data, rec->data + rec->len, false};
}

static const uint8_t *take(struct cursor *c, size_t n)
{
    static const uint8_t zeros[8];
    const uint8_t *p = c->p;

    if ((size_t)(c->end - c->p) < n) {
        c->over = true;
        return zeros; /* n <= 8 wherever the bytes are used without a check */
    }
    c->p += n;
    return p;
}

static uint16_t take_u16(struct cursor *c) { return ai_get_u16(take(c, 2)); }
static uint32_t take_u32(struct cursor *c) { return ai_get_u32(take(c, 4)); }
static uint64_t take_u64(struct cursor *c) { return ai_get_u64(take(c, 8)); }
static float take_f32(struct cursor *c) { return ai_get_f32(take(c, 4)); }
static double take_f64(struct cursor *c) { return ai_get_f64(take(c, 8)); }

static int wrong(struct ai_err *err, const char *what)
{
    return ai_fail(err, AI_EINPUT, "%s record: not well formed", what);
}

/* All of the payload was read, and no more. */
static int complete(const struct cursor *c, const char *what, struct ai_err *err)
{
    return c->over || c->p != c->end ? wrong(err, what) : 0;
}

/* ---- DOC ---- */

enum { HAS_ID = 1, HAS_LABEL = 2, HAS_PROMPT_DIGEST = 4 };

static int put_string(struct ai_buf *out, const char *s, struct ai_err *err)
{
    size_t n = strlen(s);

    if (n > UINT32_MAX || ai_utf8_check(s, n) != n)
        return ai_fail(err, AI_EINPUT, "id, label and choices must be UTF-8");
    return ai_buf_u32(out, (uint32_t)n, err) || ai_buf_put(out, s, n, err) ? -1 : 0;
}

int ai_doc_encode(const struct ai_doc *doc, struct ai_buf *out, struct ai_err *err)
{
    uint16_t has = (uint16_t)((doc->id ? HAS_ID : 0) | (doc->label ? HAS_LABEL : 0) |
                              (doc->prompt_digest ? HAS_PROMPT_DIGEST : 0));

    if (ai_buf_u64(out, doc->number, err) || ai_buf_u32(out, doc->tokens, err) || ai_buf_u16(out, has, err) ||
        ai_buf_u16(out, 0, err) || ai_buf_u32(out, doc->label_token, err) || ai_buf_u32(out, doc->n_choices, err) ||
        (doc->id && put_string(out, doc->id, err)) || (doc->label && put_string(out, doc->label, err)))
        return -1;
    for (uint32_t i = 0; i < doc->n_choices; i++)
        if (ai_buf_u32(out, doc->choices[i].token, err) || put_string(out, doc->choices[i].text, err))
            return -1;
    return doc->prompt_digest ? ai_buf_u64(out, doc->prompt_digest, err) : 0;
}

static char *take_string(struct cursor *c, struct ai_err *err)
{
    uint32_t n = take_u32(c);
    const uint8_t *p;

    if (c->over || n > (size_t)(c->end - c->p)) {
        wrong(err, "document");
        return NULL;
    }
    p = take(c, n);
    if (ai_utf8_check(p, n) != n || memchr(p, 0, n)) {
        ai_fail(err, AI_EINPUT, "document record: id, label or choice is not UTF-8 text");
        return NULL;
    }
    return ai_strndup((const char *)p, n, err);
}

int ai_doc_decode(const struct ai_record *rec, struct ai_doc *doc, struct ai_err *err)
{
    struct cursor c = open_payload(rec);
    uint32_t n_choices;
    uint16_t has, zero;

    memset(doc, 0, sizeof *doc);
    doc->number = take_u64(&c) + rec->base;
    doc->tokens = take_u32(&c);
    has = take_u16(&c);
    zero = take_u16(&c);
    doc->label_token = take_u32(&c);
    n_choices = take_u32(&c);
    if (c.over || zero || has & ~(HAS_ID | HAS_LABEL | HAS_PROMPT_DIGEST) || n_choices > (size_t)(c.end - c.p) / 8)
        return wrong(err, "document");
    if ((has & HAS_ID && !(doc->id = take_string(&c, err))) ||
        (has & HAS_LABEL && !(doc->label = take_string(&c, err))))
        goto fail;
    doc->choices = n_choices ? ai_calloc(n_choices, sizeof *doc->choices, err) : NULL;
    if (n_choices && !doc->choices)
        goto fail;
    while (doc->n_choices < n_choices) {
        struct ai_choice *choice = &doc->choices[doc->n_choices];

        choice->token = take_u32(&c);
        choice->text = take_string(&c, err);
        if (!choice->text)
            goto fail;
        doc->n_choices++;
    }
    if (has & HAS_PROMPT_DIGEST)
        doc->prompt_digest = take_u64(&c);
    if (complete(&c, "document", err))
        goto fail;
    return 0;
fail:
    ai_doc_free(doc);
    return -1;
}

uint64_t ai_prompt_digest(const uint32_t *ids, size_t n)
{
    struct ai_sha256 sha;
    uint8_t bytes[32];
    uint64_t digest;

    ai_sha256_init(&sha);
    for (size_t i = 0; i < n; i++) {
        ai_put_u32(bytes, ids[i]);
        ai_sha256_add(&sha, bytes, 4);
    }
    ai_sha256_end(&sha, bytes);
    digest = ai_get_u64(bytes);
    return digest ? digest : 1;
}

void ai_doc_free(struct ai_doc *doc)
{
    for (uint32_t i = 0; i < doc->n_choices; i++)
        free(doc->choices[i].text);
    free(doc->choices);
    free(doc->id);
    free(doc->label);
    memset(doc, 0, sizeof *doc);
}

int ai_record_doc(const struct ai_record *rec, uint64_t *number, struct ai_err *err)
{
    if (rec->len < 8)
        return ai_fail(err, AI_EINPUT, "a record too short for a document number");
    *number = ai_get_u64(rec->data) + rec->base;
    return 0;
}

/* ---- TOKENS ---- */

int ai_tokens_encode(uint64_t doc, uint32_t step, const uint32_t *ids, uint32_t n, struct ai_buf *out,
                     struct ai_err *err)
{
    if (ai_buf_u64(out, doc, err) || ai_buf_u32(out, step, err) || ai_buf_u32(out, n, err))
        return -1;
    for (uint32_t i = 0; i < n; i++)
        if (ai_buf_u32(out, ids[i], err))
            return -1;
    return 0;
}

int ai_tokens_decode(const struct ai_record *rec, struct ai_tokens *t, struct ai_err *err)
{
    struct cursor c = open_payload(rec);

    t->doc = take_u64(&c) + rec->base;
    t->step = take_u32(&c);
    t->n = take_u32(&c);
    if (c.over || (size_t)(c.end - c.p) != (size_t)t->n * 4)
        return wrong(err, "tokens");
    t->ids = c.p;
    return 0;
}

uint32_t ai_tokens_get(const struct ai_tokens *t, uint32_t i)
{
    return ai_get_u32(t->ids + 4 * (size_t)i);
}

/* ---- HIDDEN ---- */

static const char *const dtype_names[] = {"f32", "f16", "bf16"};

const char *ai_dtype_name(enum ai_dtype t)
{
    return dtype_names[t];
}

int ai_dtype_from_name(const char *s, enum ai_dtype *t)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(s, dtype_names[i]) == 0) {
            *t = (enum ai_dtype)i;
            return 0;
        }
    return -1;
}

int ai_hidden_encode(const struct ai_hidden *h, const float *state, struct ai_buf *out, struct ai_err *err)
{
    size_t bytes = h->dtype == AI_F32 ? 4 : 2;
    uint8_t *p;

    if (ai_buf_u64(out, h->doc, err) || ai_buf_u32(out, h->step, err) || ai_buf_u32(out, h->position, err) ||
        ai_buf_u16(out, h->layer, err) || ai_buf_u16(out, h->dtype, err) || ai_buf_u32(out, h->width, err) ||
        ai_buf_reserve(out, bytes * h->width, err))
        return -1;
    p = out->data + out->len;
    for (uint32_t i = 0; i < h->width; i++)
        switch (h->dtype) {
        case AI_F32: ai_put_u32(p + 4 * (size_t)i, ai_f32_bits(state[i])); break;
        case AI_F16: ai_put_u16(p + 2 * (size_t)i, ai_f32_to_f16(state[i])); break;
        default: ai_put_u16(p + 2 * (size_t)i, ai_f32_to_bf16(state[i])); break;
        }
    out->len += bytes * h->width;
    return 0;
}

int ai_hidden_decode(const struct ai_record *rec, struct ai_hidden *h, struct ai_err *err)
{
    struct cursor c = open_payload(rec);

    h->doc = take_u64(&c) + rec->base;
    h->step = take_u32(&c);
    h->position = take_u32(&c);
    h->layer = take_u16(&c);
    h->dtype = take_u16(&c);
    h->width = take_u32(&c);
    if (c.over || h->dtype > AI_BF16 || (size_t)(c.end - c.p) != (size_t)h->width * (h->dtype == AI_F32 ? 4 : 2))
        return wrong(err, "hidden state");
    h->data = c.p;
    return 0;
}

void ai_hidden_state(const struct ai_hidden *h, float *state)
{
    for (uint32_t i = 0; i < h->width; i++)
        switch (h->dtype) {
        case AI_F32: state[i] = ai_get_f32(h->data + 4 * (size_t)i); break;
        case AI_F16: state[i] = ai_f16_to_f32(ai_get_u16(h->data + 2 * (size_t)i)); break;
        default: state[i] = ai_bf16_to_f32(ai_get_u16(h->data + 2 * (size_t)i)); break;
        }
}

/* ---- FEATURES ---- */

int ai_features_encode(const struct ai_features *f, struct ai_buf *out, struct ai_err *err)
{
    AI_ASSERT(f->n <= AI_MAX_FEATURES && f->top >= 1 && f->top <= AI_MAX_TOP);
    if (ai_buf_u64(out, f->doc, err) || ai_buf_u32(out, f->step, err) || ai_buf_u32(out, f->position, err) ||
        ai_buf_u16(out, f->layer, err) || ai_buf_u16(out, f->n, err) || ai_buf_u16(out, f->top, err) ||
        ai_buf_u16(out, 0, err))
        return -1;
    for (unsigned i = 0; i < f->n; i++)
        if (ai_buf_f32(out, f->value[i], err))
            return -1;
    for (unsigned i = 0; i < f->top; i++)
        if (ai_buf_u32(out, f->top_token[i], err) || ai_buf_f32(out, f->top_prob[i], err))
            return -1;
    return 0;
}

int ai_features_decode(const struct ai_record *rec, struct ai_features *f, struct ai_err *err)
{
    struct cursor c = open_payload(rec);
    uint16_t zero;

    f->doc = take_u64(&c) + rec->base;
    f->step = take_u32(&c);
    f->position = take_u32(&c);
    f->layer = take_u16(&c);
    f->n = take_u16(&c);
    f->top = take_u16(&c);
    zero = take_u16(&c);
    if (c.over || zero || f->n > AI_MAX_FEATURES || f->top < 1 || f->top > AI_MAX_TOP)
        return wrong(err, "features");
    for (unsigned i = 0; i < f->n; i++)
        if (!isfinite(f->value[i] = take_f32(&c)))
            return ai_fail(err, AI_EINPUT, "features record: a value is not finite");
    for (unsigned i = 0; i < f->top; i++) {
        f->top_token[i] = take_u32(&c);
        f->top_prob[i] = take_f32(&c);
        if (!(f->top_prob[i] >= 0 && f->top_prob[i] <= 1.0001f))
            return ai_fail(err, AI_EINPUT, "features record: a probability is outside 0..1");
    }
    return complete(&c, "features", err);
}

/* ---- COSINES ---- */

int ai_cosines_encode(const struct ai_cosines *c, struct ai_buf *out, struct ai_err *err)
{
    if (ai_buf_u64(out, c->doc, err) || ai_buf_u32(out, c->step, err) || ai_buf_u32(out, c->position, err) ||
        ai_buf_u16(out, c->layer, err) || ai_buf_u16(out, 0, err))
        return -1;
    for (int i = 0; i < AI_COSINES; i++)
        if (ai_buf_f32(out, c->value[i], err))
            return -1;
    return 0;
}

int ai_cosines_decode(const struct ai_record *rec, struct ai_cosines *out, struct ai_err *err)
{
    struct cursor c = open_payload(rec);
    uint16_t zero;

    out->doc = take_u64(&c) + rec->base;
    out->step = take_u32(&c);
    out->position = take_u32(&c);
    out->layer = take_u16(&c);
    zero = take_u16(&c);
    for (int i = 0; i < AI_COSINES; i++)
        if (!(fabsf(out->value[i] = take_f32(&c)) <= 1.0001f))
            return ai_fail(err, AI_EINPUT, "cosines record: a cosine is outside -1..1");
    return zero ? wrong(err, "cosines") : complete(&c, "cosines", err);
}

/* ---- DECISION, DOC_END, RUN, COST ---- */

int ai_decision_encode(const struct ai_decision *d, struct ai_buf *out, struct ai_err *err)
{
    return ai_buf_u64(out, d->doc, err) || ai_buf_u32(out, d->step, err) || ai_buf_u16(out, d->layer, err) ||
                   ai_buf_u16(out, d->early, err) || ai_buf_u32(out, d->token, err) || ai_buf_f32(out, d->prob, err) ||
                   ai_buf_f32(out, d->score, err)
               ? -1
               : 0;
}

int ai_decision_decode(const struct ai_record *rec, struct ai_decision *d, struct ai_err *err)
{
    struct cursor c = open_payload(rec);

    d->doc = take_u64(&c) + rec->base;
    d->step = take_u32(&c);
    d->layer = take_u16(&c);
    d->early = take_u16(&c);
    d->token = take_u32(&c);
    d->prob = take_f32(&c);
    d->score = take_f32(&c);
    return d->early > 1 ? wrong(err, "decision") : complete(&c, "decision", err);
}

int ai_doc_end_encode(const struct ai_doc_end *e, struct ai_buf *out, struct ai_err *err)
{
    return ai_buf_u64(out, e->doc, err) || ai_buf_u16(out, e->layers, err) || ai_buf_u16(out, 0, err) ||
                   ai_buf_u32(out, 0, err) || ai_buf_u64(out, e->macs, err) || ai_buf_u64(out, e->macs_full, err)
               ? -1
               : 0;
}

int ai_doc_end_decode(const struct ai_record *rec, struct ai_doc_end *e, struct ai_err *err)
{
    struct cursor c = open_payload(rec);
    uint32_t zero;

    e->doc = take_u64(&c) + rec->base;
    e->layers = take_u16(&c);
    zero = take_u16(&c);
    zero |= take_u32(&c);
    e->macs = take_u64(&c);
    e->macs_full = take_u64(&c);
    return zero ? wrong(err, "document end") : complete(&c, "document end", err);
}

int ai_run_encode(const struct ai_run *r, struct ai_buf *out, struct ai_err *err)
{
    return ai_buf_f64(out, r->seconds, err) || ai_buf_u64(out, r->documents, err) ||
                   ai_buf_u64(out, r->tokens_asked, err) || ai_buf_u64(out, r->tokens_computed, err) ||
                   ai_buf_u64(out, r->macs_shared, err) || ai_buf_u64(out, r->macs_shared_full, err)
               ? -1
               : 0;
}

int ai_run_decode(const struct ai_record *rec, struct ai_run *r, struct ai_err *err)
{
    struct cursor c = open_payload(rec);

    r->seconds = take_f64(&c);
    r->documents = take_u64(&c);
    r->tokens_asked = take_u64(&c);
    r->tokens_computed = take_u64(&c);
    r->macs_shared = take_u64(&c);
    r->macs_shared_full = take_u64(&c);
    if (!(r->seconds >= 0 && isfinite(r->seconds)))
        return wrong(err, "run");
    return complete(&c, "run", err);
}

int ai_cost_encode(const struct ai_cost *c, struct ai_buf *out, struct ai_err *err)
{
    return put_string(out, c->program, err) || ai_buf_u64(out, c->items, err) || ai_buf_u64(out, c->macs, err) ||
                   ai_buf_f64(out, c->seconds, err)
               ? -1
               : 0;
}

int ai_cost_decode(const struct ai_record *rec, struct ai_cost *out, struct ai_err *err)
{
    struct cursor c = open_payload(rec);
    char *program = take_string(&c, err);

    if (!program)
        return -1;
    snprintf(out->program, sizeof out->program, "%s", program);
    free(program);
    out->items = take_u64(&c);
    out->macs = take_u64(&c);
    out->seconds = take_f64(&c);
    if (!(out->seconds >= 0 && isfinite(out->seconds)))
        return wrong(err, "cost");
    return complete(&c, "cost", err);
}
