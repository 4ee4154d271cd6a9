/* Inside lib/tokenizer: the tokenizer as its loaders fill it and its encoders read it. */
#ifndef AI_TOKENIZER_INTERNAL_H
#define AI_TOKENIZER_INTERNAL_H

#include "tokenizer/tokenizer.h"

#include "io/json.h"
#include "io/regex.h"
#include "stream/records.h"
#include "tokenizer/vocab.h"

enum tok_model {
    TOK_MERGE,   /* byte-pair encoding: the best pair merges until none is left */
    TOK_UNIGRAM, /* the most probable cut */
};

enum { TOK_MAX_PRE = 8 };

enum tok_normal_form { TOK_AS_IS, TOK_NFC, TOK_NFD, TOK_NFKC, TOK_NFKD }; /* Unicode's */

struct ai_tokenizer {
    enum tok_model model;
    struct vocab v;
    bool by_bytes;       /* symbols start as bytes (byte-level BPE), else as characters */
    bool by_pair;        /* merges from a list of pairs, else wherever a piece has the text */
    bool ignore_merges;  /* a word that is a piece is taken as it is */

    uint32_t byte_id[256]; /* piece of one byte; VOCAB_NONE */
    bool byte_fallback;    /* characters without a piece become their bytes */
    uint32_t bos, eos, unk;
    bool add_bos, add_eos;

    /* SentencePiece-style text */
    bool spaces;          /* a space is written U+2581 in pieces */
    bool dummy_prefix;    /* a text begins with a space of its own */
    bool prefix_once;     /* no such space behind a special token */
    bool prefix_missing;  /* nor where one stands already */
    bool squeeze;         /* remove_extra_whitespaces */
    bool words;           /* no piece reaches across the start of a word: words are independent */
    struct ai_buf charsmap; /* compiled character mapping, empty: none */
    float min_score, max_score; /* unigram */

    /* byte-level text */
    struct ai_regex *pre[TOK_MAX_PRE]; /* each cuts what the one before left */
    unsigned n_pre;
    bool prefix_space;
    enum tok_normal_form normal_form;

    uint8_t added_first[256];  /* bits 1 << type: an added piece of that type begins with this byte */
    uint8_t added_pair[8192];  /* a bit for each two bytes that an added piece can begin with */
    uint32_t *added_len;      /* distinct lengths of added pieces, longest first */
    size_t n_added_len;
    char digest[AI_DIGEST_LEN + 1];
};

/* One call's scratch. */
struct symbol {
    uint32_t from, len, id;
    uint32_t prev, next; /* list of the long form; VOCAB_NONE ends it */
};
struct candidate {
    uint32_t priority, left, left_len, right_len, id;
};
struct run {
    const struct ai_tokenizer *t;
    struct ai_ids *ids;
    bool prev_unknown;   /* runs of unknown characters are one token */
    struct symbol *symbol;
    size_t symbol_cap;
    struct candidate *heap;
    size_t heap_n, heap_cap;
    struct best *best;   /* unigram */
    size_t best_cap;
};
void run_free(struct run *r);
int run_emit(struct run *r, uint32_t id, struct ai_err *err) AI_CHECKED;
/* A stretch without a piece: its bytes, or the unknown token. */
int run_emit_missing(struct run *r, const uint8_t *s, size_t n, struct ai_err *err) AI_CHECKED;

/* The tokens of s, which is a word or a text and is already normalised. */
int tok_merge(struct run *r, const uint8_t *s, size_t n, struct ai_err *err) AI_CHECKED;
int tok_unigram(struct run *r, const uint8_t *s, size_t n, struct ai_err *err) AI_CHECKED;

/* Appends the text in SentencePiece's form; begin: with the dummy prefix. */
int tok_normalize(const struct ai_tokenizer *t, const uint8_t *s, size_t n, bool begin, struct ai_buf *out,
                  struct ai_err *err) AI_CHECKED;
