#include "eval/score.h"

#include "base/binomial.h"

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

void ai_eval_interval(uint64_t k, uint64_t n, double *low, double *high)
{
    *low = n == 0 ? NAN : k == 0 ? 0 : 1 - ai_binomial_upper(n - k, n, 0.975);
    *high = n == 0 ? NAN : ai_binomial_upper(k, n, 0.975);
}

struct sums {
    double labelled, right, labelled_dense, right_dense;
    double texts, exact, f1;
    double layers, squares;
    double macs, macs_full;
    bool macs_known;               /* of every document */
};

static bool is_right(const struct ai_eval_doc *doc)
{
    return doc->label_token != AI_NO_TOKEN && doc->n_answers > 0 && doc->answers[0].token == doc->label_token;
}

static void count_label(const struct ai_eval_doc *doc, double *labelled, double *right)
{
    *labelled += doc->label_token != AI_NO_TOKEN;
    *right += is_right(doc);
}

static void compare(const struct ai_eval_doc *doc, const struct ai_eval_doc *dense, struct sums *s,
                    struct ai_eval_score *out)
{
    count_label(dense, &s->labelled_dense, &s->right_dense);
    if (same_answers(doc, dense))
        return;
    out->flips++;
    out->lost += is_right(dense) && !is_right(doc);
    out->won += is_right(doc) && !is_right(dense);
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
    if (!isnan(doc->exact)) {
        s->texts++;
        s->exact += doc->exact;
        s->f1 += doc->f1;
    }
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

static void add_costs(const struct ai_eval_run *run, double macs_full, struct ai_eval_score *out)
{
    const struct ai_cost *head = ai_eval_cost(run, "ai-features"), *decide = ai_eval_cost(run, "ai-decide");

    if (head) {
        out->checks = share((double)head->items, (double)out->documents);
        out->head_arithmetic = share((double)head->macs, macs_full);
        out->head_seconds = head->seconds;
    }
    if (decide)
        out->decide_seconds = decide->seconds;
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
        if (dense)
            compare(&run->docs[i], &dense->docs[map[i]], &s, out);
    }
    add_shared(run, task, &s);
    n = (double)out->answers;
    out->accuracy = share(s.right, s.labelled);
    out->accuracy_dense = share(s.right_dense, s.labelled_dense);
    out->agreement = dense ? share((double)(out->documents - out->flips), (double)out->documents) : NAN;
    ai_eval_interval(out->documents - out->flips, dense ? out->documents : 0, &out->agreement_low,
                     &out->agreement_high);
    out->exact_match = share(s.exact, s.texts);
    out->f1 = share(s.f1, s.texts);
    out->layers_mean = share(s.layers, n);
    out->layers_variance = n > 0 ? fmax(0, s.squares / n - out->layers_mean * out->layers_mean) : NAN;
    out->layers_skipped = 1 - out->layers_mean / run->layers;
    out->arithmetic_skipped = s.macs_known ? 1 - share(s.macs, s.macs_full) : NAN;
    /* the clock of a replay is the recording's */
    out->seconds = out->estimated ? NAN : seconds_of(run, task);
    out->seconds_dense = dense ? dense_seconds(run, dense, task) : NAN;
    out->documents_per_second = share((double)out->documents, out->seconds);
    out->checks = out->head_arithmetic = out->head_seconds = out->decide_seconds = NAN;
    if (!out->estimated && (task == SIZE_MAX || run->n_tasks == 1))
        add_costs(run, s.macs_full, out);
}

void ai_eval_exits(const struct ai_eval_run *run, size_t task, uint64_t *answers)
{
    for (size_t i = 0; i < run->n_docs; i++)
        if (task == SIZE_MAX || run->docs[i].task == task)
            for (size_t j = 0; j < run->docs[i].n_answers; j++)
                answers[run->docs[i].answers[j].layer]++;
}
