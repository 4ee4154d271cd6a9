/* Rows of a data set, and the documents that a template makes of them. */
#include "prompt/template.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "io/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int start_row(const struct ai_template *t, const char *line, size_t n, struct ai_row *row, struct ai_err *err)
{
    size_t bad = ai_utf8_check(line, n);

    ai_row_free(row);
    if (bad < n)
        return ai_fail(err, AI_EINPUT, "byte %zu: not UTF-8", bad + 1);
    if (memchr(line, 0, n))
        return ai_fail(err, AI_EINPUT, "a NUL byte");
    row->value = ai_calloc(t->n_columns, sizeof *row->value, err);
    return row->value ? 0 : -1;
}

int ai_row_from_tsv(const struct ai_template *t, const char *line, size_t n, struct ai_row *row, struct ai_err *err)
{
    unsigned have = 1;
    char *p;

    if (!t->fixed)
        return ai_fail(err, AI_EINPUT, "the template has no line 'columns', which rows of TSV need");
    if (start_row(t, line, n, row, err))
        return -1;
    for (size_t i = 0; i < n; i++)
        have += line[i] == '\t';
    if (have < t->n_columns)
        return ai_fail(err, AI_EINPUT, "column '%.60s' is missing (%u columns where the template has %u)",
                       t->column[have], have, t->n_columns);
    if (have > t->n_columns)
        return ai_fail(err, AI_EINPUT, "%u columns where the template has %u", have, t->n_columns);
    row->text = ai_strndup(line, n, err);
    if (!row->text)
        return -1;
    p = row->text;
    for (unsigned i = 0; i < have; i++) {
        row->value[i] = p;
        p += strcspn(p, "\t");
        *p++ = '\0';
    }
    return 0;
}

/* The member of that name; failing that, of a path such as choices.0 or question.stem. */
static const struct ai_json *member(const struct ai_json *root, const char *name)
{
    const struct ai_json *v = ai_json_get(root, name);
    char key[256];

    if (ai_json_type(v) != AI_JSON_NONE || !strchr(name, '.'))
        return v;
    for (v = root; v;) {
        size_t n = strcspn(name, ".");

        if (n >= sizeof key)
            return NULL;
        memcpy(key, name, n);
        key[n] = '\0';
        if (ai_json_type(v) == AI_JSON_ARRAY)
            v = n && strspn(key, "0123456789") == n && n < 10 ? ai_json_at(v, (size_t)strtoul(key, NULL, 10)) : NULL;
        else
            v = ai_json_get(v, key);
        if (!name[n])
            return v;
        name += n + 1;
    }
    return NULL;
}

static int member_text(const struct ai_json *v, struct ai_buf *text, struct ai_err *err);

/* A line for each element; a line feed in one would look like another. */
static int list_text(const struct ai_json *list, struct ai_buf *text, struct ai_err *err)
{
    for (size_t i = 0; i < ai_json_size(list); i++) {
        const struct ai_json *v = ai_json_at(list, i);
        size_t from;

        if (i && ai_buf_puts(text, "\n", err))
            return -1;
        from = text->len;
        if (ai_json_type(v) == AI_JSON_ARRAY)
            return ai_fail(err, AI_EINPUT, "a list inside a list");
        if (member_text(v, text, err))
            return -1;
        for (size_t k = from; k < text->len; k++)
            if (text->data[k] == '\n')
                text->data[k] = ' ';
    }
    return 0;
}

/* A member as text; numbers as they would be written. */
static int member_text(const struct ai_json *v, struct ai_buf *text, struct ai_err *err)
{
    const char *s = ai_json_string(v, NULL);
    int64_t i;
    double d;
    bool b;

    if (s)
        return ai_buf_puts(text, s, err);
    if (ai_json_int(v, &i) == 0)
        return ai_buf_printf(text, err, "%lld", (long long)i);
    if (ai_json_number(v, &d) == 0)
        return ai_json_put_f64(text, d, err);
    if (ai_json_bool(v, &b) == 0)
        return ai_buf_puts(text, b ? "true" : "false", err);
    if (ai_json_type(v) == AI_JSON_ARRAY)
        return list_text(v, text, err);
    return ai_fail(err, AI_EINPUT, "%s where a text was expected", ai_json_type_name(v));
}

