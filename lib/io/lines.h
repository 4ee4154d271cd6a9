/* Text input line by line, in memory for one line, as far as it has come. */
#ifndef AI_IO_LINES_H
#define AI_IO_LINES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AI_MAX_LINE = 256 << 20 };

struct ai_lines;

/* Lines of fd (borrowed), each ended by the byte `end` ('\n' or 0); name stands in
 * messages.  Returns the reader, owned by the caller, or NULL. */
struct ai_lines *ai_lines_open(int fd, const char *name, char end, struct ai_err *err) AI_CHECKED;
void ai_lines_free(struct ai_lines *l);

/* Called before input would block: the place to flush outputs. */
void ai_lines_on_wait(struct ai_lines *l, int (*fn)(void *arg, struct ai_err *err), void *arg);

/* The next line without its end, valid until the next call.  A last line needs no
 * end.  Returns 1, 0 at the end of the input, -1. */
int ai_lines_next(struct ai_lines *l, const char **line, size_t *n, struct ai_err *err) AI_CHECKED;

/* The first byte of the line to come: 0..255, or -1 at the end, -2 on an error. */
int ai_lines_peek(struct ai_lines *l, struct ai_err *err) AI_CHECKED;

/* Of the last line given: its number, from 1. */
uint64_t ai_lines_number(const struct ai_lines *l);

/* Puts "name: line N: " in front of err's message.  Returns -1. */
int ai_lines_err_at(const struct ai_lines *l, struct ai_err *err);

#endif
