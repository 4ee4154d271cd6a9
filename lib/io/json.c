#include "io/json.h"

#include "base/utf8.h"
#include "io/fd.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* struct ai_json is never defined: its pointers are jansson's. */
static const json_t *in(const struct ai_json *v)
{
    return (const json_t *)v;
}

static const struct ai_json *out_of(const json_t *v)
{
    return (const struct ai_json *)v;
}

static int parse_error(const json_error_t *e, struct ai_err *err)
{
    if (json_error_code(e) == json_error_out_of_memory)
        return ai_fail(err, AI_ESYS, "out of memory");
    return ai_fail(err, AI_EINPUT, "line %d, column %d: %s", e->line, e->column, e->text);
}

struct ai_json *ai_json_parse(const void *data, size_t n, struct ai_err *err)
{
    json_error_t e;
    json_t *root;

    root = json_loadb(n ? data : "", n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!root)
        parse_error(&e, err);
    return (struct ai_json *)root;
}

struct ai_json *ai_json_parse_file(const char *name, size_t limit, struct ai_err *err)
{
    struct ai_json *root = NULL;
    struct ai_buf text = {0};

    if (ai_fd_slurp(name, limit, &text, err) == 0) {
        root = ai_json_parse(text.data, text.len, err);
        if (!root)
            ai_err_at(err, "%s", name);
    }
    ai_buf_free(&text);
    return root;
}

void ai_json_free(struct ai_json *root)
{
    json_decref((json_t *)root);
}

enum ai_json_type ai_json_type(const struct ai_json *v)
{
    if (!v)
        return AI_JSON_NONE;
    switch (json_typeof(in(v))) {
    case JSON_OBJECT: return AI_JSON_OBJECT;
    case JSON_ARRAY: return AI_JSON_ARRAY;
    case JSON_STRING: return AI_JSON_STRING;
    case JSON_INTEGER: return AI_JSON_INT;
    case JSON_REAL: return AI_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return AI_JSON_BOOL;
    case JSON_NULL: break;
    }
    return AI_JSON_NULL;
}

const char *ai_json_type_name(const struct ai_json *v)
{
    static const char *const names[] = {"nothing", "null", "a boolean", "an integer",
                                        "a real number", "a string", "an array", "an object"};

    return names[ai_json_type(v)];
}

const struct ai_json *ai_json_get(const struct ai_json *v, const char *key)
{
    return out_of(json_object_get(in(v), key));
}

const struct ai_json *ai_json_at(const struct ai_json *v, size_t i)
{
    return out_of(json_array_get(in(v), i));
}

size_t ai_json_size(const struct ai_json *v)
{
    return json_is_array(in(v)) ? json_array_size(in(v)) : json_object_size(in(v));
}

int ai_json_next(const struct ai_json *object, void **it, const char **key, const struct ai_json **value)
{
    json_t *o = (json_t *)object; /* jansson's iterators want it so; nothing is changed */

    *it = *it ? json_object_iter_next(o, *it) : json_object_iter(o);
    if (!*it)
        return 0;
    *key = json_object_iter_key(*it);
    *value = out_of(json_object_iter_value(*it));
    return 1;
}

const char *ai_json_string(const struct ai_json *v, size_t *len)
{
    if (!json_is_string(in(v)))
        return NULL;
    if (len)
        *len = json_string_length(in(v));
    return json_string_value(in(v));
}

int ai_json_int(const struct ai_json *v, int64_t *out)
{
    if (!json_is_integer(in(v)))
        return -1;
    *out = json_integer_value(in(v));
    return 0;
}

int ai_json_number(const struct ai_json *v, double *out)
{
    if (!json_is_number(in(v)))
        return -1;
    *out = json_number_value(in(v));
    return 0;
}

int ai_json_bool(const struct ai_json *v, bool *out)
{
    if (!json_is_boolean(in(v)))
        return -1;
    *out = json_is_true(in(v));
    return 0;
}

