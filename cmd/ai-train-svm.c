/* ai-train-svm: features of full-depth documents in, an exit policy out. */
#include "cli/cli.h"

#include "base/mem.h"
#include "control/control.h"
#include "policy/policy.h"
#include "policy/train.h"
#include "stream/names.h"
#include "stream/open.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_KERNEL = 300, KEY_GAMMA, KEY_FEATURES, KEY_LAYERS, KEY_SEED, KEY_MAX_ROWS, KEY_MAX_FLIP, KEY_FOLDS,
       KEY_PROVENANCE };

static const struct cli_option options[] = {
    {KEY_KERNEL, "kernel", "KERNEL", "linear or rbf [linear]"},
    {'C', "cost", "C", "cost of a row on the wrong side [1]"},
    {KEY_GAMMA, "gamma", "G", "width of the rbf kernel; 0: 1/features [0]"},
    {KEY_FEATURES, "features", "LIST", "of the stream's features, those to use; depth is always there [all]"},
    {KEY_LAYERS, "layers", "LIST", "where the policy may stop [all]"},
    {KEY_MAX_FLIP, "max-flip", "SHARE", "of documents whose answer may change, on held-out folds [0.005]"},
    {KEY_FOLDS, "folds", "N", "folds of documents for choosing the threshold [5]"},
    {KEY_MAX_ROWS, "max-rows", "N", "train each SVM on at most N rows, sampled [20000]"},
    {KEY_SEED, "seed", "N", "of sampling and folds [0]"},
    {KEY_PROVENANCE, "no-provenance", NULL, "leave the command line out of the policy"},
    {0},
};

static struct {
    const char *features, *layers;
    int kernel;
    double cost, gamma, max_flip;
    uint64_t seed, max_rows, folds;
    bool no_provenance;
} opt = {.cost = 1, .max_flip = 0.005, .max_rows = 20000, .folds = 5};

