#include "model/files.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 16 << 20, INDEX_MAX = 256 << 20 };

static int compare(const void *a, const void *b)
{
    const struct ai_named_tensor *x = a, *y = b;
    size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
    int d = memcmp(x->name, y->name, n);

    return d ? d : x->name_len < y->name_len ? -1 : x->name_len > y->name_len;
}

int ai_model_files_add(struct ai_model_files *f, const struct ai_named_tensor *t, struct ai_err *err)
{
    if (ai_grow(&f->tensors, &f->cap_tensors, f->n_tensors + 1, sizeof *f->tensors, err))
        return -1;
    f->tensors[f->n_tensors++] = *t;
    return 0;
}

const struct ai_named_tensor *ai_model_files_find(const struct ai_model_files *f, const char *name)
{
    struct ai_named_tensor key = {.name = name, .name_len = strlen(name)};

    return f->n_tensors ? bsearch(&key, f->tensors, f->n_tensors, sizeof key, compare) : NULL;
}

/* "dir/name" or NULL with err. */
static char *join(const char *dir, const char *name, struct ai_err *err)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *p = ai_calloc(n, 1, err);

    if (p)
        snprintf(p, n, "%s/%s", dir, name);
    return p;
}

struct ai_model_file *ai_model_files_map(struct ai_model_files *f, const char *file, struct ai_err *err)
{
    static const char pointer[] = "version https://git-lfs.github.com/spec/";
    struct ai_model_file *m;

    if (ai_grow(&f->files, &f->cap_files, f->n_files + 1, sizeof *f->files, err))
        return NULL;
    m = &f->files[f->n_files];
    *m = (struct ai_model_file){.name = ai_strndup(file, strlen(file), err)};
    if (!m->name)
        return NULL;
    f->n_files++;
    if (ai_map_open(&m->map, file, err))
        return NULL;
    if (m->map.size > sizeof pointer && memcmp(m->map.data, pointer, sizeof pointer - 1) == 0) {
        ai_fail(err, AI_EINPUT, "%s: a pointer of Git LFS: the file itself has not been fetched", file);
        return NULL;
    }
    return m;
}

typedef int add_file(struct ai_model_files *f, const char *file, struct ai_err *err);

/* The files that an index names, each once. */
static int add_shards(struct ai_model_files *f, const char *index, add_file *add, struct ai_err *err)
{
    struct ai_json *root = ai_json_parse_file(index, INDEX_MAX, err);
    const struct ai_json *map = ai_json_get(root, "weight_map"), *value;
    const char *key;
    void *it = NULL;
    int rc = 0;

    if (!root)
        return -1;
    if (ai_json_type(map) != AI_JSON_OBJECT || ai_json_size(map) == 0)
        rc = ai_fail(err, AI_EINPUT, "%s: no object 'weight_map'", index);
    while (rc == 0 && ai_json_next(map, &it, &key, &value)) {
        const char *name = ai_json_string(value, NULL);
        char *file;
        size_t i;

        if (!name || strchr(name, '/') || !*name) {
            rc = ai_fail(err, AI_EINPUT, "%s: %s: not the name of a file beside this one", index, key);
            break;
        }
        file = join(f->path, name, err);
        if (!file)
            rc = -1;
        for (i = 0; file && i < f->n_files; i++)
            if (strcmp(f->files[i].name, file) == 0)
                break;
        if (file && i == f->n_files)
            rc = access(file, F_OK) == 0 ? add(f, file, err)
                                         : ai_fail(err, AI_EINPUT, "%s: %s: %s is missing", index, key, name);
        free(file);
    }
    ai_json_free(root);
    return rc;
}

/* Where a directory may have its weights, in transformers' order. */
static const struct {
    const char *name;
    bool index;
    add_file *add;
} containers[] = {
    {"model.safetensors", false, ai_safetensors_add},
    {"model.safetensors.index.json", true, ai_safetensors_add},
    {"pytorch_model.bin", false, ai_torch_add},
    {"pytorch_model.bin.index.json", true, ai_torch_add},
};
enum { N_CONTAINERS = sizeof containers / sizeof *containers };

static int add_weights(struct ai_model_files *f, struct ai_err *err)
{
    char known[200] = "";

    for (int i = 0; i < N_CONTAINERS; i++) {
        char *file = join(f->path, containers[i].name, err);
        int rc;

        if (!file)
            return -1;
        if (access(file, F_OK) == 0) {
            rc = containers[i].index ? add_shards(f, file, containers[i].add, err) : containers[i].add(f, file, err);
            free(file);
            return rc;
        }
        free(file);
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", containers[i].name);
    }
    return ai_fail(err, AI_EINPUT, "%s: no weights (one of %s)", f->path, known);
}

static int add_directory(struct ai_model_files *f, struct ai_err *err)
{
    char *config = join(f->path, "config.json", err);

    if (!config)
        return -1;
    f->config = f->config_file = ai_json_parse_file(config, CONFIG_MAX, err);
    free(config);
    return f->config ? add_weights(f, err) : -1;
}

static int sort_and_check(struct ai_model_files *f, struct ai_err *err)
{
    if (f->n_tensors)
        qsort(f->tensors, f->n_tensors, sizeof *f->tensors, compare);
    for (size_t i = 1; i < f->n_tensors; i++) {
        const struct ai_named_tensor *a = &f->tensors[i - 1], *b = a + 1;

        if (compare(a, b) == 0)
            return ai_fail(err, AI_EINPUT, "%s: tensor '%.*s' is there twice%s%s", a->file, (int)a->name_len, a->name,
                           a->file == b->file ? "" : ", here and in ", a->file == b->file ? "" : b->file);
    }
    return 0;
}

struct ai_model_files *ai_model_files_open(const char *path, struct ai_err *err)
{
    struct ai_model_files *f = ai_calloc(1, sizeof *f, err);
    struct stat st;

    if (!f)
        return NULL;
    f->path = ai_strndup(path, strlen(path), err);
    if (!f->path)
        goto fail;
    if (stat(path, &st) < 0) {
        ai_fail_errno(err, "%s", path);
        goto fail;
    }
    if ((S_ISDIR(st.st_mode) ? add_directory(f, err) : ai_gguf_add(f, err)) || sort_and_check(f, err))
        goto fail;
    return f;
fail:
    ai_model_files_free(f);
    return NULL;
}

void ai_model_files_free(struct ai_model_files *f)
{
    if (!f)
        return;
    ai_model_files_free_copies(f);
    for (size_t i = 0; i < f->n_files; i++) {
        ai_map_close(&f->files[i].map);
        ai_json_free(f->files[i].header);
        free(f->files[i].name);
    }
    free(f->files);
    free(f->tensors);
    free(f->rope_factors);
    ai_json_free(f->config_file);
    ai_gguf_set_close(&f->set);
    free(f->path);
    free(f);
}
