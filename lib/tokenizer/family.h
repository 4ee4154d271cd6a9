/* Inside lib/tokenizer: how a family of models writes conversations. */
#ifndef AI_TOKENIZER_FAMILY_H
#define AI_TOKENIZER_FAMILY_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* In the texts below: where BOS and EOS stand. */
#define FAMILY_BOS "\x02"
#define FAMILY_EOS "\x03"

enum family_system {
    SYSTEM_TURN,    /* a turn of its own, system_head ... system_tail */
    SYSTEM_FIRST,   /* between those two at the beginning of what the first user turn says */
    SYSTEM_LAST,    /* of the last user turn */
    SYSTEM_REFUSED,
};

struct chat_form {
    enum family_system system;
    const char *system_head, *system_tail;
    const char *user_head, *user_tail;
    const char *assistant_head, *assistant_tail;
    const char *generation; /* behind the last turn: the answer begins */
    const char *answer;     /* what an answer begins with that no token of the prompt has */
    bool alternate;         /* user and assistant must take turns */
    bool trim;              /* white space around what a turn says is dropped */
    bool trim_joined;       /* around system and user text together */
    bool trim_assistant;    /* around what the assistant says */
    bool no_thinking;       /* of the assistant's turns only what follows </think> */
    bool own_bos;           /* user_head has it; otherwise the conversation begins with it if the template names it */
};

struct chat_family {
    const char *name;
    const char *const *has, *const *lacks; /* parts of the template in normal form, NULL-terminated */
    struct chat_form form;
};

/* What one template says. */
struct chat_recipe {
    const struct chat_family *family;
    struct chat_form form;
    bool bos;
    bool has_default;            /* without a system turn it is as if there were one with this text */
    struct ai_buf default_system, head; /* head: system_head where it is not the family's, NUL-terminated */
};

/* Recognises a template.  Fails with AI_EINPUT for one that is none of the families. */
int chat_recognise(const char *template, size_t n, struct chat_recipe *r, struct ai_err *err) AI_CHECKED;
void chat_recipe_free(struct chat_recipe *r);

/* Appends the template in normal form: no comments, no white space outside of texts
 * and none that Jinja drops (trim_blocks and lstrip_blocks set, as transformers has
 * it), texts in single quotes without escapes, texts that are added up joined,
 * x.role and x.content as x['role'] and x['content'], no dashes in delimiters.
 * *bare: text outside of all delimiters is left. */
int chat_normal_form(const char *s, size_t n, struct ai_buf *out, bool *bare, struct ai_err *err) AI_CHECKED;

/* Appends the template of the model at path; *place: where in it that stands.
 * Fails with AI_EINPUT if there is none. */
int chat_template_read(const char *path, struct ai_buf *out, const char **place, struct ai_err *err) AI_CHECKED;

#endif
