/* The documents that are open in a hidden stream, and what is known of each of
 * their tokens from its previous checked layer. */
#ifndef AI_LENS_DOCUMENTS_H
#define AI_LENS_DOCUMENTS_H

#include "lens/features.h"

/* More than these at once are refused: a stream that never ends its documents
 * must not take all memory. */
enum { AI_LENS_MAX_TOKENS = 1 << 22 };

struct ai_lens_doc {
    bool ended;            /* its end was seen, its last states may still wait: for the caller */
    uint32_t *choices;     /* first tokens of its choices, ascending, each once */
    size_t n_choices;
    uint32_t step;         /* that tokens belongs to; an older step's are forgotten */
    struct ai_lens_token { uint32_t position; struct ai_lens_before before; } *tokens; /* ascending positions */
    size_t n_tokens, cap_tokens;
};

struct ai_lens_documents;

/* width: floats of a state to keep for each token, 0: none. */
struct ai_lens_documents *ai_lens_documents_new(size_t width, struct ai_err *err) AI_CHECKED;
void ai_lens_documents_free(struct ai_lens_documents *d);

/* A document begins: not twice, and not more than AI_MAX_OPEN at once.  keep_choices:
 * fails unless it has choices, of tokens below vocab. */
int ai_lens_documents_open(struct ai_lens_documents *d, const struct ai_doc *doc, bool keep_choices, uint32_t vocab,
                           struct ai_err *err) AI_CHECKED;
/* NULL if it is not open.  Valid until the next open or close. */
struct ai_lens_doc *ai_lens_documents_find(struct ai_lens_documents *d, uint64_t number);
/* It is done; 0, or -1 if it was not open. */
int ai_lens_documents_close(struct ai_lens_documents *d, uint64_t number, struct ai_err *err) AI_CHECKED;

/* What was known of the token at position in that step; any == false at first, with
 * room in state.  The caller brings it up to date.  NULL with err filled. */
struct ai_lens_before *ai_lens_documents_before(struct ai_lens_documents *d, struct ai_lens_doc *doc, uint32_t step,
                                                uint32_t position, struct ai_err *err) AI_CHECKED;

#endif
