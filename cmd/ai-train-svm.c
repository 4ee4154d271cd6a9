/* ai-train-svm: features of full-depth documents in, an exit policy out. */
#include "cli/cli.h"

#include "cli/train.h"

enum { KEY_KERNEL = 300, KEY_GAMMA, KEY_MAX_SV, KEY_SEARCH };

static const struct cli_option options[] = {
    {KEY_KERNEL, "kernel", "KERNEL", "linear or rbf [linear]"},
    {'C', "cost", "C", "cost of a row on the wrong side [1]"},
    {KEY_GAMMA, "gamma", "G", "width of the rbf kernel; 0: 1/features [0]"},
    {KEY_SEARCH, "search", NULL, "choose kernel, cost and gamma by what held-out exits skip"},
    {KEY_MAX_SV, "max-sv", "N", "rbf: at most N support vectors; 0: any number [1000]"},
    CLI_TRAIN_OPTIONS,
    {0},
};

static bool search;
static struct cli_train train = {
    .o = {.classifier = AI_SVM_LINEAR, .cost = 1, .max_sv = 1000, .max_flip = 0.005, .max_rows = 20000, .folds = 5},
};

static int option(int key, const char *arg, struct ai_err *err)
{
    static const char *const kernels[] = {"linear", "rbf", NULL};
    int kernel;
    uint64_t n;

    switch (key) {
    case KEY_KERNEL:
        if (cli_choice("--kernel", arg, kernels, &kernel, err))
            return -1;
        train.o.classifier = kernel ? AI_SVM_RBF : AI_SVM_LINEAR;
        return 0;
    case 'C': return cli_double("--cost", arg, 1e-6, 1e9, &train.o.cost, err);
    case KEY_GAMMA: return cli_double("--gamma", arg, 0, 1e6, &train.o.gamma, err);
    case KEY_SEARCH: search = true; return 0;
    case KEY_MAX_SV:
        if (cli_u64("--max-sv", arg, 0, 1000000, &n, err))
            return -1;
        train.o.max_sv = (size_t)n;
        return 0;
    default: return cli_train_option(&train, key, arg, err);
    }
}

static void tried(void *arg, const struct ai_train_options *o, const struct ai_train_report *r)
{
    const struct cli *cli = arg;

    if (o->classifier == AI_SVM_LINEAR)
        cli_info(cli, "linear C=%g: %.2f +- %.2f %% of the layers skipped", o->cost, 100 * r->skipped,
                 100 * r->skipped_error);
    else
        cli_info(cli, "rbf C=%g gamma=%g: %.2f +- %.2f %% of the layers skipped, %zu support vectors", o->cost, o->gamma,
                 100 * r->skipped, 100 * r->skipped_error, r->n_sv);
}

static int prepare(struct cli *cli, struct cli_train *t, struct ai_policy *p, const struct ai_training *rows,
                   struct ai_err *err)
{
    if (ai_svm_search(p, rows, &t->o, tried, cli, err))
        return -1;
    if (t->o.classifier == AI_SVM_LINEAR)
        cli_info(cli, "taken: linear C=%g", t->o.cost);
    else
        cli_info(cli, "taken: rbf C=%g gamma=%g", t->o.cost, t->o.gamma);
    return 0;
}

static int run(struct cli *cli, struct ai_err *err)
{
    if (search)
        train.prepare = prepare;
    return cli_train_run(cli, &train, err);
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
