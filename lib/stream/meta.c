#include "base/mem.h"
#include "stream/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_value(struct ai_meta_line *line, const char *value, struct ai_err *err)
{
    char *copy = ai_strndup(value, strlen(value), err);

    if (!copy)
        return -1;
    free(line->value);
    line->value = copy;
    return 0;
}

int ai_meta_add(struct ai_meta *m, const char *key, const char *value, struct ai_err *err)
{
    struct ai_meta_line line = {0};

    if (ai_grow(&m->lines, &m->cap, m->n + 1, sizeof *m->lines, err))
        return -1;
    line.key = ai_strndup(key, strlen(key), err);
    if (!line.key)
        return -1;
    if (set_value(&line, value, err)) {
        free(line.key);
        return -1;
    }
    m->lines[m->n++] = line;
    return 0;
}

static struct ai_meta_line *find(const struct ai_meta *m, const char *key)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->lines[i].key, key) == 0)
            return &m->lines[i];
    return NULL;
}

int ai_meta_set(struct ai_meta *m, const char *key, const char *value, struct ai_err *err)
{
    struct ai_meta_line *line = find(m, key);

    return line ? set_value(line, value, err) : ai_meta_add(m, key, value, err);
}

int ai_meta_setf(struct ai_meta *m, struct ai_err *err, const char *key, const char *fmt, ...)
{
    char value[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    return ai_meta_set(m, key, value, err);
}

void ai_meta_remove(struct ai_meta *m, const char *key)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->n; i++) {
        if (strcmp(m->lines[i].key, key) == 0) {
            free(m->lines[i].key);
            free(m->lines[i].value);
        } else {
            m->lines[kept++] = m->lines[i];
        }
    }
    m->n = kept;
}

const char *ai_meta_get(const struct ai_meta *m, const char *key)
{
    const struct ai_meta_line *line = find(m, key);

    return line ? line->value : NULL;
}

int ai_meta_u64(const struct ai_meta *m, const char *key, uint64_t max, uint64_t *out, struct ai_err *err)
{
    const char *s = ai_meta_get(m, key);
    uint64_t v = 0;

    if (!s)
        return ai_fail(err, AI_EINPUT, "header: no line '%s'", key);
    for (const char *p = s; *p || p == s; p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (digit > 9 || v > (UINT64_MAX - digit) / 10 || (v = v * 10 + digit) > max)
            return ai_fail(err, AI_EINPUT, "header: %s: '%s' is not a whole number up to %llu", key, s,
                           (unsigned long long)max);
    }
    *out = v;
    return 0;
}

int ai_meta_copy(struct ai_meta *to, const struct ai_meta *from, struct ai_err *err)
{
    for (size_t i = 0; i < from->n; i++)
        if (ai_meta_add(to, from->lines[i].key, from->lines[i].value, err))
            return -1;
    return 0;
}

void ai_meta_free(struct ai_meta *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->lines[i].key);
        free(m->lines[i].value);
    }
    free(m->lines);
    memset(m, 0, sizeof *m);
}
