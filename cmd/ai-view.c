/* ai-view: any stream, policy or model file as text; or only checked. */
#include "cli/cli.h"

#include "eval/layerwise.h"
#include "io/fd.h"
#include "model/model.h"
#include "policy/policy.h"
#include "stream/text.h"
#include "tokenizer/tokenizer.h"

#include <string.h>
#include <sys/stat.h>

enum { KEY_NO_HEADER = 300, KEY_VALUES, KEY_CHECK, KEY_LENS, KEY_DOC, KEY_DECISIONS };

static const struct cli_option options[] = {
    {'t', "to", "FORM", "tsv, jsonl, svmlight (features), header, or svg (--lens) [tsv]"},
    {KEY_NO_HEADER, "no-header", NULL, "TSV without the line of column names"},
    {KEY_VALUES, "values", NULL, "hidden states with all their values"},
    {KEY_CHECK, "check", NULL, "print nothing; status 0 if the file is whole, 3 if not"},
    {KEY_LENS, "lens", NULL, "features: one document layer by layer, with its most probable tokens"},
    {KEY_DOC, "doc", "ID", "with --lens: its id or number [the first]"},
    {KEY_DECISIONS, "decisions", "FILE", "with --lens: decisions, to show where it stopped"},
    {'m', "model", "MODEL", "with --lens: tokenizer, to show tokens as text"},
    {0},
};

enum form { TSV, JSONL, SVMLIGHT, HEADER, SVG };
enum { LENS_TOKENS = 5 };

static struct {
    int form;
    bool no_header, values, check, lens;
    const char *doc, *decisions, *model;
} opt;

