/* ai-train-crf: as ai-train-svm, with a chain over the layers, or logistic regression. */
#include "cli/cli.h"

#include "cli/train.h"

enum { KEY_L2 = 300, KEY_NO_TRANSITIONS };

static const struct cli_option options[] = {
    {KEY_L2, "l2", "WEIGHT", "of the squares of the parameters [1]"},
    {KEY_NO_TRANSITIONS, "no-transitions", NULL, "each layer for itself: logistic regression"},
    CLI_TRAIN_OPTIONS,
    {0},
};

static struct cli_train train = {
    .o = {.classifier = AI_CRF, .l2 = 1, .max_flip = 0.005, .max_rows = 200000, .folds = 5},
};

static int option(int key, const char *arg, struct ai_err *err)
{
    switch (key) {
    case KEY_L2: return cli_double("--l2", arg, 0, 1e9, &train.o.l2, err);
    case KEY_NO_TRANSITIONS: train.o.classifier = AI_LOGISTIC; return 0;
    default: return cli_train_option(&train, key, arg, err);
    }
}

static int run(struct cli *cli, struct ai_err *err)
{
    return cli_train_run(cli, &train, err);
}

static const char *const usage[] = {"[-o POLICY] [OPTION]... [TRAIN]...", NULL};
static const char *const examples[] = {"ai-train-crf -v -o sst2.policy train.aif", NULL};

static const struct cli_program program = {
    .name = "ai-train-crf",
    .summary = "Train an exit policy that reads the layers as a sequence",
    .usage = usage,
    .options = options,
    .common = CLI_FILE_OUT,
    .examples = examples,
    .max_operands = -1,
    .option = option,
    .run = run,
};

CLI_MAIN(program)
