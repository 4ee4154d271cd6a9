/* Vocabularies whose pieces come in any order, each with its number. */
#include "tokenizer/internal.h"

#include "base/mem.h"

#include <string.h>

int tok_entries_put(struct tok_entries *list, uint64_t id, struct tok_entry e, struct ai_err *err)
{
    if (id >= list->limit)
        return ai_fail(err, AI_EINPUT, "'%.40s' has number %llu, but there are no more than %zu tokens", e.text,
                       (unsigned long long)id, list->limit);
    if (id >= list->n) {
        size_t n = list->n;

        if (ai_grow(&list->e, &list->cap, (size_t)id + 1, sizeof *list->e, err))
            return -1;
        list->n = (size_t)id + 1;
        memset(list->e + n, 0, (list->n - n) * sizeof *list->e);
    }
    if (list->e[id].text)
        return ai_fail(err, AI_EINPUT, "'%.40s' and '%.40s' both have number %llu", list->e[id].text, e.text,
                       (unsigned long long)id);
    list->e[id] = e;
    return 0;
}

int tok_entries_vocab(struct tok_entries *list, const struct ai_json *object, struct ai_err *err)
{
    const struct ai_json *v;
    const char *text;
    void *it = NULL;
    int64_t id;

    if (ai_json_type(object) != AI_JSON_OBJECT)
        return ai_fail(err, AI_EINPUT, "%s where an object was expected", ai_json_type_name(object));
    list->limit += ai_json_size(object);
    while (ai_json_next(object, &it, &text, &v)) {
        struct tok_entry e = {.text = text, .len = strlen(text), .type = PIECE_NORMAL, .mergeable = true};

        if (ai_json_int(v, &id) || id < 0)
            return ai_fail(err, AI_EINPUT, "'%.40s' has no number", text);
        if (tok_entries_put(list, (uint64_t)id, e, err))
            return -1;
    }
    return 0;
}

int tok_entries_scored(struct tok_entries *list, const struct ai_json *array, struct ai_err *err)
{
    if (ai_json_type(array) != AI_JSON_ARRAY)
        return ai_fail(err, AI_EINPUT, "%s where an array was expected", ai_json_type_name(array));
    list->limit += ai_json_size(array);
    for (size_t i = 0; i < ai_json_size(array); i++) {
        const struct ai_json *pair = ai_json_at(array, i);
        struct tok_entry e = {.type = PIECE_NORMAL};
        double score;

        e.text = ai_json_string(ai_json_at(pair, 0), &e.len);
        if (!e.text || e.len == 0)
            return ai_fail(err, AI_EINPUT, "piece %zu has no text", i);
        if (ai_json_number(ai_json_at(pair, 1), &score))
            return ai_fail(err, AI_EINPUT, "piece %zu has no score", i);
        e.score = (float)score;
        if (tok_entries_put(list, i, e, err))
            return -1;
    }
    return 0;
}

static int add_one(struct ai_tokenizer *t, const struct tok_entry *e, struct ai_buf *bytes, struct ai_err *err)
{
    enum piece_type type = e->type;
    struct piece *p;

    if (t->by_bytes && type == PIECE_NORMAL) {
        int rc;

        bytes->len = 0;
        rc = tok_alphabet_decode(e->text, e->len, bytes, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            return vocab_add(&t->v, bytes->data, bytes->len, type, 0, err);
        type = PIECE_OPAQUE;
    }
    if (vocab_add(&t->v, e->text, e->len, type, e->score, err))
        return -1;
    p = &t->v.piece[t->v.n - 1];
    p->mergeable = e->mergeable && (type == PIECE_USER || type == PIECE_CONTROL);
    p->lstrip = e->lstrip;
    p->rstrip = e->rstrip;
    return 0;
}

int tok_entries_add(struct ai_tokenizer *t, const struct tok_entries *list, struct ai_err *err)
{
    struct ai_buf bytes = {0};
    int rc = 0;

    for (size_t i = 0; i < list->n && rc == 0; i++)
        rc = list->e[i].text ? add_one(t, &list->e[i], &bytes, err)
                             : ai_fail(err, AI_EINPUT, "no token has number %zu, but one has %zu", i, list->n - 1);
    ai_buf_free(&bytes);
    return rc;
}

uint32_t tok_find_text(const struct ai_tokenizer *t, const char *text)
{
    size_t n = strlen(text);

    for (uint32_t i = 0; i < t->v.n; i++)
        if (t->v.piece[i].len == n && memcmp(vocab_text(&t->v, i), text, n) == 0 && t->v.piece[i].type != PIECE_BYTE)
            return i;
    return VOCAB_NONE;
}
