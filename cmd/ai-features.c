/* ai-features: hidden states in, features of their logit lens out. */
#include "cli/cli.h"

#include "eval/rank.h"
#include "io/fd.h"
#include "kernels/kernels.h"
#include "lens/extract.h"

#include <string.h>

/* Heads above this many weights: one product takes long enough that waiting a
 * moment for more states to share it is worth while. */
enum { BIG_HEAD = 1 << 25, LINGER_MS = 1 };

enum { KEY_RANK = 256, KEY_COMPUTE };

static struct {
    const char *model;
    struct ai_extract_options extract;
    bool rank;
} opt = {.extract.compute = AI_COMPUTE_FAST};

static int option(int key, const char *arg, struct ai_err *err)
{
    static const char *const heads[] = {"full", "choices", NULL};
    uint64_t top;
    int head, compute;

    switch (key) {
    case 'm':
        opt.model = arg;
        return 0;
    case 'f':
        return ai_feature_list_parse(arg, &opt.extract.features, err);
    case 'H':
        if (cli_choice("--head", arg, heads, &head, err))
            return -1;
        opt.extract.head = (enum ai_head)head;
        return 0;
    case KEY_COMPUTE:
        if (cli_choice("--compute", arg, ai_compute_names, &compute, err))
            return -1;
        opt.extract.compute = (enum ai_compute)compute;
        return 0;
    case 'k':
        if (cli_u64("--top", arg, 1, AI_MAX_TOP, &top, err))
            return -1;
        opt.extract.top = (unsigned)top;
        return 0;
    case KEY_RANK:
        opt.rank = true;
        return 0;
    default:
        return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

/* One run's parts, for the reader's call before it waits. */
struct work {
    struct cli *cli;
    struct ai_extract *extract;
    struct ai_reader *reader;
    struct ai_writer *writer;
    const char *name;
    int fd, linger;
};

static int flush(struct work *w, struct ai_err *err)
{
    struct cli_progress p = {0};

    if (ai_extract_flush(w->extract, w->writer, err))
        return err->code == AI_EINPUT ? ai_err_at(err, "%s", w->name) : -1;
    p.documents = ai_extract_documents(w->extract);
    p.tokens = ai_extract_states(w->extract);
    cli_progress_update(w->cli, &p);
    return 0;
}

static int before_waiting(void *arg, struct ai_err *err)
{
    struct work *w = arg;

    if (w->linger > 0) {
        int ready = ai_fd_wait(w->fd, w->linger, err);

        if (ready)
            return ready < 0 ? -1 : 0;
    }
    return flush(w, err) ? -1 : ai_writer_flush_live(w->writer, err);
}

static int copy(struct work *w, struct ai_err *err)
{
    struct ai_record rec;
    int rc;

    ai_reader_on_wait(w->reader, before_waiting, w);
    while ((rc = ai_reader_next(w->reader, &rec, err)) == 1) {
        if (ai_extract_put(w->extract, &rec, err))
            return ai_reader_err_at(w->reader, err);
        if (ai_extract_full(w->extract) && flush(w, err))
            return -1;
    }
    return rc ? -1 : flush(w, err);
}

/* What the head cost, for ai-eval. */
static int put_cost(const struct work *w, struct ai_err *err)
{
    struct ai_cost cost = {.program = "ai-features", .items = ai_extract_states(w->extract),
                           .macs = ai_extract_macs(w->extract), .seconds = ai_cpu_seconds()};
    struct ai_buf payload = {0};
    int rc = ai_cost_encode(&cost, &payload, err);

    if (rc == 0)
        rc = ai_writer_put(w->writer, AI_REC_COST, AI_REC_IGNORABLE, payload.data, payload.len, err);
    ai_buf_free(&payload);
    return rc;
}

static int with_reader(struct work *w, struct ai_err *err)
{
    struct ai_meta header;

    w->reader = ai_reader_open(w->fd, w->name, AI_KIND_HIDDEN, err);
    if (!w->reader)
        return -1;
    if (ai_extract_header(w->extract, ai_reader_meta(w->reader), &header, err))
        return ai_err_at(err, "%s", w->name);
    w->writer = cli_writer_open(w->cli, AI_KIND_FEATURES, &header, err);
    ai_meta_free(&header);
    ai_reader_want(w->reader, AI_REC_COSINES);
    if (!w->writer || copy(w, err) || (w->cli->provenance && put_cost(w, err)))
        return -1;
    return cli_writer_end(w->cli, err);
}

static int with_model(struct cli *cli, struct ai_model *model, struct ai_pool *pool, struct ai_err *err)
{
    struct work w = {.cli = cli};
    int rc = -1;

    w.extract = ai_extract_new(model, pool, &opt.extract, err);
    if (!w.extract)
        return -1;
    w.linger = ai_extract_weights(w.extract) > BIG_HEAD ? LINGER_MS : 0;
    w.fd = cli_open_input(cli, 0, &w.name, err);
    if (w.fd >= 0) {
        rc = with_reader(&w, err);
        ai_reader_free(w.reader);
        cli_close_input(w.fd);
    }
    ai_extract_free(w.extract);
    return rc;
}

/* ---- --rank: features in, a table out ---- */

static int rank_records(struct ai_reader *reader, const char *name, struct ai_buf *table, struct ai_err *err)
{
    struct ai_rank *rank = ai_rank_new(ai_reader_meta(reader), err);
    struct ai_record rec;
    int rc;

    if (!rank)
        return ai_err_at(err, "%s", name);
    while ((rc = ai_reader_next(reader, &rec, err)) == 1)
        if (ai_rank_put(rank, &rec, err)) {
            rc = ai_reader_err_at(reader, err);
            break;
        }
    if (rc == 0 && ai_rank_table(rank, table, err))
        rc = ai_err_at(err, "%s", name);
    ai_rank_free(rank);
    return rc;
}

static int rank(struct cli *cli, struct ai_err *err)
{
    struct ai_buf table = {0};
    struct ai_reader *reader;
    const char *name;
    int fd = cli_open_input(cli, 0, &name, err), rc = -1;

    if (fd < 0)
        return -1;
    reader = ai_reader_open(fd, name, AI_KIND_FEATURES, err);
    if (reader && rank_records(reader, name, &table, err) == 0 && cli_text_open(cli, err) == 0 &&
        cli_put(table.data, table.len, err) == 0)
        rc = cli_text_end(cli, err);
    ai_reader_free(reader);
    ai_buf_free(&table);
    cli_close_input(fd);
    return rc;
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct ai_model *model;
    struct ai_pool *pool;
    int rc = -1;

    if (opt.rank && (opt.model || opt.extract.features.n))
        return ai_fail(err, AI_EUSAGE, "--rank reads features that are there: it takes no -m and no -f");
    if (opt.rank)
        return rank(cli, err);
    if (!opt.model)
        return ai_fail(err, AI_EUSAGE, "no model is given (-m MODEL)");
    if (opt.extract.features.n == 0 && ai_feature_list_parse("gap,top_prob", &opt.extract.features, err))
        return -1;
    model = ai_model_open(opt.model, err);
    if (!model)
        return -1;
    pool = ai_pool_new(cli->threads, err);
    if (pool)
        rc = with_model(cli, model, pool, err);
    ai_pool_free(pool);
    ai_model_free(model);
    return rc;
}

static const struct cli_option options[] = {
    {'m', "model", "MODEL", "GGUF file or Hugging Face directory that made the states"},
    {'f', "features", "LIST", "what to compute, in this order, or all [gap,top_prob]"},
    {'H', "head", "HEAD", "full, or choices: only the document's choices compete [full]"},
    {KEY_COMPUTE, "compute", "MODE", "the head's product in f32, bf16, int8 or fast [fast]"},
    {'k', "top", "K", "most probable tokens in each record [5]"},
    {KEY_RANK, "rank", NULL, "from a feature stream: a table of what each feature alone is worth"},
    {0},
};
static const char *const usage[] = {"-m MODEL [-f LIST] [-H full|choices] [-k K] [-T N] [-o FILE] [HIDDEN]",
                                    "--rank [-o FILE] [FEATURES]", NULL};
static const char *const examples[] = {
    "ai-tokenize -m demo.gguf prompts.jsonl | ai-forward -m demo.gguf --layers=all |",
    "    ai-features -m demo.gguf --features=gap,top_prob,depth -o train.aif",
    NULL,
};
static const struct cli_program program = {
    .name = "ai-features",
    .summary = "Read hidden states through the model's head and write what the softmax looks like",
    .usage = usage,
    .options = options,
    .common = CLI_STREAM_OUT | CLI_THREADS | CLI_PROGRESS | CLI_FOLLOWS,
    .default_threads = 1,
    .examples = examples,
    .max_operands = 1,
    .option = option,
    .run = run,
};

int main(int argc, char **argv)
{
    opt.extract.top = 5;
    return cli_main(&program, argc, argv);
}
