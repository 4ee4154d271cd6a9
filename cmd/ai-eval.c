/* ai-eval: decisions in, what they are worth and what they saved out. */
#include "cli/cli.h"

#include "base/mem.h"
#include "eval/answer.h"
#include "eval/report.h"
#include "tokenizer/tokenizer.h"

#include <string.h>

enum { KEY_AGAINST = 256, KEY_DEPTHS, KEY_JSON, KEY_TASKS, KEY_HISTOGRAM, KEY_SVG };

static struct {
    const char *against, *depths, *model, *svg;
    bool json, tasks, histogram;
} opt;

static int option(int key, const char *arg, struct ai_err *err)
{
    switch (key) {
    case KEY_AGAINST: opt.against = arg; return 0;
    case KEY_DEPTHS: opt.depths = arg; return 0;
    case 'm': opt.model = arg; return 0;
    case KEY_JSON: opt.json = true; return 0;
    case KEY_TASKS: opt.tasks = true; return 0;
    case KEY_HISTOGRAM: opt.histogram = true; return 0;
    case KEY_SVG: opt.svg = arg; return 0;
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

/* All runs and their rows, until the last is read. */
struct report {
    struct ai_tokenizer *tokenizer;      /* to read answers as text, or NULL */
    struct ai_eval_run *depths, *dense;  /* dense is depths where there is no other */
    struct ai_eval_run **runs;
    size_t n_runs;
    struct ai_eval_row *rows;
    size_t n_rows, cap_rows;
    struct ai_eval_baseline *baselines[AI_EVAL_MAX_TASKS + 1]; /* of the depths' tasks, then of all */
    struct ai_buf text, figure;
};

static void report_free(struct report *r)
{
    if (r->dense != r->depths)
        ai_eval_run_free(r->dense);
    ai_eval_run_free(r->depths);
    for (size_t i = 0; i < r->n_runs; i++)
        ai_eval_run_free(r->runs[i]);
    for (size_t i = 0; i <= AI_EVAL_MAX_TASKS; i++)
        ai_eval_baseline_free(r->baselines[i]);
    ai_tokenizer_free(r->tokenizer);
    free(r->runs);
    free(r->rows);
    ai_buf_free(&r->text);
    ai_buf_free(&r->figure);
}

/* ---- reading ---- */

/* The answer's text: what the tokens say up to the end of the line, or of the text. */
static int answer_text(const struct ai_tokenizer *t, const struct ai_eval_doc *doc, struct ai_buf *text,
                       struct ai_err *err)
{
    text->len = 0;
    for (size_t i = 0; i < doc->n_answers; i++) {
        if (doc->answers[i].token == ai_tokenizer_eos(t))
            break;
        if (ai_detokenize(t, doc->answers[i].token, false, false, text, err))
            return -1;
    }
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] == '\n' && i > 0)
            text->len = i;
    return 0;
}

static int score_texts(const struct report *r, struct ai_eval_run *run, struct ai_err *err)
{
    struct ai_buf text = {0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < run->n_docs; i++) {
        struct ai_eval_doc *doc = &run->docs[i];

        if (!doc->label || doc->choices)
            continue;
        rc = answer_text(r->tokenizer, doc, &text, err) ||
             ai_eval_text_scores((const char *)text.data, text.len, doc->label, &doc->exact, &doc->f1, err);
    }
    ai_buf_free(&text);
    return rc ? -1 : 0;
}

static struct ai_eval_run *read_run(const struct report *r, const char *file, enum ai_kind kind, struct ai_err *err)
{
    struct ai_eval_run *run;
    const char *name;
    int fd = cli_open_file(file, &name, err);

    if (fd < 0)
        return NULL;
    run = ai_eval_run_read(fd, name, kind, r->tokenizer != NULL, err);
    cli_close_input(fd);
    if (run && r->tokenizer && score_texts(r, run, err)) {
        ai_eval_run_free(run);
        return NULL;
    }
    return run;
}

static int read_all(struct cli *cli, struct report *r, struct ai_err *err)
{
    size_t n = cli->argc > 0 ? (size_t)cli->argc : opt.depths ? 0 : 1;

    if (opt.model && !(r->tokenizer = ai_tokenizer_open(opt.model, err)))
        return -1;
    if (opt.depths && !(r->depths = read_run(r, opt.depths, AI_KIND_FEATURES, err)))
        return -1;
    r->dense = r->depths;
    if (opt.against && !(r->dense = read_run(r, opt.against, AI_KIND_DECISIONS, err)))
        return -1;
    r->runs = ai_calloc(n, sizeof(struct ai_eval_run *), err);
    if (!r->runs)
        return -1;
    for (; r->n_runs < n; r->n_runs++)
        if (!(r->runs[r->n_runs] = read_run(r, cli->argc > 0 ? cli->argv[r->n_runs] : NULL, AI_KIND_DECISIONS, err)))
            return -1;
    return 0;
}

/* ---- scoring ---- */

/* A dense run that stops early is a mistake worth a word; comparing two policies is not forbidden. */
static void check_dense(const struct ai_eval_run *dense)
{
    struct ai_eval_score s;

    ai_eval_score(dense, NULL, NULL, SIZE_MAX, &s);
    if (s.layers_skipped > 0)
        cli_warn("%s: not a run at full depth: it skipped %.1f%% of the layers itself", dense->name,
                 100 * s.layers_skipped);
}

