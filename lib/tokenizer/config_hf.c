/* What the JSON files beside a vocabulary say: tokens added to it, which tokens are
 * special, and what stands before and behind a text. */
#include "tokenizer/internal.h"

#include <stdlib.h>
#include <string.h>

/* A token as its text, or as an object with the text in "content". */
static const char *token_text(const struct ai_json *v)
{
    const char *s = ai_json_string(v, NULL);

    return s ? s : ai_json_string(ai_json_get(v, "content"), NULL);
}

/* Numbers of config.json; a list's first. */
static uint32_t token_number(const struct ai_tokenizer *t, const struct ai_json *v)
{
    int64_t id;

    if (ai_json_type(v) == AI_JSON_ARRAY)
        v = ai_json_at(v, 0);
    return ai_json_int(v, &id) || id < 0 || id >= t->v.n ? AI_NO_TOKEN : (uint32_t)id;
}

/* What text with that number is in the vocabulary: checks one, or lists one that is to be added. */
static int place(const struct ai_tokenizer *t, uint64_t id, const char *text, struct tok_entries *list,
                 struct ai_err *err)
{
    size_t n = strlen(text);

    if (id - t->v.n < list->limit && id >= t->v.n)
        return tok_entries_put(list, id - t->v.n, (struct tok_entry){.text = text, .len = n, .type = PIECE_USER}, err);
    if (id >= t->v.n)
        return ai_fail(err, AI_EINPUT, "'%.40s' has number %llu, but there are no more than %zu tokens", text,
                       (unsigned long long)id, t->v.n + list->limit);
    if (t->v.piece[id].len != n || memcmp(vocab_text(&t->v, (uint32_t)id), text, n) != 0)
        return ai_fail(err, AI_EINPUT, "'%.40s' has number %llu, which is another token's", text,
                       (unsigned long long)id);
    return 0;
}

static int add_listed(struct ai_tokenizer *t, struct tok_entries *list, int rc, struct ai_err *err)
{
    if (rc == 0)
        rc = tok_entries_add(t, list, err);
    free(list->e);
    return rc;
}

/* {"text": number}: they must follow on the vocabulary's numbers. */
static int load_added(struct ai_tokenizer *t, const struct ai_json *root, struct ai_err *err)
{
    struct tok_entries list = {.limit = ai_json_size(root)};
    const struct ai_json *v;
    const char *text;
    void *it = NULL;
    int64_t id;
    int rc = 0;

    while (rc == 0 && ai_json_next(root, &it, &text, &v))
        rc = ai_json_int(v, &id) || id < 0 ? ai_fail(err, AI_EINPUT, "'%.40s' has no number", text)
                                           : place(t, (uint64_t)id, text, &list, err);
    return add_listed(t, &list, rc, err);
}

static bool flag(const struct ai_json *v, const char *key)
{
    bool b;

    return ai_json_bool(ai_json_get(v, key), &b) == 0 && b;
}

static void set_type(struct piece *p, enum piece_type type)
{
    if (p->type == PIECE_UNKNOWN || p->type == PIECE_BYTE || p->len == 0)
        return;
    p->mergeable |= p->type == PIECE_NORMAL;
    p->type = (uint8_t)type;
}

/* {"number": {"content", "special", "lstrip", "rstrip"}} */
static int load_decoder(struct ai_tokenizer *t, const struct ai_json *root, struct ai_err *err)
{
    struct tok_entries list = {.limit = ai_json_size(root)};
    const struct ai_json *v;
    const char *key;
    void *it = NULL;
    int rc = 0;

    while (rc == 0 && ai_json_next(root, &it, &key, &v)) {
        const char *text = token_text(v);
        char *end;
        unsigned long id = strtoul(key, &end, 10);

        rc = *key < '0' || *key > '9' || *end || !text ? ai_fail(err, AI_EINPUT, "'%.40s': no token", key)
                                                       : place(t, id, text, &list, err);
    }
    rc = add_listed(t, &list, rc, err);
    for (it = NULL; rc == 0 && ai_json_next(root, &it, &key, &v);) {
        struct piece *p = &t->v.piece[strtoul(key, NULL, 10)];

        set_type(p, flag(v, "special") ? PIECE_CONTROL : PIECE_USER);
        p->lstrip = flag(v, "lstrip");
        p->rstrip = flag(v, "rstrip");
    }
    return rc;
}

/* Added tokens that a file names as special. */
static void mark_special(struct ai_tokenizer *t, const struct ai_json *v)
{
    const char *text = token_text(v);
    uint32_t id = text ? tok_find_text(t, text) : VOCAB_NONE;

    if (id != VOCAB_NONE && (t->v.piece[id].type == PIECE_USER || t->v.piece[id].type == PIECE_OPAQUE))
        t->v.piece[id].type = PIECE_CONTROL;
}

static void mark_all_special(struct ai_tokenizer *t, const struct ai_json *root)
{
    static const char *const keys[] = {"bos_token", "eos_token", "unk_token",  "sep_token",
                                       "pad_token", "cls_token", "mask_token"};
    const struct ai_json *more = ai_json_get(root, "additional_special_tokens");

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        mark_special(t, ai_json_get(root, keys[i]));
    for (size_t i = 0; ai_json_type(more) == AI_JSON_ARRAY && i < ai_json_size(more); i++)
        mark_special(t, ai_json_at(more, i));
}

static void special_token(struct ai_tokenizer *t, const struct ai_json *text, const struct ai_json *number,
                          uint32_t *id)
{
    const char *s = token_text(text);
    uint32_t found = s ? tok_find_text(t, s) : token_number(t, number);
    struct piece *p;

    if (found == AI_NO_TOKEN)
        return;
    *id = found;
    p = &t->v.piece[found];
    if (p->type == PIECE_OPAQUE || (p->type == PIECE_NORMAL && p->len > 1 && !t->by_pair))
        p->type = PIECE_CONTROL;
}

static const struct ai_json *named(const struct tok_config *c, const char *key)
{
    const struct ai_json *v = ai_json_get(c->tokenizer, key);

    return v ? v : ai_json_get(c->special, key);
}

int tok_configure(struct ai_tokenizer *t, const struct tok_config *c, struct ai_err *err)
{
    const char *type = ai_json_string(ai_json_get(c->model, "model_type"), NULL);
    int bos;

    if (load_added(t, c->added, err))
        return ai_err_at(err, "added_tokens.json");
    if (load_decoder(t, ai_json_get(c->tokenizer, "added_tokens_decoder"), err))
        return ai_err_at(err, "tokenizer_config.json: added_tokens_decoder");
    mark_all_special(t, c->tokenizer);
    mark_all_special(t, c->special);
    special_token(t, named(c, "bos_token"), ai_json_get(c->model, "bos_token_id"), &t->bos);
    special_token(t, named(c, "eos_token"), ai_json_get(c->model, "eos_token_id"), &t->eos);
    bos = ai_json_get_bool(c->tokenizer, "add_bos_token", &t->add_bos, err);
    if (bos < 0 || ai_json_get_bool(c->tokenizer, "add_eos_token", &t->add_eos, err) < 0)
        return ai_err_at(err, "tokenizer_config.json");
    if (bos > 0 && type && strcmp(type, "opt") == 0)
        t->add_bos = true;
    return 0;
}
