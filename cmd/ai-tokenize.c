/* ai-tokenize: text to a token stream, and tokens or decisions back to text. */
#include "cli/cli.h"

#include "io/fd.h"
#include "io/lines.h"
#include "tokenizer/answers.h"
#include "tokenizer/document.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { KEY_FROM = 256, KEY_TO, KEY_CHAT, KEY_SPECIAL, KEY_NO_BOS, KEY_MAX, KEY_TRUNCATE };
enum from { FROM_AUTO, FROM_LINES, FROM_JSONL, FROM_IDS };

static struct {
    const char *model;
    bool decode, nul;
    int from;
    int jsonl;
    bool special, no_bos, chat;
    uint64_t max_tokens;
    int truncate;
} opt;

static const struct cli_option options[] = {
    {'m', "model", "MODEL", "GGUF file or Hugging Face directory with the tokenizer"},
    {'d', "decode", NULL, "tokens to text, or decisions to answers"},
    {'0', "null", NULL, "texts end with NUL instead of a newline"},
    {KEY_FROM, "from", "FORM", "input: lines, jsonl or ids [by the first byte]"},
    {KEY_TO, "to", "FORM", "with -d: text or jsonl [text]"},
    {KEY_CHAT, "chat", NULL, "prompts are conversations, in the form of the model's chat template"},
    {KEY_SPECIAL, "special", NULL, "special tokens in the text are themselves; with -d: shown"},
    {KEY_NO_BOS, "no-bos", NULL, "no beginning-of-sequence token"},
    {KEY_MAX, "max-tokens", "N", "the most tokens a prompt may have"},
    {KEY_TRUNCATE, "truncate", "SIDE", "longer prompts: refuse, or cut left or right [refuse]"},
    {0},
};

static int option(int key, const char *arg, struct ai_err *err)
{
    static const char *const from_names[] = {"auto", "lines", "jsonl", "ids", NULL};
    static const char *const to_names[] = {"text", "jsonl", NULL};
    static const char *const sides[] = {"refuse", "left", "right", NULL}; /* as enum ai_truncate */

    switch (key) {
    case 'm': opt.model = arg; return 0;
    case 'd': opt.decode = true; return 0;
    case '0': opt.nul = true; return 0;
    case KEY_CHAT: opt.chat = true; return 0;
    case KEY_SPECIAL: opt.special = true; return 0;
    case KEY_NO_BOS: opt.no_bos = true; return 0;
    case KEY_MAX: return cli_u64("--max-tokens", arg, 1, UINT32_MAX, &opt.max_tokens, err);
    case KEY_TRUNCATE: return cli_choice("--truncate", arg, sides, &opt.truncate, err);
    case KEY_FROM: return cli_choice("--from", arg, from_names, &opt.from, err);
    case KEY_TO: return cli_choice("--to", arg, to_names, &opt.jsonl, err);
    }
    return 0;
}

/* ---- text to tokens ---- */

struct encoder {
    struct cli *cli;
    const struct ai_tokenizer *tokenizer; /* NULL: ids go through, ai-forward knows how many there are */
    struct ai_document_options options;
    struct ai_writer *writer;
    struct ai_document document;
    struct ai_buf record;
    struct cli_progress progress;
};

static int put_document(struct encoder *e, struct ai_err *err)
{
    struct ai_document *d = &e->document;

    d->doc.number = e->progress.documents++;
    e->progress.tokens += d->ids.n;
    e->record.len = 0;
    if (ai_doc_encode(&d->doc, &e->record, err) ||
        ai_writer_put(e->writer, AI_REC_DOC, 0, e->record.data, e->record.len, err))
        return -1;
    e->record.len = 0;
    if (ai_tokens_encode(d->doc.number, 0, d->ids.id, (uint32_t)d->ids.n, &e->record, err) ||
        ai_writer_put(e->writer, AI_REC_TOKENS, 0, e->record.data, e->record.len, err))
        return -1;
    cli_progress_update(e->cli, &e->progress);
    return 0;
}

static int parse_line(struct encoder *e, enum from from, const char *line, size_t n, struct ai_err *err)
{
    struct ai_document *d = &e->document;

    switch (from) {
    case FROM_JSONL:
        if (ai_document_from_json(line, n, d, err))
            return -1;
        return ai_document_tokenize(e->tokenizer, &e->options, d->text, d->text_len, d, err);
    case FROM_IDS:
        if (ai_document_from_ids(line, n, e->tokenizer ? ai_tokenizer_size(e->tokenizer) : AI_NO_TOKEN, d, err))
            return -1;
        return ai_document_tokenize(e->tokenizer, &e->options, NULL, 0, d, err);
    default:
        ai_document_clear(d);
        return ai_document_tokenize(e->tokenizer, &e->options, line, n, d, err);
    }
}

