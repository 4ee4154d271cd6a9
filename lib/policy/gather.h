/* Streams of features of full-depth documents, a document at a time: what training and
 * calibration read. */
#ifndef AI_POLICY_GATHER_H
#define AI_POLICY_GATHER_H

#include "policy/policy.h"
#include "stream/names.h"

struct ai_gathered_row {
    double x[AI_POLICY_FEATURES]; /* the policy's features */
    uint16_t layer;
    uint32_t token;               /* the most probable one there */
};

/* A document that has ended. */
struct ai_gathered {
    uint64_t number;
    uint64_t prompt_digest;       /* 0: not known */
    uint32_t label_token;         /* AI_NO_TOKEN: not known */
    const struct ai_gathered_row *rows; /* layers rising; the last is the model's last layer */
    size_t n;                     /* >= 2 */
};

struct ai_gather {
    struct ai_policy *policy;     /* borrowed; its names are bound to each stream */
    /* The first header has been read: layers, model, tokenizer and head are known, names are
     * not bound.  NULL: nothing to do.  Returns 0 or -1. */
    int (*started)(void *arg, const struct ai_names *offered, struct ai_err *err);
    /* A document has ended.  Returns 0 or -1. */
    int (*document)(void *arg, const struct ai_gathered *doc, struct ai_err *err);
    void *arg;

    unsigned layers;              /* L */
    char model[65], tokenizer[65], head[16]; /* of the streams; "": not said */

    /* its own */
    bool has_header;
    size_t n_features;            /* in each record of this stream */
    struct ai_open *open;
};

/* Reads one stream to its end; name stands in messages.  All streams must be of one model,
 * tokenizer and head, and every document must have its last layer and one before.  0 or -1. */
int ai_gather_stream(struct ai_gather *g, int fd, const char *name, struct ai_err *err) AI_CHECKED;
void ai_gather_free(struct ai_gather *g); /* what g owns, not g itself */

/* p's names: those of list (separated by commas), or all that are offered, and `depth`
 * where list does not leave it out.  An error of list is AI_EUSAGE. */
int ai_policy_choose(struct ai_policy *p, const char *list, const struct ai_names *offered,
                     struct ai_err *err) AI_CHECKED;

#endif
