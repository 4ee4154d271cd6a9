/* One document of the input, as text, and as the records of a token stream. */
#ifndef AI_TOKENIZER_DOCUMENT_H
#define AI_TOKENIZER_DOCUMENT_H

#include "stream/records.h"
#include "tokenizer/chat.h"
#include "tokenizer/tokenizer.h"

struct ai_document {
    struct ai_doc doc;   /* id, label, choices; number is the caller's */
    char *text;          /* NULL: the document came as ids, or as a conversation */
    size_t text_len;
    struct ai_turn *turn; /* the conversation */
    size_t n_turns;
    struct ai_ids ids;   /* its tokens */
};

/* A JSON object {"text" or "messages", "id", "label", "choices"}: text is a string;
 * messages an array of {"role": "system", "user" or "assistant", "content": string};
 * id a string or an integer; choices an array of strings; label one of the choices, or
 * its index, or any string if there are no choices.  Other members are not looked at. */
int ai_document_from_json(const char *line, size_t n, struct ai_document *d, struct ai_err *err) AI_CHECKED;

/* A line of token numbers with white space between them, each below size. */
int ai_document_from_ids(const char *line, size_t n, uint32_t size, struct ai_document *d,
                         struct ai_err *err) AI_CHECKED;

enum ai_truncate {
    AI_TRUNCATE_REFUSE,
    AI_TRUNCATE_LEFT,  /* the beginning goes, but for a beginning-of-sequence token */
    AI_TRUNCATE_RIGHT, /* the end goes */
};

struct ai_document_options {
    const struct ai_chat *chat; /* text is a user's turn, choices are answers to it; NULL: text is continued */
    unsigned flags;             /* AI_TOK_... */
    uint32_t max_tokens;        /* of a prompt; 0: any number */
    enum ai_truncate truncate;  /* what becomes of a longer one */
};

/* Fills d->ids (unless it came as ids) from text or from d's conversation, the tokens of
 * the choices and of the label, and doc.tokens.
 * Fails without any token, when two choices begin with one token, for a prompt that is
 * too long and for a conversation without chat. */
int ai_document_tokenize(const struct ai_tokenizer *t, const struct ai_document_options *o, const char *text, size_t n,
                         struct ai_document *d, struct ai_err *err) AI_CHECKED;

/* Frees what d holds and makes it empty. */
void ai_document_clear(struct ai_document *d);

#endif
