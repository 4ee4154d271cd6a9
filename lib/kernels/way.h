/* Between the files of this folder: the ways to multiply that are our own.
 *
 * A product y[n, N] = x[n, K] w[N, K]^T is cut into panels of a few rows of w, tiles
 * of a few rows of x ("tokens"), and chunks of K.  Both operands are packed so that a
 * tile kernel reads them front to back: a panel's rows lie in the lanes of vectors,
 * a token's values are broadcast.  An output is then
 *
 *     bias + (sum over the first chunk) + (sum over the second) + ...
 *
 * with each sum taken in the order of k: it depends on the way alone, not on n, nor on
 * the other rows, nor on threads, nor on how wide the vectors are.
 *
 * Packed f32: w as [k][rows], x as [k][tokens].  BF16: the same with pairs of k.
 * int8: blocks of 32 columns, each
 *     w: [8][rows][4] bytes, then [subs][rows] scales and, with minima, [subs][rows] of them
 *     x: [tokens][32] signed bytes, [tokens] scales, [subs][tokens] start values of the
 *        integer sums and, with minima, [subs][tokens] sums of x
 * where subs is 1, or 2 for formats with a scale every 16 columns.  A weight is
 * scale * (byte - offset) + minimum. */
#ifndef AI_KERNELS_WAY_H
#define AI_KERNELS_WAY_H

#include "kernels/kernels.h"

enum {
    AI_WAY_ROWS = 32,   /* most rows of a panel */
    AI_WAY_TOKENS = 12, /* most tokens of a tile */
};

/* Rows of w from some column on; where there are fewer than a panel has, the last ones repeat. */
struct ai_way_rows {
    const uint8_t *row[AI_WAY_ROWS];
    ptrdiff_t ahead;    /* from a byte to the one worth fetching meanwhile */
    enum ai_wtype type;
};

/* How bytes become weights (above); of no meaning for f32 and BF16. */
struct ai_way_int8 {
    unsigned char subs, minima, offset;
};

/* Packs k columns.  scratch: AI_WAY_ROWS * chunk floats. */
typedef void ai_way_pack_w(const struct ai_way_rows *rows, size_t k, float *scratch, void *out);
/* Packs all k columns of `tokens` rows of x. */
typedef void ai_way_pack_x(const struct ai_way_int8 *format, const float *x, size_t ldx, size_t tokens, size_t k,
                           void *out);
/* y[tokens, rows] (+)= x w^T over k columns; add: to what is there. */
typedef void ai_way_tile(size_t k, const void *w, const void *x, float *y, size_t ldy, bool add);

struct ai_way {
    const char *name;         /* "f32", "bf16", "int8" */
    const char *isa;
    unsigned rows, tokens;    /* of a panel, of a tile at most */
    unsigned chunk;           /* columns that are summed up on their own */
    unsigned step;            /* packed columns are a multiple of it; so is chunk */
    unsigned w_step, x_step;  /* bytes of a step: of a panel, of a token */
    ai_way_pack_w *pack_w;
    ai_way_pack_x *pack_x;
    ai_way_tile *const *tile; /* [tokens]: tile[t - 1] is for t of them */
    struct ai_way_int8 int8;
};

/* The own way to multiply w on instruction set `level` at most, or false: then it is
 * OpenBLAS's. */
bool ai_way_choose(enum ai_compute compute, enum ai_isa level, const struct ai_tensor *w, struct ai_way *way);

/* What the files for an instruction set offer: false where they have nothing for the type. */
bool ai_way_f32_avx512(enum ai_wtype type, struct ai_way *way);
bool ai_way_f32_avx2(enum ai_wtype type, struct ai_way *way);
bool ai_way_bf16_avx512(enum ai_wtype type, struct ai_way *way);
bool ai_way_int8_avx512(enum ai_wtype type, struct ai_way *way);
bool ai_way_int8_avxvnni(enum ai_wtype type, struct ai_way *way);
bool ai_way_int8_avx2(enum ai_wtype type, struct ai_way *way);

#endif
