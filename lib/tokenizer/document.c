#include "tokenizer/document.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "io/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ai_document_clear(struct ai_document *d)
{
    struct ai_ids ids = d->ids;

    ai_doc_free(&d->doc);
    free(d->text);
    for (size_t i = 0; i < d->n_turns; i++)
        free(d->turn[i].text);
    free(d->turn);
    ids.n = 0; /* the room is for the next document */
    *d = (struct ai_document){.ids = ids, .doc.label_token = AI_NO_TOKEN};
}

static int read_id(const struct ai_json *v, struct ai_document *d, struct ai_err *err)
{
    const char *s = ai_json_string(v, NULL);
    char number[24];
    int64_t i;

    if (ai_json_type(v) <= AI_JSON_NULL)
        return 0;
    if (!s && ai_json_int(v, &i))
        return ai_fail(err, AI_EINPUT, "id: %s where a string or an integer was expected", ai_json_type_name(v));
    if (!s) {
        snprintf(number, sizeof number, "%lld", (long long)i);
        s = number;
    }
    d->doc.id = ai_strndup(s, strlen(s), err);
    return d->doc.id ? 0 : -1;
}

static int read_choices(const struct ai_json *v, struct ai_document *d, struct ai_err *err)
{
    size_t n = ai_json_size(v);

    if (ai_json_type(v) <= AI_JSON_NULL)
        return 0;
    if (ai_json_type(v) != AI_JSON_ARRAY)
        return ai_fail(err, AI_EINPUT, "choices: %s where an array was expected", ai_json_type_name(v));
    if (n > 65535)
        return ai_fail(err, AI_EINPUT, "choices: %zu are too many", n);
    d->doc.choices = ai_calloc(n, sizeof *d->doc.choices, err);
    if (!d->doc.choices)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct ai_json *choice = ai_json_at(v, i);
        const char *s = ai_json_string(choice, NULL);

        if (!s)
            return ai_fail(err, AI_EINPUT, "choices: %s where a string was expected", ai_json_type_name(choice));
        d->doc.choices[i] = (struct ai_choice){ai_strndup(s, strlen(s), err), AI_NO_TOKEN};
        if (!d->doc.choices[i].text)
            return -1;
        d->doc.n_choices = (uint32_t)i + 1;
    }
    return 0;
}

/* Answers that are equally right: one text, a line each. */
static int read_labels(const struct ai_json *list, struct ai_document *d, struct ai_err *err)
{
    struct ai_buf text = {0};
    int rc = 0;

    if (d->doc.n_choices)
        return ai_fail(err, AI_EINPUT, "label: a list, and there are choices");
    for (size_t i = 0; rc == 0 && i < ai_json_size(list); i++) {
        const char *s = ai_json_string(ai_json_at(list, i), NULL);

        if (!s)
            rc = ai_fail(err, AI_EINPUT, "label: %s where a string was expected",
                         ai_json_type_name(ai_json_at(list, i)));
        else if (strchr(s, '\n'))
            rc = ai_fail(err, AI_EINPUT, "label: a line feed in an answer of a list");
        else
            rc = (i && ai_buf_puts(&text, "\n", err)) || ai_buf_puts(&text, s, err) ? -1 : 0;
    }
    if (rc == 0 && ai_json_size(list)) {
        d->doc.label = ai_strndup((const char *)text.data, text.len, err);
        rc = d->doc.label ? 0 : -1;
    }
    ai_buf_free(&text);
    return rc;
}

static int read_label(const struct ai_json *v, struct ai_document *d, struct ai_err *err)
{
    const struct ai_doc *doc = &d->doc;
    const char *s = ai_json_string(v, NULL);
    uint32_t known = doc->n_choices;
    int64_t i;

    if (ai_json_type(v) <= AI_JSON_NULL)
        return 0;
    if (ai_json_type(v) == AI_JSON_ARRAY)
        return read_labels(v, d, err);
    if (s) {
        for (known = 0; known < doc->n_choices && strcmp(doc->choices[known].text, s) != 0;)
            known++;
        if (doc->n_choices && known == doc->n_choices)
            return ai_fail(err, AI_EINPUT, "label: '%.60s' is none of the choices", s);
    } else {
        if (ai_json_int(v, &i))
            return ai_fail(err, AI_EINPUT, "label: %s where a choice or its index was expected", ai_json_type_name(v));
        if (doc->n_choices == 0)
            return ai_fail(err, AI_EINPUT, "label: the index %lld without choices", (long long)i);
        if (i < 0 || i >= doc->n_choices)
            return ai_fail(err, AI_EINPUT, "label: %lld is no index of %u choices", (long long)i, doc->n_choices);
        s = doc->choices[i].text;
    }
    d->doc.label = ai_strndup(s, strlen(s), err);
    return d->doc.label ? 0 : -1;
}

