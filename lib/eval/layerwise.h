/* One document, layer by layer: what the head would say after each block. */
#ifndef AI_EVAL_LAYERWISE_H
#define AI_EVAL_LAYERWISE_H

#include "base/buf.h"
#include "stream/records.h"

#include <stdbool.h>

struct ai_layerwise {
    uint64_t number;
    char *id, *label;              /* or NULL */
    unsigned layers;               /* L */
    struct ai_features *row;       /* [n] of its first step, layers rising */
    size_t n, cap;
    bool decided;
    unsigned stopped;              /* the layer of its first answer, if decided */
};

/* Reads a feature stream up to the end of the document that `which` names, by its id or,
 * where no document has that id, its number; NULL: the first. */
int ai_layerwise_read(struct ai_layerwise *l, int fd, const char *name, const char *which,
                      struct ai_err *err) AI_CHECKED;
/* Looks up in a decision stream where the document stopped: the one of its id, or else
 * of its number.  It not being there is an error. */
int ai_layerwise_stop(struct ai_layerwise *l, int fd, const char *name, struct ai_err *err) AI_CHECKED;
void ai_layerwise_free(struct ai_layerwise *l);

/* Appends a token as a person reads it.  NULL where tokens have no text: their numbers are shown. */
struct ai_token_text {
    int (*put)(void *arg, uint32_t token, struct ai_buf *out, struct ai_err *err);
    void *arg;
};

/* A line a layer with its most probable tokens, `most` of them at most. */
int ai_layerwise_table(const struct ai_layerwise *l, unsigned most, const struct ai_token_text *text,
                       struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* The same in SVG, cells darker where they are more probable. */
int ai_layerwise_svg(const struct ai_layerwise *l, unsigned most, const struct ai_token_text *text, struct ai_buf *out,
                     struct ai_err *err) AI_CHECKED;

#endif
