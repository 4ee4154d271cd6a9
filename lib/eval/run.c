#include "eval/run.h"

#include "base/mem.h"
#include "control/control.h"
#include "eval/index.h"
#include "eval/tasks.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void ai_eval_run_free(struct ai_eval_run *run)
{
    if (!run)
        return;
    for (size_t i = 0; i < run->n_docs; i++) {
        free(run->docs[i].id);
        free(run->docs[i].label);
        free(run->docs[i].answers);
        free(run->docs[i].by_layer);
    }
    for (size_t i = 0; i < run->n_tasks; i++)
        free(run->tasks[i].name);
    free(run->docs);
    free(run->tasks);
    free(run->name);
    ai_eval_index_free(run->by_number);
    free(run);
}

bool ai_eval_doc_replayed(const struct ai_eval_doc *doc)
{
    for (size_t i = 0; i < doc->n_answers; i++)
        if (doc->answers[i].layer >= doc->layers)
            return false;
    return doc->n_answers > 0;
}

struct by_number { const struct ai_eval_run *run; uint64_t number; };

static bool same_number(const void *arg, size_t entry)
{
    const struct by_number *b = arg;

    return b->run->docs[entry].number == b->number;
}

size_t ai_eval_find(const struct ai_eval_run *run, uint64_t number)
{
    struct by_number b = {run, number};

    return ai_eval_index_find(run->by_number, ai_eval_hash_u64(number), same_number, &b);
}

/* The document, or NULL with err. */
static struct ai_eval_doc *known(struct ai_eval_run *run, uint64_t number, struct ai_err *err)
{
    size_t i = ai_eval_find(run, number);

    if (i != SIZE_MAX)
        return &run->docs[i];
    ai_fail(err, AI_EINPUT, "document %" PRIu64 " has not begun", number);
    return NULL;
}

/* While reading. */
struct reading {
    bool grouped;             /* ids name tasks */
    bool labels;              /* their texts are kept */
};

static int add_doc(struct ai_eval_run *run, const struct ai_record *rec, struct reading *r, struct ai_err *err)
{
    struct ai_eval_doc *new;
    struct ai_doc doc;

    if (ai_doc_decode(rec, &doc, err))
        return -1;
    if (ai_eval_find(run, doc.number) != SIZE_MAX) {
        ai_fail(err, AI_EINPUT, "document %" PRIu64 " begins twice", doc.number);
        ai_doc_free(&doc);
        return -1;
    }
    if (ai_grow(&run->docs, &run->cap_docs, run->n_docs + 1, sizeof *run->docs, err) ||
        ai_eval_index_add(run->by_number, ai_eval_hash_u64(doc.number), run->n_docs, err)) {
        ai_doc_free(&doc);
        return -1;
    }
    new = &run->docs[run->n_docs++];
    *new = (struct ai_eval_doc){.number = doc.number, .id = doc.id, .label_token = AI_NO_TOKEN,
                                .choices = doc.n_choices > 0, .exact = NAN, .f1 = NAN};
    if (doc.label)
        new->label_token = doc.label_token;
    if (r->labels) {
        new->label = doc.label;
        doc.label = NULL;
    }
    doc.id = NULL;
    ai_doc_free(&doc);
    return ai_eval_set_task(run, new, &r->grouped, err);
}

static int add_decision(struct ai_eval_run *run, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_eval_doc *doc;
    struct ai_decision d;

    if (ai_decision_decode(rec, &d, err) || !(doc = known(run, d.doc, err)))
        return -1;
    if (d.step != doc->n_answers)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": answer %" PRIu32 " where %zu is due", d.doc, d.step,
                       doc->n_answers);
    if (d.layer > run->layers)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": layer %u of %u", d.doc, d.layer, run->layers);
    if (ai_grow(&doc->answers, &doc->cap_answers, doc->n_answers + 1, sizeof *doc->answers, err))
        return -1;
    doc->answers[doc->n_answers++] = (struct ai_eval_answer){.token = d.token, .layer = d.layer};
    return 0;
}

/* A layer's answer to one step; steps begin in order, and end with the last layer. */
static int add_features(struct ai_eval_run *run, const struct ai_record *rec, struct ai_err *err)
{
    size_t row = (size_t)run->layers + 1, at;
    struct ai_eval_doc *doc;
    struct ai_features f;
    uint32_t *bigger;

    if (ai_features_decode(rec, &f, err) || !(doc = known(run, f.doc, err)))
        return -1;
    if (f.layer > run->layers || f.step > doc->n_answers)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": layer %u of %u, step %" PRIu32 " after %zu", f.doc,
                       f.layer, run->layers, f.step, doc->n_answers);
    if (f.step == doc->n_answers) {
        bigger = ai_realloc(doc->by_layer, doc->n_answers + 1, row * sizeof *bigger, err);
        if (!bigger)
            return -1;
        doc->by_layer = bigger;
        for (size_t l = 0; l < row; l++)
            doc->by_layer[doc->n_answers * row + l] = AI_NO_TOKEN;
        if (ai_grow(&doc->answers, &doc->cap_answers, doc->n_answers + 1, sizeof *doc->answers, err))
            return -1;
        doc->answers[doc->n_answers++] = (struct ai_eval_answer){.token = AI_NO_TOKEN};
    }
    at = f.step * row + f.layer;
    if (doc->by_layer[at] != AI_NO_TOKEN)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": layer %u twice: one position of a document is wanted",
                       f.doc, f.layer);
    doc->by_layer[at] = f.top_token[0];
    if (f.layer == run->layers)
        doc->answers[f.step] = (struct ai_eval_answer){.token = f.top_token[0], .layer = f.layer};
    return 0;
}

