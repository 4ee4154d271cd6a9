/* ai-eval: decisions in, what they are worth and what they saved out. */
#include "cli/cli.h"

#include "base/mem.h"
#include "eval/report.h"

#include <string.h>

enum { KEY_AGAINST = 256, KEY_JSON, KEY_TASKS, KEY_HISTOGRAM, KEY_SVG };

static struct {
    const char *against;
    bool json, tasks, histogram, svg;
} opt;

static int option(int key, const char *arg, struct ai_err *err)
{
    switch (key) {
    case KEY_AGAINST: opt.against = arg; return 0;
    case KEY_JSON: opt.json = true; return 0;
    case KEY_TASKS: opt.tasks = true; return 0;
    case KEY_HISTOGRAM: opt.histogram = true; return 0;
    case KEY_SVG: opt.svg = true; return 0;
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

/* All runs and their rows, until the last is read. */
struct report {
    struct ai_eval_run *dense;
    struct ai_eval_run **runs;
    size_t n_runs;
    struct ai_eval_row *rows;
    size_t n_rows, cap_rows;
    struct ai_buf text;
};

static void report_free(struct report *r)
{
    ai_eval_run_free(r->dense);
    for (size_t i = 0; i < r->n_runs; i++)
        ai_eval_run_free(r->runs[i]);
    free(r->runs);
    free(r->rows);
    ai_buf_free(&r->text);
}

static struct ai_eval_run *read_run(const char *file, struct ai_err *err)
{
    struct ai_eval_run *run;
    const char *name;
    int fd = cli_open_file(file, &name, err);

    if (fd < 0)
        return NULL;
    run = ai_eval_run_read(fd, name, err);
    cli_close_input(fd);
    return run;
}

/* A dense run that stops early is a mistake worth a word; comparing two policies is not forbidden. */
static void check_dense(const struct ai_eval_run *dense)
{
    struct ai_eval_score s;

    ai_eval_score(dense, NULL, NULL, SIZE_MAX, &s);
    if (s.layers_skipped > 0)
        cli_warn("%s: not a run at full depth: it skipped %.1f%% of the layers itself", dense->name,
                 100 * s.layers_skipped);
}

static int add_row(struct report *r, const struct ai_eval_run *run, const size_t *map, size_t task, struct ai_err *err)
{
    struct ai_eval_row *row;

    if (ai_grow(&r->rows, &r->cap_rows, r->n_rows + 1, sizeof *r->rows, err))
        return -1;
    row = &r->rows[r->n_rows++];
    row->run = r->n_runs > 1 ? run->name : "";
    row->from = run;
    row->index = task;
    ai_eval_score(run, r->dense, map, task, &row->score);
    return 0;
}

/* A run of one task has one row, of that task's name; otherwise "all" comes last. */
static int add_rows(struct report *r, const struct ai_eval_run *run, struct ai_err *err)
{
    bool tasks = opt.json ? opt.tasks : true, one = run->n_tasks == 1 && run->tasks[0].name[0] && tasks;
    size_t *map = NULL;
    int rc = 0;

    if (r->dense) {
        map = ai_calloc(run->n_docs, sizeof *map, err);
        if (!map || ai_eval_match(run, r->dense, map, err))
            rc = -1;
    }
    if (tasks && (run->n_tasks > 1 || one))
        for (size_t t = 0; rc == 0 && t < run->n_tasks; t++)
            rc = add_row(r, run, map, t, err);
    if (rc == 0 && (!one || opt.json))
        rc = add_row(r, run, map, SIZE_MAX, err);
    free(map);
    return rc;
}

static int put_histograms(struct report *r, struct ai_err *err)
{
    for (size_t i = 0; i < r->n_runs; i++) {
        const struct ai_eval_run *run = r->runs[i];
        uint64_t *counts = ai_calloc((size_t)run->layers + 1, sizeof *counts, err);
        int rc;

        if (!counts)
            return -1;
        ai_eval_exits(run, SIZE_MAX, counts);
        rc = ai_eval_bars(run->name, counts, run->layers, &r->text, err);
        free(counts);
        if (rc)
            return -1;
    }
    return 0;
}

static int format(struct report *r, struct ai_err *err)
{
    if (opt.json) {
        for (size_t i = 0; i < r->n_rows; i++)
            if (ai_eval_json(&r->rows[i], opt.tasks, opt.tasks && r->n_runs > 1, &r->text, err))
                return -1;
        return 0;
    }
    if (opt.svg)
        return ai_eval_svg(r->rows, r->n_rows, &r->text, err);
    if (ai_eval_table(r->rows, r->n_rows, &r->text, err))
        return -1;
    return opt.histogram ? put_histograms(r, err) : 0;
}

static int evaluate(struct cli *cli, struct report *r, struct ai_err *err)
{
    size_t n = cli->argc > 0 ? (size_t)cli->argc : 1;

    r->runs = ai_calloc(n, sizeof(struct ai_eval_run *), err);
    if (!r->runs || (opt.against && !(r->dense = read_run(opt.against, err))))
        return -1;
    for (; r->n_runs < n; r->n_runs++)
        if (!(r->runs[r->n_runs] = read_run(cli->argc > 0 ? cli->argv[r->n_runs] : NULL, err)))
            return -1;
    for (size_t i = 0; i < n; i++)
        if (add_rows(r, r->runs[i], err))
            return -1;
    if (r->dense)
        check_dense(r->dense);
    if (format(r, err) || cli_text_open(cli, err) || cli_put(r->text.data, r->text.len, err))
        return -1;
    return cli_text_end(cli, err);
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct report report = {0};
    int rc = opt.json + opt.histogram + opt.svg > 1
                 ? ai_fail(err, AI_EUSAGE, "--json, --histogram and --svg exclude each other")
                 : evaluate(cli, &report, err);

    report_free(&report);
    return rc;
}

static const struct cli_option options[] = {
    {KEY_AGAINST, "against", "DENSE", "decisions of the same documents at full depth, to compare with"},
    {KEY_JSON, "json", NULL, "one JSON object a line"},
    {KEY_TASKS, "tasks", NULL, "with --json: an object for each task too, with the key \"task\""},
    {KEY_HISTOGRAM, "histogram", NULL, "below the table a bar for each layer that answers came from"},
    {KEY_SVG, "svg", NULL, "the same for each row as a picture, instead of the table"},
    {0},
};
static const char *const usage[] = {
    "[--against=DENSE] [--json [--tasks] | --histogram | --svg] [-o FILE] [DECISIONS ...]",
    NULL,
};
static const char *const examples[] = {"ai-eval --against=dense.aid early.aid", NULL};
static const struct cli_program program = {
    .name = "ai-eval",
    .summary = "Score decisions: accuracy, agreement with full depth, layers and seconds saved",
    .usage = usage,
    .options = options,
    .common = CLI_FILE_OUT,
    .examples = examples,
    .max_operands = -1,
    .option = option,
    .run = run,
};
CLI_MAIN(program)