/* True if the member is there and not null. */
static bool member(const struct ai_json *v, const char *key, const struct ai_json **m)
{
    *m = ai_json_get(v, key);
    return *m && ai_json_type(*m) != AI_JSON_NULL;
}

static int wrong_type(const struct ai_json *m, const char *key, const char *want, struct ai_err *err)
{
    return ai_fail(err, AI_EINPUT, "%s: %s where %s was expected", key, ai_json_type_name(m), want);
}

int ai_json_get_u64(const struct ai_json *v, const char *key, uint64_t max, uint64_t *out, struct ai_err *err)
{
    const struct ai_json *m;
    int64_t i;

    if (!member(v, key, &m))
        return 1;
    if (ai_json_int(m, &i))
        return wrong_type(m, key, "an integer", err);
    if (i < 0 || (uint64_t)i > max)
        return ai_fail(err, AI_EINPUT, "%s: %lld is not in 0..%llu", key, (long long)i, (unsigned long long)max);
    *out = (uint64_t)i;
    return 0;
}

int ai_json_get_number(const struct ai_json *v, const char *key, double *out, struct ai_err *err)
{
    const struct ai_json *m;

    if (!member(v, key, &m))
        return 1;
    return ai_json_number(m, out) ? wrong_type(m, key, "a number", err) : 0;
}

int ai_json_get_bool(const struct ai_json *v, const char *key, bool *out, struct ai_err *err)
{
    const struct ai_json *m;

    if (!member(v, key, &m))
        return 1;
    return ai_json_bool(m, out) ? wrong_type(m, key, "true or false", err) : 0;
}

int ai_json_get_string(const struct ai_json *v, const char *key, const char **out, struct ai_err *err)
{
    const struct ai_json *m;
    const char *s;

    if (!member(v, key, &m))
        return 1;
    s = ai_json_string(m, NULL);
    if (!s)
        return wrong_type(m, key, "a string", err);
    *out = s;
    return 0;
}

/* One character that must not stand in a string as it is. */
static int put_escape(struct ai_buf *out, uint8_t c, struct ai_err *err)
{
    switch (c) {
    case '"': return ai_buf_put(out, "\\\"", 2, err);
    case '\\': return ai_buf_put(out, "\\\\", 2, err);
    case '\n': return ai_buf_put(out, "\\n", 2, err);
    case '\r': return ai_buf_put(out, "\\r", 2, err);
    case '\t': return ai_buf_put(out, "\\t", 2, err);
    default: return ai_buf_printf(out, err, "\\u%04x", c);
    }
}

int ai_json_put_string(struct ai_buf *out, const char *s, size_t n, struct ai_err *err)
{
    const uint8_t *p = (const uint8_t *)s;
    size_t from = 0, i = 0;
    uint32_t cp;

    if (ai_buf_put(out, "\"", 1, err))
        return -1;
    while (i < n) {
        size_t k = ai_utf8_get(p + i, n - i, &cp);

        if (k > 1 || (k == 1 && cp >= 32 && cp != 127 && cp != '"' && cp != '\\')) {
            i += k;
            continue;
        }
        if (ai_buf_put(out, p + from, i - from, err) ||
            (k ? put_escape(out, p[i], err) : ai_buf_put(out, "\xef\xbf\xbd", 3, err)))
            return -1;
        from = ++i;
    }
    return ai_buf_put(out, p + from, n - from, err) || ai_buf_put(out, "\"", 1, err) ? -1 : 0;
}

int ai_json_put_f32(struct ai_buf *out, float v, struct ai_err *err)
{
    char text[32];

    if (!isfinite(v))
        return ai_fail(err, AI_EINPUT, "a number that is not finite");
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v)
            break;
    }
    return ai_buf_puts(out, text, err);
}

int ai_json_put_f64(struct ai_buf *out, double v, struct ai_err *err)
{
    char text[40];

    if (!isfinite(v))
        return ai_fail(err, AI_EINPUT, "a number that is not finite");
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    return ai_buf_puts(out, text, err);
}
