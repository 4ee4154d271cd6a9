/* Values of options: strict numbers, shares, names. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_u64(const char *what, const char *s, uint64_t min, uint64_t max, uint64_t *out, struct ai_err *err)
{
    char *end;
    unsigned long long v;

    errno = 0;
    v = strtoull(s, &end, 10);
    if (*s < '0' || *s > '9' || *end || errno || v < min || v > max)
        return ai_fail(err, AI_EUSAGE, "%s: '%s' is not a whole number from %llu to %llu", what, s,
                       (unsigned long long)min, (unsigned long long)max);
    *out = v;
    return 0;
}

int cli_double(const char *what, const char *s, double min, double max, double *out, struct ai_err *err)
{
    char *end;
    double v;

    v = strtod(s, &end);
    if (!*s || *end || !(v >= min && v <= max))
        return ai_fail(err, AI_EUSAGE, "%s: '%s' is not a number from %g to %g", what, s, min, max);
    *out = v;
    return 0;
}

int cli_choice(const char *what, const char *s, const char *const *names, int *out, struct ai_err *err)
{
    char list[256] = "";

    for (int i = 0; names[i]; i++) {
        if (strcmp(s, names[i]) == 0) {
            *out = i;
            return 0;
        }
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", names[i]);
    }
    return ai_fail(err, AI_EUSAGE, "%s: '%s' is none of: %s", what, s, list);
}

int cli_share(const char *what, const char *s, double *out, struct ai_err *err)
{
    char *end;
    double v = strtod(s, &end);
    bool percent = strcmp(end, "%") == 0;

    if (percent)
        v /= 100;
    if ((*s != '.' && !(*s >= '0' && *s <= '9')) || (*end && !percent) || !(v >= 0 && v <= 1))
        return ai_fail(err, AI_EUSAGE, "%s: '%s' is not a share from 0 to 1 (0.01, or 1%%)", what, s);
    *out = v;
    return 0;
}
