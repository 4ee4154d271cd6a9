/* What the reader and the writer of ai-policy(5) share. */
#ifndef AI_POLICY_FILE_H
#define AI_POLICY_FILE_H

#include "policy/policy.h"

enum { AI_LADDER_MAX = 1000, AI_TRAINED_A_LINE = 6 };

/* A line of the certificate: the field that its value, a word or a number, is kept in. */
struct ai_certificate_line {
    const char *key;
    char *word;
    size_t size;              /* of word */
    double *number;
    bool of_flips, of_losses; /* there only if has_flips, has_losses */
};
enum { AI_CERTIFICATE_LINES = 13 };
void ai_certificate_lines(struct ai_certificate *c, struct ai_certificate_line lines[AI_CERTIFICATE_LINES]);

/* A certificate is whole or not there.  has: which of its lines have come, bit i line i.
 * Sets there, has_flips and has_losses.  Returns 0 or -1. */
int ai_certificate_check(struct ai_certificate *c, uint64_t has, struct ai_err *err) AI_CHECKED;

/* A finite decimal number at *s, up to a space, `end` or the string's end; *s moves behind the one of
 * these that is there.  Returns 0 or -1. */
int ai_parse_number(const char **s, char end, double *out) AI_CHECKED;

#endif
