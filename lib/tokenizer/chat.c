/* Conversations: written in a family's form as text with marks where special tokens
 * stand, then tokenised. */
#include "tokenizer/chat.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "tokenizer/family.h"
#include "tokenizer/internal.h"

#include <stdlib.h>
#include <string.h>

struct ai_chat {
    struct ai_tokenizer *t;
    struct chat_recipe recipe;
    struct tok_mark before_answer; /* the token right before an answer; at 1: there is none */
};

/* A conversation as it grows. */
struct script {
    const struct ai_tokenizer *t;
    struct ai_buf text;
    struct tok_mark *mark;
    size_t n_marks, cap;
};

static void script_free(struct script *s)
{
    ai_buf_free(&s->text);
    free(s->mark);
}

static int put_mark(struct script *s, uint32_t id, const char *what, struct ai_err *err)
{
    if (id == AI_NO_TOKEN)
        return ai_fail(err, AI_EINPUT, "the template wants %s, but the tokenizer names none", what);
    if (ai_grow(&s->mark, &s->cap, s->n_marks + 1, sizeof *s->mark, err))
        return -1;
    s->mark[s->n_marks++] = (struct tok_mark){s->text.len, id};
    return 0;
}

/* The token that parts turns and is written at s; 0: none.  White space and such that
 * a vocabulary also lists is not one. */
static size_t parting_token(const struct ai_tokenizer *t, const char *s, uint32_t *id)
{
    if (*s != '<' && *s != '[')
        return 0;
    return tok_added_at(t, (const uint8_t *)s, strlen(s), 1u << PIECE_CONTROL | 1u << PIECE_USER, id);
}

/* The form's own text: special tokens that are written in it are themselves. */
static int put_form(struct script *s, const char *text, struct ai_err *err)
{
    while (*text) {
        uint32_t id;
        size_t k = parting_token(s->t, text, &id);
        int rc;

        if (k)
            rc = put_mark(s, id, "", err);
        else if (*text == *FAMILY_BOS)
            rc = put_mark(s, s->t->bos, "a beginning-of-sequence token", err);
        else if (*text == *FAMILY_EOS)
            rc = put_mark(s, s->t->eos, "an end-of-sequence token", err);
        else
            rc = ai_buf_put(&s->text, text, 1, err);
        if (rc)
            return -1;
        text += k ? k : 1;
    }
    return 0;
}

/* White space as Python's str.strip() has it. */
static bool strips(uint32_t cp)
{
    return tok_is_white(cp) || (cp >= 0x1c && cp <= 0x1f);
}

static void strip(const char **text, size_t *n)
{
    const uint8_t *s = (const uint8_t *)*text;
    size_t from = 0, to = *n, k;
    uint32_t cp;

    while (from < to && (k = ai_utf8_get(s + from, to - from, &cp)) && strips(cp))
        from += k;
    while (to > from) {
        size_t at = to - 1;

        while (at > from && (s[at] & 0xc0) == 0x80)
            at--;
        if (!ai_utf8_get(s + at, to - at, &cp) || !strips(cp))
            break;
        to = at;
    }
    *text += from;
    *n = to - from;
}

/* Appends what a turn says. */
static int say(struct ai_buf *out, const char *text, size_t n, bool trim, struct ai_err *err)
{
    if (trim)
        strip(&text, &n);
    return ai_buf_put(out, text, n, err);
}

/* A user's turn; system: that text is joined to it, or NULL. */
static int put_user(struct script *s, const struct chat_form *f, const struct ai_turn *turn,
                    const struct ai_turn *system, struct ai_err *err)
{
    struct ai_buf joined = {0};
    int rc = 0;

    if (system)
        rc = ai_buf_puts(&joined, f->system_head, err) || say(&joined, system->text, system->n, false, err) ||
             ai_buf_puts(&joined, f->system_tail, err);
    if (!rc)
        rc = say(&joined, turn->text, turn->n, f->trim, err) || put_form(s, f->user_head, err) ||
             say(&s->text, (char *)joined.data, joined.len, f->trim_joined, err) || put_form(s, f->user_tail, err);
    ai_buf_free(&joined);
    return rc ? -1 : 0;
}

