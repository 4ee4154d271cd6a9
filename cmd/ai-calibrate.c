/* ai-calibrate: a policy and features of documents it has not seen in, the policy with a
 * threshold that keeps a limit, and the certificate of that, out. */
#include "cli/cli.h"

#include "base/binomial.h"
#include "policy/calibrate.h"
#include "policy/libsvm.h"

#include <inttypes.h>
#include <string.h>

enum { KEY_MAX_FLIP = 300, KEY_MAX_LOSS, KEY_CONFIDENCE, KEY_MIN_SKIP, KEY_LEAVE_OUT, KEY_RANGE, KEY_ANY_MODEL,
       KEY_PROVENANCE };
enum { NOT_SAFE = 4, NOT_WORTH_IT = 5 }; /* statuses */

static const struct cli_option options[] = {
    {'p', "policy", "POLICY", "policy file, model of svm-train, or rule, such as 'gap>threshold'"},
    {KEY_MAX_FLIP, "max-flip", "SHARE", "of documents whose answer may change [1% if no --max-loss is given]"},
    {KEY_MAX_LOSS, "max-loss", "SHARE", "of documents whose right answer may become a wrong one"},
    {KEY_CONFIDENCE, "confidence", "SHARE", "with which each limit holds [95%]"},
    {KEY_MIN_SKIP, "min-skip", "SHARE", "of layers; with less a policy is not worth it [1%]"},
    {KEY_LEAVE_OUT, "leave-out-trained", NULL, "leave out documents that trained the policy"},
    {KEY_RANGE, "range", "FILE", "scaling that svm-scale -s wrote, for a model of svm-train"},
    {KEY_ANY_MODEL, "any-model", NULL, "take a policy that another model trained"},
    {KEY_PROVENANCE, "no-provenance", NULL, "leave the command line out of the policy"},
    {0},
};

static struct {
    const char *policy, *range;
    double max_flip, max_loss, confidence, min_skip;
    bool leave_out, any_model, no_provenance;
} opt = {.max_flip = -1, .max_loss = -1, .confidence = 0.95, .min_skip = 0.01};

static int limit(const char *what, const char *arg, double *out, struct ai_err *err)
{
    if (cli_share(what, arg, out, err))
        return -1;
    return *out > 0 ? 0 : ai_fail(err, AI_EUSAGE, "%s: no number of documents shows that there is none at all", what);
}