/* Checks a compiled character mapping's structure. */
int tok_charsmap_check(const struct ai_buf *map, struct ai_err *err) AI_CHECKED;
/* Appends the text in a normal form of Unicode. */
int tok_unicode(enum tok_normal_form form, const char *s, size_t n, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* A token that stands at a place of a text without being written there. */
struct tok_mark {
    size_t at;
    uint32_t id;
};
/* ai_tokenize, with marks in order of their places. */
int tok_encode(const struct ai_tokenizer *t, const uint8_t *s, size_t n, const struct tok_mark *mark, size_t n_marks,
               unsigned flags, struct ai_ids *ids, struct ai_err *err) AI_CHECKED;

/* Unicode's White_Space. */
static inline bool tok_is_white(uint32_t cp)
{
    return cp == ' ' || (cp >= 9 && cp <= 13) || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
           cp == 0x3000;
}

/* Length of the added piece (type USER, or CONTROL if special) at s, the longest; 0: none. */
size_t tok_added_at(const struct ai_tokenizer *t, const uint8_t *s, size_t n, unsigned types, uint32_t *id);

/* ---- pre-tokenisers ---- */
/* One by the name GGUF gives it ("gpt-2", "llama-bpe", ...); sets what goes with it. */
int tok_pre_named(struct ai_tokenizer *t, const char *name, size_t len, struct ai_err *err) AI_CHECKED;
/* Appends one pattern. */
int tok_pre_add(struct ai_tokenizer *t, const char *pattern, struct ai_err *err) AI_CHECKED;
int tok_pre_split(struct run *r, const char *s, size_t n, struct ai_err *err) AI_CHECKED;

/* ---- the printable alphabet of byte-level vocabularies ---- */
/* Appends the bytes that text spells.  Returns 0; 1 if it has a character outside the alphabet; -1. */
int tok_alphabet_decode(const char *text, size_t n, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* Reads the bytes "<0xHH>" of a byte piece; -1 if it is none. */
int tok_byte_piece(const uint8_t *text, size_t n, uint8_t *byte);

/* ---- loaders: fill a zeroed tokenizer; err without the file's name unless several are read ---- */
int tok_load_gguf(struct ai_tokenizer *t, const char *path, struct ai_err *err) AI_CHECKED;
int tok_load_sentencepiece(struct ai_tokenizer *t, const void *data, size_t n, struct ai_err *err) AI_CHECKED;
int tok_load_tiktoken(struct ai_tokenizer *t, const void *data, size_t n, struct ai_err *err) AI_CHECKED;
int tok_load_json(struct ai_tokenizer *t, const struct ai_json *root, struct ai_err *err) AI_CHECKED;
/* Whether all that tokenizer.json asks for is done here; otherwise err says what is not. */
bool tok_json_supported(const struct ai_json *root, struct ai_err *err);
int tok_load_vocab_merges(struct ai_tokenizer *t, const char *vocab, const char *merges, struct ai_err *err) AI_CHECKED;
/* sentencepiece or tiktoken, told apart by the bytes */
int tok_load_model_bytes(struct ai_tokenizer *t, const void *data, size_t n, struct ai_err *err) AI_CHECKED;
bool tok_directory_has_any(const char *dir);
int tok_load_directory(struct ai_tokenizer *t, const char *dir, struct ai_err *err) AI_CHECKED;
/* The files of a directory beside the vocabulary; NULL: not there. */
struct tok_config {
    struct ai_json *added, *tokenizer, *special, *model;
};
int tok_configure(struct ai_tokenizer *t, const struct tok_config *c, struct ai_err *err) AI_CHECKED;

/* Pieces by number, as JSON objects of text and number give them: in any order. */
struct tok_entry {
    const char *text;
    size_t len;
    enum piece_type type;
    float score;
    bool mergeable;  /* stands in the model's own vocabulary */
    bool lstrip, rstrip;
};
struct tok_entries {
    struct tok_entry *e;
    size_t n, cap; /* n: largest number + 1 */
    size_t limit;  /* numbers are below: as many as the files have pieces, since none is left out */
};
int tok_entries_put(struct tok_entries *list, uint64_t id, struct tok_entry e, struct ai_err *err) AI_CHECKED;
/* {"text": number} of a whole vocabulary. */
int tok_entries_vocab(struct tok_entries *list, const struct ai_json *object, struct ai_err *err) AI_CHECKED;
/* [["text", score], ...] of a unigram vocabulary, in order of their numbers. */
int tok_entries_scored(struct tok_entries *list, const struct ai_json *array, struct ai_err *err) AI_CHECKED;
/* Adds them all; a number without a piece fails. */
int tok_entries_add(struct ai_tokenizer *t, const struct tok_entries *list, struct ai_err *err) AI_CHECKED;
/* The first piece with that text, by a walk over all; VOCAB_NONE. */
uint32_t tok_find_text(const struct ai_tokenizer *t, const char *text);
/* One "left right" line of a merge list; bytes in the printable alphabet when by_bytes. */
int tok_add_merge(struct ai_tokenizer *t, const char *left, size_t left_n, const char *right, size_t right_n,
                  struct ai_err *err) AI_CHECKED;
/* What all loaders end with: tables, byte pieces, shortcuts, digest. */
int tok_finish(struct ai_tokenizer *t, struct ai_err *err) AI_CHECKED;

#endif