static int read_turn(const struct ai_json *v, struct ai_turn *turn, struct ai_err *err)
{
    static const char *const roles[] = {"system", "user", "assistant"};
    const char *role = ai_json_string(ai_json_get(v, "role"), NULL);
    const char *text = ai_json_string(ai_json_get(v, "content"), &turn->n);
    unsigned i = 0;

    if (!role || !text)
        return ai_fail(err, AI_EINPUT, "%s: %s where a string was expected", role ? "content" : "role",
                       ai_json_type_name(ai_json_get(v, role ? "content" : "role")));
    while (i < 3 && strcmp(role, roles[i]) != 0)
        i++;
    if (i == 3)
        return ai_fail(err, AI_EINPUT, "role '%.40s' is not supported: system, user and assistant are", role);
    turn->role = (enum ai_role)i;
    turn->text = ai_strndup(text, turn->n, err);
    return turn->text ? 0 : -1;
}

static int read_messages(const struct ai_json *v, struct ai_document *d, struct ai_err *err)
{
    size_t n = ai_json_size(v);

    if (ai_json_type(v) != AI_JSON_ARRAY)
        return ai_fail(err, AI_EINPUT, "messages: %s where an array was expected", ai_json_type_name(v));
    if (n == 0)
        return ai_fail(err, AI_EINPUT, "messages: an empty conversation");
    d->turn = ai_calloc(n, sizeof *d->turn, err);
    if (!d->turn)
        return -1;
    for (; d->n_turns < n; d->n_turns++)
        if (read_turn(ai_json_at(v, d->n_turns), &d->turn[d->n_turns], err))
            return ai_err_at(err, "messages: turn %zu", d->n_turns + 1);
    return 0;
}

static int read_prompt(const struct ai_json *root, struct ai_document *d, struct ai_err *err)
{
    const struct ai_json *text = ai_json_get(root, "text"), *messages = ai_json_get(root, "messages");
    const char *s = ai_json_string(text, &d->text_len);

    if (messages)
        return text ? ai_fail(err, AI_EINPUT, "text and messages in one object") : read_messages(messages, d, err);
    if (!s)
        return ai_fail(err, AI_EINPUT, "text: %s where a string was expected", ai_json_type_name(text));
    d->text = ai_strndup(s, d->text_len, err);
    return d->text ? 0 : -1;
}

static int read_members(const struct ai_json *root, struct ai_document *d, struct ai_err *err)
{
    if (ai_json_type(root) != AI_JSON_OBJECT)
        return ai_fail(err, AI_EINPUT, "%s where an object was expected", ai_json_type_name(root));
    return read_prompt(root, d, err) || read_id(ai_json_get(root, "id"), d, err) ||
                   read_choices(ai_json_get(root, "choices"), d, err) || read_label(ai_json_get(root, "label"), d, err)
               ? -1
               : 0;
}

int ai_document_from_json(const char *line, size_t n, struct ai_document *d, struct ai_err *err)
{
    size_t bad = ai_utf8_check(line, n);
    struct ai_json *root;
    int rc;

    ai_document_clear(d);
    if (bad < n)
        return ai_fail(err, AI_EINPUT, "byte %zu: not UTF-8", bad + 1);
    root = ai_json_parse(line, n, err);
    if (!root) {
        char *column = strstr(err->msg, "column "); /* the line's number is the caller's */

        if (column && strncmp(err->msg, "line ", 5) == 0)
            memmove(err->msg, column, strlen(column) + 1);
        return -1;
    }
    rc = read_members(root, d, err);
    ai_json_free(root);
    return rc;
}

