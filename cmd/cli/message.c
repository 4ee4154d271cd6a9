#include "cli/cli.h"
#include "cli/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool quiet;

void cli_quiet(bool q)
{
    quiet = q;
}

/* One write, so that lines of several programs do not mix; a name from outside
 * must not be able to drive the terminal. */
static void AI_PRINTF(3, 0) say(const char *what, const char *tail, const char *fmt, va_list ap)
{
    char line[1400];
    int n = snprintf(line, sizeof line, "%s: %s", cli_program_name(), what);
    size_t len;

    vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    len = strlen(line);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 32 || line[i] == 127 ||
            ((unsigned char)line[i] == 0xc2 && (unsigned char)line[i + 1] < 0xa0)) /* U+0080 to U+009F */
            line[i] = '?';
    line[len++] = '\n';
    if (tail)
        len += (size_t)snprintf(line + len, sizeof line - len, "%s '%s --help'.\n", tail, cli_program_name());
    if (write(2, line, len) < 0) {
        /* nowhere left to complain */
    }
}

void cli_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", NULL, fmt, ap);
    va_end(ap);
}

void cli_usage_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", "Try", fmt, ap);
    va_end(ap);
}

void cli_warn(const char *fmt, ...)
{
    va_list ap;

    if (quiet)
        return;
    va_start(ap, fmt);
    say("warning: ", NULL, fmt, ap);
    va_end(ap);
}

void cli_info(const struct cli *cli, const char *fmt, ...)
{
    va_list ap;

    if (cli->verbose < 1)
        return;
    va_start(ap, fmt);
    say("", NULL, fmt, ap);
    va_end(ap);
}