static int option(int key, const char *arg, struct ai_err *err)
{
    switch (key) {
    case 'p': opt.policy = arg; return 0;
    case KEY_MAX_FLIP: return limit("--max-flip", arg, &opt.max_flip, err);
    case KEY_MAX_LOSS: return limit("--max-loss", arg, &opt.max_loss, err);
    case KEY_CONFIDENCE:
        if (cli_share("--confidence", arg, &opt.confidence, err))
            return -1;
        return opt.confidence > 0 && opt.confidence < 1
                   ? 0
                   : ai_fail(err, AI_EUSAGE, "--confidence: neither 0 nor certainty");
    case KEY_MIN_SKIP: return cli_share("--min-skip", arg, &opt.min_skip, err);
    case KEY_LEAVE_OUT: opt.leave_out = true; return 0;
    case KEY_RANGE: opt.range = arg; return 0;
    case KEY_ANY_MODEL: opt.any_model = true; return 0;
    case KEY_PROVENANCE: opt.no_provenance = true; return 0;
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

struct work {
    struct ai_policy *policy;
    struct ai_gather gather;
    struct ai_calibration documents;
    uint64_t trained;         /* documents left out */
};

/* ---- reading ---- */

static int started(void *arg, const struct ai_names *offered, struct ai_err *err)
{
    struct work *w = arg;
    const struct ai_policy *p = w->policy;

    (void)offered;
    w->documents.layers = w->gather.layers;
    if (*p->head && *w->gather.head && strcmp(p->head, w->gather.head) != 0)
        return ai_fail(err, AI_EINPUT, "the policy was trained on features of the %s head, these are of the %s head",
                       p->head, w->gather.head);
    if (*p->model && strcmp(p->model, w->gather.model) != 0) {
        if (!opt.any_model)
            return ai_fail(err, AI_EINPUT, "the policy was trained for model %s, these features are of %s "
                                           "(--any-model takes it all the same)", p->model, w->gather.model);
        cli_warn("%s: trained for model %s, calibrated for %s", opt.policy, p->model, w->gather.model);
    }
    return 0;
}

static int document(void *arg, const struct ai_gathered *doc, struct ai_err *err)
{
    struct work *w = arg;
    int rc = ai_calibration_add(&w->documents, doc, err);

    if (rc <= 0)
        return rc;
    w->trained++;
    return opt.leave_out ? 0
                         : ai_fail(err, AI_EINPUT, "document %" PRIu64 " trained the policy, and shows nothing about others "
                                                   "(--leave-out-trained goes on without it)", doc->number);
}

static int read_file(void *arg, int fd, const char *name, struct ai_err *err)
{
    struct work *w = arg;

    return ai_gather_stream(&w->gather, fd, name, err);
}

static int read_documents(struct cli *cli, struct work *w, struct ai_err *err)
{
    if (cli_each_input(cli, read_file, w, err))
        return -1;
    if (w->trained)
        cli_warn("%" PRIu64 " documents that trained the policy are left out", w->trained);
    if (w->policy->classifier != AI_RULE && (!w->policy->n_trained || w->documents.unknown))
        cli_warn("%s does not say which documents trained %s: make sure that none of them is here",
                 w->policy->n_trained ? "the stream" : opt.policy, w->policy->n_trained ? opt.policy : "it");
    return 0;
}

/* ---- result ---- */

static int write_policy(struct cli *cli, struct work *w, struct ai_err *err)
{
    struct ai_policy *p = w->policy;
    struct ai_buf text = {0};
    int rc = 0;

    strcpy(p->certificate.model, w->gather.model);
    strcpy(p->certificate.tokenizer, w->gather.tokenizer);
    if (!*p->model)
        strcpy(p->model, w->gather.model);
    if (!*p->head)
        strcpy(p->head, w->gather.head);
    if (!opt.no_provenance)
        rc = ai_buf_printf(&p->notes, err, "prog %s\n", cli->command_line);
    if (!rc)
        rc = ai_policy_format(p, &text, err) || cli_text_open(cli, err) || cli_put(text.data, text.len, err) ||
             cli_text_end(cli, err);
    ai_buf_free(&text);
    return rc ? -1 : 0;
}

static int no_threshold(const struct work *w, const struct ai_calibrate_options *o)
{
    double least = o->max_flip >= 0 && (o->max_loss < 0 || o->max_flip < o->max_loss) ? o->max_flip : o->max_loss;
    uint64_t need = ai_binomial_least(least, o->confidence);

    if (w->documents.n_docs < need && need < UINT64_MAX)
        cli_error("no threshold is safe: %zu documents cannot show it, a limit of %g %% takes %" PRIu64 " or more",
                  w->documents.n_docs, 100 * least, need);
    else
        cli_error("no threshold is safe: even the strictest changes too many answers of %zu documents",
                  w->documents.n_docs);
    return NOT_SAFE;
}

static void tell(const struct cli *cli, const struct ai_certificate *c)
{
    if (c->has_flips)
        cli_info(cli, "%.0f of %.0f answers changed: at most %.2f %% with %g %% confidence", c->flips, c->documents,
                 100 * c->flip_bound, 100 * c->confidence);
    if (c->has_losses)
        cli_info(cli, "%.0f of %.0f right answers lost: at most %.2f %% with %g %% confidence", c->losses, c->documents,
                 100 * c->loss_bound, 100 * c->confidence);
    cli_info(cli, "%.1f %% of the layers skipped", 100 * c->skipped);
}

static int calibrate(struct cli *cli, struct work *w, struct ai_err *err)
{
    struct ai_calibrate_options o = {opt.max_flip, opt.max_loss, opt.confidence};
    int rc;

    if (o.max_flip < 0 && o.max_loss < 0)
        o.max_flip = 0.01;
    if (read_documents(cli, w, err) || (rc = ai_calibrate(&w->documents, &o, w->policy, err)) < 0)
        return -1;
    if (rc > 0)
        return no_threshold(w, &o);
    if (w->policy->certificate.skipped < opt.min_skip) {
        cli_error("not worth it: the boldest safe threshold skips %.2f %% of the layers, less than the %g %% of --min-skip",
                  100 * w->policy->certificate.skipped, 100 * opt.min_skip);
        return NOT_WORTH_IT;
    }
    tell(cli, &w->policy->certificate);
    return write_policy(cli, w, err);
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct work w = {0};
    int rc = -1;

    if (!opt.policy)
        return ai_fail(err, AI_EUSAGE, "no policy is given (-p POLICY)");
    w.policy = ai_policy_open(opt.policy, err);
    if (!w.policy)
        return -1;
    w.documents.policy = w.policy;
    w.gather = (struct ai_gather){.policy = w.policy, .started = started, .document = document, .arg = &w};
    if (!opt.range || ai_libsvm_range(w.policy, opt.range, err) == 0)
        rc = calibrate(cli, &w, err);
    ai_gather_free(&w.gather);
    ai_calibration_free(&w.documents);
    ai_policy_free(w.policy);
    return rc;
}

static const char *const usage[] = {"-p POLICY [OPTION]... [FEATURES]... >CALIBRATED", NULL};
static const char *const examples[] = {"ai-calibrate -p sst2.policy --max-flip=1% -o safe.policy held-out.aif", NULL};

static const struct cli_program program = {
    .name = "ai-calibrate",
    .summary = "Give an exit policy the boldest threshold that keeps a limit, and a certificate",
    .usage = usage,
    .options = options,
    .common = CLI_FILE_OUT,
    .examples = examples,
    .max_operands = -1,
    .option = option,
    .run = run,
};

CLI_MAIN(program)