int ai_document_from_ids(const char *line, size_t n, uint32_t size, struct ai_document *d, struct ai_err *err)
{
    size_t i = 0;

    ai_document_clear(d);
    for (;;) {
        uint64_t v = 0;
        size_t from;

        while (i < n && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
            i++;
        if (i == n)
            return 0;
        for (from = i; i < n && line[i] >= '0' && line[i] <= '9' && v < size; i++)
            v = v * 10 + (uint64_t)(line[i] - '0');
        if (i == from || (i < n && line[i] != ' ' && line[i] != '\t' && line[i] != '\r' && v < size))
            return ai_fail(err, AI_EINPUT, "byte %zu: not a token number", i + 1);
        if (v >= size)
            return ai_fail(err, AI_EINPUT, "byte %zu: a token number beyond the %u of the vocabulary", from + 1, size);
        if (ai_grow(&d->ids.id, &d->ids.cap, d->ids.n + 1, sizeof *d->ids.id, err))
            return -1;
        d->ids.id[d->ids.n++] = (uint32_t)v;
    }
}

static int choice_token(const struct ai_tokenizer *t, const struct ai_chat *chat, const char *choice, uint32_t *token,
                        struct ai_err *err)
{
    return chat ? ai_chat_choice(chat, choice, token, err) : ai_tokenize_choice(t, choice, token, err);
}

/* Of several right answers, a line each, the first one counts. */
static int label_token(const struct ai_tokenizer *t, const struct ai_chat *chat, struct ai_doc *doc,
                       struct ai_err *err)
{
    char *first = ai_strndup(doc->label, strcspn(doc->label, "\n"), err);
    int rc = first ? choice_token(t, chat, first, &doc->label_token, err) : -1;

    free(first);
    return rc ? ai_err_at(err, "label") : 0;
}

static int choice_tokens(const struct ai_tokenizer *t, const struct ai_chat *chat, struct ai_doc *doc,
                         struct ai_err *err)
{
    for (uint32_t i = 0; i < doc->n_choices; i++) {
        struct ai_choice *c = &doc->choices[i];

        if (choice_token(t, chat, c->text, &c->token, err))
            return ai_err_at(err, "choices: '%.60s'", c->text);
        for (uint32_t k = 0; k < i; k++)
            if (doc->choices[k].token == c->token)
                return ai_fail(err, AI_EINPUT, "choices: '%.60s' and '%.60s' begin with the same token %u",
                               doc->choices[k].text, c->text, c->token);
    }
    return doc->label ? label_token(t, chat, doc, err) : 0;
}

static int prompt_tokens(const struct ai_tokenizer *t, const struct ai_chat *chat, const char *text, size_t n,
                         unsigned flags, struct ai_document *d, struct ai_err *err)
{
    struct ai_turn one = {AI_ROLE_USER, (char *)text, n};

    if (d->n_turns && !chat)
        return ai_fail(err, AI_EINPUT, "messages: a conversation wants a chat template (--chat)");
    if (d->n_turns)
        return ai_chat_tokenize(chat, d->turn, d->n_turns, flags, &d->ids, err) ? ai_err_at(err, "messages") : 0;
    if (text && chat)
        return ai_chat_tokenize(chat, &one, 1, flags, &d->ids, err);
    return text ? ai_tokenize(t, text, n, flags, &d->ids, err) : 0;
}

static int truncate_prompt(const struct ai_tokenizer *t, const struct ai_document_options *o, struct ai_ids *ids,
                           struct ai_err *err)
{
    size_t keep = o->max_tokens, first;

    if (keep == 0 || ids->n <= keep)
        return 0;
    if (o->truncate == AI_TRUNCATE_REFUSE)
        return ai_fail(err, AI_EINPUT, "a prompt of %zu tokens, where %zu are the most", ids->n, keep);
    if (o->truncate == AI_TRUNCATE_LEFT) {
        first = keep > 1 && t && ids->id[0] == ai_tokenizer_bos(t);
        memmove(ids->id + first, ids->id + ids->n - keep + first, (keep - first) * sizeof *ids->id);
    }
    ids->n = keep;
    return 0;
}

int ai_document_tokenize(const struct ai_tokenizer *t, const struct ai_document_options *o, const char *text, size_t n,
                         struct ai_document *d, struct ai_err *err)
{
    if (prompt_tokens(t, o->chat, text, n, o->flags, d, err) || truncate_prompt(t, o, &d->ids, err))
        return -1;
    if (d->ids.n == 0)
        return ai_fail(err, AI_EINPUT, "an empty prompt, and no token of this vocabulary stands before a text");
    if (d->ids.n > UINT32_MAX)
        return ai_fail(err, AI_EINPUT, "a prompt of %zu tokens", d->ids.n);
    d->doc.tokens = (uint32_t)d->ids.n;
    d->doc.prompt_digest = ai_prompt_digest(d->ids.id, d->ids.n);
    return choice_tokens(t, o->chat, &d->doc, err);
}