static int encode_lines(struct encoder *e, struct ai_lines *lines, struct ai_err *err)
{
    enum from from = (enum from)opt.from;
    const char *line;
    size_t n;
    int rc;

    if (from == FROM_AUTO) {
        int c = ai_lines_peek(lines, err);

        if (c == -2)
            return -1;
        from = c == '{' ? FROM_JSONL : FROM_LINES;
    }
    while ((rc = ai_lines_next(lines, &line, &n, err)) > 0) {
        if (parse_line(e, from, line, n, err))
            return err->code == AI_EINPUT ? ai_lines_err_at(lines, err) : -1;
        if (put_document(e, err))
            return -1;
    }
    return rc;
}

static int encode_file(void *arg, int fd, const char *name, struct ai_err *err)
{
    struct encoder *e = arg;
    struct ai_lines *lines = ai_lines_open(fd, name, opt.nul ? '\0' : '\n', err);
    int rc = -1;

    if (lines) {
        ai_lines_on_wait(lines, ai_writer_flush_live, e->writer);
        rc = encode_lines(e, lines, err);
    }
    ai_lines_free(lines);
    return rc;
}

/* Adds the file's lines to *lines; 1: it is no regular file. */
static int count_file(void *lines, int fd, const char *name, struct ai_err *err)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    char end = opt.nul ? '\0' : '\n', last = end, block[65536];
    uint64_t n = 0;
    ssize_t got;

    (void)name;
    (void)err;
    if (at < 0 || !ai_fd_is_file(fd))
        return 1;
    while ((got = pread(fd, block, sizeof block, at)) > 0) {
        for (ssize_t k = 0; k < got; k++)
            n += block[k] == end;
        last = block[got - 1];
        at += got;
    }
    *(uint64_t *)lines += n + (last != end);
    return 0;
}

/* Lines of all inputs, for the progress of the programs behind; 0 if an input is no
 * regular file. */
static uint64_t count_documents(struct cli *cli)
{
    uint64_t lines = 0;
    struct ai_err ignored;

    return cli_each_input(cli, count_file, &lines, &ignored) ? 0 : lines;
}

static int encode(struct cli *cli, const struct ai_tokenizer *tokenizer, const struct ai_chat *chat,
                  struct ai_err *err)
{
    struct encoder e = {
        .cli = cli,
        .tokenizer = tokenizer,
        .options = {chat, AI_TOK_BEGIN, (uint32_t)opt.max_tokens, (enum ai_truncate)opt.truncate},
    };
    struct ai_meta meta = {0};
    uint64_t documents = cli->provenance ? count_documents(cli) : 0;
    int rc = 0;

    e.progress.total = documents;
    e.options.flags |= (opt.special ? AI_TOK_SPECIAL : 0) | (opt.no_bos ? AI_TOK_NO_BOS : 0);
    if (tokenizer)
        rc = ai_meta_set(&meta, "tokenizer", ai_tokenizer_digest(tokenizer), err) ||
             ai_meta_setf(&meta, err, "vocab", "%u", ai_tokenizer_size(tokenizer));
    if (!rc && documents)
        rc = ai_meta_setf(&meta, err, "documents", "%llu", (unsigned long long)documents);
    if (!rc)
        e.writer = cli_writer_open(cli, AI_KIND_TOKENS, &meta, err);
    ai_meta_free(&meta);
    if (!e.writer)
        return -1;
    if (rc == 0)
        rc = cli_each_input(cli, encode_file, &e, err);
    ai_document_clear(&e.document);
    ai_ids_free(&e.document.ids);
    ai_buf_free(&e.record);
    return rc ? -1 : cli_writer_end(cli, err);
}

/* ---- tokens and decisions to text ---- */

static int check_tokenizer(const struct ai_reader *reader, const struct ai_tokenizer *tokenizer, struct ai_err *err)
{
    const char *digest = ai_meta_get(ai_reader_meta(reader), "tokenizer");

    if (digest && strcmp(digest, ai_tokenizer_digest(tokenizer)) != 0)
        return ai_fail(err, AI_EINPUT, "made with another tokenizer (%.32s) than that of %s (%s)", digest, opt.model,
                       ai_tokenizer_digest(tokenizer));
    return 0;
}

static int decode_records(struct cli *cli, const struct ai_tokenizer *tokenizer, struct ai_reader *reader,
                          struct ai_answers *answers, struct ai_err *err)
{
    struct cli_progress progress = {0};
    struct ai_buf out = {0};
    struct ai_record rec;
    int rc;

    while ((rc = ai_reader_next(reader, &rec, err)) > 0) {
        out.len = 0;
        if ((rec.index == 0 && check_tokenizer(reader, tokenizer, err)) ||
            ai_answers_record(answers, &rec, &out, err)) {
            rc = err->code == AI_EINPUT ? ai_reader_err_at(reader, err) : -1;
            break;
        }
        if (cli_put(out.data, out.len, err)) {
            rc = -1;
            break;
        }
        progress.documents = ai_answers_written(answers);
        cli_progress_update(cli, &progress);
    }
    if (rc == 0) {
        out.len = 0;
        rc = ai_answers_end(answers, &out, err) || cli_put(out.data, out.len, err) ? -1 : 0;
    }
    ai_buf_free(&out);
    return rc;
}

