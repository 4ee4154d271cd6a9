/* Text to tokens and back, with the vocabulary of a model file: SentencePiece-style
 * BPE and unigram (GGUF "llama" and "t5", tokenizer.model, tokenizer.json), byte-level
 * BPE (GGUF "gpt2", tokenizer.json, vocab.json + merges.txt). */
#ifndef AI_TOKENIZER_TOKENIZER_H
#define AI_TOKENIZER_TOKENIZER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stdint.h>

struct ai_tokenizer;

/* Opens the tokenizer of a GGUF file or of a Hugging Face directory. */
struct ai_tokenizer *ai_tokenizer_open(const char *path, struct ai_err *err) AI_CHECKED;
/* False if there is a model at path and no tokenizer with it; what cannot be told is true. */
bool ai_tokenizer_there(const char *path);
void ai_tokenizer_free(struct ai_tokenizer *t);

uint32_t ai_tokenizer_size(const struct ai_tokenizer *t);   /* V */
const char *ai_tokenizer_digest(const struct ai_tokenizer *t); /* AI_DIGEST_LEN hexadecimal digits */
uint32_t ai_tokenizer_bos(const struct ai_tokenizer *t);    /* AI_NO_TOKEN (0xffffffff): none */
uint32_t ai_tokenizer_eos(const struct ai_tokenizer *t);
bool ai_tokenizer_adds_bos(const struct ai_tokenizer *t);   /* the model wants BOS before a text */

enum {
    AI_TOK_BEGIN = 1,    /* the text begins a sequence: BOS if the model wants one, dummy space prefix */
    AI_TOK_SPECIAL = 2,  /* special tokens written in the text become themselves, not plain text */
    AI_TOK_NO_BOS = 4,   /* with BEGIN: no BOS */
};

struct ai_ids {
    uint32_t *id;
    size_t n, cap;
};
void ai_ids_free(struct ai_ids *ids);

/* Appends the tokens of text (n bytes of valid UTF-8) to ids.  Linear in n. */
int ai_tokenize(const struct ai_tokenizer *t, const char *text, size_t n, unsigned flags, struct ai_ids *ids,
                struct ai_err *err) AI_CHECKED;

/* First token of `choice` (without leading space) as an answer that follows a prompt:
 * tokenised with a space before it, as a continuation. */
int ai_tokenize_choice(const struct ai_tokenizer *t, const char *choice, uint32_t *token,
                       struct ai_err *err) AI_CHECKED;

/* Appends the bytes of one token (exact; may be part of a character).  first: the
 * sequence begins here, so a dummy space prefix is dropped.  Control tokens give
 * nothing unless special. */
int ai_detokenize(const struct ai_tokenizer *t, uint32_t id, bool first, bool special, struct ai_buf *out,
                  struct ai_err *err) AI_CHECKED;

#endif
