#include "stream/text.h"

#include "base/mem.h"
#include "io/json.h"
#include "stream/names.h"
#include "stream/open.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A document that has begun and not ended; svmlight also keeps its rows until the
 * last layer says which of them were right. */
struct open_doc {
    struct ai_doc doc;
    struct ai_features *rows;
    size_t n, cap;
};

struct ai_text_view {
    enum ai_text form;
    enum ai_kind kind;
    bool values;
    struct ai_names names;               /* features */
    uint32_t width;                      /* of states, 0: not known */
    struct ai_open *open;                /* of struct open_doc */
    uint64_t next;                       /* the least number that may begin */
    struct ai_buf scratch;
};

static void release(void *item)
{
    struct open_doc *d = item;

    ai_doc_free(&d->doc);
    free(d->rows);
}

struct ai_text_view *ai_text_view_new(enum ai_text form, enum ai_kind kind, const struct ai_meta *meta, bool values,
                                      struct ai_err *err)
{
    struct ai_text_view *v = ai_calloc(1, sizeof *v, err);
    uint64_t width = 0;

    if (!v)
        return NULL;
    v->form = form;
    v->kind = kind;
    v->values = values;
    if (form == AI_TEXT_SVMLIGHT && kind != AI_KIND_FEATURES) {
        ai_fail(err, AI_EUSAGE, "svmlight rows are made from feature streams, this is a %s stream", ai_kind_name(kind));
        goto fail;
    }
    v->open = ai_open_new(sizeof(struct open_doc), release, err);
    if (!v->open || (kind == AI_KIND_FEATURES && ai_names_of_features(meta, &v->names, err)))
        goto fail;
    if (kind == AI_KIND_HIDDEN && (values || ai_meta_get(meta, "width")) &&
        ai_meta_u64(meta, "width", 1 << 24, &width, err))
        goto fail;
    v->width = (uint32_t)width;
    return v;
fail:
    ai_text_view_free(v);
    return NULL;
}

void ai_text_view_free(struct ai_text_view *v)
{
    if (!v)
        return;
    ai_open_free(v->open);
    ai_names_free(&v->names);
    ai_buf_free(&v->scratch);
    free(v);
}

int ai_text_header(const struct ai_text_view *v, struct ai_buf *out, struct ai_err *err)
{
    static const char *const columns[] = {
        NULL, "doc\tid\tlabel\tstep\tn\ttokens", "doc\tstep\tlayer\tposition\tnorm", "doc\tstep\tlayer\tposition",
        "doc\tid\tlabel\tstep\tlayer\tearly\ttoken\tprob\tscore",
    };

    if (v->form != AI_TEXT_TSV)
        return 0;
    if (ai_buf_puts(out, columns[v->kind], err))
        return -1;
    for (size_t i = 0; i < v->names.n; i++)
        if (ai_buf_printf(out, err, "\t%s", v->names.name[i]))
            return -1;
    for (uint32_t i = 0; v->values && i < v->width; i++)
        if (ai_buf_printf(out, err, "\th%u", i))
            return -1;
    return ai_buf_puts(out, v->kind == AI_KIND_FEATURES ? "\ttoken\tprob\n" : "\n", err);
}

/* ---- pieces of a line ---- */

/* TSV has three escapes: \t, \n, \\. */
static int put_field(struct ai_buf *out, const char *s, struct ai_err *err)
{
    for (; s && *s; s++) {
        const char *escape = *s == '\t' ? "\\t" : *s == '\n' ? "\\n" : *s == '\\' ? "\\\\" : NULL;

        if (escape ? ai_buf_puts(out, escape, err) : ai_buf_put(out, s, 1, err))
            return -1;
    }
    return 0;
}

static int put_string(struct ai_buf *out, const char *s, struct ai_err *err)
{
    return s ? ai_json_put_string(out, s, strlen(s), err) : ai_buf_puts(out, "null", err);
}

static int begin(struct ai_text_view *v, const struct ai_record *rec, struct ai_err *err)
{
    struct open_doc *d;
    struct ai_doc doc;

    if (ai_doc_decode(rec, &doc, err))
        return -1;
    d = doc.number < v->next ? NULL : ai_open_begin(v->open, doc.number, err);
    if (!d) {
        if (doc.number < v->next)
            ai_fail(err, AI_EINPUT, "document %llu begins late, or twice", (unsigned long long)doc.number);
        ai_doc_free(&doc);
        return -1;
    }
    d->doc = doc;
    v->next = doc.number + 1;
    return 0;
}

/* ---- kinds ---- */

