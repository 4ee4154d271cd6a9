#include "policy/gather.h"

#include "base/mem.h"
#include "stream/open.h"

#include <string.h>

/* A document whose rows are coming. */
struct gathering {
    uint64_t prompt_digest;
    uint32_t label_token;
    struct ai_gathered_row *rows;
    size_t n, cap;
};

static void release(void *item)
{
    struct gathering *d = item;

    free(d->rows);
}

void ai_gather_free(struct ai_gather *g)
{
    ai_open_free(g->open);
    g->open = NULL;
}

/* ---- header ---- */

static int add_name(struct ai_policy *p, const char *name, struct ai_err *err)
{
    if (p->n == AI_POLICY_FEATURES || strlen(name) >= sizeof p->names[0])
        return ai_fail(err, AI_EINPUT, "too many features, or a name that is too long");
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->names[i], name) == 0)
            return ai_fail(err, AI_EINPUT, "the feature '%s' twice", name);
    strcpy(p->names[p->n++], name);
    return 0;
}

int ai_policy_choose(struct ai_policy *p, const char *list, const struct ai_names *offered, struct ai_err *err)
{
    struct ai_names wanted = {0};
    const struct ai_names *names = list ? &wanted : offered;
    bool depth = list != NULL;
    int rc = list ? ai_names_split(list, &wanted, err) : 0;

    for (size_t i = 0; rc == 0 && i < names->n; i++) {
        depth = depth || strcmp(names->name[i], "depth") == 0;
        rc = add_name(p, names->name[i], err);
    }
    if (rc == 0 && !depth)
        rc = add_name(p, "depth", err);
    if (rc && list)
        err->code = AI_EUSAGE;
    ai_names_free(&wanted);
    return rc;
}

/* Copies a header line's value, "" where there is none; or, once started, compares. */
static int take_value(struct ai_gather *g, const struct ai_meta *meta, const char *key, char *mine, size_t size,
                      struct ai_err *err)
{
    const char *value = ai_meta_get(meta, key);

    if (!value)
        value = "";
    if (strlen(value) >= size)
        return ai_fail(err, AI_EINPUT, "header: %s is too long", key);
    if (g->has_header && strcmp(value, mine) != 0)
        return ai_fail(err, AI_EINPUT, "header: features of %s '%s', the ones before are of '%s'", key, value, mine);
    strcpy(mine, value);
    return 0;
}

static int take_header(struct ai_gather *g, const struct ai_meta *meta, const struct ai_names *offered,
                       struct ai_err *err)
{
    uint64_t layers;

    if (!ai_meta_get(meta, "model"))
        return ai_fail(err, AI_EINPUT, "header: no line 'model'");
    if (ai_meta_u64(meta, "layers", AI_MAX_LAYERS, &layers, err) ||
        take_value(g, meta, "model", g->model, sizeof g->model, err) ||
        take_value(g, meta, "tokenizer", g->tokenizer, sizeof g->tokenizer, err) ||
        take_value(g, meta, "head", g->head, sizeof g->head, err))
        return -1;
    if (g->has_header && layers != g->layers)
        return ai_fail(err, AI_EINPUT, "header: %u layers, the ones before have %u", (unsigned)layers, g->layers);
    g->layers = (unsigned)layers;
    if (!g->has_header && g->started && g->started(g->arg, offered, err))
        return -1;
    g->has_header = true;
    g->n_features = offered->n;
    return ai_policy_bind(g->policy, offered->name, offered->n, err);
}

/* ---- documents ---- */

static int begin(struct ai_gather *g, const struct ai_record *rec, struct ai_err *err)
{
    struct gathering *d;
    struct ai_doc doc;

    if (ai_doc_decode(rec, &doc, err))
        return -1;
    d = ai_open_begin(g->open, doc.number, err);
    if (d) {
        d->prompt_digest = doc.prompt_digest;
        d->label_token = doc.label ? doc.label_token : AI_NO_TOKEN;
    }
    ai_doc_free(&doc);
    return d ? 0 : -1;
}

static int add_row(struct ai_gather *g, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_features f;
    struct gathering *d;
    struct ai_gathered_row *row;

    if (ai_features_decode(rec, &f, err) || !(d = ai_open_get(g->open, f.doc, err)))
        return -1;
    if (f.n != g->n_features)
        return ai_fail(err, AI_EINPUT, "%u features, the header names %zu", f.n, g->n_features);
    if (f.layer < 1 || f.layer > g->layers || (d->n && d->rows[d->n - 1].layer >= f.layer))
        return ai_fail(err, AI_EINPUT, "document %llu: layer %u is out of order", (unsigned long long)f.doc, f.layer);
    if (ai_grow(&d->rows, &d->cap, d->n + 1, sizeof *d->rows, err))
        return -1;
    row = &d->rows[d->n++];
    row->layer = f.layer;
    row->token = f.top_token[0];
    ai_policy_row(g->policy, f.value, f.layer, g->layers, row->x);
    return 0;
}

static int end(struct ai_gather *g, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_gathered doc = {0};
    struct gathering *d;

    if (ai_record_doc(rec, &doc.number, err) || !(d = ai_open_get(g->open, doc.number, err)))
        return -1;
    if (d->n < 2 || d->rows[d->n - 1].layer != g->layers)
        return ai_fail(err, AI_EINPUT, "document %llu: its last layer, %u, and one before are needed "
                                       "(ai-forward --layers=all)", (unsigned long long)doc.number, g->layers);
    doc.prompt_digest = d->prompt_digest;
    doc.label_token = d->label_token;
    doc.rows = d->rows;
    doc.n = d->n;
    return g->document(g->arg, &doc, err) || ai_open_end(g->open, doc.number, err) ? -1 : 0;
}

static int take(struct ai_gather *g, const struct ai_record *rec, struct ai_err *err)
{
    switch (rec->type) {
    case AI_REC_DOC: return begin(g, rec, err);
    case AI_REC_FEATURES: return add_row(g, rec, err);
    case AI_REC_DOC_END: return end(g, rec, err);
    case AI_REC_RUN: return 0;
    default: return ai_fail(err, AI_EINPUT, "a record of type %u does not belong in a feature stream", rec->type);
    }
}

static int read_records(struct ai_gather *g, struct ai_reader *in, struct ai_err *err)
{
    struct ai_record rec;
    int got;

    while ((got = ai_reader_next(in, &rec, err)) > 0)
        if (take(g, &rec, err))
            return err->code == AI_EINPUT ? ai_reader_err_at(in, err) : -1;
    return got;
}

int ai_gather_stream(struct ai_gather *g, int fd, const char *name, struct ai_err *err)
{
    struct ai_reader *in;
    struct ai_names offered = {0};
    int rc = -1;

    if (!g->open && !(g->open = ai_open_new(sizeof(struct gathering), release, err)))
        return -1;
    in = ai_reader_open(fd, name, AI_KIND_FEATURES, err);
    if (!in)
        return -1;
    if (ai_names_of_features(ai_reader_meta(in), &offered, err) || take_header(g, ai_reader_meta(in), &offered, err))
        rc = err->code == AI_EINPUT ? ai_err_at(err, "%s", name) : -1;
    else if ((rc = read_records(g, in, err)) == 0 && ai_open_none(g->open, err))
        rc = ai_err_at(err, "%s", name);
    ai_names_free(&offered);
    ai_reader_free(in);
    return rc;
}
