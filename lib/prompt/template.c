#include "prompt/template.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* A stretch of the file. */
struct span {
    const char *s;
    size_t n;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word of line, which loses it and the blanks around it. */
static struct span word(struct span *line)
{
    struct span w;

    while (line->n && is_blank(*line->s)) {
        line->s++;
        line->n--;
    }
    w = (struct span){line->s, 0};
    while (line->n && !is_blank(*line->s)) {
        line->s++;
        line->n--;
        w.n++;
    }
    while (line->n && is_blank(*line->s)) {
        line->s++;
        line->n--;
    }
    return w;
}

static bool is(struct span w, const char *s)
{
    return w.n == strlen(s) && memcmp(w.s, s, w.n) == 0;
}

static int shown(struct span w)
{
    return w.n > 60 ? 60 : (int)w.n;
}

static int find_column(const struct ai_template *t, struct span name)
{
    for (unsigned i = 0; i < t->n_columns; i++)
        if (is(name, t->column[i]))
            return (int)i;
    return -1;
}

static int add_column(struct ai_template *t, struct span name, struct ai_err *err)
{
    if (t->n_columns == AI_MAX_COLUMNS)
        return ai_fail(err, AI_EINPUT, "more than %d columns", AI_MAX_COLUMNS);
    if (!t->column) {
        t->column = ai_calloc(AI_MAX_COLUMNS, sizeof *t->column, err);
        if (!t->column)
            return -1;
    }
    t->column[t->n_columns] = ai_strndup(name.s, name.n, err);
    if (!t->column[t->n_columns])
        return -1;
    t->n_columns++;
    return 0;
}

/* The column of that name.  Without a line "columns", using a name makes it one. */
static int use_column(struct ai_template *t, struct span name, unsigned *column, struct ai_err *err)
{
    int i = find_column(t, name);

    if (name.n == 0)
        return ai_fail(err, AI_EINPUT, "a column without a name");
    if (i < 0 && t->fixed)
        return ai_fail(err, AI_EINPUT, "'%.*s' is none of the columns", shown(name), name.s);
    if (i < 0) {
        if (add_column(t, name, err))
            return -1;
        i = (int)t->n_columns - 1;
    }
    *column = (unsigned)i;
    return 0;
}

static int parse_columns(struct ai_template *t, struct span rest, struct ai_err *err)
{
    if (t->fixed)
        return ai_fail(err, AI_EINPUT, "a second line 'columns'");
    if (t->n_columns)
        return ai_fail(err, AI_EINPUT, "'columns' must come before the lines that use them");
    while (rest.n) {
        struct span name = word(&rest);

        if (name.n == 0)
            break;
        if (find_column(t, name) >= 0)
            return ai_fail(err, AI_EINPUT, "column '%.*s' twice", shown(name), name.s);
        if (add_column(t, name, err))
            return -1;
    }
    if (t->n_columns == 0)
        return ai_fail(err, AI_EINPUT, "'columns' without names");
    t->fixed = true;
    return 0;
}

/* The character that \c stands for, appended. */
static int unescape(char c, struct ai_buf *out, struct ai_err *err)
{
    switch (c) {
    case 'n': return ai_buf_put(out, "\n", 1, err);
    case 't': return ai_buf_put(out, "\t", 1, err);
    case '\\': return ai_buf_put(out, "\\", 1, err);
    }
    return ai_fail(err, AI_EINPUT, "\\%c is none of \\n, \\t and \\\\", c);
}

static int unescape_all(struct span s, struct ai_buf *out, struct ai_err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.s[i] != '\\') {
            if (ai_buf_put(out, s.s + i, 1, err))
                return -1;
            continue;
        }
        if (++i == s.n)
            return ai_fail(err, AI_EINPUT, "a backslash at the end");
        if (unescape(s.s[i], out, err))
            return -1;
    }
    return 0;
}

