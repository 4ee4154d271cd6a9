#include "eval/rank.h"

#include "base/mem.h"
#include "stream/names.h"
#include "stream/open.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Of a row: where its values are, and whose it is. */
struct key { uint32_t step, position, token; uint16_t layer; bool settled; size_t at; };

struct rows {
    struct key *key;
    float *value;              /* [n_keys, features] */
    size_t n, cap, cap_value;
};

struct ai_rank {
    struct ai_names names;
    unsigned layers;
    struct ai_open *open;      /* of struct rows */
    struct rows all;           /* of documents that have ended; at is not used */
    uint64_t documents;
};

static void release(void *item)
{
    struct rows *rows = item;

    free(rows->key);
    free(rows->value);
}

struct ai_rank *ai_rank_new(const struct ai_meta *meta, struct ai_err *err)
{
    struct ai_rank *r = ai_calloc(1, sizeof *r, err);
    uint64_t layers;

    if (!r)
        return NULL;
    if (ai_names_of_features(meta, &r->names, err) || ai_meta_u64(meta, "layers", UINT16_MAX, &layers, err) ||
        !(r->open = ai_open_new(sizeof(struct rows), release, err))) {
        ai_rank_free(r);
        return NULL;
    }
    r->layers = (unsigned)layers;
    return r;
}

void ai_rank_free(struct ai_rank *r)
{
    if (!r)
        return;
    ai_names_free(&r->names);
    ai_open_free(r->open);
    release(&r->all);
    free(r);
}

static int add_row(struct rows *rows, const struct key *key, const float *value, size_t n, struct ai_err *err)
{
    if (ai_grow(&rows->key, &rows->cap, rows->n + 1, sizeof *rows->key, err) ||
        ai_grow(&rows->value, &rows->cap_value, (rows->n + 1) * n, sizeof *rows->value, err))
        return -1;
    memcpy(rows->value + rows->n * n, value, n * sizeof *value);
    rows->key[rows->n] = *key;
    rows->key[rows->n].at = rows->n;
    rows->n++;
    return 0;
}

static int put_features(struct ai_rank *r, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_features f;
    struct rows *rows;
    struct key key;

    if (ai_features_decode(rec, &f, err) || !(rows = ai_open_get(r->open, f.doc, err)))
        return -1;
    if (f.n != r->names.n)
        return ai_fail(err, AI_EINPUT, "%u features, the header names %zu", f.n, r->names.n);
    if (f.layer > r->layers)
        return ai_fail(err, AI_EINPUT, "layer %u of %u", f.layer, r->layers);
    key = (struct key){.step = f.step, .position = f.position, .layer = f.layer, .token = f.top_token[0]};
    return add_row(rows, &key, f.value, f.n, err);
}

static int in_order(const void *a, const void *b)
{
    const struct key *x = a, *y = b;

    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return x->layer < y->layer ? -1 : x->layer > y->layer;
}

/* The last layer of each token says which of its rows are settled; it is no row itself. */
static int end_document(struct ai_rank *r, uint64_t number, struct ai_err *err)
{
    struct rows *rows = ai_open_get(r->open, number, err);
    size_t last = 0;

    if (!rows)
        return -1;
    qsort(rows->key, rows->n, sizeof *rows->key, in_order);
    for (size_t i = rows->n; i-- > 0;) {
        struct key *k = &rows->key[i];

        if (i + 1 == rows->n || k->step != rows->key[i + 1].step || k->position != rows->key[i + 1].position)
            last = i;
        if (rows->key[last].layer != r->layers)
            return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": its last layer, %u, is not in the stream", number,
                           r->layers);
        k->settled = k->token == rows->key[last].token;
        if (i != last && add_row(&r->all, k, rows->value + k->at * r->names.n, r->names.n, err))
            return -1;
    }
    r->documents++;
    return ai_open_end(r->open, number, err);
}

int ai_rank_put(struct ai_rank *r, const struct ai_record *rec, struct ai_err *err)
{
    uint64_t number;

    switch (rec->type) {
    case AI_REC_DOC: return ai_record_doc(rec, &number, err) || !ai_open_begin(r->open, number, err) ? -1 : 0;
    case AI_REC_FEATURES: return put_features(r, rec, err);
    case AI_REC_DOC_END: return ai_record_doc(rec, &number, err) || end_document(r, number, err) ? -1 : 0;
    case AI_REC_RUN: return 0;
    default: return ai_fail(err, AI_EINPUT, "a record of type %u in a feature stream", rec->type);
    }
}

/* ---- the numbers ---- */

static int by_value(const void *a, const void *b)
{
    float x = ((const struct ai_rank_row *)a)->value, y = ((const struct ai_rank_row *)b)->value;

    return x < y ? -1 : x > y;
}

/* End of the run of equal values that begins at i. */
static size_t ties(const struct ai_rank_row *rows, size_t i, size_t n, size_t *settled)
{
    size_t j = i;

    for (*settled = 0; j < n && rows[j].value == rows[i].value; j++)
        *settled += rows[j].settled;
    return j;
}

double ai_rank_auc(struct ai_rank_row *rows, size_t n)
{
    double pairs = 0, settled = 0, others = 0;

    qsort(rows, n, sizeof *rows, by_value);
    for (size_t i = 0, j, s; i < n; i = j) {
        double o;

        j = ties(rows, i, n, &s);
        o = (double)(j - i - s);
        pairs += (double)s * (others + o / 2);
        settled += (double)s;
        others += o;
    }
    return settled > 0 && others > 0 ? pairs / (settled * others) : NAN;
}

