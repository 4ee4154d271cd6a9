/* What ai-train-svm and ai-train-crf share: reading streams of features, and writing the
 * policy with what is known of its training. */
#ifndef CLI_TRAIN_H
#define CLI_TRAIN_H

#include "cli/cli.h"

#include "policy/train.h"

enum { CLI_TRAIN_FEATURES = 500, CLI_TRAIN_LAYERS, CLI_TRAIN_MAX_FLIP, CLI_TRAIN_FOLDS, CLI_TRAIN_MAX_ROWS,
       CLI_TRAIN_SEED, CLI_TRAIN_PROVENANCE };

/* Lines of an option table. */
#define CLI_TRAIN_OPTIONS \
    {CLI_TRAIN_FEATURES, "features", "LIST", "of the stream's features, those to use; depth is always there [all]"}, \
    {CLI_TRAIN_LAYERS, "layers", "LIST", "where the policy may stop [all]"}, \
    {CLI_TRAIN_MAX_FLIP, "max-flip", "SHARE", "of documents whose answer may change, on held-out folds [0.005]"}, \
    {CLI_TRAIN_FOLDS, "folds", "N", "folds of documents for choosing the threshold [5]"}, \
    {CLI_TRAIN_MAX_ROWS, "max-rows", "N", "train each machine on at most N rows, sampled"}, \
    {CLI_TRAIN_SEED, "seed", "N", "of sampling and folds [0]"}, \
    {CLI_TRAIN_PROVENANCE, "no-provenance", NULL, "leave the command line out of the policy"}

struct cli_train {
    const char *features, *layers;
    bool no_provenance;
    struct ai_train_options o;
    /* After reading: may change o and report; NULL: nothing to do.  Returns 0 or -1. */
    int (*prepare)(struct cli *cli, struct cli_train *t, struct ai_policy *p, const struct ai_training *rows,
                   struct ai_err *err);
};

/* Takes one of the options above.  Returns 0, or -1 with err. */
int cli_train_option(struct cli_train *t, int key, const char *arg, struct ai_err *err) AI_CHECKED;
/* The whole run: reads the operands, trains, writes the policy. */
int cli_train_run(struct cli *cli, struct cli_train *t, struct ai_err *err) AI_CHECKED;

#endif