static int put_assistant(struct script *s, const struct chat_form *f, const struct ai_turn *turn, struct ai_err *err)
{
    static const char thought[] = "</think>";
    const char *text = turn->text;
    size_t n = turn->n, k = sizeof thought - 1;

    for (size_t i = n; f->no_thinking && i >= k; i--)
        if (memcmp(turn->text + i - k, thought, k) == 0) {
            for (; i < n && text[i] == '\n'; i++)
                ;
            text += i;
            n -= i;
            break;
        }
    return put_form(s, f->assistant_head, err) || say(&s->text, text, n, f->trim_assistant, err) ||
                   put_form(s, f->assistant_tail, err)
               ? -1
               : 0;
}

static int put_system(struct script *s, const struct chat_recipe *r, const struct ai_turn *system, struct ai_err *err)
{
    const struct chat_form *f = &r->form;
    const struct ai_turn none = {AI_ROLE_SYSTEM, (char *)r->default_system.data, r->default_system.len};

    if (!system && !r->has_default)
        return 0;
    if (!system)
        system = &none;
    return put_form(s, f->system_head, err) || say(&s->text, system->text, system->n, f->trim, err) ||
                   put_form(s, f->system_tail, err)
               ? -1
               : 0;
}

static int check_turns(const struct chat_recipe *r, const struct ai_turn *turn, size_t n, struct ai_err *err)
{
    size_t first = n && turn[0].role == AI_ROLE_SYSTEM;

    if (n == 0 || turn[n - 1].role != AI_ROLE_USER)
        return ai_fail(err, AI_EINPUT, "the last turn is not the user's");
    if (first && r->form.system == SYSTEM_REFUSED)
        return ai_fail(err, AI_EINPUT, "turn 1: the model's chat template (%s) has no place for a system turn",
                       r->family->name);
    for (size_t i = 0; i < n; i++) {
        size_t bad = ai_utf8_check(turn[i].text, turn[i].n);

        if (bad < turn[i].n)
            return ai_fail(err, AI_EINPUT, "byte %zu: not UTF-8", bad + 1);
        if (i && turn[i].role == AI_ROLE_SYSTEM)
            return ai_fail(err, AI_EINPUT, "turn %zu: a system turn that is not the first", i + 1);
        if (i >= first && r->form.alternate && (turn[i].role == AI_ROLE_USER) != ((i - first) % 2 == 0))
            return ai_fail(err, AI_EINPUT, "turn %zu: user and assistant must take turns (%s)", i + 1, r->family->name);
    }
    return 0;
}

static int write_script(const struct chat_recipe *r, const struct ai_turn *turn, size_t n, bool no_bos,
                        struct script *s, struct ai_err *err)
{
    const struct chat_form *f = &r->form;
    const struct ai_turn *system = n && turn[0].role == AI_ROLE_SYSTEM ? turn : NULL;
    size_t first = system != NULL;

    if (check_turns(r, turn, n, err) || (r->bos && !no_bos && put_form(s, FAMILY_BOS, err)) ||
        (f->system == SYSTEM_TURN && put_system(s, r, system, err)))
        return -1;
    for (size_t i = first; i < n; i++) {
        bool joined = (f->system == SYSTEM_FIRST && i == first) || (f->system == SYSTEM_LAST && i == n - 1);

        if (turn[i].role == AI_ROLE_USER ? put_user(s, f, &turn[i], joined ? system : NULL, err)
                                         : put_assistant(s, f, &turn[i], err))
            return -1;
    }
    if (no_bos && f->own_bos && s->n_marks) {
        s->n_marks--;
        memmove(s->mark, s->mark + 1, s->n_marks * sizeof *s->mark);
    }
    return put_form(s, f->generation, err);
}

int ai_chat_tokenize(const struct ai_chat *c, const struct ai_turn *turn, size_t n, unsigned flags,
                     struct ai_ids *ids, struct ai_err *err)
{
    struct script s = {.t = c->t};
    int rc = write_script(&c->recipe, turn, n, flags & AI_TOK_NO_BOS, &s, err);

    if (rc == 0)
        rc = tok_encode(c->t, s.text.data, s.text.len, s.mark, s.n_marks, AI_TOK_BEGIN | AI_TOK_NO_BOS, ids, err);
    script_free(&s);
    return rc;
}

