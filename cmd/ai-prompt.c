/* ai-prompt: rows of a data set and a template to JSONL documents. */
#include "cli/cli.h"

#include "io/fd.h"
#include "io/lines.h"
#include "prompt/shots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FROM = 256, KEY_PREFIX, KEY_SHOTS, KEY_POOL, KEY_SEED, MAX_SHOTS = 10000, MAX_TEMPLATE = 1 << 20,
       MAX_PATH = 4096 };
enum from { FROM_AUTO, FROM_TSV, FROM_JSONL };

static struct {
    const char *template, *prefix, *pool;
    int from;
    uint64_t shots, seed;
} opt;

static const struct cli_option options[] = {
    {'t', "template", "TEMPLATE", "template file, or the name of an installed one"},
    {KEY_FROM, "from", "FORM", "rows: tsv or jsonl [by the first byte]"},
    {KEY_PREFIX, "id-prefix", "TEXT", "ids are TEXT and the row's number [ROWS' name, -]"},
    {KEY_SHOTS, "shots", "K", "put K solved examples in front of each prompt"},
    {KEY_POOL, "pool", "FILE", "rows to draw the examples from"},
    {KEY_SEED, "seed", "N", "which examples are drawn [0]"},
    {0},
};

static int option(int key, const char *arg, struct ai_err *err)
{
    static const char *const from_names[] = {"auto", "tsv", "jsonl", NULL};

    switch (key) {
    case 't': opt.template = arg; return 0;
    case KEY_PREFIX: opt.prefix = arg; return 0;
    case KEY_POOL: opt.pool = arg; return 0;
    case KEY_FROM: return cli_choice("--from", arg, from_names, &opt.from, err);
    case KEY_SHOTS: return cli_u64("--shots", arg, 0, MAX_SHOTS, &opt.shots, err);
    case KEY_SEED: return cli_u64("--seed", arg, 0, UINT64_MAX, &opt.seed, err);
    }
    return 0;
}

/* A file of that name, or else an installed template. */
static int find_template(const char *name, char path[MAX_PATH], struct ai_err *err)
{
    const char *data = getenv("AI_DATADIR");
    struct stat st;
    int n;

    if (!data || !*data)
        data = AI_DATADIR;
    n = snprintf(path, MAX_PATH, "%s", name);
    if (n < MAX_PATH && (strchr(name, '/') || (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))))
        return 0;
    n = snprintf(path, MAX_PATH, "%s/templates/%s", data, name);
    if (n < MAX_PATH && stat(path, &st) == 0)
        return 0;
    return ai_fail(err, AI_ESYS, "%s: no such file, and no such template in %s/templates", name, data);
}

static int read_template(struct ai_template *t, struct ai_err *err)
{
    char path[MAX_PATH];
    struct ai_buf text = {0};
    int rc;

    if (find_template(opt.template, path, err))
        return -1;
    rc = ai_fd_slurp(path, MAX_TEMPLATE, &text, err);
    if (rc == 0 && ai_template_parse((const char *)text.data, text.len, t, err))
        rc = ai_err_at(err, "%s", path);
    ai_buf_free(&text);
    return rc;
}

/* Calls fn for every row of the file that the template wants. */
static int each_row(const struct ai_template *t, const char *file,
                    int (*fn)(void *arg, const struct ai_row *row, uint64_t number, struct ai_err *err), void *arg,
                    struct ai_err *err)
{
    enum from from = (enum from)opt.from;
    struct ai_row row = {0};
    struct ai_lines *lines;
    const char *name, *line;
    int fd = cli_open_file(file, &name, err), rc = 0;
    size_t n;

    if (fd < 0)
        return -1;
    lines = ai_lines_open(fd, name, '\n', err);
    if (!lines) {
        cli_close_input(fd);
        return -1;
    }
    ai_lines_on_wait(lines, cli_text_flush, NULL);
    if (from == FROM_AUTO) {
        int c = ai_lines_peek(lines, err);

        rc = c == -2 ? -1 : 0;
        from = c == '{' ? FROM_JSONL : FROM_TSV;
    }
    while (rc == 0 && (rc = ai_lines_next(lines, &line, &n, err)) > 0) {
        rc = from == FROM_JSONL ? ai_row_from_json(t, line, n, &row, err) : ai_row_from_tsv(t, line, n, &row, err);
        if (rc == 0 && ai_template_wants(t, &row))
            rc = fn(arg, &row, ai_lines_number(lines), err);
        if (rc && err->code == AI_EINPUT)
            ai_lines_err_at(lines, err);
    }
    ai_row_free(&row);
    ai_lines_free(lines);
    cli_close_input(fd);
    return rc;
}