static int show_tokens(struct ai_text_view *v, const struct ai_record *rec, struct ai_buf *out, struct ai_err *err)
{
    bool tsv = v->form == AI_TEXT_TSV;
    struct open_doc *d;
    struct ai_tokens t;

    if (ai_tokens_decode(rec, &t, err) || !(d = ai_open_get(v->open, t.doc, err)))
        return -1;
    if (tsv ? ai_buf_printf(out, err, "%llu\t", (unsigned long long)t.doc) || put_field(out, d->doc.id, err) ||
                  ai_buf_puts(out, "\t", err) || put_field(out, d->doc.label, err) ||
                  ai_buf_printf(out, err, "\t%u\t%u\t", t.step, t.n)
            : ai_buf_printf(out, err, "{\"doc\":%llu,\"id\":", (unsigned long long)t.doc) ||
                  put_string(out, d->doc.id, err) || ai_buf_puts(out, ",\"label\":", err) ||
                  put_string(out, d->doc.label, err) || ai_buf_printf(out, err, ",\"step\":%u,\"tokens\":[", t.step))
        return -1;
    for (uint32_t i = 0; i < t.n; i++)
        if (ai_buf_printf(out, err, "%s%u", i ? tsv ? " " : "," : "", ai_tokens_get(&t, i)))
            return -1;
    return ai_buf_puts(out, tsv ? "\n" : "]}\n", err) ? -1 : ai_open_end(v->open, t.doc, err);
}

static int put_number(struct ai_buf *out, float x, bool tsv, struct ai_err *err)
{
    /* JSON has no word for what is not finite */
    return !tsv && !isfinite(x) ? ai_buf_puts(out, "null", err) : ai_buf_printf(out, err, "%.9g", x);
}

static int show_hidden(struct ai_text_view *v, const struct ai_record *rec, struct ai_buf *out, struct ai_err *err)
{
    bool tsv = v->form == AI_TEXT_TSV;
    struct ai_hidden h;
    double square = 0;
    float *state;

    if (ai_hidden_decode(rec, &h, err) || !ai_open_get(v->open, h.doc, err))
        return -1;
    if (v->width && h.width != v->width)
        return ai_fail(err, AI_EINPUT, "a state of width %u, the header says %u", h.width, v->width);
    v->scratch.len = 0;
    if (ai_buf_reserve(&v->scratch, (size_t)h.width * sizeof *state, err))
        return -1;
    state = (float *)(void *)v->scratch.data;
    ai_hidden_state(&h, state);
    for (uint32_t i = 0; i < h.width; i++)
        square += (double)state[i] * state[i];
    if (ai_buf_printf(out, err, tsv ? "%llu\t%u\t%u\t%u\t" : "{\"doc\":%llu,\"step\":%u,\"layer\":%u,\"position\":%u,\"norm\":",
                      (unsigned long long)h.doc, h.step, h.layer, h.position) ||
        put_number(out, (float)sqrt(square), tsv, err) ||
        (v->values && !tsv && ai_buf_puts(out, ",\"state\":[", err)))
        return -1;
    for (uint32_t i = 0; v->values && i < h.width; i++)
        if ((tsv || i) && ai_buf_puts(out, tsv ? "\t" : ",", err))
            return -1;
        else if (put_number(out, state[i], tsv, err))
            return -1;
    return ai_buf_puts(out, tsv ? "\n" : v->values ? "]}\n" : "}\n", err);
}

static int svmlight_rows(const struct ai_text_view *v, const struct open_doc *d, struct ai_buf *out, struct ai_err *err)
{
    for (size_t r = 0; r + 1 < d->n; r++) {
        bool right = d->rows[r].top_token[0] == d->rows[d->n - 1].top_token[0];

        if (ai_buf_puts(out, right ? "1" : "0", err))
            return -1;
        for (size_t i = 0; i < v->names.n; i++)
            if (ai_buf_printf(out, err, " %zu:%.9g", i + 1, d->rows[r].value[i]))
                return -1;
        if (ai_buf_puts(out, "\n", err))
            return -1;
    }
    return 0;
}

