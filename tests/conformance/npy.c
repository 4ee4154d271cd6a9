#include "npy.h"

#include "base/bytes.h"
#include "io/fd.h"

#include <stdlib.h>
#include <string.h>

static int wrong(struct ai_err *err, const char *path)
{
    return ai_fail(err, AI_EINPUT, "%s: not a .npy file of the kind that is read here", path);
}

int npy_read(struct npy *a, const char *path, struct ai_err *err)
{
    char header[256], *shape;
    unsigned len;

    memset(a, 0, sizeof *a);
    if (ai_fd_slurp(path, 1 << 28, &a->file, err))
        return -1;
    len = a->file.len < 10 ? 0 : ai_get_u16(a->file.data + 8);
    if (len == 0 || memcmp(a->file.data, "\x93NUMPY\x01", 7) != 0 || a->file.len < 10u + len || len >= sizeof header)
        return wrong(err, path);
    memcpy(header, a->file.data + 10, len);
    header[len] = '\0';
    a->kind = strstr(header, "'<f4'") ? 'f' : 'i';
    shape = strstr(header, "'shape': (");
    if (!shape || !strstr(header, "False") || (a->kind == 'i' && !strstr(header, "'<i4'")))
        return wrong(err, path);
    shape += strlen("'shape': (");
    a->count = 1;
    for (unsigned i = 0; i < 4; i++) {
        a->dims[i] = 1;
        if (*shape < '0' || *shape > '9')
            continue;
        a->dims[i] = strtoul(shape, &shape, 10);
        a->count *= a->dims[i];
        a->n_dims = i + 1;
        shape += strspn(shape, ", ");
    }
    a->values = a->file.data + 10 + len;
    return a->file.len == 10 + len + 4 * a->count ? 0 : wrong(err, path);
}

void npy_free(struct npy *a)
{
    ai_buf_free(&a->file);
}

double npy_real(const struct npy *a, size_t i)
{
    return (double)ai_get_f32(a->values + 4 * i);
}

int32_t npy_int(const struct npy *a, size_t i)
{
    return (int32_t)ai_get_u32(a->values + 4 * i);
}
