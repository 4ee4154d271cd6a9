/* ai-forward: tokens in, hidden states out; documents leave when the control pipe says so. */
#include "cli/cli.h"
#include "cli/spawn.h"

#include "base/mem.h"
#include "forward/batch.h"
#include "forward/forward.h"
#include "forward/referee.h"
#include "io/fd.h"
#include "kernels/kernels.h"
#include "stream/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { KEY_LAYERS = 300, KEY_CONTROL, KEY_DECIDE, KEY_BATCH, KEY_BATCH_TOKENS, KEY_STATS, KEY_DTYPE, KEY_POSITIONS,
       KEY_COMPUTE, KEY_TIMEOUT, KEY_LOSS, KEY_PREFIX, KEY_COSINES };

/* After the end, for a decider that still has something to say.  Not for ever: a shell
 * around this program may hold its output open, and then nobody downstream sees an end. */
enum { DRAIN_SECONDS = 5 };
enum {
    RING_BATCH = 1024,   /* documents of a batch whose verdicts fit in a FIFO while we write states */
    GRACE_SECONDS = 2,   /* for a decider to end when its input has */
};

static const struct cli_option options[] = {
    {'m', "model", "MODEL", "GGUF file or Hugging Face directory"},
    {KEY_LAYERS, "layers", "LIST", "states to write: all, last, or 4,6-12 [last; all with a decider]"},
    {KEY_CONTROL, "control", "FILE", "read verdicts from FILE, usually a FIFO"},
    {KEY_DECIDE, "decide", "COMMAND", "run COMMAND on the states; it writes verdicts to $AI_CONTROL"},
    {KEY_BATCH, "batch", "N", "documents that go through the layers together [32]"},
    {KEY_BATCH_TOKENS, "batch-tokens", "N", "and at most so many tokens of them [4096]"},
    {KEY_COMPUTE, "compute", "MODE", "products in f32, bf16, int8, or fast: as the weights allow [fast]"},
    {KEY_DTYPE, "dtype", "TYPE", "states as f32, f16 or bf16 [f32]"},
    {KEY_POSITIONS, "positions", "WHICH", "states of the last position or of all [last]"},
    {KEY_COSINES, "cosines", NULL, "with each state, how it and its parts compare with the block before"},
    {KEY_PREFIX, "prefix-cache", "MIB", "memory for shared beginnings; 0: share none [256]"},
    {KEY_TIMEOUT, "control-timeout", "SECONDS", "give up waiting for a verdict; 0: never [300]"},
    {KEY_LOSS, "on-control-loss", "WHAT", "fail, or continue at full depth [fail]"},
    {KEY_STATS, "stats", "FILE", "write what the run cost to FILE as JSON"},
    {0},
};

static struct {
    const char *model, *layers, *control, *decide, *stats;
    uint64_t batch, batch_tokens, prefix_mib;
    double timeout;
    enum ai_dtype dtype;
    enum ai_compute compute;
    int all_positions, loss_continues;
    bool cosines;
} opt = {.batch = 32, .batch_tokens = 4096, .prefix_mib = 256, .timeout = 300, .compute = AI_COMPUTE_FAST};

