/* Prompt templates, as ai-prompt(1) defines their files: which columns a row has,
 * how its prompt reads, where its gold answer stands and which answers there are. */
#ifndef AI_PROMPT_TEMPLATE_H
#define AI_PROMPT_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AI_MAX_COLUMNS = 256, AI_MAX_PARTS = 256, AI_MAX_ANSWERS = 256, AI_MAX_WHERE = 16 };

struct ai_template_part {
    char *literal;     /* NULL: the value of a column */
    unsigned column;
};
struct ai_template_choice {
    char *value;       /* in the answer column */
    char *text;        /* the answer word */
};

struct ai_template {
    char **column;     /* names, in the order of a TSV row */
    unsigned n_columns;
    bool fixed;        /* the file has a line "columns": TSV rows can be read */
    struct ai_template_part *part;
    unsigned n_parts;
    bool has_answer;
    unsigned answer;   /* a column */
    struct ai_template_choice *choice;
    unsigned n_choices;
    char *separator;   /* between shots, and between them and the prompt */
    struct { unsigned column; char *value; } where[AI_MAX_WHERE]; /* rows with other values are none */
    unsigned n_where;
};

/* Reads text (n bytes).  err: "line N: reason". */
int ai_template_parse(const char *text, size_t n, struct ai_template *t, struct ai_err *err) AI_CHECKED;
void ai_template_free(struct ai_template *t);

/* A row: one value for each column, NUL-terminated. */
struct ai_row {
    const char **value; /* n_columns; NULL: the row has none */
    char *text;         /* what the values point into */
};

/* Reads a row: TSV, or a JSON object whose members are the columns (strings, numbers,
 * booleans, lists of these, which become a line for each).  A column that is no member
 * can be a path: choices.0 is the first of the list choices. */
int ai_row_from_tsv(const struct ai_template *t, const char *line, size_t n, struct ai_row *row,
                    struct ai_err *err) AI_CHECKED;
int ai_row_from_json(const struct ai_template *t, const char *line, size_t n, struct ai_row *row,
                     struct ai_err *err) AI_CHECKED;
void ai_row_free(struct ai_row *row);

/* False if a line "where" leaves the row out. */
bool ai_template_wants(const struct ai_template *t, const struct ai_row *row);
/* True if the row has a gold answer: an absent, null or empty one is none. */
bool ai_template_answered(const struct ai_template *t, const struct ai_row *row);

/* Appends the prompt of the row; a column of it that the row has not fails. */
int ai_template_prompt(const struct ai_template *t, const struct ai_row *row, struct ai_buf *out,
                       struct ai_err *err) AI_CHECKED;

/* *choice = the index of the row's gold answer; a value that no choice has fails.
 * Only for templates with choices and rows with an answer. */
int ai_template_answer(const struct ai_template *t, const struct ai_row *row, unsigned *choice,
                       struct ai_err *err) AI_CHECKED;

/* Appends the row as a JSONL document with that id; before: text in front of the
 * prompt (shots), may be empty. */
int ai_template_document(const struct ai_template *t, const struct ai_row *row, const char *id,
                         const struct ai_buf *before, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
