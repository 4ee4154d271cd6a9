/* The tokenizer of a Hugging Face directory: which of its files to take. */
#include "tokenizer/internal.h"

#include "base/mem.h"
#include "io/fd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 256 << 20, PATH_LEN = 4096 };

/* dir/name; false if there is no such file. */
static bool file_in(const char *dir, const char *name, char path[PATH_LEN])
{
    int n = snprintf(path, PATH_LEN, "%s/%s", dir, name);

    return n > 0 && n < PATH_LEN && access(path, F_OK) == 0;
}

static int load_vocab(struct ai_tokenizer *t, const char *path, struct ai_err *err)
{
    struct ai_json *root = ai_json_parse_file(path, MAX_FILE, err);
    struct tok_entries list = {0};
    int rc;

    if (!root)
        return -1;
    rc = tok_entries_vocab(&list, root, err) || tok_entries_add(t, &list, err) || vocab_index(&t->v, err);
    free(list.e);
    ai_json_free(root);
    return rc ? ai_err_at(err, "%s", path) : 0;
}

static size_t count_lines(const struct ai_buf *text)
{
    size_t n = 1;

    for (size_t i = 0; i < text->len; i++)
        n += text->data[i] == '\n';
    return n;
}

/* Lines "left right" in order of rank, after a line "#version: ...". */
static int load_merges(struct ai_tokenizer *t, const char *path, struct ai_err *err)
{
    struct ai_buf text = {0};
    size_t line = 0, at = 0;
    int rc = ai_fd_slurp(path, MAX_FILE, &text, err);

    if (rc)
        return rc;
    rc = vocab_pairs_reserve(&t->v, count_lines(&text), err);
    while (rc == 0 && at < text.len) {
        const char *p = (const char *)text.data + at, *space;
        const char *lf = memchr(p, '\n', text.len - at);
        size_t n = lf ? (size_t)(lf - p) : text.len - at;

        at += n + (lf != NULL);
        line++;
        if (n && p[n - 1] == '\r')
            n--;
        if (n == 0 || (line == 1 && n > 8 && memcmp(p, "#version", 8) == 0))
            continue;
        space = n > 1 ? memchr(p + 1, ' ', n - 1) : NULL;
        if (!space)
            rc = ai_fail(err, AI_EINPUT, "not two pieces");
        else
            rc = tok_add_merge(t, p, (size_t)(space - p), space + 1, n - (size_t)(space - p) - 1, err);
    }
    ai_buf_free(&text);
    return rc ? ai_err_at(err, "%s: line %zu", path, line) : 0;
}

/* A piece of several bytes that no merge makes cannot come from text: it is one of
 * the special tokens, which these two files do not tell apart. */
static int mark_unreachable(struct ai_tokenizer *t, struct ai_err *err)
{
    bool *made = ai_calloc(t->v.n, 1, err);

    if (!made)
        return -1;
    for (size_t i = 0; i <= t->v.pair.mask; i++)
        if (t->v.pair.slot[i].id != VOCAB_NONE)
            made[t->v.pair.slot[i].id] = true;
    for (uint32_t i = 0; i < t->v.n; i++)
        if (!made[i] && t->v.piece[i].len > 1 && t->v.piece[i].type == PIECE_NORMAL)
            t->v.piece[i].type = PIECE_CONTROL;
    free(made);
    return 0;
}

int tok_load_vocab_merges(struct ai_tokenizer *t, const char *vocab, const char *merges, struct ai_err *err)
{
    t->by_bytes = t->by_pair = true;
    if (load_vocab(t, vocab, err) || load_merges(t, merges, err) || mark_unreachable(t, err))
        return -1;
    if (tok_pre_named(t, "gpt-2", 5, err))
        return -1;
    return 0;
}

static int load_model_file(struct ai_tokenizer *t, const char *path, struct ai_err *err)
{
    struct ai_buf data = {0};
    int rc = ai_fd_slurp(path, MAX_FILE, &data, err);

    if (rc == 0 && tok_load_model_bytes(t, data.data, data.len, err))
        rc = ai_err_at(err, "%s", path);
    ai_buf_free(&data);
    return rc;
}

/* Returns 0, 1 if the file asks for what is not done here and another may serve, or -1. */
static int try_json(struct ai_tokenizer *t, const char *path, bool others, struct ai_err *err)
{
    struct ai_json *root = ai_json_parse_file(path, MAX_FILE, err);
    int rc;

    if (!root)
        return -1;
    if (others && !tok_json_supported(root, err))
        rc = 1;
    else
        rc = tok_load_json(t, root, err) ? ai_err_at(err, "%s", path) : 0;
    ai_json_free(root);
    return rc;
}

static int load_pieces(struct ai_tokenizer *t, const char *dir, struct ai_err *err)
{
    char json[PATH_LEN], model[PATH_LEN], vocab[PATH_LEN], merges[PATH_LEN];
    bool have_json = file_in(dir, "tokenizer.json", json), have_model = file_in(dir, "tokenizer.model", model);
    bool have_vocab = file_in(dir, "vocab.json", vocab) && file_in(dir, "merges.txt", merges);

    if (have_json) {
        int rc = try_json(t, json, have_model || have_vocab, err);

        if (rc <= 0)
            return rc;
    }
    if (have_model)
        return load_model_file(t, model, err);
    if (have_vocab)
        return tok_load_vocab_merges(t, vocab, merges, err);
    if (file_in(dir, "vocab.txt", vocab))
        return ai_fail(err, AI_EINPUT, "%s: a WordPiece vocabulary is not supported", vocab);
    return ai_fail(err, AI_EINPUT,
                   "%s: no tokenizer: neither tokenizer.json nor tokenizer.model nor vocab.json with merges.txt",
                   dir);
}

bool tok_directory_has_any(const char *dir)
{
    char path[PATH_LEN];

    return file_in(dir, "tokenizer.json", path) || file_in(dir, "tokenizer.model", path) ||
           file_in(dir, "vocab.json", path);
}

/* dir/name as JSON into *root; none there: 0 and NULL. */
static int optional_json(const char *dir, const char *name, struct ai_json **root, struct ai_err *err)
{
    char path[PATH_LEN];

    if (!file_in(dir, name, path))
        return 0;
    *root = ai_json_parse_file(path, MAX_FILE, err);
    return *root ? 0 : -1;
}

int tok_load_directory(struct ai_tokenizer *t, const char *dir, struct ai_err *err)
{
    struct tok_config c = {0};
    int rc = load_pieces(t, dir, err);

    if (rc == 0)
        rc = optional_json(dir, "added_tokens.json", &c.added, err) ||
             optional_json(dir, "tokenizer_config.json", &c.tokenizer, err) ||
             optional_json(dir, "special_tokens_map.json", &c.special, err) ||
             optional_json(dir, "config.json", &c.model, err);
    if (rc == 0 && tok_configure(t, &c, err))
        rc = ai_err_at(err, "%s", dir);
    ai_json_free(c.added);
    ai_json_free(c.tokenizer);
    ai_json_free(c.special);
    ai_json_free(c.model);
    return rc ? -1 : 0;
}
