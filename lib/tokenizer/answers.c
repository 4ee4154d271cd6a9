#include "tokenizer/answers.h"

#include "base/mem.h"
#include "io/json.h"

#include <stdlib.h>
#include <string.h>

/* Documents that wait for their answer, in order: a queue in an array. */
struct waiting {
    struct ai_doc doc;
    struct ai_decision decision;
    bool answered;
    struct ai_buf text;
};

struct ai_answers {
    const struct ai_tokenizer *t;
    struct ai_answers_options o;
    struct waiting *queue;
    size_t head, n, cap;
    uint64_t written, missing;
};

struct ai_answers *ai_answers_new(const struct ai_tokenizer *t, const struct ai_answers_options *options,
                                  struct ai_err *err)
{
    struct ai_answers *a = ai_calloc(1, sizeof *a, err);

    if (a) {
        a->t = t;
        a->o = *options;
    }
    return a;
}

static void drop(struct waiting *w)
{
    ai_doc_free(&w->doc);
    ai_buf_free(&w->text);
}

void ai_answers_free(struct ai_answers *a)
{
    if (!a)
        return;
    for (size_t i = a->head; i < a->n; i++)
        drop(&a->queue[i]);
    free(a->queue);
    free(a);
}

static int enqueue(struct ai_answers *a, const struct ai_record *rec, struct ai_err *err)
{
    struct waiting w = {0};

    if (ai_doc_decode(rec, &w.doc, err))
        return -1;
    if (a->n > a->head && w.doc.number <= a->queue[a->n - 1].doc.number) {
        ai_fail(err, AI_EINPUT, "document %llu after document %llu", (unsigned long long)w.doc.number,
                (unsigned long long)a->queue[a->n - 1].doc.number);
        drop(&w);
        return -1;
    }
    if (a->head > 64 && a->head > a->n / 2) {
        memmove(a->queue, a->queue + a->head, (a->n - a->head) * sizeof *a->queue);
        a->n -= a->head;
        a->head = 0;
    }
    if (ai_grow(&a->queue, &a->cap, a->n + 1, sizeof *a->queue, err)) {
        drop(&w);
        return -1;
    }
    a->queue[a->n++] = w;
    return 0;
}

static struct waiting *find(struct ai_answers *a, uint64_t doc, struct ai_err *err)
{
    size_t from = a->head, to = a->n;

    while (from < to) {
        size_t mid = from + (to - from) / 2;

        if (a->queue[mid].doc.number == doc)
            return &a->queue[mid];
        if (a->queue[mid].doc.number < doc)
            from = mid + 1;
        else
            to = mid;
    }
    ai_fail(err, AI_EINPUT, "document %llu is not open", (unsigned long long)doc);
    return NULL;
}

/* The choice that the token stands for, else the token's text without its leading space. */
static int put_answer(const struct ai_answers *a, struct waiting *w, uint32_t token, struct ai_err *err)
{
    size_t start = w->text.len;

    for (uint32_t i = 0; i < w->doc.n_choices; i++)
        if (w->doc.choices[i].token == token)
            return ai_buf_puts(&w->text, w->doc.choices[i].text, err);
    if (ai_detokenize(a->t, token, false, true, &w->text, err))
        return -1;
    if (w->text.len > start && w->text.data[start] == ' ') {
        memmove(w->text.data + start, w->text.data + start + 1, w->text.len - start - 1);
        w->text.len--;
    }
    return 0;
}

static int take_decision(struct ai_answers *a, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_decision d;
    struct waiting *w;

    if (ai_decision_decode(rec, &d, err))
        return -1;
    w = find(a, d.doc, err);
    if (!w)
        return -1;
    if (w->answered)
        return ai_fail(err, AI_EINPUT, "document %llu is answered twice", (unsigned long long)d.doc);
    w->answered = true;
    w->decision = d;
    return put_answer(a, w, d.token, err);
}

static int take_tokens(struct ai_answers *a, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_tokens t;
    struct waiting *w;

    if (ai_tokens_decode(rec, &t, err))
        return -1;
    w = find(a, t.doc, err);
    if (!w)
        return -1;
    if (w->answered)
        return ai_fail(err, AI_EINPUT, "document %llu has two lists of tokens", (unsigned long long)t.doc);
    w->answered = true;
    for (uint32_t i = 0, first = true; i < t.n; i++) {
        uint32_t id = ai_tokens_get(&t, i);

        if (ai_detokenize(a->t, id, first, a->o.special, &w->text, err))
            return -1;
        first = first && id == ai_tokenizer_bos(a->t); /* the dummy space comes behind it */
    }
    return 0;
}

