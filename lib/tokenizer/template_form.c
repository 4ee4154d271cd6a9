/* The normal form of a chat template: what two authors write differently and means
 * the same comes out alike, so that families can be told by parts of it. */
#include "tokenizer/family.h"

#include <string.h>

struct scan {
    const char *p, *end;
    struct ai_buf *out;
    struct ai_err *err;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static int put(struct scan *s, const char *text, size_t n)
{
    return ai_buf_put(s->out, text, n, s->err);
}

static int last(const struct scan *s)
{
    return s->out->len ? s->out->data[s->out->len - 1] : 0;
}

static bool at(const struct scan *s, const char *text)
{
    size_t n = strlen(text);

    return (size_t)(s->end - s->p) >= n && memcmp(s->p, text, n) == 0;
}

/* A text in quotes; s->p is at the opening one. */
static int put_string(struct scan *s)
{
    char quote = *s->p++;
    bool joined = s->out->len >= 2 && last(s) == '+' && s->out->data[s->out->len - 2] == '\'';

    if (joined)
        s->out->len -= 2;
    else if (put(s, "'", 1))
        return -1;
    while (s->p < s->end && *s->p != quote) {
        char c = *s->p++;

        if (c == '\\' && s->p < s->end) {
            c = *s->p++;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
        if (put(s, &c, 1))
            return -1;
    }
    if (s->p == s->end)
        return ai_fail(s->err, AI_EINPUT, "a text without its end");
    s->p++;
    return put(s, "'", 1);
}

/* .role or .content behind a name; 0: neither. */
static size_t member(const struct scan *s)
{
    static const char *const names[] = {".role", ".content"};

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(names[i]);

        if (at(s, names[i]) && (s->p + n == s->end || !is_word(s->p[n])))
            return n;
    }
    return 0;
}

/* What stands between delimiters, up to `close`. */
static int put_expression(struct scan *s, const char *close)
{
    bool space = false;

    for (;; space = false) {
        size_t n;

        while (s->p < s->end && is_space(*s->p)) {
            space = true;
            s->p++;
        }
        if (s->p == s->end)
            return ai_fail(s->err, AI_EINPUT, "'%c%c' is missing", close[0], close[1]);
        if (at(s, close) || (*s->p == '-' && s->p + 1 < s->end && s->p[1] == close[0] && s->p + 2 < s->end &&
                             s->p[2] == close[1]))
            return 0;
        if (*s->p == '\'' || *s->p == '"') {
            if (put_string(s))
                return -1;
            continue;
        }
        n = member(s);
        if (n && (is_word(last(s)) || last(s) == ']')) {
            if (put(s, "['", 2) || put(s, s->p + 1, n - 1) || put(s, "']", 2))
                return -1;
            s->p += n;
            continue;
        }
        if ((space && is_word(last(s)) && is_word(*s->p) && put(s, " ", 1)) || put(s, *s->p == '~' ? "+" : s->p, 1))
            return -1;
        s->p++;
    }
}

/* The next '{{', '{%' or '{#'; the end if there is none. */
static const char *next_tag(const struct scan *s)
{
    for (const char *p = s->p; p + 1 < s->end; p++)
        if (*p == '{' && (p[1] == '{' || p[1] == '%' || p[1] == '#'))
            return p;
    return s->end;
}

/* Bare text up to the next tag, less the white space that Jinja drops. */
static int put_bare(struct scan *s, const char *tag, bool first, bool after_dash, bool after_block, bool *bare)
{
    const char *from = s->p, *to = tag;

    if (tag == s->end) {
        if (to > from && to[-1] == '\n')
            to--;
    } else if (tag + 2 < s->end && tag[2] == '-') {
        while (to > from && is_space(to[-1]))
            to--;
    } else if (tag[1] != '{') {
        while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
            to--;
        if (!(to > from ? to[-1] == '\n' : first))
            to = tag;
    }
    if (after_dash)
        while (from < to && is_space(*from))
            from++;
    else if (after_block && from < to && *from == '\n')
        from++;
    if (from < to)
        *bare = true;
    return from < to ? put(s, from, (size_t)(to - from)) : 0;
}

int chat_normal_form(const char *text, size_t n, struct ai_buf *out, bool *bare, struct ai_err *err)
{
    struct scan s = {text, text + n, out, err};
    bool first = true, after_dash = false, after_block = false;

    *bare = false;
    for (;; first = false) {
        const char *tag = next_tag(&s);
        char close[3] = "}}", kind;

        if (put_bare(&s, tag, first, after_dash, after_block, bare))
            return -1;
        if (tag == s.end)
            return 0;
        kind = tag[1];
        close[0] = kind == '{' ? '}' : kind;
        s.p = tag + 2 + (tag + 2 < s.end && tag[2] == '-');
        if (kind == '#') {
            while (s.p + 1 < s.end && !at(&s, close))
                s.p++;
            if (s.p + 1 >= s.end)
                return ai_fail(err, AI_EINPUT, "a comment without its end");
            after_dash = s.p[-1] == '-';
        } else {
            if (put(&s, tag, 2) || put_expression(&s, close) || put(&s, close, 2))
                return -1;
            after_dash = *s.p == '-';
            s.p += after_dash;
        }
        s.p += 2;
        after_block = kind != '{';
    }
}
