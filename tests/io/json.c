/* lib/io/json: what is accepted, what is refused, and text that reads back. */
#include "io/json.h"

#include "../tap.h"

#include <math.h>

static void refused(const char *text, size_t n, const char *what)
{
    struct ai_err err = {0};
    struct ai_json *j = ai_json_parse(text, n, &err);

    ok(!j && err.code == AI_EINPUT && strncmp(err.msg, "line ", 5) == 0, "refused: %s", what);
    if (j)
        ai_json_free(j);
    else
        printf("# %s\n", err.msg);
}
#define REFUSED(text, what) refused(text, sizeof text - 1, what)

static void test_refusals(void)
{
    REFUSED("", "nothing");
    REFUSED("{\"a\":1,\"a\":2}", "a key twice");
    REFUSED("{\"a\":1} x", "bytes after the value");
    REFUSED("{\"a\":1}{\"a\":1}", "two values");
    REFUSED("{\"a\":", "a cut object");
    REFUSED("[1,]", "a trailing comma");
    REFUSED("\"\\ud800\"", "a lone surrogate");
    REFUSED("\"a\\u0000b\"", "U+0000");
    REFUSED("\"\xff\"", "bytes that are not UTF-8");
    REFUSED("99999999999999999999", "an integer beyond 64 bits");
    REFUSED("NaN", "NaN");
    REFUSED("'a'", "single quotes");
}

static void test_access(void)
{
    static const char text[] = " {\"z\":[1,2.5,\"x\\u00e9\",true,null,{}],\"a\":-3,\"big\":4294967296,\"s\":\"t\"}\n";
    struct ai_err err = {0};
    struct ai_json *j = ai_json_parse(text, sizeof text - 1, &err);
    const struct ai_json *z = ai_json_get(j, "z"), *v;
    const char *s, *key;
    void *it = NULL;
    uint64_t u = 7;
    int64_t i = 0;
    double d = 0;
    bool b = false;
    size_t n = 0;

    ok(j != NULL, "a document parses");
    is_int(ai_json_size(z), 6, "size of an array");
    is_int(ai_json_size(j), 4, "size of an object");
    is_int(ai_json_int(ai_json_at(z, 0), &i) == 0 && i == 1, 1, "an integer");
    is_int(ai_json_int(ai_json_at(z, 1), &i), -1, "a real is no integer");
    is_int(ai_json_number(ai_json_at(z, 1), &d) == 0 && d == 2.5, 1, "a real");
    s = ai_json_string(ai_json_at(z, 2), &n);
    ok(s && n == 3 && memcmp(s, "x\xc3\xa9", 4) == 0, "a string with an escape");
    is_int(ai_json_bool(ai_json_at(z, 3), &b) == 0 && b, 1, "a boolean");
    is_int(ai_json_type(ai_json_at(z, 4)), AI_JSON_NULL, "null");
    is_int(ai_json_type(ai_json_at(z, 6)), AI_JSON_NONE, "beyond the end");
    ok(!ai_json_get(ai_json_get(ai_json_get(j, "no"), "such"), "path"), "a path that is not there");
    is_int(ai_json_next(j, &it, &key, &v) && strcmp(key, "z") == 0, 1, "first key in text order");
    is_int(ai_json_next(j, &it, &key, &v) && strcmp(key, "a") == 0, 1, "second key in text order");
    is_int(ai_json_get_u64(j, "none", 9, &u, &err) == 1 && u == 7, 1, "an absent member leaves the default");
    is_int(ai_json_get_u64(j, "a", 9, &u, &err), -1, "a negative size");
    is_str(err.msg, "a: -3 is not in 0..9", "and its message");
    is_int(ai_json_get_u64(j, "big", UINT32_MAX, &u, &err), -1, "a size that does not fit");
    is_int(ai_json_get_u64(j, "s", 9, &u, &err), -1, "a string for a size");
    is_str(err.msg, "s: a string where an integer was expected", "and its message");
    is_int(ai_json_get_string(j, "s", &s, &err) == 0 && strcmp(s, "t") == 0, 1, "a string member");
    ai_json_free(j);
}

static void test_writing(void)
{
    static const char raw[] = "a\"\\\n\t\x01 \xc3\xa9\xf0\x9f\x98\x80\xff\x7f";
    struct ai_buf out = {0};
    struct ai_err err;
    struct ai_json *j;

    is_int(ai_json_put_string(&out, raw, sizeof raw - 1, &err), 0, "a string is written");
    j = ai_json_parse(out.data, out.len, &err);
    is_str(ai_json_string(j, NULL), "a\"\\\n\t\x01 \xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd\x7f",
           "and reads back, U+FFFD for the stray byte");
    if (j)
        ai_json_free(j);
    out.len = 0;
    ok(!ai_json_put_f32(&out, 0.1f, &err) && !ai_buf_put(&out, " ", 1, &err) && !ai_json_put_f64(&out, 1. / 3, &err) &&
           !ai_buf_put(&out, "", 1, &err), "numbers are written");
    is_str((char *)out.data, "0.1 0.3333333333333333", "shortly");
    is_int(ai_json_put_f64(&out, NAN, &err), -1, "NaN is refused");
    ai_buf_free(&out);
}

int main(void)
{
    test_refusals();
    test_access();
    test_writing();
    return done_testing();
}
