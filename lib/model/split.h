/* A model in several GGUF files, NAME-00001-of-0000N.gguf to NAME-0000N-of-0000N.gguf:
 * the keys split.no (from 0), split.count and split.tensors.count of each say what the
 * names say too; all other metadata are in the first. */
#ifndef AI_MODEL_SPLIT_H
#define AI_MODEL_SPLIT_H

#include "model/gguf.h"

struct ai_gguf_set {
    struct ai_gguf **parts;  /* [n], in order */
    char **names;            /* [n], of their files */
    size_t n;                /* 1: a file that is a whole model */
};

/* Opens the file at path and, if it is one of a set, whichever, all others beside it.
 * 0, or -1 with err naming the file that is missing or does not belong; set is then
 * closed. */
int ai_gguf_set_open(struct ai_gguf_set *set, const char *path, struct ai_err *err) AI_CHECKED;
void ai_gguf_set_close(struct ai_gguf_set *set);

/* The file with the metadata: the first of the set that the file at path is one of, or that file itself. */
struct ai_gguf *ai_gguf_open_first(const char *path, struct ai_err *err) AI_CHECKED;

#endif
