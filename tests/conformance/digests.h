/* Decoded weights against published digests. */
#ifndef DIGESTS_H
#define DIGESTS_H

#include "base/err.h"

#include <stddef.h>

/* Opens the GGUF file (or first part) at path and compares the SHA-256 of each tensor, decoded to little-endian f32,
 * with the list of {name, sha256_f32} in the JSON file `list`.  *same of *total are equal; the file's tensors that are
 * not listed count as different.  0, or -1 with err. */
int digests_compare(const char *path, const char *list, size_t *same, size_t *total, struct ai_err *err) AI_CHECKED;

#endif
