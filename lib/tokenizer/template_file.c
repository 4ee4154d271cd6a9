/* Where a model keeps its chat template. */
#include "tokenizer/family.h"

#include "io/fd.h"
#include "io/json.h"
#include "model/gguf.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TEMPLATE = 1 << 20, MAX_CONFIG = 64 << 20, PATH_LEN = 4096 };

static int take(const char *s, size_t n, struct ai_buf *out, struct ai_err *err)
{
    if (n > MAX_TEMPLATE)
        return ai_fail(err, AI_EINPUT, "a template of %zu bytes", n);
    return ai_buf_put(out, s, n, err);
}

static int from_gguf(const char *path, struct ai_buf *out, struct ai_err *err)
{
    struct ai_gguf *g = ai_gguf_open(path, err);
    struct ai_gguf_string s;
    int rc;

    if (!g)
        return -1;
    rc = ai_gguf_str(g, "tokenizer.chat_template", &s, err);
    if (rc == 0)
        rc = take(s.s, s.len, out, err);
    ai_gguf_free(g);
    return rc < 0 ? ai_err_at(err, "%s", path) : rc;
}

/* "chat_template": the template, or a list of {"name", "template"}, of which "default" is taken. */
static int from_json(const char *path, struct ai_buf *out, struct ai_err *err)
{
    struct ai_json *root = ai_json_parse_file(path, MAX_CONFIG, err);
    const struct ai_json *v = ai_json_get(root, "chat_template");
    const char *s = ai_json_string(v, NULL);
    int rc = 1;

    if (!root)
        return -1;
    for (size_t i = 0; !s && i < ai_json_size(v); i++) {
        const char *name = ai_json_string(ai_json_get(ai_json_at(v, i), "name"), NULL);

        if (name && strcmp(name, "default") == 0)
            s = ai_json_string(ai_json_get(ai_json_at(v, i), "template"), NULL);
    }
    if (s)
        rc = take(s, strlen(s), out, err);
    else if (ai_json_type(v) > AI_JSON_NULL)
        rc = ai_fail(err, AI_EINPUT, "chat_template: neither a text nor a list with one named 'default'");
    ai_json_free(root);
    return rc < 0 ? ai_err_at(err, "%s", path) : rc;
}

static int from_directory(const char *dir, struct ai_buf *out, const char **place, struct ai_err *err)
{
    static const char *const names[] = {"chat_template.jinja", "chat_template.json", "tokenizer_config.json"};
    char path[PATH_LEN];
    int rc = 1;

    for (size_t i = 0; rc == 1 && i < sizeof names / sizeof *names; i++) {
        int n = snprintf(path, sizeof path, "%s/%s", dir, names[i]);

        if (n >= PATH_LEN || access(path, F_OK))
            continue;
        *place = names[i];
        rc = i == 0 ? ai_fd_slurp(path, MAX_TEMPLATE, out, err) : from_json(path, out, err);
    }
    return rc;
}

int chat_template_read(const char *path, struct ai_buf *out, const char **place, struct ai_err *err)
{
    struct stat st;
    int rc = 1;

    *place = "tokenizer.chat_template";
    if (stat(path, &st))
        return ai_fail_errno(err, "%s", path);
    if (S_ISDIR(st.st_mode))
        rc = from_directory(path, out, place, err);
    else if (ai_gguf_probe(path))
        rc = from_gguf(path, out, err);
    return rc > 0 ? ai_fail(err, AI_EINPUT, "%s: no chat template", path) : rc;
}
