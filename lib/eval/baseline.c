#include "eval/baseline.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

static uint32_t *row_of(const struct ai_eval_run *run, const struct ai_eval_doc *doc, size_t answer)
{
    return doc->by_layer + answer * ((size_t)run->layers + 1);
}

static bool in_task(const struct ai_eval_run *run, size_t doc, size_t task)
{
    return task == SIZE_MAX || run->docs[doc].task == task;
}

/* The first layer whose answer is the last one's. */
static unsigned first_agreeing(const struct ai_eval_run *run, const uint32_t *row)
{
    unsigned l = 0;

    while (row[l] != row[run->layers])
        l++;
    return l;
}

/* Every answer becomes that of the depth, or of the oracle (depth 0).  False if a
 * document has no answer there. */
static bool answer_at(struct ai_eval_run *run, size_t task, unsigned depth)
{
    for (size_t i = 0; i < run->n_docs; i++) {
        struct ai_eval_doc *doc = &run->docs[i];

        for (size_t j = 0; j < doc->n_answers && in_task(run, i, task); j++) {
            const uint32_t *row = row_of(run, doc, j);
            unsigned l = depth ? depth : first_agreeing(run, row);

            if (row[l] == AI_NO_TOKEN)
                return false;
            doc->answers[j] = (struct ai_eval_answer){.token = row[l], .layer = (uint16_t)l};
        }
    }
    return true;
}

static void settle(struct ai_eval_baseline *b, const struct ai_eval_run *run, size_t task)
{
    size_t answers = 0;

    for (size_t i = 0; i < run->n_docs; i++)
        for (size_t j = 0; j < run->docs[i].n_answers && in_task(run, i, task); j++) {
            const uint32_t *row = row_of(run, &run->docs[i], j);

            answers++;
            for (unsigned l = run->layers; l > 0 && (row[l] == row[run->layers] || row[l] == AI_NO_TOKEN); l--)
                b->settled[l]++;
        }
    for (unsigned l = 0; l <= run->layers; l++)
        b->settled[l] = answers ? b->settled[l] / (double)answers : NAN;
}

/* ---- the frontier ---- */

struct item {
    double weight, saves;      /* arithmetic of full depth; of it what giving up saves */
    unsigned first;            /* layer where the oracle stops */
    bool labelled, right, right_if_given_up, agrees_if_given_up;
};

static int saves_more(const void *a, const void *b)
{
    double x = ((const struct item *)a)->saves, y = ((const struct item *)b)->saves;

    return x > y ? -1 : x < y;
}

static void fill_item(const struct ai_eval_run *run, const struct ai_eval_doc *doc, size_t answer, unsigned lowest,
                      struct item *it)
{
    const uint32_t *row = row_of(run, doc, answer);

    it->weight = (doc->macs_full ? (double)doc->macs_full : 1) / (double)doc->n_answers;
    it->first = first_agreeing(run, row);
    it->saves = it->weight * (it->first - lowest) / run->layers;
    it->labelled = answer == 0 && doc->label_token != AI_NO_TOKEN;
    it->right = it->labelled && row[run->layers] == doc->label_token;
    it->right_if_given_up = it->labelled && row[lowest] == doc->label_token;
    it->agrees_if_given_up = row[lowest] == row[run->layers];
}

/* All items kept first, then given up one by one; every step-th point is written down. */
static void walk(struct ai_eval_baseline *b, const struct item *item, size_t n)
{
    double whole = 0, cost = 0, right = 0, labelled = 0, agree = (double)n;
    size_t step = n / (AI_EVAL_FRONTIER - 1) + 1, back = 0;
    struct ai_eval_point points[AI_EVAL_FRONTIER];

    for (size_t i = 0; i < n; i++) {
        whole += item[i].weight;
        cost += item[i].weight * item[i].first / b->layers;
        labelled += item[i].labelled;
        right += item[i].right;
    }
    for (size_t i = 0; i <= n; i++) {
        bool end = i == n || item[i].saves <= 0;

        if (i % step == 0 || end)
            points[back++] = (struct ai_eval_point){cost / whole, labelled > 0 ? right / labelled : NAN,
                                                    agree / (double)n};
        if (end)
            break;
        cost -= item[i].saves;
        right += (double)item[i].right_if_given_up - (double)item[i].right;
        agree -= !item[i].agrees_if_given_up;
    }
    for (b->n_frontier = 0; back > 0; b->n_frontier++)
        b->frontier[b->n_frontier] = points[--back];
}

