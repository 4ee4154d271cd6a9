/* The tensors of a GGUF file, or of a set of them. */
#include "model/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names of ggml's types, for messages about those that are not supported. */
static void name_type(uint32_t type, char *name, size_t size)
{
    static const char *const names[] = {
        "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
        "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16", "I32",
        "I64", "F64", "IQ1_M", "BF16", "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8", "TQ1_0", "TQ2_0", "", "",
        "", "MXFP4", "NVFP4", "Q1_0", "Q2_0",
    };

    if (type < sizeof names / sizeof *names && *names[type])
        snprintf(name, size, "%s", names[type]);
    else
        snprintf(name, size, "number %u", type);
}

static int by_place(const void *a, const void *b)
{
    const struct ai_named_tensor *x = a, *y = b;

    return x->data < y->data ? -1 : x->data > y->data;
}

/* GGUF says where tensors begin; each may go on to where the next one of the file does. */
static int end_at_next(struct ai_named_tensor *t, size_t n, struct ai_err *err)
{
    if (n)
        qsort(t, n, sizeof *t, by_place);
    for (size_t i = 1; i < n; i++) {
        if (t[i].data == t[i - 1].data)
            return ai_fail(err, AI_EINPUT, "%.*s and %.*s begin at the same place", (int)t[i - 1].name_len,
                           t[i - 1].name, (int)t[i].name_len, t[i].name);
        t[i - 1].room = (uint64_t)(t[i].data - t[i - 1].data);
    }
    return 0;
}

/* Is all of it in the file?  Also asked of those that no model will look for. */
static int check_room(const struct ai_named_tensor *t, struct ai_err *err)
{
    const struct ai_wtype_info *info = &ai_wtypes[t->type];
    uint64_t cols = t->dims[t->n_dims - 1], blocks = cols / info->block;
    char shape[100] = "";

    if (cols % info->block)
        return ai_fail(err, AI_EINPUT, "rows of %llu values are no whole blocks of %s", (unsigned long long)cols,
                       info->name);
    for (unsigned i = 0; i + 1 < t->n_dims; i++) {
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%llu, ", (unsigned long long)t->dims[i]);
        blocks *= t->dims[i];
    }
    if (blocks > t->room / info->bytes)
        return ai_fail(err, AI_EINPUT, "truncated, or overlapping: [%s%llu] values of %s, room for %llu bytes", shape,
                       (unsigned long long)cols, info->name, (unsigned long long)t->room);
    return 0;
}

static int add_file(struct ai_model_files *f, const struct ai_gguf *g, const char *file, struct ai_err *err)
{
    size_t first = f->n_tensors;

    for (size_t i = 0; i < g->n_tensors; i++) {
        const struct ai_gguf_tensor *t = &g->tensors[i];
        struct ai_named_tensor n = {.name = t->name.s, .name_len = t->name.len, .file = file, .type = -1,
                                    .n_dims = t->n_dims, .data = g->data + t->offset,
                                    .room = g->data_size - t->offset};

        name_type(t->type, n.type_name, sizeof n.type_name);
        for (int k = 0; k < AI_W_COUNT; k++)
            if (ai_wtypes[k].gguf == (int64_t)t->type) {
                n.type = k;
                snprintf(n.type_name, sizeof n.type_name, "%s", ai_wtypes[k].name);
            }
        for (unsigned d = 0; d < t->n_dims; d++)
            n.dims[d] = t->dims[t->n_dims - 1 - d];
        if (ai_model_files_add(f, &n, err))
            return -1;
    }
    if (end_at_next(f->tensors + first, g->n_tensors, err))
        return ai_err_at(err, "%s", file);
    for (size_t i = first; i < f->n_tensors; i++)
        if (f->tensors[i].type >= 0 && check_room(&f->tensors[i], err))
            return ai_err_at(err, "%s: %.*s", file, (int)f->tensors[i].name_len, f->tensors[i].name);
    return 0;
}

int ai_gguf_add(struct ai_model_files *f, struct ai_err *err)
{
    if (ai_gguf_set_open(&f->set, f->path, err))
        return -1;
    f->gguf = f->set.parts[0];
    for (size_t i = 0; i < f->set.n; i++)
        if (add_file(f, f->set.parts[i], f->set.names[i], err))
            return -1;
    return 0;
}