static double minus_p_log2_p(double part, double whole)
{
    return part > 0 ? -part / whole * log2(part / whole) : 0;
}

double ai_rank_entropy(const struct ai_rank_row *rows, size_t n)
{
    double settled = 0;

    for (size_t i = 0; i < n; i++)
        settled += rows[i].settled;
    return n ? minus_p_log2_p(settled, (double)n) + minus_p_log2_p((double)n - settled, (double)n) : 0;
}

double ai_rank_information(struct ai_rank_row *rows, size_t n)
{
    size_t in[AI_RANK_BINS] = {0}, settled[AI_RANK_BINS] = {0};
    double bits = ai_rank_entropy(rows, n);
    int classes = 0;

    qsort(rows, n, sizeof *rows, by_value);
    for (size_t i = 0, j, s; i < n; i = j) {
        size_t bin = i * AI_RANK_BINS / n;

        j = ties(rows, i, n, &s);
        in[bin] += j - i;
        settled[bin] += s;
    }
    for (int b = 0; b < AI_RANK_BINS; b++) {
        double m = (double)in[b];

        classes += in[b] > 0;
        if (in[b])
            bits -= m / (double)n * (minus_p_log2_p((double)settled[b], m) + minus_p_log2_p(m - (double)settled[b], m));
    }
    return n ? fmax(0, bits - (classes - 1) / (2 * (double)n * log(2))) : 0;
}

/* ---- the table ---- */

enum { NAME = 16 };

/* Rows of one layer, or of all (0), for feature f. */
static size_t select_rows(const struct ai_rank *r, unsigned layer, size_t f, struct ai_rank_row *out)
{
    size_t n = 0;

    for (size_t i = 0; i < r->all.n; i++)
        if (layer == 0 || r->all.key[i].layer == layer)
            out[n++] = (struct ai_rank_row){r->all.value[i * r->names.n + f], r->all.key[i].settled};
    return n;
}

static int width_of(const char *name)
{
    size_t n = strlen(name);

    return n < 7 ? 7 : n > NAME ? NAME : (int)n;
}

static int put_heads(const struct ai_rank *r, const char *first, struct ai_buf *out, struct ai_err *err)
{
    if (ai_buf_printf(out, err, "layer  %8s", first))
        return -1;
    for (size_t f = 0; f < r->names.n; f++)
        if (ai_buf_printf(out, err, "  %*.*s", width_of(r->names.name[f]), NAME, r->names.name[f]))
            return -1;
    return ai_buf_puts(out, "\n", err);
}

static int put_cell(const char *name, double v, struct ai_buf *out, struct ai_err *err)
{
    return isnan(v) ? ai_buf_printf(out, err, "  %*s", width_of(name), "-")
                    : ai_buf_printf(out, err, "  %*.3f", width_of(name), v);
}

/* layer 0: of all together. */
static int put_line(const struct ai_rank *r, unsigned layer, bool information, struct ai_rank_row *rows,
                    struct ai_buf *out, struct ai_err *err)
{
    size_t n = select_rows(r, layer, 0, rows);
    double settled = 0;

    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        settled += rows[i].settled;
    if ((layer ? ai_buf_printf(out, err, "%5u", layer) : ai_buf_puts(out, "  all", err)) ||
        (information ? ai_buf_printf(out, err, "  %8.3f", ai_rank_entropy(rows, n))
                     : ai_buf_printf(out, err, "  %7.1f%%", 100 * settled / (double)n)))
        return -1;
    for (size_t f = 0; f < r->names.n; f++) {
        n = select_rows(r, layer, f, rows);
        if (put_cell(r->names.name[f], information ? ai_rank_information(rows, n) : ai_rank_auc(rows, n), out, err))
            return -1;
    }
    return ai_buf_puts(out, "\n", err);
}

static int put_lines(const struct ai_rank *r, bool information, struct ai_rank_row *rows, struct ai_buf *out,
                     struct ai_err *err)
{
    for (unsigned layer = 1; layer < r->layers; layer++)
        if (put_line(r, layer, information, rows, out, err))
            return -1;
    return put_line(r, 0, information, rows, out, err);
}

int ai_rank_table(struct ai_rank *r, struct ai_buf *out, struct ai_err *err)
{
    struct ai_rank_row *rows = ai_calloc(r->all.n, sizeof *rows, err);
    int rc = -1;

    if (!rows)
        return -1;
    if (ai_open_none(r->open, err) == 0 &&
        ai_buf_printf(out, err, "%" PRIu64 " documents, %zu rows\n\n", r->documents, r->all.n) == 0 &&
        ai_buf_puts(out, "AUC: the chance that a settled row has the larger value\n", err) == 0 &&
        put_heads(r, "settled", out, err) == 0 && put_lines(r, false, rows, out, err) == 0 &&
        ai_buf_puts(out, "\nbits that the value tells, of those that there are to tell\n", err) == 0 &&
        put_heads(r, "bits", out, err) == 0 && put_lines(r, true, rows, out, err) == 0)
        rc = 0;
    free(rows);
    return rc;
}
