/* Conversations as tokens, in the form that a model was trained on.
 *
 * A model file says that form as a template, a program in Jinja.  It is not run: by
 * the statements that write text it is recognised as one of a few families, whose
 * forms are here as data; any other template is refused.  For conversations of an
 * optional system turn and turns of user and assistant the tokens are those of the
 * text that the published template writes, with one difference: what the turns say
 * is text and never becomes a special token, whatever is written there. */
#ifndef AI_TOKENIZER_CHAT_H
#define AI_TOKENIZER_CHAT_H

#include "base/buf.h"
#include "tokenizer/tokenizer.h"

enum ai_role { AI_ROLE_SYSTEM, AI_ROLE_USER, AI_ROLE_ASSISTANT };

struct ai_turn {
    enum ai_role role;
    char *text; /* n bytes of UTF-8 */
    size_t n;
};

struct ai_chat;

/* The form that the model at path (a GGUF file or a Hugging Face directory) asks for;
 * t is that model's tokenizer, borrowed, and its tokens that part turns become special.
 * NULL with AI_EINPUT: there is no template, or it is none of the families. */
struct ai_chat *ai_chat_open(const char *path, struct ai_tokenizer *t, struct ai_err *err) AI_CHECKED;
void ai_chat_free(struct ai_chat *c);
/* "llama-3", ... */
const char *ai_chat_family(const struct ai_chat *c);

/* Appends the tokens of a conversation that the assistant is to answer: an optional
 * system turn, then turns of user and assistant; the last is the user's.
 * Fails (AI_EINPUT) for other orders and where the family has no place for a system
 * turn.  flags: AI_TOK_NO_BOS. */
int ai_chat_tokenize(const struct ai_chat *c, const struct ai_turn *turn, size_t n, unsigned flags,
                     struct ai_ids *ids, struct ai_err *err) AI_CHECKED;
/* The same as text, special tokens written out. */
int ai_chat_text(const struct ai_chat *c, const struct ai_turn *turn, size_t n, struct ai_buf *out,
                 struct ai_err *err) AI_CHECKED;

/* The first token of `choice` as the assistant's answer. */
int ai_chat_choice(const struct ai_chat *c, const char *choice, uint32_t *token, struct ai_err *err) AI_CHECKED;

#endif