static int offer(void *arg, const struct ai_row *row, uint64_t number, struct ai_err *err)
{
    (void)number;
    return ai_shots_offer(arg, row, err);
}

static int draw_shots(const struct ai_template *t, struct ai_buf *text, struct ai_err *err)
{
    struct ai_shots *shots;
    int rc;

    if (opt.shots == 0)
        return 0;
    shots = ai_shots_new(t, (unsigned)opt.shots, opt.seed, err);
    if (!shots)
        return ai_err_at(err, "%s", opt.template);
    rc = each_row(t, opt.pool, offer, shots, err);
    if (rc == 0 && ai_shots_text(shots, text, err))
        rc = ai_err_at(err, "%s", opt.pool);
    ai_shots_free(shots);
    return rc;
}

/* The name without folders and without the last suffix. */
static void base_name(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/'), *from = slash ? slash + 1 : path, *dot = strrchr(from, '.');

    snprintf(out, size, "%.*s", dot && dot != from ? (int)(dot - from) : (int)strlen(from), from);
}

struct writing {
    struct cli *cli;
    const struct ai_template *t;
    const struct ai_buf *shots;
    char prefix[256];
    struct ai_buf line;
    struct cli_progress progress;
};

static int write_row(void *arg, const struct ai_row *row, uint64_t number, struct ai_err *err)
{
    struct writing *w = arg;
    char id[300];

    snprintf(id, sizeof id, "%s%llu", w->prefix, (unsigned long long)number);
    w->line.len = 0;
    if (ai_template_document(w->t, row, id, w->shots, &w->line, err) || cli_put(w->line.data, w->line.len, err))
        return -1;
    w->progress.documents++;
    cli_progress_update(w->cli, &w->progress);
    return 0;
}

static int write_rows(struct cli *cli, const struct ai_template *t, const struct ai_buf *shots, struct ai_err *err)
{
    struct writing w = {.cli = cli, .t = t, .shots = shots};
    const char *rows = cli->argc ? cli->argv[0] : "-";
    char base[200];
    int rc;

    base_name(strcmp(rows, "-") == 0 ? opt.template : rows, base, sizeof base);
    snprintf(w.prefix, sizeof w.prefix, opt.prefix ? "%s" : "%s-", opt.prefix ? opt.prefix : base);
    if (cli_text_open(cli, err))
        return -1;
    rc = each_row(t, rows, write_row, &w, err);
    ai_buf_free(&w.line);
    return rc ? -1 : cli_text_end(cli, err);
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct ai_template t;
    struct ai_buf shots = {0};
    int rc;

    if (!opt.template)
        return ai_fail(err, AI_EUSAGE, "-t TEMPLATE is missing");
    if (opt.shots && !opt.pool)
        return ai_fail(err, AI_EUSAGE, "--shots needs --pool");
    if (opt.prefix && strlen(opt.prefix) > 200)
        return ai_fail(err, AI_EUSAGE, "--id-prefix: longer than 200 bytes");
    if (read_template(&t, err))
        return -1;
    rc = draw_shots(&t, &shots, err);
    if (rc == 0)
        rc = write_rows(cli, &t, &shots, err);
    ai_buf_free(&shots);
    ai_template_free(&t);
    return rc;
}

static const struct cli_program program = {
    .name = "ai-prompt",
    .summary = "Turn rows of a data set into prompts",
    .usage = (const char *const[]){"-t TEMPLATE [OPTION]... [ROWS]", NULL},
    .options = options,
    .common = CLI_FILE_OUT | CLI_PROGRESS,
    .examples = (const char *const[]){"ai-prompt -t sst2 sst2.tsv | ai-tokenize -m demo.gguf >sst2.ait", NULL},
    .max_operands = 1,
    .option = option,
    .run = run,
};
CLI_MAIN(program)
