/* The same documents in two runs. */
#include "eval/run.h"

#include "eval/index.h"

#include <string.h>

static bool same_id(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool all_have_ids(const struct ai_eval_run *run)
{
    for (size_t i = 0; i < run->n_docs; i++)
        if (!run->docs[i].id)
            return false;
    return true;
}

/* Returns false where a number is missing or stands for another id. */
static bool match_numbers(const struct ai_eval_run *run, const struct ai_eval_run *dense, bool ids, size_t *map)
{
    for (size_t i = 0; i < run->n_docs; i++) {
        map[i] = ai_eval_find(dense, run->docs[i].number);
        if (map[i] == SIZE_MAX || (ids && !same_id(run->docs[i].id, dense->docs[map[i]].id)))
            return false;
    }
    return true;
}

struct by_id { const struct ai_eval_run *run; const char *id; };

static bool has_id(const void *arg, size_t entry)
{
    const struct by_id *b = arg;

    return strcmp(b->run->docs[entry].id, b->id) == 0;
}

static int index_ids(const struct ai_eval_run *run, struct ai_eval_index *x, struct ai_err *err)
{
    for (size_t i = 0; i < run->n_docs; i++) {
        struct by_id b = {run, run->docs[i].id};
        uint64_t hash = ai_eval_hash_bytes(b.id, strlen(b.id));

        if (ai_eval_index_find(x, hash, has_id, &b) != SIZE_MAX)
            return ai_fail(err, AI_EINPUT, "%s: two documents have the id '%.100s'", run->name, b.id);
        if (ai_eval_index_add(x, hash, i, err))
            return -1;
    }
    return 0;
}

static int match_ids(const struct ai_eval_run *run, const struct ai_eval_run *dense, size_t *map, struct ai_err *err)
{
    struct ai_eval_index *x = ai_eval_index_new(err), *own = ai_eval_index_new(err);
    int rc = x && own && !index_ids(dense, x, err) && !index_ids(run, own, err) ? 0 : -1;

    for (size_t i = 0; rc == 0 && i < run->n_docs; i++) {
        struct by_id b = {dense, run->docs[i].id};

        map[i] = ai_eval_index_find(x, ai_eval_hash_bytes(b.id, strlen(b.id)), has_id, &b);
        if (map[i] == SIZE_MAX)
            rc = ai_fail(err, AI_EINPUT, "%s: no document with the id '%.100s' of %s", dense->name, b.id, run->name);
    }
    ai_eval_index_free(x);
    ai_eval_index_free(own);
    return rc;
}

int ai_eval_match(const struct ai_eval_run *run, const struct ai_eval_run *dense, size_t *map, struct ai_err *err)
{
    bool ids = all_have_ids(run) && all_have_ids(dense);

    if (run->layers != dense->layers || (run->model[0] && dense->model[0] && strcmp(run->model, dense->model) != 0))
        return ai_fail(err, AI_EINPUT, "%s: it is of model %s (%u layers), and %s of %s (%u)", run->name,
                       run->model[0] ? run->model : "unknown", run->layers, dense->name,
                       dense->model[0] ? dense->model : "unknown", dense->layers);
    if (run->n_docs != dense->n_docs)
        return ai_fail(err, AI_EINPUT, "%s: %zu documents, and %s has %zu", run->name, run->n_docs, dense->name,
                       dense->n_docs);
    if (match_numbers(run, dense, ids, map))
        return 0;
    if (!ids)
        return ai_fail(err, AI_EINPUT, "%s: its document numbers are not those of %s", run->name, dense->name);
    return match_ids(run, dense, map, err);
}
