#include "cli/train.h"

#include "base/mem.h"
#include "policy/gather.h"

#include <stdlib.h>
#include <string.h>

int cli_train_option(struct cli_train *t, int key, const char *arg, struct ai_err *err)
{
    uint64_t n;

    switch (key) {
    case CLI_TRAIN_FEATURES: t->features = arg; return 0;
    case CLI_TRAIN_LAYERS: t->layers = arg; return 0;
    case CLI_TRAIN_MAX_FLIP: return cli_share("--max-flip", arg, &t->o.max_flip, err);
    case CLI_TRAIN_FOLDS:
        if (cli_u64("--folds", arg, 2, 100, &n, err))
            return -1;
        t->o.folds = (unsigned)n;
        return 0;
    case CLI_TRAIN_MAX_ROWS:
        if (cli_u64("--max-rows", arg, 10, 10000000, &n, err))
            return -1;
        t->o.max_rows = (size_t)n;
        return 0;
    case CLI_TRAIN_PROVENANCE: t->no_provenance = true; return 0;
    case CLI_TRAIN_SEED: return cli_u64("--seed", arg, 0, UINT64_MAX, &t->o.seed, err);
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

struct work {
    struct cli_train *t;
    struct ai_gather gather;
    struct ai_policy *policy;
    struct ai_training training;
    size_t cap_trained;
    bool unknown;             /* a document without a prompt digest */
};

/* ---- reading ---- */

static int started(void *arg, const struct ai_names *offered, struct ai_err *err)
{
    struct work *w = arg;
    struct ai_policy *p = w->policy;

    w->training.layers = w->gather.layers;
    strcpy(p->model, w->gather.model);
    strcpy(p->head, w->gather.head);
    if (ai_policy_choose(p, w->t->features, offered, err))
        return err->code == AI_EUSAGE ? ai_err_at(err, "--features") : -1;
    w->training.n = p->n;
    if (!w->t->layers)
        return 0;
    p->has_layers = true;
    if (ai_layers_parse(w->t->layers, w->gather.layers, &p->layers, err)) {
        err->code = AI_EUSAGE;
        return ai_err_at(err, "--layers");
    }
    return 0;
}

static int document(void *arg, const struct ai_gathered *doc, struct ai_err *err)
{
    struct work *w = arg;
    struct ai_policy *p = w->policy;
    uint32_t last = doc->rows[doc->n - 1].token, number = w->training.docs;

    for (size_t i = 0; i + 1 < doc->n; i++) {
        if (w->t->o.classifier == AI_CRF && p->has_layers && !ai_layers_has(&p->layers, doc->rows[i].layer))
            continue; /* no link of this chain */
        if (ai_training_add(&w->training, doc->rows[i].x, doc->rows[i].layer, number,
                            doc->rows[i].token == last ? 1 : -1, err))
            return -1;
    }
    w->unknown |= doc->prompt_digest == 0;
    if (ai_grow(&p->trained, &w->cap_trained, p->n_trained + 1, sizeof *p->trained, err))
        return -1;
    p->trained[p->n_trained++] = doc->prompt_digest;
    return 0;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The set of training prompts, rising and each once; none if it would not be all of them. */
static void sort_trained(struct work *w)
{
    struct ai_policy *p = w->policy;
    size_t n = 0;

    qsort(p->trained, p->n_trained, sizeof *p->trained, compare_u64);
    for (size_t i = 0; i < p->n_trained; i++)
        if (n == 0 || p->trained[i] != p->trained[n - 1])
            p->trained[n++] = p->trained[i];
    p->n_trained = w->unknown ? 0 : n;
}

static int read_file(void *arg, int fd, const char *name, struct ai_err *err)
{
    struct work *w = arg;

    return ai_gather_stream(&w->gather, fd, name, err);
}

/* ---- training ---- */

/* Features that compare with the layer checked before mean something else once layers
 * are left out between training and use. */
static bool looks_back(const char *name)
{
    static const char *const alone[] = {"gap", "top_prob", "entropy", "depth", "state_cosine", "attention_cosine",
                                        "mlp_cosine"};

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (strcmp(name, alone[i]) == 0)
            return false;
    return true;
}

/* True if the policy must check each layer that it was trained on. */
static bool keeps_layers(const struct work *w)
{
    const char *name = NULL, *layers = w->t->layers;
    bool more = false;

    for (size_t i = 0; i < w->policy->n && !name; i++)
        if (looks_back(w->policy->names[i]))
            name = w->policy->names[i];
    for (size_t r = 0; layers && r < w->training.rows && !more; r++)
        more = !ai_layers_has(&w->policy->layers, w->training.layer[r]);
    if (name && more)
        cli_warn("%s looks back to the layer checked before: with --layers=%s, train on states of these layers and the "
                 "last only (ai-forward --layers=%s,%u)", name, layers, layers, w->training.layers);
    return name || w->t->o.classifier == AI_CRF;
}

static void tell(struct cli *cli, const struct work *w, const struct ai_train_report *r)
{
    cli_info(cli, "%u documents, %zu rows, trained on %zu of them (%.1f %% agree with the last layer)",
             w->training.docs, w->training.rows, r->rows_used, 100 * (double)r->positive / (double)r->rows_used);
    if (w->policy->classifier == AI_SVM_RBF)
        cli_info(cli, "%zu support vectors", w->policy->n_sv);
    if (r->exits)
        cli_info(cli, "held out: %.1f %% of the layers skipped, %zu of %u answers changed", 100 * r->skipped, r->flips,
                 w->training.docs);
    else
        cli_warn("no threshold keeps the share of changed answers at %g with %u documents: this policy never stops early",
                 w->t->o.max_flip, w->training.docs);
}

static int write_policy(struct cli *cli, struct work *w, const struct ai_train_report *r, struct ai_err *err)
{
    const struct ai_train_options *o = &w->t->o;
    struct ai_buf *notes = &w->policy->notes, text = {0};
    int rc = ai_buf_printf(notes, err, "documents %u\nrows %zu\nseed %llu\nmax_flip %g\nfolds %u\nheld_out_flips %zu\n"
                                       "held_out_layers_skipped %.4f\n",
                           w->training.docs, r->rows_used, (unsigned long long)o->seed, o->max_flip, o->folds,
                           r->flips, r->skipped);

    if (!rc)
        rc = o->classifier == AI_CRF || o->classifier == AI_LOGISTIC
                 ? ai_buf_printf(notes, err, "l2 %g\n", o->l2)
                 : ai_buf_printf(notes, err, "cost %g\n", o->cost);
    if (!rc && !w->t->no_provenance)
        rc = ai_buf_printf(notes, err, "prog %s\n", cli->command_line);
    if (!rc)
        rc = ai_policy_format(w->policy, &text, err);
    if (!rc)
        rc = cli_text_open(cli, err) || cli_put(text.data, text.len, err) || cli_text_end(cli, err);
    ai_buf_free(&text);
    return rc ? -1 : 0;
}

static int train(struct cli *cli, struct work *w, struct ai_err *err)
{
    struct cli_train *t = w->t;
    struct ai_train_report report;

    if (cli_each_input(cli, read_file, w, err))
        return -1;
    sort_trained(w);
    t->o.keep_layers = keeps_layers(w);
    if ((t->prepare && t->prepare(cli, t, w->policy, &w->training, err)) ||
        ai_policy_train(w->policy, &w->training, &t->o, &report, err))
        return -1;
    tell(cli, w, &report);
    return write_policy(cli, w, &report, err);
}

int cli_train_run(struct cli *cli, struct cli_train *t, struct ai_err *err)
{
    struct work w = {.t = t, .policy = ai_calloc(1, sizeof *w.policy, err)};
    int rc;

    if (!w.policy)
        return -1;
    w.gather = (struct ai_gather){.policy = w.policy, .started = started, .document = document, .arg = &w};
    rc = train(cli, &w, err);
    ai_gather_free(&w.gather);
    ai_training_free(&w.training);
    ai_policy_free(w.policy);
    return rc;
}
