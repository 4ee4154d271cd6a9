/* Names separated by commas: the header line "features" and options that choose from it. */
#ifndef AI_STREAM_NAMES_H
#define AI_STREAM_NAMES_H

#include "stream/records.h"

struct ai_names {
    char *text;                        /* owned; the names point into it */
    const char *name[AI_MAX_FEATURES];
    size_t n;
};

/* Splits list: 1..AI_MAX_FEATURES names, none of them empty.  Returns 0 or -1 (AI_EINPUT). */
int ai_names_split(const char *list, struct ai_names *out, struct ai_err *err) AI_CHECKED;
/* The features that a header names, in the order of a record's values. */
int ai_names_of_features(const struct ai_meta *meta, struct ai_names *out, struct ai_err *err) AI_CHECKED;
void ai_names_free(struct ai_names *names);

#endif