static int add_cost(struct ai_eval_run *run, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_cost c, *sum = NULL;

    if (ai_cost_decode(rec, &c, err))
        return -1;
    for (size_t i = 0; i < run->n_costs; i++)
        if (strcmp(run->costs[i].program, c.program) == 0)
            sum = &run->costs[i];
    if (!sum && run->n_costs == AI_EVAL_COSTS)
        return 0;
    if (!sum) {
        sum = &run->costs[run->n_costs++];
        *sum = (struct ai_cost){.items = 0};
        memcpy(sum->program, c.program, sizeof sum->program);
    }
    sum->items += c.items;
    sum->macs += c.macs;
    sum->seconds += c.seconds;
    return 0;
}

const struct ai_cost *ai_eval_cost(const struct ai_eval_run *run, const char *program)
{
    for (size_t i = 0; i < run->n_costs; i++)
        if (strcmp(run->costs[i].program, program) == 0)
            return &run->costs[i];
    return NULL;
}

static int add_doc_end(struct ai_eval_run *run, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_eval_doc *doc;
    struct ai_doc_end e;

    if (ai_doc_end_decode(rec, &e, err) || !(doc = known(run, e.doc, err)))
        return -1;
    if (e.layers > run->layers)
        return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": it ran %u layers of %u", e.doc, e.layers, run->layers);
    doc->macs = e.macs;
    doc->macs_full = e.macs_full;
    doc->layers = e.layers;
    for (size_t i = 0; doc->by_layer && i < doc->n_answers; i++)
        if (doc->answers[i].token == AI_NO_TOKEN)
            return ai_fail(err, AI_EINPUT, "document %" PRIu64 ": its last layer, %u, is not in the stream", e.doc,
                           run->layers);
    return 0;
}

static int add_run(struct ai_eval_run *run, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_run r;

    if (ai_run_decode(rec, &r, err))
        return -1;
    if (!(r.seconds >= 0 && r.seconds < 1e12))
        return ai_fail(err, AI_EINPUT, "a run of %g seconds", r.seconds);
    run->seconds = isnan(run->seconds) ? r.seconds : run->seconds + r.seconds;
    run->macs_shared += r.macs_shared;
    run->macs_shared_full += r.macs_shared_full;
    ai_eval_add_to_task(run, &r);
    return 0;
}

static int add_record(struct ai_eval_run *run, const struct ai_record *rec, struct reading *r, struct ai_err *err)
{
    switch (rec->type) {
    case AI_REC_DOC: return add_doc(run, rec, r, err);
    case AI_REC_DECISION: return add_decision(run, rec, err);
    case AI_REC_FEATURES: return add_features(run, rec, err);
    case AI_REC_COST: return add_cost(run, rec, err);
    case AI_REC_DOC_END: return add_doc_end(run, rec, err);
    case AI_REC_RUN: return add_run(run, rec, err);
    default: return ai_fail(err, AI_EINPUT, "a record of type %u here", rec->type);
    }
}

static int read_header(struct ai_eval_run *run, const struct ai_meta *meta, enum ai_kind kind, struct ai_err *err)
{
    const char *model = ai_meta_get(meta, "model"), *head = ai_meta_get(meta, "head");
    uint64_t layers;

    if (ai_meta_u64(meta, "layers", UINT16_MAX, &layers, err))
        return -1;
    if (layers == 0)
        return ai_fail(err, AI_EINPUT, "header: a model of 0 layers");
    if (kind == AI_KIND_FEATURES && layers > AI_MAX_LAYERS) /* each record takes room for all of them */
        return ai_fail(err, AI_EINPUT, "header: %" PRIu64 " layers are too many", layers);
    run->layers = (unsigned)layers;
    if (head && strlen(head) < sizeof run->head)
        strcpy(run->head, head);
    if (model) {
        if (strlen(model) >= sizeof run->model)
            return ai_fail(err, AI_EINPUT, "header: the model's digest is too long");
        strcpy(run->model, model);
    }
    return 0;
}

static int read_all(struct ai_eval_run *run, struct ai_reader *reader, bool labels, struct ai_err *err)
{
    struct reading r = {.grouped = true, .labels = labels};
    struct ai_record rec;
    int rc;

    ai_reader_want(reader, AI_REC_COST);

    if (read_header(run, ai_reader_meta(reader), ai_reader_kind(reader), err))
        return ai_err_at(err, "%s", run->name);
    while ((rc = ai_reader_next(reader, &rec, err)) == 1)
        if (add_record(run, &rec, &r, err))
            return ai_reader_err_at(reader, err);
    return rc;
}

struct ai_eval_run *ai_eval_run_read(int fd, const char *name, enum ai_kind kind, bool labels, struct ai_err *err)
{
    struct ai_eval_run *run = ai_calloc(1, sizeof *run, err);
    struct ai_reader *reader;
    int rc = -1;

    if (!run)
        return NULL;
    run->seconds = NAN;
    run->name = ai_strndup(name, strlen(name), err);
    run->by_number = run->name ? ai_eval_index_new(err) : NULL;
    if (run->by_number) {
        reader = ai_reader_open(fd, name, kind, err);
        if (reader)
            rc = read_all(run, reader, labels, err);
        ai_reader_free(reader);
    }
    if (rc) {
        ai_eval_run_free(run);
        return NULL;
    }
    return run;
}
