#include "lens/extract.h"

#include "base/mem.h"
#include "lens/documents.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What has been taken and not yet written: a state, or a record that passes through. */
struct item {
    uint16_t type, flags;
    size_t at, len;               /* of the payload in `passed`; at: the state's row */
};

struct row {
    uint64_t doc;
    uint32_t step, position;
    uint16_t layer;
    float cosines[AI_COSINES];    /* where a feature needs them */
};

struct ai_extract {
    const struct ai_model *model;
    struct ai_extract_options options;
    struct ai_lens *lens;
    struct ai_lens_documents *documents;
    struct item *items;
    size_t n_items, cap_items;
    struct ai_buf passed;         /* payloads of records that pass through */
    struct row row[AI_EXTRACT_ROWS];
    size_t n_rows;
    float *states;                /* [AI_EXTRACT_ROWS, H] */
    struct ai_lens_top *top;      /* [AI_EXTRACT_ROWS] */
    struct ai_buf out;
    struct ai_cosines cosines;    /* of the state that comes next, if has_cosines */
    bool has_cosines;
    uint64_t n_documents, n_states, macs;
};

struct ai_extract *ai_extract_new(const struct ai_model *model, struct ai_pool *pool,
                                  const struct ai_extract_options *options, struct ai_err *err)
{
    struct ai_extract *e = ai_calloc(1, sizeof *e, err);
    size_t width = model->hp.width;

    if (!e)
        return NULL;
    e->model = model;
    e->options = *options;
    if (!(e->lens = ai_lens_new(model, pool, AI_EXTRACT_ROWS, err)) ||
        !(e->documents = ai_lens_documents_new(options->features.needs & AI_NEEDS_STATE ? width : 0, err)) ||
        !(e->states = ai_alloc_aligned(AI_EXTRACT_ROWS, width * sizeof(float), err)) ||
        !(e->top = ai_calloc(AI_EXTRACT_ROWS, sizeof *e->top, err))) {
        ai_extract_free(e);
        return NULL;
    }
    ai_lens_compute(e->lens, options->compute);
    return e;
}

void ai_extract_free(struct ai_extract *e)
{
    if (!e)
        return;
    ai_lens_free(e->lens);
    ai_lens_documents_free(e->documents);
    free(e->items);
    ai_buf_free(&e->passed);
    free(e->states);
    free(e->top);
    ai_buf_free(&e->out);
    free(e);
}

uint64_t ai_extract_documents(const struct ai_extract *e)
{
    return e->n_documents;
}

uint64_t ai_extract_states(const struct ai_extract *e)
{
    return e->n_states;
}

uint64_t ai_extract_macs(const struct ai_extract *e)
{
    return e->macs;
}

uint64_t ai_extract_weights(const struct ai_extract *e)
{
    const struct ai_tensor *head = &e->model->head.weight, *before = &e->model->project_out.weight;

    return e->options.head == AI_HEAD_FULL ? (uint64_t)head->rows * head->cols + (uint64_t)before->rows * before->cols
                                           : 0;
}

int ai_extract_header(struct ai_extract *e, const struct ai_meta *hidden, struct ai_meta *out, struct ai_err *err)
{
    const char *digest = ai_meta_get(hidden, "model");
    struct ai_buf names = {0};
    uint64_t layers;
    int rc = -1;

    if (!digest)
        return ai_fail(err, AI_EINPUT, "header: it does not say which model the states are of");
    if (strcmp(digest, e->model->digest) != 0)
        return ai_fail(err, AI_EINPUT, "header: the states are of model %.64s, and this model is %s", digest,
                       e->model->digest);
    if (ai_meta_get(hidden, "layers")) {
        if (ai_meta_u64(hidden, "layers", UINT16_MAX, &layers, err))
            return -1;
        if (layers != e->model->hp.layers)
            return ai_fail(err, AI_EINPUT, "header: %" PRIu64 " layers, and the model has %u", layers,
                           e->model->hp.layers);
    }
    if (!ai_meta_get(hidden, "cosines") && e->options.features.all)
        ai_feature_list_without(&e->options.features, AI_NEEDS_COSINES);
    memset(out, 0, sizeof *out);
    if (ai_feature_list_format(&e->options.features, &names, err) == 0 && ai_meta_copy(out, hidden, err) == 0 &&
        ai_meta_setf(out, err, "layers", "%u", e->model->hp.layers) == 0 &&
        ai_meta_set(out, "features", (const char *)names.data, err) == 0 &&
        ai_meta_set(out, "head", e->options.head == AI_HEAD_FULL ? "full" : "choices", err) == 0)
        rc = ai_meta_setf(out, err, "top", "%u", e->options.top);
    if (rc)
        ai_meta_free(out);
    ai_buf_free(&names);
    return rc;
}

static int add_item(struct ai_extract *e, const struct ai_record *rec, size_t at, size_t len, struct ai_err *err)
{
    if (ai_grow(&e->items, &e->cap_items, e->n_items + 1, sizeof *e->items, err))
        return -1;
    e->items[e->n_items++] = (struct item){.type = rec->type, .flags = rec->flags, .at = at, .len = len};
    return 0;
}