int ai_chat_text(const struct ai_chat *c, const struct ai_turn *turn, size_t n, struct ai_buf *out,
                 struct ai_err *err)
{
    struct script s = {.t = c->t};
    size_t from = 0;
    int rc = write_script(&c->recipe, turn, n, false, &s, err);

    for (size_t i = 0; rc == 0 && i < s.n_marks; from = s.mark[i++].at)
        rc = ai_buf_put(out, s.text.data + from, s.mark[i].at - from, err) ||
             ai_buf_put(out, vocab_text(&c->t->v, s.mark[i].id), c->t->v.piece[s.mark[i].id].len, err);
    if (rc == 0)
        rc = ai_buf_put(out, s.text.data + from, s.text.len - from, err);
    script_free(&s);
    return rc ? -1 : 0;
}

int ai_chat_choice(const struct ai_chat *c, const char *choice, uint32_t *token, struct ai_err *err)
{
    const char *lead = c->recipe.form.answer;
    size_t n_marks = c->before_answer.at == 0;
    struct ai_buf text = {0};
    struct ai_ids ids = {0};
    int rc = ai_buf_puts(&text, lead ? lead : "", err) || ai_buf_puts(&text, choice, err);

    if (rc == 0)
        rc = tok_encode(c->t, text.data, text.len, &c->before_answer, n_marks, 0, &ids, err);
    if (rc == 0 && (ids.n <= n_marks || *choice == '\0'))
        rc = ai_fail(err, AI_EINPUT, "a choice without text");
    if (rc == 0)
        *token = ids.id[n_marks];
    ai_buf_free(&text);
    ai_ids_free(&ids);
    return rc ? -1 : 0;
}

/* Tokens that part turns are special from here on, whatever the file says of them. */
static void set_parting_tokens(struct ai_tokenizer *t, const char *text)
{
    uint32_t id;

    for (; text && *text; text++)
        if (parting_token(t, text, &id)) {
            t->v.piece[id].type = PIECE_CONTROL;
            t->added_first[(uint8_t)*text] |= 1u << PIECE_CONTROL;
        }
}

/* Does a special token stand right before the answer? */
static int find_end(struct ai_chat *c, struct ai_err *err)
{
    struct script s = {.t = c->t};
    int rc = put_form(&s, c->recipe.form.user_tail, err) || put_form(&s, c->recipe.form.generation, err) ? -1 : 0;

    c->before_answer.at = 1;
    if (rc == 0 && s.n_marks) {
        struct tok_mark last = s.mark[s.n_marks - 1];
        const char *rest = (char *)s.text.data + last.at;
        size_t n = s.text.len - last.at;

        if (n && c->t->v.piece[last.id].rstrip)
            strip(&rest, &n);
        if (n == 0)
            c->before_answer = (struct tok_mark){0, last.id};
    }
    script_free(&s);
    return rc;
}

struct ai_chat *ai_chat_open(const char *path, struct ai_tokenizer *t, struct ai_err *err)
{
    struct ai_chat *c = ai_calloc(1, sizeof *c, err);
    struct ai_buf template = {0};
    const char *place = "";
    int rc;

    if (!c)
        return NULL;
    c->t = t;
    rc = chat_template_read(path, &template, &place, err);
    if (rc == 0 && chat_recognise((char *)template.data, template.len, &c->recipe, err))
        rc = ai_err_at(err, "%s: %s", path, place);
    if (rc == 0) {
        const struct chat_form *f = &c->recipe.form;
        const char *const text[] = {f->system_head, f->system_tail,    f->user_head,  f->user_tail,
                                    f->assistant_head, f->assistant_tail, f->generation};

        for (size_t i = 0; i < sizeof text / sizeof *text; i++)
            set_parting_tokens(t, text[i]);
        rc = find_end(c, err) ? ai_err_at(err, "%s", path) : 0;
    }
    ai_buf_free(&template);
    if (rc) {
        ai_chat_free(c);
        return NULL;
    }
    return c;
}

void ai_chat_free(struct ai_chat *c)
{
    if (!c)
        return;
    chat_recipe_free(&c->recipe);
    free(c);
}

const char *ai_chat_family(const struct ai_chat *c)
{
    return c->recipe.family->name;
}
