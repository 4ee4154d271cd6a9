#include "eval/score.h"

#include <math.h>
#include <string.h>

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

static bool same_answers(const struct ai_eval_doc *a, const struct ai_eval_doc *b)
{
    if (a->n_answers != b->n_answers)
        return false;
    for (size_t i = 0; i < a->n_answers; i++)
        if (a->answers[i].token != b->answers[i].token)
            return false;
    return true;
}

static double mean_layer(const struct ai_eval_doc *doc)
{
    double sum = 0;

    for (size_t i = 0; i < doc->n_answers; i++)
        sum += doc->answers[i].layer;
    return sum / (double)doc->n_answers;
}

struct sums {
    double labelled, right, labelled_dense, right_dense, agree;
    double layers, squares;
    double macs, macs_full;
    bool macs_known;               /* of every document */
};

static void count_label(const struct ai_eval_doc *doc, double *labelled, double *right)
{
    if (doc->label_token == AI_NO_TOKEN)
        return;
    *labelled += 1;
    *right += doc->n_answers > 0 && doc->answers[0].token == doc->label_token;
}

static void add_arithmetic(const struct ai_eval_run *run, const struct ai_eval_doc *doc, struct sums *s,
                           struct ai_eval_score *out)
{
    double full = (double)doc->macs_full;

    /* an empty prompt without even a first token costs nothing, and that is known */
    if (doc->macs_full == 0 && doc->n_answers > 0)
        s->macs_known = false;
    s->macs_full += full;
    if (ai_eval_doc_replayed(doc)) {
        out->estimated = true;
        s->macs += full * mean_layer(doc) / run->layers;
    } else {
        s->macs += (double)doc->macs;
    }
}

static void add_doc(const struct ai_eval_run *run, const struct ai_eval_doc *doc, struct sums *s,
                    struct ai_eval_score *out)
{
    out->documents++;
    out->answers += doc->n_answers;
    out->unanswered += doc->n_answers == 0;
    count_label(doc, &s->labelled, &s->right);
    for (size_t i = 0; i < doc->n_answers; i++) {
        s->layers += doc->answers[i].layer;
        s->squares += (double)doc->answers[i].layer * doc->answers[i].layer;
    }
    add_arithmetic(run, doc, s, out);
}

/* Wall clock and shared arithmetic of a task, where a run was of it alone. */
static double seconds_of(const struct ai_eval_run *run, size_t task)
{
    if (task == SIZE_MAX)
        return run->seconds;
    return run->tasks[task].mixed ? NAN : run->tasks[task].seconds;
}

static size_t same_task(const struct ai_eval_run *run, const char *name)
{
    for (size_t i = 0; i < run->n_tasks; i++)
        if (strcmp(run->tasks[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

static double dense_seconds(const struct ai_eval_run *run, const struct ai_eval_run *dense, size_t task)
{
    size_t there = task;

    if (task != SIZE_MAX && (there = same_task(dense, run->tasks[task].name)) == SIZE_MAX)
        return NAN;
    return seconds_of(dense, there);
}

static void add_shared(const struct ai_eval_run *run, size_t task, struct sums *s)
{
    if (task == SIZE_MAX) {
        s->macs += (double)run->macs_shared;
        s->macs_full += (double)run->macs_shared_full;
    } else if (!run->tasks[task].mixed) {
        s->macs += (double)run->tasks[task].macs_shared;
        s->macs_full += (double)run->tasks[task].macs_shared_full;
    }
}

void ai_eval_score(const struct ai_eval_run *run, const struct ai_eval_run *dense, const size_t *map, size_t task,
                   struct ai_eval_score *out)
{
    struct sums s = {.macs_known = true};
    double n;

    *out = (struct ai_eval_score){.task = task == SIZE_MAX ? "all" : run->tasks[task].name, .layers = run->layers};
    for (size_t i = 0; i < run->n_docs; i++) {
        if (task != SIZE_MAX && run->docs[i].task != task)
            continue;
        add_doc(run, &run->docs[i], &s, out);
        if (dense) {
            count_label(&dense->docs[map[i]], &s.labelled_dense, &s.right_dense);
            s.agree += same_answers(&run->docs[i], &dense->docs[map[i]]);
        }
    }
    add_shared(run, task, &s);
    n = (double)out->answers;
    out->accuracy = share(s.right, s.labelled);
    out->accuracy_dense = share(s.right_dense, s.labelled_dense);
    out->agreement = dense ? share(s.agree, (double)out->documents) : NAN;
    out->layers_mean = share(s.layers, n);
    out->layers_variance = n > 0 ? fmax(0, s.squares / n - out->layers_mean * out->layers_mean) : NAN;
    out->layers_skipped = 1 - out->layers_mean / run->layers;
    out->arithmetic_skipped = s.macs_known ? 1 - share(s.macs, s.macs_full) : NAN;
    /* the clock of a replay is the recording's */
    out->seconds = out->estimated ? NAN : seconds_of(run, task);
    out->seconds_dense = dense ? dense_seconds(run, dense, task) : NAN;
}

void ai_eval_exits(const struct ai_eval_run *run, size_t task, uint64_t *answers)
{
    for (size_t i = 0; i < run->n_docs; i++)
        if (task == SIZE_MAX || run->docs[i].task == task)
            for (size_t j = 0; j < run->docs[i].n_answers; j++)
                answers[run->docs[i].answers[j].layer]++;
}
