#include "io/regex.h"

#include "base/buf.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

/* A pre-tokeniser's match needs steps in proportion to its length; texts are lines. */
enum { MATCH_LIMIT = 100000000, HEAP_LIMIT_KIB = 65536 };

struct ai_regex {
    pcre2_code *code;
    pcre2_match_context *context;
    bool jit;
};

#define WHITE "\\t-\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"

/* Writes White_Space out for \s and \S. */
static int spell_out(const char *pattern, struct ai_buf *out, struct ai_err *err)
{
    bool in_class = false;

    for (const char *p = pattern; *p; p++) {
        const char *put = NULL;

        if (*p == '\\' && p[1] == 's') {
            put = in_class ? WHITE : "[" WHITE "]";
        } else if (*p == '\\' && p[1] == 'S') {
            if (in_class)
                return ai_fail(err, AI_EINPUT, "regular expression: \\S in a class is not supported");
            put = "[^" WHITE "]";
        }
        if (put) {
            if (ai_buf_puts(out, put, err))
                return -1;
            p++;
            continue;
        }
        if (*p == '[' && !in_class)
            in_class = true;
        else if (*p == ']')
            in_class = false;
        if (ai_buf_put(out, p, *p == '\\' && p[1] ? 2 : 1, err))
            return -1;
        if (*p == '\\' && p[1])
            p++;
    }
    return 0;
}

static int compile(struct ai_regex *re, const struct ai_buf *pattern, struct ai_err *err)
{
    PCRE2_UCHAR message[128];
    PCRE2_SIZE at;
    int code;

    re->code = pcre2_compile(pattern->data, pattern->len, PCRE2_UTF | PCRE2_UCP, &code, &at, NULL);
    if (!re->code) {
        pcre2_get_error_message(code, message, sizeof message);
        return ai_fail(err, AI_EINPUT, "regular expression: %s", (const char *)message);
    }
    re->context = pcre2_match_context_create(NULL);
    if (!re->context)
        return ai_fail(err, AI_ESYS, "out of memory");
    pcre2_set_match_limit(re->context, MATCH_LIMIT);
    pcre2_set_heap_limit(re->context, HEAP_LIMIT_KIB);
    re->jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0; /* without it only slower */
    return 0;
}

struct ai_regex *ai_regex_new(const char *pattern, struct ai_err *err)
{
    struct ai_regex *re = calloc(1, sizeof *re);
    struct ai_buf spelt = {0};

    if (!re) {
        ai_fail(err, AI_ESYS, "out of memory");
        return NULL;
    }
    if (spell_out(pattern, &spelt, err) || compile(re, &spelt, err)) {
        ai_regex_free(re);
        re = NULL;
    }
    ai_buf_free(&spelt);
    return re;
}

void ai_regex_free(struct ai_regex *re)
{
    if (!re)
        return;
    pcre2_code_free(re->code);
    pcre2_match_context_free(re->context);
    free(re);
}

static int match_at(const struct ai_regex *re, const char *text, size_t n, size_t at, pcre2_match_data *md)
{
    int rc = PCRE2_ERROR_JIT_STACKLIMIT;

    if (re->jit)
        rc = pcre2_jit_match(re->code, (PCRE2_SPTR)text, n, at, 0, md, re->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter works on the heap */
        rc = pcre2_match(re->code, (PCRE2_SPTR)text, n, at, PCRE2_NO_JIT | PCRE2_NO_UTF_CHECK, md, re->context);
    return rc;
}

int ai_regex_split(const struct ai_regex *re, const char *text, size_t n,
                   int (*fn)(void *arg, const char *part, size_t len, bool matched, struct ai_err *err), void *arg,
                   struct ai_err *err)
{
    pcre2_match_data *md = pcre2_match_data_create(1, NULL);
    size_t at = 0, done = 0;
    int rc = 0;

    if (!md)
        return ai_fail(err, AI_ESYS, "out of memory");
    while (at < n) {
        PCRE2_SIZE *v = pcre2_get_ovector_pointer(md);
        int m = match_at(re, text, n, at, md);

        if (m == PCRE2_ERROR_NOMATCH)
            break;
        if (m < 0) {
            rc = ai_fail(err, AI_EINPUT, "regular expression: matching failed at byte %zu (code %d)", at, m);
            break;
        }
        if (v[1] <= v[0]) { /* an empty match cuts nothing: go on behind the next character */
            at = v[0] + 1;
            while (at < n && ((unsigned char)text[at] & 0xc0) == 0x80)
                at++;
            continue;
        }
        if ((v[0] > done && fn(arg, text + done, v[0] - done, false, err)) ||
            fn(arg, text + v[0], v[1] - v[0], true, err)) {
            rc = -1;
            break;
        }
        at = done = v[1];
    }
    if (rc == 0 && done < n)
        rc = fn(arg, text + done, n - done, false, err);
    pcre2_match_data_free(md);
    return rc ? -1 : 0;
}