int ai_row_from_json(const struct ai_template *t, const char *line, size_t n, struct ai_row *row, struct ai_err *err)
{
    struct ai_json *root;
    struct ai_buf text = {0};
    size_t offset[AI_MAX_COLUMNS];
    int rc = 0;

    if (start_row(t, line, n, row, err))
        return -1;
    root = ai_json_parse(line, n, err);
    if (!root)
        return -1;
    if (ai_json_type(root) != AI_JSON_OBJECT)
        rc = ai_fail(err, AI_EINPUT, "%s where an object was expected", ai_json_type_name(root));
    for (unsigned i = 0; i < t->n_columns && rc == 0; i++) {
        const struct ai_json *v = member(root, t->column[i]);

        offset[i] = SIZE_MAX;
        if (ai_json_type(v) <= AI_JSON_NULL || (ai_json_type(v) == AI_JSON_ARRAY && ai_json_size(v) == 0))
            continue;
        offset[i] = text.len;
        if (member_text(v, &text, err))
            rc = ai_err_at(err, "%.60s", t->column[i]);
        else
            rc = ai_buf_put(&text, "", 1, err);
    }
    ai_json_free(root);
    row->text = (char *)text.data;
    if (rc)
        return rc;
    for (unsigned i = 0; i < t->n_columns; i++)
        row->value[i] = offset[i] == SIZE_MAX ? NULL : row->text + offset[i];
    return 0;
}

void ai_row_free(struct ai_row *row)
{
    free(row->value);
    free(row->text);
    *row = (struct ai_row){0};
}

static const char *value_of(const struct ai_template *t, const struct ai_row *row, unsigned column, struct ai_err *err)
{
    if (!row->value[column])
        ai_fail(err, AI_EINPUT, "column '%.60s' is missing", t->column[column]);
    return row->value[column];
}

int ai_template_prompt(const struct ai_template *t, const struct ai_row *row, struct ai_buf *out, struct ai_err *err)
{
    for (unsigned i = 0; i < t->n_parts; i++) {
        const char *s = t->part[i].literal ? t->part[i].literal : value_of(t, row, t->part[i].column, err);

        if (!s || ai_buf_puts(out, s, err))
            return -1;
    }
    return 0;
}

bool ai_template_wants(const struct ai_template *t, const struct ai_row *row)
{
    for (unsigned i = 0; i < t->n_where; i++) {
        const char *value = row->value[t->where[i].column];

        if (value && strcmp(value, t->where[i].value) != 0)
            return false;
    }
    return true;
}

bool ai_template_answered(const struct ai_template *t, const struct ai_row *row)
{
    return t->has_answer && row->value[t->answer];
}

int ai_template_answer(const struct ai_template *t, const struct ai_row *row, unsigned *choice, struct ai_err *err)
{
    const char *value = value_of(t, row, t->answer, err);

    if (!value)
        return -1;
    for (*choice = 0; *choice < t->n_choices; ++*choice)
        if (strcmp(t->choice[*choice].value, value) == 0)
            return 0;
    return ai_fail(err, AI_EINPUT, "column '%.60s': '%.60s' is the value of no choice", t->column[t->answer], value);
}

static int put_text(struct ai_buf *out, const char *before, const char *s, struct ai_err *err)
{
    return ai_buf_puts(out, before, err) || ai_json_put_string(out, s, strlen(s), err) ? -1 : 0;
}

/* One string, or an array of those that are equally right. */
static int put_label(const char *label, struct ai_buf *out, struct ai_err *err)
{
    bool list = strchr(label, '\n') != NULL;
    int rc = ai_buf_puts(out, list ? ",\"label\":[" : ",\"label\":", err);

    for (const char *sep = ""; rc == 0; sep = ",") {
        size_t n = strcspn(label, "\n");

        rc = ai_buf_puts(out, sep, err) || ai_json_put_string(out, label, n, err) ? -1 : 0;
        if (!label[n])
            break;
        label += n + 1;
    }
    return rc ? -1 : ai_buf_puts(out, list ? "]" : "", err);
}

static int put_answer(const struct ai_template *t, const struct ai_row *row, struct ai_buf *out, struct ai_err *err)
{
    const char *label = NULL;
    unsigned k;

    if (ai_template_answered(t, row)) {
        label = row->value[t->answer];
        if (t->n_choices) {
            if (ai_template_answer(t, row, &k, err))
                return -1;
            label = t->choice[k].text;
        }
    }
    if (label && put_label(label, out, err))
        return -1;
    for (k = 0; k < t->n_choices; k++)
        if (put_text(out, k ? "," : ",\"choices\":[", t->choice[k].text, err))
            return -1;
    return t->n_choices ? ai_buf_puts(out, "]", err) : 0;
}

int ai_template_document(const struct ai_template *t, const struct ai_row *row, const char *id,
                         const struct ai_buf *before, struct ai_buf *out, struct ai_err *err)
{
    struct ai_buf prompt = {0};
    int rc = ai_buf_put(&prompt, before->data, before->len, err);

    if (rc == 0)
        rc = ai_template_prompt(t, row, &prompt, err);
    if (rc == 0 && (put_text(out, "{\"id\":", id, err) || ai_buf_puts(out, ",\"text\":", err) ||
                    ai_json_put_string(out, (const char *)prompt.data, prompt.len, err) ||
                    put_answer(t, row, out, err) ||
                    ai_buf_puts(out, "}\n", err)))
        rc = -1;
    ai_buf_free(&prompt);
    return rc;
}