static int show_features(struct ai_text_view *v, const struct ai_record *rec, struct ai_buf *out, struct ai_err *err)
{
    bool tsv = v->form == AI_TEXT_TSV;
    struct ai_features f;
    struct open_doc *d;

    if (ai_features_decode(rec, &f, err) || !(d = ai_open_get(v->open, f.doc, err)))
        return -1;
    if (f.n != v->names.n)
        return ai_fail(err, AI_EINPUT, "%u features, the header names %zu", f.n, v->names.n);
    if (v->form == AI_TEXT_SVMLIGHT) {
        if (d->n && d->rows[d->n - 1].layer >= f.layer)
            return ai_fail(err, AI_EINPUT, "document %llu: layer %u is out of order", (unsigned long long)f.doc, f.layer);
        if (ai_grow(&d->rows, &d->cap, d->n + 1, sizeof *d->rows, err))
            return -1;
        d->rows[d->n++] = f;
        return 0;
    }
    if (ai_buf_printf(out, err, tsv ? "%llu\t%u\t%u\t%u" : "{\"doc\":%llu,\"step\":%u,\"layer\":%u,\"position\":%u",
                      (unsigned long long)f.doc, f.step, f.layer, f.position))
        return -1;
    for (size_t i = 0; i < v->names.n; i++) {
        if (tsv ? ai_buf_puts(out, "\t", err)
                : ai_buf_puts(out, ",", err) || put_string(out, v->names.name[i], err) || ai_buf_puts(out, ":", err))
            return -1;
        if (put_number(out, f.value[i], tsv, err))
            return -1;
    }
    if (tsv)
        return ai_buf_printf(out, err, "\t%u\t%.9g\n", f.top_token[0], f.top_prob[0]);
    if (ai_buf_puts(out, ",\"top\":[", err))
        return -1;
    for (unsigned i = 0; i < f.top; i++)
        if (ai_buf_printf(out, err, "%s[%u,%.9g]", i ? "," : "", f.top_token[i], f.top_prob[i]))
            return -1;
    return ai_buf_puts(out, "]}\n", err);
}

static int show_decision(struct ai_text_view *v, const struct ai_record *rec, struct ai_buf *out, struct ai_err *err)
{
    struct ai_decision x;
    struct open_doc *d;

    if (ai_decision_decode(rec, &x, err) || !(d = ai_open_get(v->open, x.doc, err)))
        return -1;
    if (v->form == AI_TEXT_TSV)
        return ai_buf_printf(out, err, "%llu\t", (unsigned long long)x.doc) || put_field(out, d->doc.id, err) ||
                       ai_buf_puts(out, "\t", err) || put_field(out, d->doc.label, err) ||
                       ai_buf_printf(out, err, "\t%u\t%u\t%u\t%u\t%.9g\t%.9g\n", x.step, x.layer, x.early, x.token, x.prob,
                                     x.score)
                   ? -1
                   : 0;
    return ai_buf_printf(out, err, "{\"doc\":%llu,\"id\":", (unsigned long long)x.doc) || put_string(out, d->doc.id, err) ||
                   ai_buf_puts(out, ",\"label\":", err) || put_string(out, d->doc.label, err) ||
                   ai_buf_printf(out, err, ",\"step\":%u,\"layer\":%u,\"early\":%s,\"token\":%u,\"prob\":", x.step, x.layer,
                                 x.early ? "true" : "false", x.token) ||
                   put_number(out, x.prob, false, err) || ai_buf_puts(out, ",\"score\":", err) ||
                   put_number(out, x.score, false, err) || ai_buf_puts(out, "}\n", err)
               ? -1
               : 0;
}

int ai_text_end(const struct ai_text_view *v, struct ai_err *err)
{
    return ai_open_none(v->open, err);
}

int ai_text_record(struct ai_text_view *v, const struct ai_record *rec, struct ai_buf *out, struct ai_err *err)
{
    static const uint16_t shown[] = {0, AI_REC_TOKENS, AI_REC_HIDDEN, AI_REC_FEATURES, AI_REC_DECISION};
    static int (*const show[])(struct ai_text_view *, const struct ai_record *, struct ai_buf *, struct ai_err *) = {
        NULL, show_tokens, show_hidden, show_features, show_decision,
    };
    struct ai_doc_end e;
    struct ai_run run;
    struct open_doc *d;

    switch (rec->type) {
    case AI_REC_DOC:
        return begin(v, rec, err);
    case AI_REC_RUN:
        return ai_run_decode(rec, &run, err);
    case AI_REC_DOC_END:
        if (ai_doc_end_decode(rec, &e, err) || !(d = ai_open_get(v->open, e.doc, err)) ||
            (v->form == AI_TEXT_SVMLIGHT && svmlight_rows(v, d, out, err)))
            return -1;
        return ai_open_end(v->open, e.doc, err);
    default:
        if (rec->type != shown[v->kind])
            return ai_fail(err, AI_EINPUT, "a record of type %u does not belong in a %s stream", rec->type,
                           ai_kind_name(v->kind));
        return show[v->kind](v, rec, out, err);
    }
}
