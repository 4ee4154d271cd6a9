#include "model/split.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a file says of itself; count 1 if it is no part of a set. */
struct place {
    uint32_t no, count, tensors;
};

static int read_place(const struct ai_gguf *g, struct place *p, struct ai_err *err)
{
    int rc;

    *p = (struct place){.count = 1};
    if (ai_gguf_u32(g, "split.count", &p->count, err) < 0)
        return -1;
    if (p->count <= 1) {
        p->count = 1;
        return 0;
    }
    if ((rc = ai_gguf_u32(g, "split.no", &p->no, err)))
        return rc < 0 ? -1 : ai_fail(err, AI_EINPUT, "split.no is not given, where split.count is %u", p->count);
    if ((rc = ai_gguf_u32(g, "split.tensors.count", &p->tensors, err)))
        return rc < 0 ? -1 : ai_fail(err, AI_EINPUT, "split.tensors.count is not given");
    if (p->no >= p->count || p->count > 99999)
        return ai_fail(err, AI_EINPUT, "split.no: %u, where split.count is %u", p->no, p->count);
    return 0;
}

/* The name of part `no` of the set that path, which says it is at p, is one of. */
static char *part_name(const char *path, const struct place *p, uint32_t no, struct ai_err *err)
{
    char ending[40];
    size_t n = strlen(path), k = (size_t)snprintf(ending, sizeof ending, "-%05u-of-%05u.gguf", p->no + 1, p->count);
    char *name;

    if (n < k || strcmp(path + n - k, ending) != 0) {
        ai_fail(err, AI_EINPUT, "%s: part %u of %u, but the name does not end with %s, and so does not tell those "
                                "of the others", path, p->no + 1, p->count, ending);
        return NULL;
    }
    name = ai_strndup(path, n, err);
    if (name)
        snprintf(name + n - k, k + 1, "-%05u-of-%05u.gguf", no + 1, p->count);
    return name;
}

/* Another file of the set, which must say that it is part `no` of what `first` is one of. */
static int open_part(struct ai_gguf_set *set, const struct place *first, uint32_t no, struct ai_err *err)
{
    struct place p;

    set->parts[no] = ai_gguf_open(set->names[no], err);
    if (!set->parts[no])
        return -1;
    if (read_place(set->parts[no], &p, err))
        return ai_err_at(err, "%s", set->names[no]);
    if (p.count != first->count || p.no != no)
        return ai_fail(err, AI_EINPUT, "%s: it says it is part %u of %u, its name says %u of %u", set->names[no],
                       p.no + 1, p.count, no + 1, first->count);
    if (p.tensors != first->tensors)
        return ai_fail(err, AI_EINPUT, "%s: split.tensors.count: %u, where other parts say %u", set->names[no],
                       p.tensors, first->tensors);
    return 0;
}

static int open_all(struct ai_gguf_set *set, const char *path, struct ai_gguf *g, const struct place *p,
                    struct ai_err *err)
{
    size_t tensors = 0;

    set->n = p->count;
    set->parts = ai_calloc(set->n, sizeof *set->parts, err);
    set->names = ai_calloc(set->n, sizeof *set->names, err);
    if (!set->parts || !set->names) {
        ai_gguf_free(g);
        return -1;
    }
    set->parts[p->no] = g;
    for (uint32_t k = 0; k < set->n; k++) {
        set->names[k] = set->n == 1 ? ai_strndup(path, strlen(path), err) : part_name(path, p, k, err);
        if (!set->names[k] || (k != p->no && open_part(set, p, k, err)))
            return -1;
        tensors += set->parts[k]->n_tensors;
    }
    if (set->n > 1 && tensors != p->tensors)
        return ai_fail(err, AI_EINPUT, "%s: %zu tensors in all parts, where split.tensors.count is %u", path, tensors,
                       p->tensors);
    return 0;
}

int ai_gguf_set_open(struct ai_gguf_set *set, const char *path, struct ai_err *err)
{
    struct ai_gguf *g = ai_gguf_open(path, err);
    struct place p;

    memset(set, 0, sizeof *set);
    if (!g)
        return -1;
    if (read_place(g, &p, err)) {
        ai_gguf_free(g);
        return ai_err_at(err, "%s", path);
    }
    if (open_all(set, path, g, &p, err)) {
        ai_gguf_set_close(set);
        return -1;
    }
    return 0;
}

void ai_gguf_set_close(struct ai_gguf_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->parts)
            ai_gguf_free(set->parts[i]);
        if (set->names)
            free(set->names[i]);
    }
    free(set->parts);
    free(set->names);
    memset(set, 0, sizeof *set);
}

struct ai_gguf *ai_gguf_open_first(const char *path, struct ai_err *err)
{
    struct ai_gguf *g = ai_gguf_open(path, err);
    struct place p;
    char *name;

    if (!g)
        return NULL;
    if (read_place(g, &p, err)) {
        ai_err_at(err, "%s", path);
        ai_gguf_free(g);
        return NULL;
    }
    if (p.no == 0)
        return g;
    ai_gguf_free(g);
    name = part_name(path, &p, 0, err);
    g = name ? ai_gguf_open(name, err) : NULL;
    free(name);
    return g;
}