/* The baseline of that name of task, made once; *out NULL where there are no depths, or not of that task. */
static int find_baseline(struct report *r, const struct ai_eval_run *run, size_t task, struct ai_eval_baseline **out,
                         struct ai_err *err)
{
    size_t at = AI_EVAL_MAX_TASKS;

    *out = NULL;
    if (!r->depths)
        return 0;
    if (task != SIZE_MAX) {
        for (at = 0; at < r->depths->n_tasks; at++)
            if (strcmp(r->depths->tasks[at].name, run->tasks[task].name) == 0)
                break;
        if (at == r->depths->n_tasks)
            return 0;
    }
    if (!r->baselines[at])
        r->baselines[at] = ai_eval_baseline_new(r->depths, task == SIZE_MAX ? SIZE_MAX : at, err);
    *out = r->baselines[at];
    return *out ? 0 : -1;
}

static int add_row(struct report *r, const struct ai_eval_run *run, const size_t *map, size_t task, struct ai_err *err)
{
    struct ai_eval_baseline *baseline;
    struct ai_eval_row *row;

    if (find_baseline(r, run, task, &baseline, err) ||
        ai_grow(&r->rows, &r->cap_rows, r->n_rows + 1, sizeof *r->rows, err))
        return -1;
    row = &r->rows[r->n_rows++];
    *row = (struct ai_eval_row){r->n_runs > 1 ? run->name : "", run, task, .baseline = baseline};
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

static int score(struct report *r, struct ai_err *err)
{
    for (size_t i = 0; i < r->n_runs; i++)
        if (add_rows(r, r->runs[i], err))
            return -1;
    if (r->n_runs == 0 && add_rows(r, r->depths, err)) /* nothing but the depths: full depth is the run */
        return -1;
    if (r->dense)
        check_dense(r->dense);
    return 0;
}

/* ---- writing ---- */

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

/* Each baseline once: those of the first run's rows. */
static int put_depths(struct report *r, struct ai_err *err)
{
    for (size_t i = 0; i < r->n_rows && r->rows[i].from == r->rows[0].from; i++) {
        const struct ai_eval_row *row = &r->rows[i];

        if (!row->baseline)
            continue;
        if (opt.json ? ai_eval_json_baseline(row, opt.tasks, &r->text, err)
                     : ai_buf_puts(&r->text, r->text.len ? "\n" : "", err) ||
                           ai_eval_depths(row->baseline, row->score.task, &r->text, err))
            return -1;
    }
    return 0;
}

static int format(struct report *r, struct ai_err *err)
{
    if (opt.json) {
        for (size_t i = 0; i < r->n_rows && r->n_runs; i++)
            if (ai_eval_json(&r->rows[i], opt.tasks, opt.tasks && r->n_runs > 1, &r->text, err))
                return -1;
        return put_depths(r, err);
    }
    if (r->n_runs == 0)
        return put_depths(r, err);
    if (ai_eval_table(r->rows, r->n_rows, &r->text, err))
        return -1;
    return opt.histogram ? put_histograms(r, err) : 0;
}

/* Of each run all documents together, or each task: --tasks. */
static int draw(struct report *r, struct ai_err *err)
{
    struct ai_eval_row *some = ai_calloc(r->n_rows, sizeof *some, err);
    size_t n = 0;
    int rc;

    if (!some)
        return -1;
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct ai_eval_row *row = &r->rows[i];
        bool last = i + 1 == r->n_rows || row[1].from != row->from;

        if (opt.tasks || last)
            some[n++] = *row;
    }
    rc = ai_eval_figure(some, n, &r->figure, err);
    free(some);
    return rc || cli_write_file(opt.svg, r->figure.data, r->figure.len, err) ? -1 : 0;
}

static int evaluate(struct cli *cli, struct report *r, struct ai_err *err)
{
    if (read_all(cli, r, err) || score(r, err) || format(r, err) || (opt.svg && draw(r, err)) ||
        cli_text_open(cli, err) || cli_put(r->text.data, r->text.len, err))
        return -1;
    return cli_text_end(cli, err);
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct report report = {0};
    int rc = opt.json && opt.histogram ? ai_fail(err, AI_EUSAGE, "--json and --histogram exclude each other")
                                       : evaluate(cli, &report, err);

    report_free(&report);
    return rc;
}

static const struct cli_option options[] = {
    {KEY_AGAINST, "against", "DENSE", "decisions of the same documents at full depth, to compare with"},
    {KEY_DEPTHS, "depths", "FEATURES", "features of the same documents at all layers: fixed depths and the oracle"},
    {'m', "model", "MODEL", "tokenizer, to score answers as text where there are no choices"},
    {KEY_JSON, "json", NULL, "one JSON object a line"},
    {KEY_TASKS, "tasks", NULL, "with --json or --svg: each task too"},
    {KEY_HISTOGRAM, "histogram", NULL, "below the table a bar for each layer that answers came from"},
    {KEY_SVG, "svg", "FILE", "a figure besides, of accuracy, arithmetic and layers"},
    {0},
};
static const char *const usage[] = {
    "[--against=DENSE] [--depths=FEATURES] [--svg=FILE] [OPTION]... [DECISIONS]...",
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
