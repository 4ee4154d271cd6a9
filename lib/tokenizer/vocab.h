/* The pieces of a vocabulary, and the two tables that look them up: by text, and
 * by the pair of pieces that merges into one. */
#ifndef AI_TOKENIZER_VOCAB_H
#define AI_TOKENIZER_VOCAB_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VOCAB_NONE 0xffffffffu

/* Kinds of pieces, with the numbers of SentencePiece and GGUF. */
enum piece_type {
    PIECE_NORMAL = 1,
    PIECE_UNKNOWN = 2,
    PIECE_CONTROL = 3, /* never comes out of plain text */
    PIECE_USER = 4,    /* found in the text before anything else */
    PIECE_UNUSED = 5,
    PIECE_BYTE = 6,    /* one byte that no other piece has */
    PIECE_OPAQUE = 7,  /* ours: only for decoding; no text leads to it */
};

struct piece {
    size_t offset;    /* of its bytes in vocab.text */
    uint32_t len;
    float score;
    uint32_t priority; /* when pieces merge by text: smaller merges first */
    uint8_t type;
    uint8_t byte;      /* PIECE_BYTE */
    bool whole;        /* its text, alone, becomes this piece and nothing else */
    bool mergeable;    /* USER and CONTROL: merging can make it too */
    bool lstrip, rstrip; /* USER and CONTROL: white space before, behind it goes with it */
};

struct text_slot {
    uint32_t tag, id; /* id VOCAB_NONE: empty */
};
struct text_table {
    struct text_slot *slot;
    size_t mask;
};
struct pair_slot {
    uint32_t left, right, rank, id;
};
struct pair_table {
    struct pair_slot *slot;
    size_t mask, n;
};

struct vocab {
    struct piece *piece;
    uint32_t n;
    size_t cap;
    struct ai_buf text;
    struct text_table plain; /* NORMAL, UNUSED, mergeable: what merging can make */
    struct text_table added; /* USER and CONTROL */
    struct pair_table pair;
    uint32_t max_len;        /* of a plain piece */
};

/* Appends piece number v->n. */
int vocab_add(struct vocab *v, const void *text, size_t len, enum piece_type type, float score,
              struct ai_err *err) AI_CHECKED;
/* Builds both text tables.  Two pieces with one text in one table fail. */
int vocab_index(struct vocab *v, struct ai_err *err) AI_CHECKED;
void vocab_free(struct vocab *v);

static inline const uint8_t *vocab_text(const struct vocab *v, uint32_t id)
{
    return v->text.data + v->piece[id].offset;
}

/* The piece with that text, or VOCAB_NONE. */
uint32_t vocab_find(const struct vocab *v, const struct text_table *t, const void *text, size_t len);

/* Room for n merges, then each: rank = its place in the list.  A pair twice fails. */
int vocab_pairs_reserve(struct vocab *v, size_t n, struct ai_err *err) AI_CHECKED;
int vocab_pair_add(struct vocab *v, uint32_t left, uint32_t right, uint32_t id, struct ai_err *err) AI_CHECKED;
/* NULL: these two do not merge. */
const struct pair_slot *vocab_pair(const struct vocab *v, uint32_t left, uint32_t right);

/* priority from score: the highest first, equal ones equal. */
int vocab_rank_scores(struct vocab *v, struct ai_err *err) AI_CHECKED;

/* Adds every piece and merge to s. */
int vocab_digest(const struct vocab *v, struct ai_sha256 *s, struct ai_err *err) AI_CHECKED;

#endif