static int put_doc(struct ai_extract *e, const struct ai_record *rec, struct ai_err *err)
{
    size_t at = e->passed.len;
    struct ai_doc doc;
    int rc;

    if (ai_doc_decode(rec, &doc, err))
        return -1;
    rc = ai_lens_documents_open(e->documents, &doc, e->options.head == AI_HEAD_CHOICES, e->model->hp.vocab, err) ||
         ai_doc_encode(&doc, &e->passed, err);
    ai_doc_free(&doc);
    return rc ? -1 : add_item(e, rec, at, e->passed.len - at, err);
}

static struct ai_lens_doc *open_doc(struct ai_extract *e, uint64_t number, struct ai_err *err)
{
    struct ai_lens_doc *doc = ai_lens_documents_find(e->documents, number);

    if (!doc || doc->ended) {
        ai_fail(err, AI_EINPUT, "document %" PRIu64 ": it %s", number, doc ? "has ended" : "has not begun");
        return NULL;
    }
    return doc;
}

static int put_doc_end(struct ai_extract *e, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_lens_doc *doc;
    size_t at = e->passed.len;
    struct ai_doc_end end;

    if (ai_doc_end_decode(rec, &end, err) || !(doc = open_doc(e, end.doc, err)) ||
        ai_doc_end_encode(&end, &e->passed, err))
        return -1;
    doc->ended = true;
    return add_item(e, rec, at, e->passed.len - at, err);
}

static int put_run(struct ai_extract *e, const struct ai_record *rec, struct ai_err *err)
{
    size_t at = e->passed.len;

    if (ai_buf_put(&e->passed, rec->data, rec->len, err))
        return -1;
    return add_item(e, rec, at, rec->len, err);
}

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(x[i]) <= FLT_MAX))
            return false;
    return true;
}

/* The state's cosines came just before it. */
static int take_cosines(struct ai_extract *e, const struct ai_hidden *h, struct row *row, struct ai_err *err)
{
    const struct ai_cosines *c = &e->cosines;

    if (!(e->options.features.needs & AI_NEEDS_COSINES))
        return 0;
    if (!e->has_cosines || c->doc != h->doc || c->step != h->step || c->position != h->position || c->layer != h->layer)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": layer %u: the state comes without cosines "
                                       "(ai-forward --cosines writes them)", h->doc, h->layer);
    memcpy(row->cosines, c->value, sizeof row->cosines);
    return 0;
}

static int put_cosines(struct ai_extract *e, const struct ai_record *rec, struct ai_err *err)
{
    if (ai_cosines_decode(rec, &e->cosines, err))
        return -1;
    e->has_cosines = true;
    return 0;
}

static int put_hidden(struct ai_extract *e, const struct ai_record *rec, struct ai_err *err)
{
    size_t width = e->model->hp.width;
    float *state = e->states + e->n_rows * width;
    struct ai_hidden h;

    AI_ASSERT(e->n_rows < AI_EXTRACT_ROWS);
    if (ai_hidden_decode(rec, &h, err) || !open_doc(e, h.doc, err))
        return -1;
    if (h.width != width)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": a state of width %" PRIu32 ", and the model's is %zu",
                       h.doc, h.width, width);
    if (h.layer > e->model->hp.layers)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": layer %u, and the model has %u", h.doc, h.layer,
                       e->model->hp.layers);
    ai_hidden_state(&h, state);
    if (!all_finite(state, width))
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": layer %u: the state is not finite", h.doc, h.layer);
    e->row[e->n_rows] = (struct row){.doc = h.doc, .step = h.step, .position = h.position, .layer = h.layer};
    if (take_cosines(e, &h, &e->row[e->n_rows], err))
        return -1;
    e->has_cosines = false;
    e->n_states++;
    return add_item(e, rec, e->n_rows++, 0, err);
}

int ai_extract_put(struct ai_extract *e, const struct ai_record *rec, struct ai_err *err)
{
    switch (rec->type) {
    case AI_REC_DOC: return put_doc(e, rec, err);
    case AI_REC_HIDDEN: return put_hidden(e, rec, err);
    case AI_REC_COSINES: return put_cosines(e, rec, err);
    case AI_REC_DOC_END: return put_doc_end(e, rec, err);
    case AI_REC_RUN: return put_run(e, rec, err);
    default: return ai_fail(err, AI_EINPUT, "a record of type %u in a hidden stream", rec->type);
    }
}

bool ai_extract_full(const struct ai_extract *e)
{
    return e->n_rows == AI_EXTRACT_ROWS || e->passed.len >= 1 << 20;
}

/* Two tokens at least: the gap needs them. */
static unsigned wanted(const struct ai_extract *e)
{
    return e->options.top < 2 ? 2 : e->options.top;
}

/* Fails where a value is too large for a float: two states of absurdly different size. */
static int fill_values(struct ai_extract *e, struct ai_feature_input *in, const float *state, struct ai_features *f,
                       struct ai_err *err)
{
    double norm = 0, before = 0, product = 0;

