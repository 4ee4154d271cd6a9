/* ai-decide: features in, decisions out, verdicts to the control pipe. */
#include "cli/cli.h"

#include "control/control.h"
#include "io/fd.h"
#include "policy/libsvm.h"
#include "stream/names.h"
#include "stream/open.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_CONTROL = 300, KEY_TIMEOUT, KEY_ANY_MODEL, KEY_RANGE };

static const struct cli_option options[] = {
    {'p', "policy", "POLICY", "policy file, model of svm-train, rule such as 'gap>0.8', or never [never]"},
    {KEY_RANGE, "range", "FILE", "scaling that svm-scale -s wrote, for a model of svm-train"},
    {KEY_CONTROL, "control", "FILE", "write verdicts to FILE, usually a FIFO [$AI_CONTROL]"},
    {KEY_TIMEOUT, "control-timeout", "SECONDS", "give up when nobody reads the FIFO; 0: never [300]"},
    {KEY_ANY_MODEL, "any-model", NULL, "take a policy that another model trained"},
    {'e', "exit-status", NULL, "status 4 when no document stopped early"},
    {0},
};

static struct {
    const char *policy, *range, *control;
    double timeout;
    bool any_model, exit_status;
} opt = {.policy = "never", .timeout = 300};

static int option(int key, const char *arg, struct ai_err *err)
{
    switch (key) {
    case 'p': opt.policy = arg; return 0;
    case KEY_RANGE: opt.range = arg; return 0;
    case 'e': opt.exit_status = true; return 0;
    case KEY_CONTROL: opt.control = arg; return 0;
    case KEY_ANY_MODEL: opt.any_model = true; return 0;
    case KEY_TIMEOUT: return cli_double("--control-timeout", arg, 0, 1e6, &opt.timeout, err);
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

/* What is known of a document whose end has not come. */
struct live {
    bool settled;
    struct ai_memory memory;
};

struct work {
    struct cli *cli;
    struct ai_policy *policy;
    struct ai_reader *in;
    struct ai_writer *out;
    int input;                /* descriptor */
    int control;              /* descriptor, -1: none */
    struct ai_buf lines;      /* verdicts not written yet */
    struct ai_buf payload;
    unsigned layers;
    size_t n_features;        /* in each record, as the header says */
    struct ai_open *live;     /* of struct live */
    bool any;                 /* a document has begun: */
    uint64_t newest;          /* the last one that did */
    uint64_t early, scored;
    struct cli_progress progress;
};

/* all: waits until the pipe has taken them, or more features have come. */
static int write_lines(struct work *w, bool all, int input, struct ai_err *err)
{
    int rc = w->lines.len == 0 ? 0
             : all             ? ai_control_send_all(w->control, &w->lines, input, err)
                               : ai_control_send(w->control, &w->lines, err);

    if (rc && err->code == AI_EPIPE)
        return ai_fail(err, AI_ESYS, "%s: nobody reads the control pipe any more", opt.control);
    return rc ? ai_err_at(err, "%s", opt.control) : 0;
}

/* Before waiting for features: verdicts first, since somebody waits for them. */
static int on_wait(void *arg, struct ai_err *err)
{
    struct work *w = arg;

    return write_lines(w, true, w->input, err) || ai_writer_flush_live(w->out, err) ? -1 : 0;
}

static int bind_features(struct work *w, struct ai_err *err)
{
    struct ai_names names;
    int rc;

    if (ai_names_of_features(ai_reader_meta(w->in), &names, err))
        return -1;
    w->n_features = names.n;
    rc = ai_policy_bind(w->policy, names.name, names.n, err);
    ai_names_free(&names);
    return rc;
}

static bool another(const char *mine, const char *theirs)
{
    return *mine && theirs && strcmp(mine, theirs) != 0;
}

/* A policy is for the model that trained it, and for the one that it was calibrated for. */
static int check_model(const struct ai_policy *p, const char *model, const char *tokenizer, struct ai_err *err)
{
    const struct ai_certificate *c = &p->certificate;
    bool certified = c->there && model && strcmp(c->model, model) == 0;

    if (another(p->model, model) && !certified) {
        if (!opt.any_model)
            return ai_fail(err, AI_EINPUT, "the policy was trained for model %s, these features are of %s "
                                           "(--any-model takes it all the same)", p->model, model);
        if (!c->there)
            cli_warn("%s: trained for model %s, used on %s", opt.policy, p->model, model);
    }
    if (c->there && another(c->model, model))
        cli_warn("%s: its certificate is of model %s and says nothing about %s", opt.policy, c->model, model);
    else if (c->there && another(c->tokenizer, tokenizer))
        cli_warn("%s: its certificate is of tokenizer %s and says nothing about %s", opt.policy, c->tokenizer, tokenizer);
    return 0;
}

static int check_header(struct work *w, struct ai_err *err)
{
    const struct ai_meta *meta = ai_reader_meta(w->in);
    const char *model = ai_meta_get(meta, "model"), *head = ai_meta_get(meta, "head");
    uint64_t layers;

    if (ai_meta_u64(meta, "layers", AI_MAX_LAYERS, &layers, err))
        return -1;
    if (layers == 0)
        return ai_fail(err, AI_EINPUT, "header: no layers");
    w->layers = (unsigned)layers;
    if (*w->policy->head && head && strcmp(w->policy->head, head) != 0)
        return ai_fail(err, AI_EINPUT, "the policy was trained on features of the %s head, these are of the %s head",
                       w->policy->head, head);
    return check_model(w->policy, model, ai_meta_get(meta, "tokenizer"), err) || bind_features(w, err) ? -1 : 0;
}

static int open_output(struct work *w, struct ai_err *err)
{
    struct ai_meta meta = {0};
    int rc = ai_meta_copy(&meta, ai_reader_meta(w->in), err) || ai_meta_set(&meta, "policy", w->policy->digest, err);

    if (!rc)
        w->out = cli_writer_open(w->cli, AI_KIND_DECISIONS, &meta, err);
    ai_meta_free(&meta);
    return rc || !w->out ? -1 : 0;
}

static int say_hello(struct work *w, struct ai_err *err)
{
    const char *model = ai_meta_get(ai_reader_meta(w->in), "model");
    struct ai_hello hello = {.layers = w->layers, .has_checks = w->policy->has_layers};

    if (!opt.control)
        return 0;
    for (unsigned l = 1; l <= w->layers; l++) /* a policy by hand may name more layers than there are */
        if (ai_layers_has(&w->policy->layers, l))
            ai_layers_add(&hello.checks, l);
    if (model && strlen(model) < sizeof hello.model)
        strcpy(hello.model, model);
    w->control = ai_control_open_writer(opt.control, opt.timeout, err);
    if (w->control < 0)
        return -1;
    return ai_hello_format(&hello, &w->lines, err) || write_lines(w, true, -1, err) ? -1 : 0;
}

/* ---- documents ---- */

static int begin(struct work *w, uint64_t number, struct ai_err *err)
{
    if (w->any && w->newest >= number)
        return ai_fail(err, AI_EINPUT, "document %llu begins after document %llu", (unsigned long long)number,
                       (unsigned long long)w->newest);
    w->any = true;
    w->newest = number;
    return ai_open_begin(w->live, number, err) ? 0 : -1;
}

static int end(struct work *w, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_doc_end e;
    struct live *l;

    if (ai_doc_end_decode(rec, &e, err) || !(l = ai_open_get(w->live, e.doc, err)))
        return -1;
    if (!l->settled)
        return ai_fail(err, AI_EINPUT, "document %llu ends undecided: its last layer, %u, is not in the stream",
                       (unsigned long long)e.doc, w->layers);
    if (ai_open_end(w->live, e.doc, err))
        return -1;
    w->progress.documents++;
    cli_progress_update(w->cli, &w->progress);
    w->payload.len = 0;
    return ai_doc_end_encode(&e, &w->payload, err) ||
                   ai_writer_put(w->out, AI_REC_DOC_END, 0, w->payload.data, w->payload.len, err)
               ? -1
               : 0;
}

/* ---- deciding ---- */

static int send_verdict(struct work *w, const struct ai_features *f, bool leave, struct ai_err *err)
{
    struct ai_verdict v = {.kind = leave ? AI_EXIT : AI_CONTINUE, .doc = f->doc, .step = f->step, .layer = f->layer,
                           .token = f->top_token[0]};

    if (w->control < 0 || f->layer == w->layers)
        return 0;
    return ai_verdict_format(&v, &w->lines, err) || (w->lines.len > 32768 && write_lines(w, false, -1, err)) ? -1 : 0;
}

static int settle(struct work *w, const struct ai_features *f, bool early, double score, struct ai_err *err)
{
    struct ai_decision d = {.doc = f->doc, .step = f->step, .layer = f->layer, .early = early, .token = f->top_token[0],
                            .prob = f->top_prob[0], .score = (float)score};

    w->early += early;
    w->progress.layer_sum += f->layer;
    w->progress.layer_n++;
    w->payload.len = 0;
    return ai_decision_encode(&d, &w->payload, err) ||
                   ai_writer_put(w->out, AI_REC_DECISION, 0, w->payload.data, w->payload.len, err)
               ? -1
               : 0;
}

static int decide(struct work *w, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_features f;
    struct live *l;
    double score;
    bool leave;

    if (ai_features_decode(rec, &f, err) || !(l = ai_open_get(w->live, f.doc, err)))
        return -1;
    if (f.n != w->n_features)
        return ai_fail(err, AI_EINPUT, "%u features, the header names %zu", f.n, w->n_features);
    if (f.layer > w->layers)
        return ai_fail(err, AI_EINPUT, "layer %u of %u", f.layer, w->layers);
    if (l->settled) /* a recording goes on after the exit */
        return 0;
    w->scored++;
    score = ai_policy_score(w->policy, &l->memory, f.value, f.layer, w->layers);
    leave = score > 0 && f.layer < w->layers;
    if (send_verdict(w, &f, leave, err))
        return -1;
    if (!leave && f.layer < w->layers)
        return 0;
    l->settled = true;
    return settle(w, &f, leave, score, err);
}

static int take(struct work *w, const struct ai_record *rec, struct ai_err *err)
{
    struct ai_doc doc;
    int rc;

    switch (rec->type) {
    case AI_REC_DOC:
        if (ai_doc_decode(rec, &doc, err))
            return -1;
        w->payload.len = 0;
        rc = begin(w, doc.number, err) || ai_doc_encode(&doc, &w->payload, err) ||
             ai_writer_put(w->out, AI_REC_DOC, 0, w->payload.data, w->payload.len, err);
        ai_doc_free(&doc);
        return rc ? -1 : 0;
    case AI_REC_FEATURES:
        return decide(w, rec, err);
    case AI_REC_DOC_END:
        return end(w, rec, err);
    case AI_REC_RUN: /* the run is over: the forward pass need not wait for the end of our input */
        if (write_lines(w, true, -1, err))
            return -1;
        if (w->control >= 0)
            close(w->control);
        w->control = -1;
        return ai_writer_put(w->out, AI_REC_RUN, 0, rec->data, rec->len, err);
    case AI_REC_COST:
        return ai_writer_put(w->out, AI_REC_COST, AI_REC_IGNORABLE, rec->data, rec->len, err);
    default:
        return ai_fail(err, AI_EINPUT, "a record of type %u does not belong in a feature stream", rec->type);
    }
}

/* What deciding cost, for ai-eval. */
static int put_cost(struct work *w, struct ai_err *err)
{
    struct ai_cost cost = {.program = "ai-decide", .items = w->scored, .seconds = ai_cpu_seconds()};

    w->payload.len = 0;
    return ai_cost_encode(&cost, &w->payload, err) ||
                   ai_writer_put(w->out, AI_REC_COST, AI_REC_IGNORABLE, w->payload.data, w->payload.len, err)
               ? -1
               : 0;
}

static int work(struct work *w, int fd, const char *name, struct ai_err *err)
{
    struct ai_record rec;
    int got;

    w->live = ai_open_new(sizeof(struct live), NULL, err);
    w->policy = w->live ? ai_policy_open(opt.policy, err) : NULL;
    if (!w->policy || (opt.range && ai_libsvm_range(w->policy, opt.range, err)))
        return -1;
    if (!w->policy->has_threshold)
        return ai_fail(err, AI_EUSAGE, "%s: its threshold has no value; ai-calibrate gives it one", opt.policy);
    w->in = ai_reader_open(fd, name, AI_KIND_FEATURES, err);
    if (!w->in)
        return -1;
    if (check_header(w, err))
        return ai_err_at(err, "%s", name);
    if (open_output(w, err) || say_hello(w, err))
        return -1;
    ai_reader_on_wait(w->in, on_wait, w);
    ai_reader_want(w->in, AI_REC_COST);
    while ((got = ai_reader_next(w->in, &rec, err)) > 0)
        if (take(w, &rec, err))
            return err->code == AI_EINPUT ? ai_reader_err_at(w->in, err) : -1;
    if (got < 0 || write_lines(w, true, -1, err))
        return -1;
    if (ai_open_none(w->live, err))
        return ai_err_at(err, "%s", name);
    if (w->cli->provenance && put_cost(w, err))
        return -1;
    return cli_writer_end(w->cli, err);
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct work w = {.cli = cli, .control = -1};
    const char *name;
    int fd, rc;

    if (!opt.control)
        opt.control = getenv("AI_CONTROL");
    if (opt.control && !*opt.control)
        opt.control = NULL;
    fd = cli_open_input(cli, 0, &name, err);
    if (fd < 0)
        return -1;
    w.input = fd;
    rc = work(&w, fd, name, err);
    if (w.control >= 0)
        close(w.control); /* the end, for the forward pass */
    if (rc == 0)
        cli_info(cli, "%llu documents, %llu stopped early, mean layer %.2f of %u",
                 (unsigned long long)w.progress.documents, (unsigned long long)w.early,
                 w.progress.layer_n ? w.progress.layer_sum / (double)w.progress.layer_n : 0, w.layers);
    ai_buf_free(&w.lines);
    ai_buf_free(&w.payload);
    ai_open_free(w.live);
    ai_reader_free(w.in);
    ai_policy_free(w.policy);
    cli_close_input(fd);
    return rc ? -1 : opt.exit_status && w.early == 0 ? 4 : 0;
}

static const char *const usage[] = {"[-p POLICY] [--control=FILE] [FEATURES] >DECISIONS", NULL};
static const char *const examples[] = {"ai-decide -p 'gap>0.8' features.aif | ai-eval", NULL};

static const struct cli_program program = {
    .name = "ai-decide",
    .summary = "Decide at each layer whether a document's answer is settled",
    .usage = usage,
    .options = options,
    .common = CLI_STREAM_OUT | CLI_PROGRESS | CLI_FOLLOWS,
    .examples = examples,
    .max_operands = 1,
    .option = option,
    .run = run,
};

CLI_MAIN(program)