static int add_part(struct ai_template *t, struct ai_buf *literal, const unsigned *column, struct ai_err *err)
{
    struct ai_template_part p = {0};

    if (t->n_parts == AI_MAX_PARTS)
        return ai_fail(err, AI_EINPUT, "more than %d parts of a prompt", AI_MAX_PARTS);
    if (column) {
        p.column = *column;
    } else {
        p.literal = ai_strndup((const char *)literal->data, literal->len, err);
        if (!p.literal)
            return -1;
        literal->len = 0;
    }
    t->part[t->n_parts++] = p;
    return 0;
}

/* One {column}; *i stands at the brace and then at the closing one. */
static int parse_hole(struct ai_template *t, struct span rest, size_t *i, struct ai_buf *literal, struct ai_err *err)
{
    const char *from = rest.s + *i + 1, *close = memchr(from, '}', rest.n - *i - 1);
    unsigned column;

    if (!close)
        return ai_fail(err, AI_EINPUT, "'{' without '}' ('{{' is a brace)");
    if (use_column(t, (struct span){from, (size_t)(close - from)}, &column, err))
        return -1;
    if (literal->len && add_part(t, literal, NULL, err))
        return -1;
    *i = (size_t)(close - rest.s);
    return add_part(t, NULL, &column, err);
}

static int parse_prompt(struct ai_template *t, struct span rest, struct ai_err *err)
{
    struct ai_buf literal = {0};
    int rc = 0;

    if (t->part)
        return ai_fail(err, AI_EINPUT, "a second line 'prompt'");
    if (rest.n == 0)
        return ai_fail(err, AI_EINPUT, "'prompt' without text");
    t->part = ai_calloc(AI_MAX_PARTS, sizeof *t->part, err);
    if (!t->part)
        return -1;
    for (size_t i = 0; i < rest.n && rc == 0; i++) {
        char c = rest.s[i], next = i + 1 < rest.n ? rest.s[i + 1] : '\0';

        if (c == '\\') {
            rc = next ? unescape(next, &literal, err) : ai_fail(err, AI_EINPUT, "a backslash at the end");
            i++;
        } else if ((c == '{' || c == '}') && next == c) {
            rc = ai_buf_put(&literal, &c, 1, err);
            i++;
        } else if (c == '{') {
            rc = parse_hole(t, rest, &i, &literal, err);
        } else if (c == '}') {
            rc = ai_fail(err, AI_EINPUT, "'}' without '{' ('}}' is a brace)");
        } else {
            rc = ai_buf_put(&literal, &c, 1, err);
        }
    }
    if (rc == 0 && literal.len)
        rc = add_part(t, &literal, NULL, err);
    ai_buf_free(&literal);
    return rc;
}

static int parse_choice(struct ai_template *t, struct span rest, struct ai_err *err)
{
    struct span value = word(&rest);
    struct ai_template_choice c = {0};

    if (value.n == 0 || rest.n == 0)
        return ai_fail(err, AI_EINPUT, "'choice' wants a value and a text");
    if (t->n_choices == AI_MAX_ANSWERS)
        return ai_fail(err, AI_EINPUT, "more than %d choices", AI_MAX_ANSWERS);
    for (unsigned i = 0; i < t->n_choices; i++)
        if (is(value, t->choice[i].value) || is(rest, t->choice[i].text))
            return ai_fail(err, AI_EINPUT, "choice '%.*s' twice", shown(value), value.s);
    if (!t->choice)
        t->choice = ai_calloc(AI_MAX_ANSWERS, sizeof *t->choice, err);
    if (!t->choice)
        return -1;
    c.value = ai_strndup(value.s, value.n, err);
    c.text = c.value ? ai_strndup(rest.s, rest.n, err) : NULL;
    if (!c.text) {
        free(c.value);
        return -1;
    }
    t->choice[t->n_choices++] = c;
    return 0;
}