    if (e->options.features.needs & AI_NEEDS_STATE) {
        for (size_t i = 0; i < e->model->hp.width; i++) {
            double x = (double)state[i], y = in->before->any ? (double)in->before->state[i] : 0.0;

            norm += x * x;
            before += y * y;
            product += x * y;
        }
        in->norm = sqrt(norm);
        in->norm_before = sqrt(before);
        in->product = product;
    }
    f->n = (uint16_t)e->options.features.n;
    for (unsigned i = 0; i < f->n; i++) {
        f->value[i] = (float)e->options.features.feature[i]->value(in);
        if (!all_finite(&f->value[i], 1))
            return ai_fail(err, AI_EINPUT, "layer %u: %s is not finite", in->layer,
                           e->options.features.feature[i]->name);
    }
    return 0;
}

static void remember(struct ai_extract *e, const struct ai_feature_input *in, const float *state,
                     struct ai_lens_before *b)
{
    uint32_t patience = (uint32_t)ai_feature_patience(in);

    b->top_prob = (float)ai_feature_top_prob(in);
    b->gap = (float)ai_feature_gap(in);
    b->token = in->top->token[0];
    b->patience = patience;
    b->layer = in->layer;
    b->any = true;
    if (b->state)
        memcpy(b->state, state, e->model->hp.width * sizeof *state);
}

static int row_features(struct ai_extract *e, const struct row *row, const float *state, const struct ai_lens_top *top,
                        struct ai_features *f, struct ai_err *err)
{
    struct ai_lens_doc *doc = ai_lens_documents_find(e->documents, row->doc);
    struct ai_feature_input in = {.top = top, .k = e->options.top, .layer = row->layer, .layers = e->model->hp.layers};
    struct ai_lens_before *before = ai_lens_documents_before(e->documents, doc, row->step, row->position, err);

    if (!before)
        return -1;
    if (before->any && before->layer >= row->layer)
        return ai_fail(err, AI_EINPUT, "layer %u comes after layer %u", row->layer, before->layer);
    in.before = before;
    in.cosines = row->cosines;
    f->doc = row->doc;
    f->step = row->step;
    f->position = row->position;
    f->layer = row->layer;
    f->top = (uint16_t)(top->n < e->options.top ? top->n : e->options.top);
    memcpy(f->top_token, top->token, f->top * sizeof *f->top_token);
    memcpy(f->top_prob, top->prob, f->top * sizeof *f->top_prob);
    if (fill_values(e, &in, state, f, err))
        return -1;
    remember(e, &in, state, before);
    return 0;
}

static int write_row(struct ai_extract *e, size_t i, struct ai_writer *w, struct ai_err *err)
{
    const float *state = e->states + i * e->model->hp.width;
    const struct row *row = &e->row[i];
    struct ai_lens_top *top = &e->top[i];
    struct ai_features f;

    if (e->options.head == AI_HEAD_CHOICES) {
        struct ai_lens_doc *doc = ai_lens_documents_find(e->documents, row->doc);

        if (ai_lens_top_of(e->lens, state, doc->choices, doc->n_choices, wanted(e), top, err))
            return -1;
        e->macs += (uint64_t)doc->n_choices * e->model->hp.width;
    }
    if (!top->finite)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": layer %u: a logit is not finite", row->doc, row->layer);
    if (row_features(e, row, state, top, &f, err))
        return ai_err_at(err, "document %" PRIu64, row->doc);
    e->out.len = 0;
    if (ai_features_encode(&f, &e->out, err))
        return -1;
    return ai_writer_put(w, AI_REC_FEATURES, 0, e->out.data, e->out.len, err);
}

static int write_item(struct ai_extract *e, const struct item *item, struct ai_writer *w, struct ai_err *err)
{
    struct ai_record rec = {.type = AI_REC_DOC_END};
    struct ai_doc_end end;

    if (item->type == AI_REC_HIDDEN)
        return write_row(e, item->at, w, err);
    if (item->type == AI_REC_DOC_END) {
        rec.data = e->passed.data + item->at;
        rec.len = item->len;
        if (ai_doc_end_decode(&rec, &end, err) || ai_lens_documents_close(e->documents, end.doc, err))
            return -1;
        e->n_documents++;
    }
    return ai_writer_put(w, item->type, item->flags, e->passed.data + item->at, item->len, err);
}

int ai_extract_flush(struct ai_extract *e, struct ai_writer *w, struct ai_err *err)
{
    if (e->options.head == AI_HEAD_FULL && e->n_rows > 0) {
        ai_lens_top(e->lens, e->states, e->n_rows, wanted(e), e->top);
        e->macs += e->n_rows * ai_extract_weights(e);
    }
    for (size_t i = 0; i < e->n_items; i++)
        if (write_item(e, &e->items[i], w, err))
            return -1;
    e->n_items = 0;
    e->n_rows = 0;
    e->passed.len = 0;
    return 0;
}