static int option(int key, const char *arg, struct ai_err *err)
{
    static const char *const forms[] = {"tsv", "jsonl", "svmlight", "header", "svg", NULL};

    switch (key) {
    case 't': return cli_choice("--to", arg, forms, &opt.form, err);
    case KEY_NO_HEADER: opt.no_header = true; return 0;
    case KEY_VALUES: opt.values = true; return 0;
    case KEY_CHECK: opt.check = true; return 0;
    case KEY_LENS: opt.lens = true; return 0;
    case KEY_DOC: opt.doc = arg; return 0;
    case KEY_DECISIONS: opt.decisions = arg; return 0;
    case 'm': opt.model = arg; return 0;
    default: return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

/* ---- files that are no streams ---- */

/* Does it look like a model?  A directory, or a file that begins like GGUF. */
static bool is_model(const char *file)
{
    struct stat st;
    char magic[4] = "";
    const char *name;
    struct ai_err err;
    int fd;
    bool is;

    if (stat(file, &st) < 0 || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
        return false;
    if (S_ISDIR(st.st_mode))
        return true;
    fd = cli_open_file(file, &name, &err);
    if (fd < 0)
        return false;
    is = ai_fd_read(fd, magic, sizeof magic, &err) == 4 && memcmp(magic, "GGUF", 4) == 0;
    cli_close_input(fd);
    return is;
}

static bool is_policy(const char *file)
{
    char begin[10] = "";
    const char *name;
    struct ai_err err;
    struct stat st;
    bool is;
    int fd;

    if (stat(file, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    fd = cli_open_file(file, &name, &err);
    if (fd < 0)
        return false;
    is = ai_fd_read(fd, begin, sizeof begin, &err) == sizeof begin && memcmp(begin, "ai-policy ", sizeof begin) == 0;
    cli_close_input(fd);
    return is;
}

static int view_model(const char *file, struct ai_err *err)
{
    struct ai_model *m = ai_model_open(file, err);
    struct ai_buf text = {0};
    int rc = -1;

    if (!m)
        return -1;
    if (ai_model_describe(m, &text, err) == 0)
        rc = opt.check ? 0
                       : cli_put(text.data, text.len, err) ||
                             cli_printf(err, "weight_bytes\t%llu\ndigest\t%s\n", (unsigned long long)m->weight_bytes, m->digest);
    ai_buf_free(&text);
    ai_model_free(m);
    return rc ? -1 : 0;
}

static bool begins(const void *line, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

/* The lines of the file; support vectors and training documents are counted instead of shown. */
static int view_policy(const char *file, struct ai_err *err)
{
    struct ai_policy *p = ai_policy_open(file, err);
    struct ai_buf text = {0};
    int rc = -1;

    if (!p)
        return -1;
    if (opt.check) {
        rc = 0;
    } else if (ai_fd_slurp(file, 256u << 20, &text, err) == 0) {
        rc = 0;
        for (size_t at = 0; rc == 0 && at < text.len;) {
            const uint8_t *line = text.data + at, *lf = memchr(line, '\n', text.len - at);
            size_t n = lf ? (size_t)(lf - line) + 1 : text.len - at;

            if (!begins(line, n, "sv ") && !begins(line, n, "trained "))
                rc = cli_put(line, n, err);
            at += n;
        }
        if (rc == 0 && p->n_sv)
            rc = cli_printf(err, "support_vectors %zu\n", p->n_sv);
        if (rc == 0 && p->n_trained)
            rc = cli_printf(err, "training_documents %zu\n", p->n_trained);
    }
    ai_buf_free(&text);
    ai_policy_free(p);
    return rc ? -1 : 0;
}

/* ---- streams ---- */

static int print_header(const struct ai_meta *meta, struct ai_err *err)
{
    for (size_t i = 0; i < meta->n; i++)
        if (cli_printf(err, "%s\t%s\n", meta->lines[i].key, meta->lines[i].value))
            return -1;
    return 0;
}

static int put(struct ai_buf *out, struct ai_err *err)
{
    int rc = opt.check || opt.form == HEADER ? 0 : cli_put(out->data, out->len, err);

    out->len = 0;
    return rc;
}

/* The column names, unless they are those of the file before. */
static int column_names(const struct ai_text_view *v, struct ai_err *err)
{
    static struct ai_buf last;
    struct ai_buf now = {0};
    int rc = ai_text_header(v, &now, err);

    if (!rc && (now.len != last.len || (now.len && memcmp(now.data, last.data, now.len) != 0))) {
        rc = cli_put(now.data, now.len, err);
        ai_buf_free(&last);
        last = now;
        return rc;
    }
    ai_buf_free(&now);
    return rc;
}

static int view_records(struct ai_reader *in, struct ai_err *err)
{
    static const enum ai_text forms[] = {AI_TEXT_TSV, AI_TEXT_JSONL, AI_TEXT_SVMLIGHT, AI_TEXT_TSV, AI_TEXT_TSV};
    struct ai_text_view *v = ai_text_view_new(opt.check ? AI_TEXT_TSV : forms[opt.form], ai_reader_kind(in),
                                              ai_reader_meta(in), opt.values, err);
    struct ai_record rec;
    struct ai_buf out = {0};
    int got = -1;

    if (!v)
        return -1;
    if (!opt.no_header && !opt.check && column_names(v, err))
        goto done;
    while ((got = ai_reader_next(in, &rec, err)) > 0) {
        if (ai_text_record(v, &rec, &out, err)) {
            got = err->code == AI_EINPUT ? ai_reader_err_at(in, err) : -1;
            break;
        }
        if (put(&out, err)) {
            got = -1;
            break;
        }
    }
    if (got == 0 && ai_text_end(v, err))
        got = ai_reader_err_at(in, err);
done:
    ai_text_view_free(v);
    ai_buf_free(&out);
    return got;
}

static int view_stream(struct cli *cli, int i, struct ai_err *err)
{
    const char *name;
    struct ai_reader *in;
    int fd, rc = -1;

    if (cli_text_flush(NULL, err)) /* opening a FIFO waits, and so does its header */
        return -1;
    fd = cli_open_input(cli, i, &name, err);
    if (fd < 0)
        return -1;
    in = ai_reader_open(fd, name, AI_KIND_ANY, err);
    if (in) {
        ai_reader_on_wait(in, cli_text_flush, NULL);
        rc = opt.form == HEADER && !opt.check ? print_header(ai_reader_meta(in), err) : view_records(in, err);
    }
    ai_reader_free(in);
    cli_close_input(fd);
    return rc;
}

/* ---- one document, layer by layer ---- */

static int put_token(void *arg, uint32_t token, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_tokenizer *t = arg;

    if (token >= ai_tokenizer_size(t))
        return ai_buf_printf(out, err, "<%u>", token);
    return ai_detokenize(t, token, false, true, out, err);
}

static int read_lens(struct cli *cli, struct ai_layerwise *l, struct ai_err *err)
{
    const char *name;
    int fd = cli_open_input(cli, 0, &name, err), rc;

    if (fd < 0)
        return -1;
    rc = ai_layerwise_read(l, fd, name, opt.doc, err);
    cli_close_input(fd);
    if (rc || !opt.decisions)
        return rc;
    fd = cli_open_file(opt.decisions, &name, err);
    if (fd < 0)
        return -1;
    rc = ai_layerwise_stop(l, fd, name, err);
    cli_close_input(fd);
    return rc;
}

static int view_lens(struct cli *cli, struct ai_err *err)
{
    struct ai_tokenizer *tokenizer = opt.model ? ai_tokenizer_open(opt.model, err) : NULL;
    struct ai_token_text text = {put_token, tokenizer}, *shown = tokenizer ? &text : NULL;
    struct ai_layerwise l = {0};
    struct ai_buf out = {0};
    int rc = opt.model && !tokenizer ? -1 : read_lens(cli, &l, err);

    if (rc == 0)
        rc = opt.form == SVG ? ai_layerwise_svg(&l, LENS_TOKENS, shown, &out, err)
                             : ai_layerwise_table(&l, LENS_TOKENS, shown, &out, err);
    if (rc == 0)
        rc = cli_text_open(cli, err) || cli_put(out.data, out.len, err) || cli_text_end(cli, err) ? -1 : 0;
    ai_buf_free(&out);
    ai_layerwise_free(&l);
    ai_tokenizer_free(tokenizer);
    return rc;
}

static int run(struct cli *cli, struct ai_err *err)
{
    if (!opt.lens && (opt.form == SVG || opt.doc || opt.decisions || opt.model))
        return ai_fail(err, AI_EUSAGE, "--to=svg, --doc, --decisions and --model go with --lens");
    if (opt.lens && ((opt.form != TSV && opt.form != SVG) || opt.check || opt.values || cli->argc > 1))
        return ai_fail(err, AI_EUSAGE, "--lens shows one feature stream, as a table or --to=svg");
    if (opt.lens)
        return view_lens(cli, err);
    if (cli_text_open(cli, err))
        return -1;
    for (int i = 0; i < cli_inputs(cli); i++) {
        const char *file = i < cli->argc && strcmp(cli->argv[i], "-") != 0 ? cli->argv[i] : NULL;

        if (file && is_model(file) ? view_model(file, err)
            : file && is_policy(file) ? view_policy(file, err)
                                      : view_stream(cli, i, err))
            return -1;
    }
    return cli_text_end(cli, err);
}

static const char *const usage[] = {"[OPTION]... [FILE]...", NULL};
static const char *const examples[] = {"ai-view features.aif | head", "ai-view --check train.aif && echo whole", NULL};

static const struct cli_program program = {
    .name = "ai-view",
    .summary = "Show streams, policies and models as text, or check them",
    .usage = usage,
    .options = options,
    .common = CLI_FILE_OUT,
    .examples = examples,
    .max_operands = -1,
    .option = option,
    .run = run,
};

CLI_MAIN(program)