static int parse_answer(struct ai_template *t, struct span rest, struct ai_err *err)
{
    struct span name = word(&rest);

    if (t->has_answer)
        return ai_fail(err, AI_EINPUT, "a second line 'answer'");
    if (name.n == 0 || rest.n)
        return ai_fail(err, AI_EINPUT, "'answer' wants one column");
    t->has_answer = true;
    return use_column(t, name, &t->answer, err);
}

static int parse_where(struct ai_template *t, struct span rest, struct ai_err *err)
{
    struct span name = word(&rest);

    if (name.n == 0 || rest.n == 0)
        return ai_fail(err, AI_EINPUT, "'where' wants a column and a value");
    if (t->n_where == AI_MAX_WHERE)
        return ai_fail(err, AI_EINPUT, "more than %d lines 'where'", AI_MAX_WHERE);
    if (use_column(t, name, &t->where[t->n_where].column, err))
        return -1;
    t->where[t->n_where].value = ai_strndup(rest.s, rest.n, err);
    if (!t->where[t->n_where].value)
        return -1;
    t->n_where++;
    return 0;
}

static int parse_separator(struct ai_template *t, struct span rest, struct ai_err *err)
{
    struct ai_buf text = {0};
    int rc;

    if (t->separator)
        return ai_fail(err, AI_EINPUT, "a second line 'separator'");
    rc = unescape_all(rest, &text, err);
    if (rc == 0) {
        t->separator = ai_strndup(text.len ? (const char *)text.data : "", text.len, err);
        rc = t->separator ? 0 : -1;
    }
    ai_buf_free(&text);
    return rc;
}

static int parse_line(struct ai_template *t, struct span line, struct ai_err *err)
{
    struct span key;
    size_t bad = ai_utf8_check(line.s, line.n);

    if (bad < line.n)
        return ai_fail(err, AI_EINPUT, "byte %zu: not UTF-8", bad + 1);
    if (memchr(line.s, 0, line.n))
        return ai_fail(err, AI_EINPUT, "a NUL byte");
    key = word(&line);
    if (key.n == 0 || *key.s == '#')
        return 0;
    if (is(key, "columns"))
        return parse_columns(t, line, err);
    if (is(key, "prompt"))
        return parse_prompt(t, line, err);
    if (is(key, "answer"))
        return parse_answer(t, line, err);
    if (is(key, "choice"))
        return parse_choice(t, line, err);
    if (is(key, "separator"))
        return parse_separator(t, line, err);
    if (is(key, "where"))
        return parse_where(t, line, err);
    return ai_fail(err, AI_EINPUT, "'%.*s' is none of: columns, prompt, answer, choice, separator, where", shown(key), key.s);
}

int ai_template_parse(const char *text, size_t n, struct ai_template *t, struct ai_err *err)
{
    size_t at = 0, number = 0;

    *t = (struct ai_template){0};
    while (at < n) {
        const char *lf = memchr(text + at, '\n', n - at);
        struct span line = {text + at, lf ? (size_t)(lf - text) - at : n - at};

        at += line.n + 1;
        number++;
        if (line.n && line.s[line.n - 1] == '\r')
            line.n--;
        if (parse_line(t, line, err)) {
            ai_template_free(t);
            return ai_err_at(err, "line %zu", number);
        }
    }
    if (!t->part || (t->n_choices && !t->has_answer)) {
        ai_fail(err, AI_EINPUT, "line %zu: the file ends without a line '%s'", number, t->part ? "answer" : "prompt");
        ai_template_free(t);
        return -1;
    }
    return 0;
}

void ai_template_free(struct ai_template *t)
{
    for (unsigned i = 0; i < t->n_columns; i++)
        free(t->column[i]);
    for (unsigned i = 0; i < t->n_parts; i++)
        free(t->part[i].literal);
    for (unsigned i = 0; i < t->n_choices; i++) {
        free(t->choice[i].value);
        free(t->choice[i].text);
    }
    for (unsigned i = 0; i < t->n_where; i++)
        free(t->where[i].value);
    free(t->column);
    free(t->part);
    free(t->choice);
    free(t->separator);
    *t = (struct ai_template){0};
}