static int option(int key, const char *arg, struct ai_err *err)
{
    static const char *const positions[] = {"last", "all", NULL};
    static const char *const dtypes[] = {"f32", "f16", "bf16", NULL};
    static const char *const losses[] = {"fail", "continue", NULL};
    int i;

    switch (key) {
    case 'm': opt.model = arg; return 0;
    case KEY_LAYERS: opt.layers = arg; return 0;
    case KEY_CONTROL: opt.control = arg; return 0;
    case KEY_DECIDE: opt.decide = arg; return 0;
    case KEY_STATS: opt.stats = arg; return 0;
    case KEY_COSINES: opt.cosines = true; return 0;
    case KEY_BATCH: return cli_u64("--batch", arg, 1, 1 << 20, &opt.batch, err);
    case KEY_BATCH_TOKENS: return cli_u64("--batch-tokens", arg, 1, 1 << 30, &opt.batch_tokens, err);
    case KEY_PREFIX: return cli_u64("--prefix-cache", arg, 0, 1 << 30, &opt.prefix_mib, err);
    case KEY_TIMEOUT: return cli_double("--control-timeout", arg, 0, 1e6, &opt.timeout, err);
    case KEY_POSITIONS: return cli_choice("--positions", arg, positions, &opt.all_positions, err);
    case KEY_LOSS: return cli_choice("--on-control-loss", arg, losses, &opt.loss_continues, err);
    case KEY_COMPUTE:
        if (cli_choice("--compute", arg, ai_compute_names, &i, err))
            return -1;
        opt.compute = (enum ai_compute)i;
        return 0;
    case KEY_DTYPE:
        if (cli_choice("--dtype", arg, dtypes, &i, err))
            return -1;
        opt.dtype = (enum ai_dtype)i;
        return 0;
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

/* Everything that lives as long as the run. */
struct work {
    struct cli *cli;
    struct ai_model *model;
    struct ai_pool *pool;
    struct ai_forward *forward;
    struct ai_reader *in;
    struct ai_writer *out;
    struct ai_batch batch;
    struct ai_referee referee;
    struct ai_control *control;
    bool deaf;                  /* the control pipe is lost and we go on without it */
    bool no_verdict;            /* what failed was the wait for one */
    char fifo_dir[64], fifo[80];
    pid_t child;
    struct ai_buf payload;
    struct ai_forward_plan plan;
    struct ai_forward_totals totals;
    struct cli_progress progress;
};

static void remove_fifo(void *arg)
{
    struct work *w = arg;

    if (*w->fifo)
        unlink(w->fifo);
    if (*w->fifo_dir)
        rmdir(w->fifo_dir);
    *w->fifo = *w->fifo_dir = '\0';
}

/* After a failure: the decider has been told by our stream's last record, and says its
 * part before we end, so that whoever waits for us has read it all. */
static void see_off_child(void *arg)
{
    struct work *w = arg;

    if (w->child > 0)
        cli_spawn_see_off(w->child, GRACE_SECONDS);
    w->child = 0;
}

/* --decide: a FIFO of our own, and the command behind a pipe on our standard output. */
static int start_decider(struct work *w, struct ai_err *err)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(w->fifo_dir, sizeof w->fifo_dir, "%.40s/ai-forward.XXXXXX", tmp && *tmp && strlen(tmp) <= 40 ? tmp : "/tmp");
    if (!mkdtemp(w->fifo_dir)) {
        *w->fifo_dir = '\0';
        return ai_fail_errno(err, "cannot make a directory for the control pipe");
    }
    snprintf(w->fifo, sizeof w->fifo, "%s/control", w->fifo_dir);
    cli_at_failure(see_off_child, w);
    cli_at_failure(remove_fifo, w);
    if (mkfifo(w->fifo, 0600) < 0) {
        *w->fifo = '\0';
        return ai_fail_errno(err, "cannot make the control pipe");
    }
    w->control = ai_control_open(w->fifo, err);
    if (!w->control)
        return -1;
    w->child = cli_spawn_after(opt.decide, "AI_CONTROL", w->fifo, err);
    return w->child < 0 ? -1 : 0;
}

static int check_usage(const struct cli *cli, struct ai_err *err)
{
    if (!opt.model)
        return ai_fail(err, AI_EUSAGE, "-m MODEL is missing");
    if (opt.control && opt.decide)
        return ai_fail(err, AI_EUSAGE, "--control and --decide exclude each other");
    if (opt.decide && cli->output && strcmp(cli->output, "-") != 0)
        return ai_fail(err, AI_EUSAGE, "--output and --decide exclude each other: the command writes the output");
    if ((opt.control || opt.decide) && opt.all_positions)
        return ai_fail(err, AI_EUSAGE, "--positions=all and a decider exclude each other");
    if (opt.cosines && opt.all_positions)
        return ai_fail(err, AI_EUSAGE, "--positions=all and --cosines exclude each other");
    return 0;
}

static int open_control(struct work *w, struct ai_err *err)
{
    if (opt.decide) {
        if (start_decider(w, err))
            return -1;
    } else if (opt.control) {
        w->control = ai_control_open(opt.control, err);
        if (!w->control)
            return -1;
    }
    if (w->control)
        ai_control_timeout(w->control, opt.timeout);
    return 0;
}

static int write_header(struct work *w, struct ai_err *err)
{
    const struct ai_hparams *hp = &w->model->hp;
    struct ai_meta meta = {0};
    int rc = ai_meta_copy(&meta, ai_reader_meta(w->in), err);

    ai_meta_remove(&meta, "kind");
    rc = rc || ai_meta_set(&meta, "model", w->model->digest, err) ||
         ai_meta_set(&meta, "arch", w->model->arch, err) ||
         ai_meta_setf(&meta, err, "layers", "%u", hp->layers) || ai_meta_setf(&meta, err, "width", "%u", hp->width) ||
         ai_meta_setf(&meta, err, "vocab", "%u", hp->vocab) ||
         ai_meta_set(&meta, "dtype", ai_dtype_name(opt.dtype), err) ||
         ai_meta_set(&meta, "positions", opt.all_positions ? "all" : "last", err) ||
         (opt.cosines && ai_meta_set(&meta, "cosines", "yes", err));
    if (!rc && w->cli->provenance)
        rc = ai_meta_setf(&meta, err, "blas", "OpenBLAS %s, kernels %s, compute %s, %u threads", ai_blas_core(),
                          ai_ops()->isa, ai_compute_names[opt.compute], w->cli->threads);
    if (!rc)
        w->out = cli_writer_open(w->cli, AI_KIND_HIDDEN, &meta, err);
    ai_meta_free(&meta);
    return rc || !w->out ? -1 : 0;
}

/* The layers whose states go out: what --layers says, narrowed to what the decider
 * wants to see; the last one always when somebody decides. */
static int plan_layers(struct work *w, struct ai_err *err)
{
    unsigned layers = w->model->hp.layers;
    struct ai_layers list;
    struct ai_hello hello;

    if (ai_layers_parse(opt.layers ? opt.layers : w->control ? "all" : "last", layers, &list, err)) {
        err->code = AI_EUSAGE;
        return ai_err_at(err, "--layers");
    }
    w->plan.emit = list;
    w->plan.all_positions = opt.all_positions;
    if (!w->control)
        return 0;
    if (ai_control_hello(w->control, &hello, err)) {
        w->no_verdict = err->code == AI_ESYS;
        return -1;
    }
    if (opt.decide)
        remove_fifo(w); /* both ends are open */
    if (*hello.model && strcmp(hello.model, w->model->digest) != 0)
        return ai_fail(err, AI_EINPUT, "control: the decider is for model %s, this is %s", hello.model,
                       w->model->digest);
    if (hello.layers && hello.layers != layers)
        return ai_fail(err, AI_EINPUT, "control: the decider is for %u layers, the model has %u", hello.layers, layers);
    memset(&w->plan.emit, 0, sizeof w->plan.emit);
    for (unsigned l = 1; l <= layers; l++)
        if (l == layers || (ai_layers_has(&list, l) && (!hello.has_checks || ai_layers_has(&hello.checks, l))))
            ai_layers_add(&w->plan.emit, l);
    return 0;
}

static int put(struct work *w, uint16_t type, struct ai_err *err)
{
    int rc = ai_writer_put(w->out, type, type > AI_REC_RUN ? AI_REC_IGNORABLE : 0, w->payload.data, w->payload.len, err);

    w->payload.len = 0;
    return rc;
}

/* ---- what the forward pass calls ---- */

static int on_cosines(void *arg, size_t seq, unsigned layer, uint32_t position, const float *cosines,
                      struct ai_err *err)
{
    struct work *w = arg;
    struct ai_cosines rec = {.doc = w->batch.docs[seq].number, .position = position, .layer = (uint16_t)layer};

    memcpy(rec.value, cosines, sizeof rec.value);
    return ai_cosines_encode(&rec, &w->payload, err) || put(w, AI_REC_COSINES, err) ? -1 : 0;
}

static int on_state(void *arg, size_t seq, unsigned layer, uint32_t position, const float *h, struct ai_err *err)
{
    struct work *w = arg;
    struct ai_hidden rec = {.doc = w->batch.docs[seq].number, .position = position, .layer = (uint16_t)layer,
                            .dtype = (uint16_t)opt.dtype, .width = w->model->hp.width};
    float sum = 0;

    for (unsigned i = 0; i < rec.width; i++)
        sum += h[i] * 0.0f;
    if (sum != 0) /* NaN */
        return ai_fail(err, AI_EINPUT, "%s: document %llu: layer %u: the hidden state is not finite", opt.model,
                       (unsigned long long)rec.doc, layer);
    if (ai_hidden_encode(&rec, h, &w->payload, err) || put(w, AI_REC_HIDDEN, err))
        return -1;
    if (w->control)
        ai_referee_ask(&w->referee, seq, layer);
    return 0;
}

static int on_flush(void *arg, struct ai_err *err)
{
    struct work *w = arg;

    if (w->deaf)
        ai_control_discard(w->control);
    return w->control ? ai_writer_flush(w->out, err) : 0;
}

static int on_decide(void *arg, unsigned layer, const size_t *seqs, size_t n, bool *leave, struct ai_err *err)
{
    struct work *w = arg;

    if (!w->deaf) {
        if (ai_referee_decide(&w->referee, layer, seqs, n, leave, err) == 0)
            return 0;
        w->no_verdict = err->code == AI_ESYS;
        if (!opt.loss_continues || err->code != AI_ESYS)
            return -1;
        cli_warn("%s; going on at full depth", err->msg);
        w->deaf = true;
    }
    memset(leave, 0, n * sizeof *leave);
    return 0;
}

static int run_batch(struct work *w, struct ai_err *err)
{
    struct ai_forward_calls calls = {w, on_state, on_flush, w->control && !w->deaf ? on_decide : NULL,
                                     opt.cosines ? on_cosines : NULL};

    for (size_t i = 0; i < w->batch.n; i++)
        if (ai_doc_encode(&w->batch.docs[i], &w->payload, err) || put(w, AI_REC_DOC, err))
            return -1;
    if (w->control && ai_referee_batch(&w->referee, &w->batch, err))
        return -1;
    if (ai_forward_run(w->forward, w->batch.seqs, w->batch.n, &w->plan, &calls, &w->totals, err))
        return -1;
    for (size_t i = 0; i < w->batch.n; i++) {
        const struct ai_sequence *s = &w->batch.seqs[i];
        struct ai_doc_end end = {w->batch.docs[i].number, (uint16_t)s->layers, s->macs, s->macs_full};

        if (ai_doc_end_encode(&end, &w->payload, err) || put(w, AI_REC_DOC_END, err))
            return -1;
        w->progress.layer_sum += s->layers;
        w->progress.layer_n++;
    }
    w->progress.documents += w->batch.n;
    w->progress.tokens += w->batch.tokens;
    cli_progress_update(w->cli, &w->progress);
    return ai_writer_flush_live(w->out, err);
}

static int write_stats(const struct work *w, const struct ai_run *run, struct ai_err *err)
{
    size_t n = strlen(opt.stats) + 8;
    char *temporary = ai_calloc(n, 1, err);
    FILE *f = NULL;
    int bad;

    if (!temporary)
        return -1;
    snprintf(temporary, n, "%s.tmp", opt.stats);
    f = fopen(temporary, "w");
    if (!f) {
        ai_fail_errno(err, "%s", temporary);
        free(temporary);
        return -1;
    }
    fprintf(f, "{\"documents\": %llu, \"left_early\": %llu, \"layers_mean\": %.6g, \"tokens_asked\": %llu, "
               "\"tokens_computed\": %llu, \"macs_shared\": %llu, \"macs_shared_full\": %llu, \"seconds\": %.6f, "
               "\"threads\": %u}\n",
            (unsigned long long)run->documents, (unsigned long long)w->totals.left_early,
            w->progress.layer_n ? w->progress.layer_sum / (double)w->progress.layer_n : 0,
            (unsigned long long)run->tokens_asked, (unsigned long long)run->tokens_computed,
            (unsigned long long)run->macs_shared, (unsigned long long)run->macs_shared_full, run->seconds,
            w->cli->threads);
    bad = ferror(f);
    bad |= fclose(f) != 0 || rename(temporary, opt.stats) < 0;
    if (bad) {
        ai_fail_errno(err, "%s: write error", opt.stats);
        unlink(temporary);
    }
    free(temporary);
    return bad ? -1 : 0;
}

static int finish(struct work *w, struct ai_err *err)
{
    struct ai_run run = {.seconds = ai_clock_seconds() - w->cli->started, .documents = w->progress.documents,
                         .tokens_asked = w->totals.tokens_asked, .tokens_computed = w->totals.tokens_computed,
                         .macs_shared = w->totals.macs_shared, .macs_shared_full = w->totals.macs_shared_full};

    if (ai_run_encode(&run, &w->payload, err) || put(w, AI_REC_RUN, err) || cli_writer_end(w->cli, err))
        return -1;
    w->out = NULL;
    if (w->control && !w->deaf && ai_control_drain(w->control, DRAIN_SECONDS, err))
        return -1;
    if (w->child > 0) {
        pid_t child = w->child;

        w->child = 0;
        if (cli_spawn_wait(child, "--decide command", err))
            return -1;
    }
    return opt.stats ? write_stats(w, &run, err) : 0;
}

static void announce(const struct work *w)
{
    uint64_t beside = ai_forward_bytes(w->model, w->cli->threads, opt.batch_tokens, w->model->hp.context);
    char ways[512];
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    cli_info(w->cli, "%s: %s, %u layers, width %u, vocabulary %u, %.1f MiB of weights", opt.model, w->model->arch,
             w->model->hp.layers, w->model->hp.width, w->model->hp.vocab, (double)w->model->weight_bytes / 1048576);
    cli_info(w->cli, "%u threads, kernels %s, OpenBLAS %s; up to %.1f MiB for a batch of %llu tokens, %llu MiB for shared beginnings",
             w->cli->threads, ai_ops()->isa, ai_blas_core(), (double)beside / 1048576,
             (unsigned long long)opt.batch_tokens, (unsigned long long)opt.prefix_mib);
    ai_forward_ways(w->forward, ways, sizeof ways);
    cli_info(w->cli, "products: %s", ways);
    if (pages > 0 && page > 0 && w->model->weight_bytes > (uint64_t)pages * (uint64_t)page)
        cli_warn("%s: %.1f GiB of weights do not fit this machine's %.1f GiB of memory: expect the disk to set the pace",
                 opt.model, (double)w->model->weight_bytes / 1073741824,
                 (double)pages * (double)page / 1073741824);
}

static int work(struct work *w, int fd, const char *name, struct ai_err *err)
{
    int got;

    w->model = ai_model_open(opt.model, err);
    if (!w->model || open_control(w, err)) /* in this order: no decider starts for a model that is none */
        return -1;
    w->in = ai_reader_open(fd, name, AI_KIND_TOKENS, err);
    if (!w->in || write_header(w, err))
        return -1;
    ai_reader_on_wait(w->in, ai_writer_flush_live, w->out);
    if (ai_meta_get(ai_reader_meta(w->in), "documents") &&
        ai_meta_u64(ai_reader_meta(w->in), "documents", UINT64_MAX, &w->progress.total, err))
        return ai_err_at(err, "%s", name);
    if (plan_layers(w, err))
        return -1;
    w->pool = ai_pool_new(w->cli->threads, err);
    if (!w->pool)
        return -1;
    w->forward = ai_forward_new(w->model, w->pool, (size_t)opt.prefix_mib << 20, err);
    if (!w->forward)
        return -1;
    ai_forward_compute(w->forward, opt.compute);
    announce(w);
    w->referee.control = w->control;
    w->referee.layers = w->model->hp.layers;
    w->referee.vocab = w->model->hp.vocab;
    if (w->control && opt.batch > RING_BATCH) {
        cli_info(w->cli, "--batch: %d with a decider", RING_BATCH);
        opt.batch = RING_BATCH;
    }
    while ((got = ai_batch_read(&w->batch, w->in, &w->model->hp, opt.batch, opt.batch_tokens, err)) > 0)
        if (run_batch(w, err))
            return -1;
    return got < 0 ? -1 : finish(w, err);
}

/* A decider that ended explains a lost pipe better than the pipe does.  One that has
 * not ended a moment after its input did may never do so: it is left to itself. */
static void blame_child(struct work *w, struct ai_err *err)
{
    struct ai_err why;
    int ended;

    if (w->child <= 0 || (err->code != AI_EPIPE && !w->no_verdict))
        return;
    close(1);
    ended = cli_spawn_ended(w->child, GRACE_SECONDS, "--decide command", &why);
    if (ended < 0)
        *err = why;
    else if (err->code == AI_EPIPE)
        ai_fail(err, AI_ESYS, "--decide command: %s", ended ? "ended before its input did" : "reads no more");
    w->child = 0;
}

static int run(struct cli *cli, struct ai_err *err)
{
    static struct work w; /* static: the failure hooks reach it after run has returned */
    const char *name;
    int fd, rc;

    w.cli = cli;
    if (check_usage(cli, err))
        return -1;
    fd = cli_open_input(cli, 0, &name, err);
    if (fd < 0)
        return -1;
    rc = work(&w, fd, name, err);
    if (rc)
        blame_child(&w, err);
    remove_fifo(&w);
    ai_control_free(w.control);
    ai_referee_free(&w.referee);
    ai_batch_free(&w.batch);
    ai_buf_free(&w.payload);
    ai_forward_free(w.forward);
    ai_pool_free(w.pool);
    ai_reader_free(w.in);
    ai_model_free(w.model);
    cli_close_input(fd);
    return rc;
}

static const char *const usage[] = {"-m MODEL [OPTION]... [TOKENS] >HIDDEN", NULL};
static const char *const examples[] = {
    "ai-tokenize -m demo.gguf prompts.jsonl | ai-forward -m demo.gguf --layers=all | ai-features -m demo.gguf >train.aif",
    NULL,
};

static const struct cli_program program = {
    .name = "ai-forward",
    .summary = "Run a model's blocks over a token stream and write hidden states; with a decider, stop early",
    .usage = usage,
    .options = options,
    .common = CLI_STREAM_OUT | CLI_THREADS | CLI_PROGRESS,
    .default_threads = 0,
    .examples = examples,
    .max_operands = 1,
    .option = option,
    .run = run,
};

CLI_MAIN(program)
