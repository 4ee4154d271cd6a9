#include "digests.h"

#include "base/bytes.h"
#include "base/sha256.h"
#include "io/json.h"
#include "model/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void digest_of(const struct ai_named_tensor *t, char hex[65])
{
    uint64_t cols = t->dims[t->n_dims - 1], rows = 1;
    struct ai_tensor m = {t->data, (enum ai_wtype)t->type, 1, cols};
    float *x = calloc(cols, sizeof *x);
    struct ai_sha256 s;
    uint8_t digest[32];

    for (unsigned i = 0; i + 1 < t->n_dims; i++)
        rows *= t->dims[i];
    m.rows = rows;
    ai_sha256_init(&s);
    for (uint64_t r = 0; r < rows; r++) {
        ai_tensor_rows(&m, r, 1, x);
        for (uint64_t c = 0; c < cols; c++)
            ai_put_u32(x + c, ai_f32_bits(x[c]));
        ai_sha256_add(&s, x, cols * sizeof *x);
    }
    ai_sha256_end(&s, digest);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    free(x);
}

int digests_compare(const char *path, const char *list, size_t *same, size_t *total, struct ai_err *err)
{
    struct ai_model_files *f = ai_model_files_open(path, err);
    struct ai_json *wanted = f ? ai_json_parse_file(list, 64 << 20, err) : NULL;
    char hex[65];

    *same = 0;
    *total = ai_json_size(wanted);
    for (size_t i = 0; i < *total; i++) {
        const struct ai_json *want = ai_json_at(wanted, i);
        const char *name = ai_json_string(ai_json_get(want, "name"), NULL);
        const char *digest = ai_json_string(ai_json_get(want, "sha256_f32"), NULL);
        const struct ai_named_tensor *t = name ? ai_model_files_find(f, name) : NULL;

        if (t && t->type >= 0 && digest) {
            digest_of(t, hex);
            *same += strcmp(hex, digest) == 0;
        }
    }
    if (f && f->n_tensors > *total)
        *total = f->n_tensors;
    ai_model_files_free(f);
    ai_json_free(wanted);
    return wanted ? 0 : -1;
}