static int option(int key, const char *arg, struct ai_err *err)
{
    static const char *const kernels[] = {"linear", "rbf", NULL};

    switch (key) {
    case KEY_KERNEL: return cli_choice("--kernel", arg, kernels, &opt.kernel, err);
    case 'C': return cli_double("--cost", arg, 1e-6, 1e9, &opt.cost, err);
    case KEY_GAMMA: return cli_double("--gamma", arg, 0, 1e6, &opt.gamma, err);
    case KEY_FEATURES: opt.features = arg; return 0;
    case KEY_LAYERS: opt.layers = arg; return 0;
    case KEY_MAX_FLIP: return cli_double("--max-flip", arg, 0, 1, &opt.max_flip, err);
    case KEY_FOLDS: return cli_u64("--folds", arg, 2, 100, &opt.folds, err);
    case KEY_MAX_ROWS: return cli_u64("--max-rows", arg, 10, 10000000, &opt.max_rows, err);
    case KEY_PROVENANCE: opt.no_provenance = true; return 0;
    case KEY_SEED: return cli_u64("--seed", arg, 0, UINT64_MAX, &opt.seed, err);
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

struct row {
    double x[AI_POLICY_FEATURES];
    uint16_t layer;
    uint32_t token;
};

/* A document whose rows are being gathered. */
struct gathering {
    struct row *rows;
    size_t n, cap;
};

struct work {
    struct cli *cli;
    struct ai_policy *policy;
    struct ai_training training;
    unsigned layers;
    bool started;              /* the first header has been read */
    size_t n_features;         /* in each record, as the header says */
    struct ai_open *open;      /* of struct gathering */
    struct ai_sha256 documents; /* which documents trained */
};

/* ---- header ---- */

/* Features that compare with the layer checked before mean something else once layers
 * are left out between training and use. */
static bool looks_back(const char *name)
{
    static const char *const alone[] = {"gap", "top_prob", "entropy", "depth"};

    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (strcmp(name, alone[i]) == 0)
            return false;
    return true;
}

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

/* What --features says, or all that the stream offers and depth. */
static int choose_features(struct work *w, const struct ai_names *offered, struct ai_err *err)
{
    struct ai_names wanted = {0};
    const struct ai_names *list = opt.features ? &wanted : offered;
    bool depth = opt.features != NULL;
    int rc = 0;

    if (opt.features && ai_names_split(opt.features, &wanted, err)) {
        err->code = AI_EUSAGE;
        return ai_err_at(err, "--features");
    }
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        depth = depth || strcmp(list->name[i], "depth") == 0;
        rc = add_name(w->policy, list->name[i], err);
    }
    if (rc == 0 && !depth)
        rc = add_name(w->policy, "depth", err);
    if (rc && opt.features) {
        err->code = AI_EUSAGE;
        ai_err_at(err, "--features");
    }
    ai_names_free(&wanted);
    return rc;
}

static int take_header(struct work *w, const struct ai_meta *meta, const struct ai_names *names, struct ai_err *err)
{
    const char *model = ai_meta_get(meta, "model"), *head = ai_meta_get(meta, "head");
    uint64_t layers;

    if (!model)
        return ai_fail(err, AI_EINPUT, "header: no line 'model'");
    if (ai_meta_u64(meta, "layers", AI_MAX_LAYERS, &layers, err))
        return -1;
    if (!w->started) {
        w->layers = w->training.layers = (unsigned)layers;
        if (strlen(model) >= sizeof w->policy->model || (head && strlen(head) >= sizeof w->policy->head))
            return ai_fail(err, AI_EINPUT, "header: model or head is too long");
        strcpy(w->policy->model, model);
        strcpy(w->policy->head, head ? head : "");
        if (choose_features(w, names, err))
            return -1;
        if (opt.layers) {
            if (ai_layers_parse(opt.layers, w->layers, &w->policy->layers, err)) {
                err->code = AI_EUSAGE;
                return ai_err_at(err, "--layers");
            }
            w->policy->has_layers = true;
        }
        w->training.n = w->policy->n;
        w->started = true;
    }
    if (strcmp(w->policy->model, model) != 0 || layers != w->layers)
        return ai_fail(err, AI_EINPUT, "header: features of model %s, the ones before are of %s", model, w->policy->model);
    w->n_features = names->n;
    return ai_policy_bind(w->policy, names->name, names->n, err);
}

static int read_header(struct work *w, const struct ai_meta *meta, struct ai_err *err)
{
    struct ai_names names;
    int rc;

    if (ai_names_of_features(meta, &names, err))
        return -1;
    rc = take_header(w, meta, &names, err);
    ai_names_free(&names);
    return rc;
}

/* ---- documents ---- */

static void release(void *item)
{
    struct gathering *g = item;

    free(g->rows);
}

static int begin(struct work *w, const struct ai_record *rec, struct ai_err *err)
{
    uint64_t number;

    if (ai_record_doc(rec, &number, err) || !ai_open_begin(w->open, number, err))
        return -1;
    ai_sha256_add(&w->documents, rec->data + 8, rec->len - 8);
    return 0;
}

static int add_row(struct work *w, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_features f;
    struct gathering *g;
    struct row *row;

    if (ai_features_decode(rec, &f, err) || !(g = ai_open_get(w->open, f.doc, err)))
        return -1;
    if (f.n != w->n_features)
        return ai_fail(err, AI_EINPUT, "%u features, the header names %zu", f.n, w->n_features);
    if (f.layer < 1 || f.layer > w->layers || (g->n && g->rows[g->n - 1].layer >= f.layer))
        return ai_fail(err, AI_EINPUT, "document %llu: layer %u is out of order", (unsigned long long)f.doc, f.layer);
    if (ai_grow(&g->rows, &g->cap, g->n + 1, sizeof *g->rows, err))
        return -1;
    row = &g->rows[g->n++];
    row->layer = f.layer;
    row->token = f.top_token[0];
    ai_policy_row(w->policy, f.value, f.layer, w->layers, row->x);
    return 0;
}

static int end(struct work *w, uint64_t number, struct ai_err *err)
{
    struct gathering *g = ai_open_get(w->open, number, err);
    uint32_t doc = w->training.docs;

    if (!g)
        return -1;
    if (g->n < 2 || g->rows[g->n - 1].layer != w->layers)
        return ai_fail(err, AI_EINPUT, "document %llu: training needs its last layer, %u, and one before "
                                       "(ai-forward --layers=all)", (unsigned long long)number, w->layers);
    for (size_t i = 0; i + 1 < g->n; i++)
        if (ai_training_add(&w->training, g->rows[i].x, g->rows[i].layer, doc,
                            g->rows[i].token == g->rows[g->n - 1].token ? 1 : -1, err))
            return -1;
    return ai_open_end(w->open, number, err);
}

static int take(struct work *w, const struct ai_record *rec, struct ai_err *err)
{
    uint64_t number;

    switch (rec->type) {
    case AI_REC_DOC: return begin(w, rec, err);
    case AI_REC_FEATURES: return add_row(w, rec, err);
    case AI_REC_DOC_END: return ai_record_doc(rec, &number, err) || end(w, number, err) ? -1 : 0;
    case AI_REC_RUN: return 0;
    default: return ai_fail(err, AI_EINPUT, "a record of type %u does not belong in a feature stream", rec->type);
    }
}

static int read_stream(struct work *w, struct ai_reader *in, struct ai_err *err)
{
    struct ai_record rec;
    int got;

    while ((got = ai_reader_next(in, &rec, err)) > 0)
        if (take(w, &rec, err))
            return ai_reader_err_at(in, err);
    return got;
}

static int read_file(struct work *w, int i, struct ai_err *err)
{
    struct ai_reader *in = NULL;
    const char *name;
    int fd = cli_open_input(w->cli, i, &name, err), rc = -1;

    if (fd < 0)
        return -1;
    in = ai_reader_open(fd, name, AI_KIND_FEATURES, err);
    if (in)
        rc = read_header(w, ai_reader_meta(in), err) ? ai_err_at(err, "%s", name) : read_stream(w, in, err);
    if (rc == 0 && ai_open_none(w->open, err))
        rc = ai_err_at(err, "%s", name);
    ai_reader_free(in);
    cli_close_input(fd);
    return rc;
}

/* ---- result ---- */

static int write_policy(struct work *w, const struct ai_train_report *r, struct ai_err *err)
{
    struct ai_buf notes = {0}, text = {0};
    char digest[AI_DIGEST_LEN + 1];
    int rc;

    ai_sha256_end_hex(&w->documents, digest);
    rc = ai_buf_printf(&notes, err, "documents %u\nrows %zu\nseed %llu\nmax_flip %g\nfolds %llu\nheld_out_flips %zu\n"
                                    "held_out_layers_skipped %.4f\ntrained_on %s\n",
                       w->training.docs, r->rows_used, (unsigned long long)opt.seed, opt.max_flip,
                       (unsigned long long)opt.folds, r->flips, r->skipped, digest);
    if (!rc && !opt.no_provenance)
        rc = ai_buf_printf(&notes, err, "prog %s\n", w->cli->command_line);
    if (!rc)
        rc = ai_buf_put(&notes, "", 1, err) || ai_policy_format(w->policy, (char *)notes.data, &text, err);
    if (!rc)
        rc = cli_text_open(w->cli, err) || cli_put(text.data, text.len, err) || cli_text_end(w->cli, err);
    ai_buf_free(&notes);
    ai_buf_free(&text);
    return rc ? -1 : 0;
}

static void tell(struct work *w, const struct ai_train_report *r)
{
    cli_info(w->cli, "%u documents, %zu rows, trained on %zu of them (%.1f %% agree with the last layer)",
             w->training.docs, w->training.rows, r->rows_used, 100 * (double)r->positive / (double)r->rows_used);
    if (w->policy->classifier == AI_SVM_RBF)
        cli_info(w->cli, "%zu support vectors", w->policy->n_sv);
    if (r->exits)
        cli_info(w->cli, "held out: %.1f %% of the layers skipped, %zu of %u answers changed", 100 * r->skipped, r->flips,
                 w->training.docs);
    else
        cli_warn("no threshold keeps the share of changed answers at %g with %u documents: this policy never stops early",
                 opt.max_flip, w->training.docs);
}

/* True if the policy must check each layer that it was trained on. */
static bool check_layers(const struct work *w)
{
    const char *name = NULL;
    bool more = false;

    for (size_t i = 0; i < w->policy->n && !name; i++)
        if (looks_back(w->policy->names[i]))
            name = w->policy->names[i];
    for (size_t r = 0; opt.layers && r < w->training.rows && !more; r++)
        more = !ai_layers_has(&w->policy->layers, w->training.layer[r]);
    if (name && more)
        cli_warn("%s looks back to the layer checked before: with --layers=%s, train on states of these layers and the "
                 "last only (ai-forward --layers=%s,%u)", name, opt.layers, opt.layers, w->layers);
    return name != NULL;
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct work w = {.cli = cli};
    struct ai_train_options o = {.classifier = opt.kernel ? AI_SVM_RBF : AI_SVM_LINEAR, .cost = opt.cost,
                                 .gamma = opt.gamma, .max_rows = (size_t)opt.max_rows, .folds = (unsigned)opt.folds,
                                 .max_flip = opt.max_flip, .seed = opt.seed};
    struct ai_train_report report;
    int rc = -1;

    ai_sha256_init(&w.documents);
    w.open = ai_open_new(sizeof(struct gathering), release, err);
    w.policy = ai_calloc(1, sizeof *w.policy, err);
    if (!w.open || !w.policy)
        goto out;
    for (int i = 0; i < (cli->argc ? cli->argc : 1); i++)
        if (read_file(&w, i, err))
            goto out;
    o.keep_layers = check_layers(&w);
    if (ai_policy_train(w.policy, &w.training, &o, &report, err))
        goto out;
    tell(&w, &report);
    rc = write_policy(&w, &report, err);
out:
    ai_open_free(w.open);
    ai_training_free(&w.training);
    ai_policy_free(w.policy);
    return rc;
}

static const char *const usage[] = {"[-o POLICY] [OPTION]... [TRAIN]...", NULL};
static const char *const examples[] = {"ai-train-svm -v -o sst2.policy train.aif", NULL};

static const struct cli_program program = {
    .name = "ai-train-svm",
    .summary = "Train an exit policy: does this layer's answer equal the last layer's?",
    .usage = usage,
    .options = options,
    .common = CLI_FILE_OUT,
    .examples = examples,
    .max_operands = -1,
    .option = option,
    .run = run,
};

CLI_MAIN(program)
