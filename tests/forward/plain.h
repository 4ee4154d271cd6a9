/* Decoders in plain double loops, one prompt at a time, each family from its own
 * definition and from the tensors of its published directory: nothing of lib/model or
 * lib/forward is in it. */
#ifndef PLAIN_H
#define PLAIN_H

#include "../gen/gen_family.h"

#include <stddef.h>
#include <stdint.h>

/* A prompt on its way through a model. */
struct plain {
    const struct gen_family *s;
    const struct gen_model *g;   /* a directory's */
    unsigned block;
    size_t n;                    /* tokens */
    double *x;                   /* [n][H] */
    double *q, *k, *v, *mix;     /* [n][heads * D], [n][kv_heads * D] twice, [n][heads * D] */
};

/* A tensor by its name; in a block behind "model.layers.B.".  NULL if it has none. */
const uint8_t *plain_tensor(const struct gen_model *g, const char *name);
const uint8_t *plain_local(const struct plain *p, const char *name);
double plain_at(const uint8_t *tensor, size_t i);

/* y[rows] = W x + b; b may be NULL */
void plain_linear(const uint8_t *w, const uint8_t *b, size_t rows, size_t cols, const double *x, double *y);
/* y = x / rms(x) * (w + offset) */
void plain_rms(const uint8_t *w, double offset, double eps, size_t n, const double *x, double *y);
void plain_layer_norm(const uint8_t *w, const uint8_t *b, double eps, size_t n, const double *x, double *y);
/* Dimensions (i, i + dim/2) of a head turn by position * base^(-2i/dim) / divisor[i] and grow by scale. */
void plain_rotate(double *head, unsigned dim, double base, const double *divisor, double scale, size_t position);
/* p->mix of p->q, p->k, p->v: scores times scale, softly capped (0: not), over the last window keys (0: all). */
void plain_attend(struct plain *p, double scale, double cap, unsigned window);
double plain_gelu_tanh(double x);
double plain_silu(double x);

/* One block of each family: x becomes what comes after it. */
void plain_gemma_block(struct plain *p);
void plain_phi_block(struct plain *p);
void plain_expert_block(struct plain *p);

/* Returns states [L + 1][n][H], *logits [L + 1][V] of the last token, as if each were the last layer (the caller
 * frees both), and *macs, the multiply-adds of the blocks. */
double *plain_states(const struct gen_family *s, const struct gen_model *g, const uint32_t *tokens, size_t n,
                     double **logits, uint64_t *macs);

#endif
