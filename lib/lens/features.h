/* The features of one hidden state: a table with a name, a definition and a source
 * each, and the list of them that a run computes. */
#ifndef AI_LENS_FEATURES_H
#define AI_LENS_FEATURES_H

#include "base/buf.h"
#include "lens/lens.h"

/* What is known of one token's state at its previous checked layer. */
struct ai_lens_before {
    bool any;           /* false: this is the first checked layer */
    unsigned layer;
    float top_prob, gap;
    uint32_t token;     /* argmax there */
    uint32_t patience;
    float *state;       /* [H], only where a feature needs it */
};

/* What the definitions read. */
struct ai_feature_input {
    const struct ai_lens_top *top;        /* at least two tokens if as many competed */
    unsigned k;                           /* tokens that entropy counts one by one */
    unsigned layer, layers;
    const struct ai_lens_before *before;
    double norm, norm_before, product;    /* |h|, |h before| and h . h before; 0 where no feature needs them */
    const float *cosines;                 /* [AI_COSINES], only where a feature needs them */
};

struct ai_feature {
    const char *name, *definition, *source;
    enum { AI_NEEDS_STATE = 1,            /* of the previous checked layer */
           AI_NEEDS_COSINES = 2 } needs;  /* what ai-forward says of neighbouring blocks */
    double (*value)(const struct ai_feature_input *in);
};
/* Ends with name NULL. */
extern const struct ai_feature ai_feature_table[];

double ai_feature_gap(const struct ai_feature_input *in);
double ai_feature_top_prob(const struct ai_feature_input *in);
double ai_feature_patience(const struct ai_feature_input *in);

struct ai_feature_list {
    const struct ai_feature *feature[AI_MAX_FEATURES];
    unsigned n;
    unsigned needs;                       /* AI_NEEDS_..., of any of them */
    bool all;                             /* what there is: not everything was asked for by name */
};

/* Parses names separated by commas, each at most once, or "all", the whole table.
 * AI_EUSAGE naming the one that is wrong. */
int ai_feature_list_parse(const char *names, struct ai_feature_list *out, struct ai_err *err) AI_CHECKED;
/* Removes the features that need one of these (AI_NEEDS_...). */
void ai_feature_list_without(struct ai_feature_list *list, unsigned needs);
/* Appends the names, separated by commas, and a NUL. */
int ai_feature_list_format(const struct ai_feature_list *list, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
