/* The table of a zip archive (PKWARE's APPNOTE, with its 64-bit records), for archives
 * that are used in place: every entry must be stored, not compressed.  All of it is
 * checked when it is opened: no entry reaches out of the archive or into another.
 * Checksums are not computed: that would read all weights.  Private to lib/model. */
#ifndef AI_MODEL_ZIP_H
#define AI_MODEL_ZIP_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct ai_zip_entry {
    const char *name;    /* not NUL-terminated */
    size_t name_len;
    uint64_t begin;      /* of its header, in the archive */
    const uint8_t *data;
    uint64_t size;
};

struct ai_zip {
    struct ai_zip_entry *entries; /* sorted by name */
    size_t n;
};

/* Reads the table of the archive at p; names and data stay there.  Returns 0, or -1
 * with err naming the entry. */
int ai_zip_open(struct ai_zip *z, const uint8_t *p, size_t size, struct ai_err *err) AI_CHECKED;
void ai_zip_close(struct ai_zip *z);

/* The entry or NULL. */
const struct ai_zip_entry *ai_zip_find(const struct ai_zip *z, const char *name, size_t len);

#endif
