/* Arrays of numbers as numpy's .npy files hold them: version 1, C order, 32-bit
 * floats or integers, little-endian. */
#ifndef NPY_H
#define NPY_H

#include "base/buf.h"
#include "base/err.h"

struct npy {
    struct ai_buf file;
    const uint8_t *values; /* unaligned, in file */
    char kind;             /* 'f' or 'i' */
    unsigned n_dims;
    size_t dims[4];        /* unused ones 1 */
    size_t count;          /* of all values */
};

/* 0, or -1 with err.  npy_free in both cases. */
int npy_read(struct npy *a, const char *path, struct ai_err *err) AI_CHECKED;
void npy_free(struct npy *a);

double npy_real(const struct npy *a, size_t i);
int32_t npy_int(const struct npy *a, size_t i);

#endif