static int put_json_text(struct ai_buf *out, const char *key, const char *s, struct ai_err *err)
{
    if (ai_buf_printf(out, err, "\"%s\":", key))
        return -1;
    return s ? ai_json_put_string(out, s, strlen(s), err) : ai_buf_puts(out, "null", err);
}

static int put_json_id(struct ai_buf *out, const struct ai_doc *doc, struct ai_err *err)
{
    return doc->id ? put_json_text(out, "id", doc->id, err)
                   : ai_buf_printf(out, err, "\"id\":%llu", (unsigned long long)doc->number);
}

static int decision_json(const struct waiting *w, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_decision *d = &w->decision;

    if (ai_buf_puts(out, "{", err) || put_json_id(out, &w->doc, err) || ai_buf_puts(out, ",", err) ||
        put_json_text(out, "label", w->doc.label, err) || ai_buf_puts(out, ",\"answer\":", err))
        return -1;
    if (!w->answered)
        return ai_buf_puts(out, "null}\n", err);
    if (ai_json_put_string(out, (const char *)w->text.data, w->text.len, err) ||
        ai_buf_printf(out, err, ",\"token\":%u,\"layer\":%u,\"early\":%s,\"prob\":", d->token, d->layer,
                      d->early ? "true" : "false") ||
        ai_json_put_f32(out, d->prob, err))
        return -1;
    return ai_buf_puts(out, "}\n", err);
}

static int text_json(const struct waiting *w, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_doc *doc = &w->doc;

    if (ai_buf_puts(out, "{", err) || put_json_id(out, doc, err) || ai_buf_puts(out, ",\"text\":", err) ||
        ai_json_put_string(out, (const char *)w->text.data, w->text.len, err))
        return -1;
    if (doc->label && (ai_buf_puts(out, ",", err) || put_json_text(out, "label", doc->label, err)))
        return -1;
    for (uint32_t i = 0; i < doc->n_choices; i++)
        if (ai_buf_puts(out, i ? "," : ",\"choices\":[", err) ||
            ai_json_put_string(out, doc->choices[i].text, strlen(doc->choices[i].text), err))
            return -1;
    return ai_buf_puts(out, doc->n_choices ? "]}\n" : "}\n", err);
}

/* An answer is one line whatever the token: its line ends are shown as \n and \r. */
static int put_text(const struct ai_answers *a, const struct waiting *w, struct ai_buf *out, struct ai_err *err)
{
    if (a->o.kind == AI_KIND_TOKENS || a->o.end == 0)
        return ai_buf_put(out, w->text.data, w->text.len, err);
    for (size_t i = 0; i < w->text.len; i++) {
        uint8_t c = w->text.data[i];

        if (c == '\n' || c == '\r' ? ai_buf_puts(out, c == '\n' ? "\\n" : "\\r", err) : ai_buf_put(out, &c, 1, err))
            return -1;
    }
    return 0;
}

static int put_head(struct ai_answers *a, struct ai_buf *out, struct ai_err *err)
{
    struct waiting *w = &a->queue[a->head];

    if (a->o.jsonl) {
        if (a->o.kind == AI_KIND_TOKENS ? text_json(w, out, err) : decision_json(w, out, err))
            return -1;
    } else if (put_text(a, w, out, err) || ai_buf_put(out, &a->o.end, 1, err)) {
        return -1;
    }
    a->written++;
    a->missing += !w->answered;
    drop(w);
    a->head++;
    return 0;
}

int ai_answers_record(struct ai_answers *a, const struct ai_record *rec, struct ai_buf *out, struct ai_err *err)
{
    int rc = 0;

    if (rec->type == AI_REC_DOC) {
        rc = enqueue(a, rec, err);
    } else if (rec->type == AI_REC_DECISION && a->o.kind == AI_KIND_DECISIONS) {
        rc = take_decision(a, rec, err);
    } else if (rec->type == AI_REC_TOKENS && a->o.kind == AI_KIND_TOKENS) {
        rc = take_tokens(a, rec, err);
    }
    while (rc == 0 && a->head < a->n && a->queue[a->head].answered)
        rc = put_head(a, out, err);
    return rc;
}

int ai_answers_end(struct ai_answers *a, struct ai_buf *out, struct ai_err *err)
{
    while (a->head < a->n)
        if (put_head(a, out, err))
            return -1;
    return 0;
}

uint64_t ai_answers_written(const struct ai_answers *a)
{
    return a->written;
}

uint64_t ai_answers_missing(const struct ai_answers *a)
{
    return a->missing;
}