static int find_frontier(struct ai_eval_baseline *b, const struct ai_eval_run *run, size_t task, unsigned lowest,
                         struct ai_err *err)
{
    size_t n = 0;
    struct item *item;

    for (size_t i = 0; i < run->n_docs; i++)
        n += in_task(run, i, task) ? run->docs[i].n_answers : 0;
    item = ai_calloc(n, sizeof *item, err);
    if (!item)
        return -1;
    n = 0;
    for (size_t i = 0; i < run->n_docs; i++)
        for (size_t j = 0; in_task(run, i, task) && j < run->docs[i].n_answers; j++)
            fill_item(run, &run->docs[i], j, lowest, &item[n++]);
    if (n) {
        qsort(item, n, sizeof *item, saves_more);
        walk(b, item, n);
    }
    free(item);
    return 0;
}

/* ---- */

struct ai_eval_baseline *ai_eval_baseline_new(struct ai_eval_run *run, size_t task, struct ai_err *err)
{
    struct ai_eval_baseline *b = ai_calloc(1, sizeof *b, err);
    struct ai_eval_doc *last = ai_calloc(run->n_docs, sizeof *last, err);
    size_t *map = ai_calloc(run->n_docs, sizeof *map, err), n_rows = (size_t)run->layers + 1;
    struct ai_eval_run dense = *run;
    unsigned lowest = 0;
    int rc = b && last && map ? 0 : -1;

    if (rc == 0 && (!(b->depth = ai_calloc(n_rows, sizeof *b->depth, err)) ||
                    !(b->settled = ai_calloc(n_rows, sizeof *b->settled, err))))
        rc = -1;
    if (rc == 0)
        b->layers = run->layers;
    /* the last layer's answers, kept while the run's own change */
    dense.docs = last;
    for (size_t i = 0; rc == 0 && i < run->n_docs; i++) {
        map[i] = i;
        last[i] = run->docs[i];
        last[i].answers = ai_calloc(last[i].n_answers, sizeof *last[i].answers, err);
        if (!last[i].answers)
            rc = -1;
        else if (last[i].n_answers)
            memcpy(last[i].answers, run->docs[i].answers, last[i].n_answers * sizeof *last[i].answers);
    }
    for (unsigned d = 1; rc == 0 && d <= run->layers; d++)
        if (answer_at(run, task, d)) {
            ai_eval_score(run, &dense, map, task, &b->depth[d]);
            lowest = lowest ? lowest : d;
        }
    if (rc == 0) {
        answer_at(run, task, 0);
        ai_eval_score(run, &dense, map, task, &b->oracle);
        b->documents = b->oracle.documents;
        settle(b, run, task);
        answer_at(run, task, run->layers);
        rc = find_frontier(b, run, task, lowest, err);
    }
    for (size_t i = 0; last && i < run->n_docs; i++)
        free(last[i].answers);
    free(last);
    free(map);
    if (rc) {
        ai_eval_baseline_free(b);
        return NULL;
    }
    return b;
}

void ai_eval_baseline_free(struct ai_eval_baseline *b)
{
    if (!b)
        return;
    free(b->depth);
    free(b->settled);
    free(b);
}

unsigned ai_eval_deepest(const struct ai_eval_baseline *b, double arithmetic)
{
    for (unsigned d = b->layers; d > 0; d--)
        if (b->depth[d].documents && (double)d <= arithmetic * b->layers + 1e-9)
            return d;
    return 0;
}

static double worth(const struct ai_eval_score *s)
{
    return isnan(s->accuracy) ? s->agreement : s->accuracy;
}

unsigned ai_eval_best(const struct ai_eval_baseline *b, double arithmetic)
{
    unsigned best = 0, deepest = ai_eval_deepest(b, arithmetic);

    for (unsigned d = 1; d <= deepest; d++)
        if (b->depth[d].documents && (!best || worth(&b->depth[d]) > worth(&b->depth[best])))
            best = d;
    return best;
}