struct decoder {
    struct cli *cli;
    const struct ai_tokenizer *tokenizer;
};

static int decode_file(void *arg, int fd, const char *name, struct ai_err *err)
{
    struct decoder *d = arg;
    struct ai_answers_options o = {.jsonl = opt.jsonl, .special = opt.special, .end = opt.nul ? '\0' : '\n'};
    struct ai_reader *reader = ai_reader_open(fd, name, AI_KIND_ANY, err);
    struct ai_answers *answers = NULL;
    int rc = -1;

    if (reader) {
        o.kind = ai_reader_kind(reader);
        ai_reader_on_wait(reader, cli_text_flush, NULL);
        if (o.kind != AI_KIND_TOKENS && o.kind != AI_KIND_DECISIONS)
            ai_fail(err, AI_EINPUT, "%s: a stream of %s; -d reads tokens and decisions", name, ai_kind_name(o.kind));
        else
            answers = ai_answers_new(d->tokenizer, &o, err);
    }
    if (answers)
        rc = decode_records(d->cli, d->tokenizer, reader, answers, err);
    if (rc == 0 && ai_answers_missing(answers))
        cli_warn("%s: %llu of %llu documents have no answer", name, (unsigned long long)ai_answers_missing(answers),
                 (unsigned long long)ai_answers_written(answers));
    ai_answers_free(answers);
    ai_reader_free(reader);
    return rc;
}

static int decode(struct cli *cli, const struct ai_tokenizer *tokenizer, struct ai_err *err)
{
    struct decoder d = {cli, tokenizer};

    if (cli_text_open(cli, err) || cli_each_input(cli, decode_file, &d, err))
        return -1;
    return cli_text_end(cli, err);
}

static int run(struct cli *cli, struct ai_err *err)
{
    struct ai_tokenizer *tokenizer = NULL;
    struct ai_chat *chat = NULL;
    int rc = 0;

    if (!opt.model)
        return ai_fail(err, AI_EUSAGE, "-m MODEL is missing");
    if (opt.decode && (opt.from || opt.no_bos || opt.chat))
        return ai_fail(err, AI_EUSAGE, "%s does not go with -d",
                       opt.from ? "--from" : opt.no_bos ? "--no-bos" : "--chat");
    if (!opt.decode && opt.jsonl)
        return ai_fail(err, AI_EUSAGE, "--to goes with -d only");
    if (opt.decode && (opt.max_tokens || opt.truncate))
        return ai_fail(err, AI_EUSAGE, "%s does not go with -d", opt.max_tokens ? "--max-tokens" : "--truncate");
    if (opt.truncate && !opt.max_tokens)
        return ai_fail(err, AI_EUSAGE, "--truncate needs --max-tokens");
    if (opt.truncate && opt.chat)
        return ai_fail(err, AI_EUSAGE, "--truncate does not go with --chat");
    if (opt.chat && (opt.special || opt.from == FROM_IDS))
        return ai_fail(err, AI_EUSAGE, "%s does not go with --chat", opt.special ? "--special" : "--from=ids");
    if (opt.decode || opt.from != FROM_IDS || ai_tokenizer_there(opt.model)) {
        tokenizer = ai_tokenizer_open(opt.model, err);
        if (!tokenizer)
            return -1;
        cli_info(cli, "%s: %u tokens, tokenizer %s", opt.model, ai_tokenizer_size(tokenizer),
                 ai_tokenizer_digest(tokenizer));
    }
    if (opt.chat) {
        chat = ai_chat_open(opt.model, tokenizer, err);
        rc = chat ? 0 : -1;
    }
    if (chat)
        cli_info(cli, "%s: chat template of the family %s", opt.model, ai_chat_family(chat));
    if (rc == 0)
        rc = opt.decode ? decode(cli, tokenizer, err) : encode(cli, tokenizer, chat, err);
    ai_chat_free(chat);
    ai_tokenizer_free(tokenizer);
    return rc;
}

static const struct cli_program program = {
    .name = "ai-tokenize",
    .summary = "Turn text into tokens, and tokens or decisions into text",
    .usage = (const char *const[]){"-m MODEL [OPTION]... [FILE]...", "-d -m MODEL [OPTION]... [STREAM]...", NULL},
    .options = options,
    .common = CLI_STREAM_OUT | CLI_PROGRESS | CLI_FOLLOWS,
    .examples =
        (const char *const[]){"ai-tokenize -m demo.gguf prompts.txt | ai-forward -m demo.gguf >states.aih", NULL},
    .max_operands = -1,
    .option = option,
    .run = run,
};
CLI_MAIN(program)
