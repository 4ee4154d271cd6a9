/* Regular expressions as pre-tokenisers need them: Unicode properties, UTF-8 text.
 *
 * \s and \S mean the Unicode property White_Space here, in and outside of classes
 * (\S not inside of one): pcre2's own \s has one character more, U+180E, which the
 * libraries that trained the vocabularies do not count. */
#ifndef AI_IO_REGEX_H
#define AI_IO_REGEX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct ai_regex;

/* Returns the compiled pattern, owned by the caller, or NULL with AI_EINPUT. */
struct ai_regex *ai_regex_new(const char *pattern, struct ai_err *err) AI_CHECKED;
void ai_regex_free(struct ai_regex *re);

/* Cuts text (n bytes of valid UTF-8, which the caller has checked) at the matches
 * from left to right: fn gets every match and every stretch between matches, in
 * order, none empty.  Work is bounded: a pattern that needs too much fails.
 * Returns 0, or -1 when fn did or matching failed.  Safe from several threads. */
int ai_regex_split(const struct ai_regex *re, const char *text, size_t n,
                   int (*fn)(void *arg, const char *part, size_t len, bool matched, struct ai_err *err), void *arg,
                   struct ai_err *err) AI_CHECKED;

#endif
