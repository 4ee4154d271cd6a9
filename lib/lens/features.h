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
};

struct ai_feature {
    const char *name, *definition, *source;
    bool needs_state;                     /* of the previous checked layer */
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
    bool needs_state;                     /* any of them does */
};

/* Parses names separated by commas, each at most once.  AI_EUSAGE naming the one that is wrong. */
int ai_feature_list_parse(const char *names, struct ai_feature_list *out, struct ai_err *err) AI_CHECKED;
/* Appends the names, separated by commas, and a NUL. */
int ai_feature_list_format(const struct ai_feature_list *list, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
