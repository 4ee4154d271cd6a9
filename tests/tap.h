/* A small TAP producer for the C tests: ok, is, skip, done. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_run, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static int ok(int good, const char *fmt, ...)
{
    va_list ap;

    printf("%sok %d - ", good ? "" : "not ", ++tap_run);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    fflush(stdout);
    if (!good)
        tap_failed++;
    return good;
}

/* Equal integers; says both when they are not. */
__attribute__((unused)) static int is_int(long long got, long long want, const char *what)
{
    if (ok(got == want, "%s", what))
        return 1;
    printf("# got %lld, want %lld\n", got, want);
    return 0;
}

__attribute__((unused)) static int is_str(const char *got, const char *want, const char *what)
{
    if (ok(got && strcmp(got, want) == 0, "%s", what))
        return 1;
    printf("# got '%s', want '%s'\n", got ? got : "(null)", want);
    return 0;
}

__attribute__((unused)) static void skip_all(const char *why)
{
    printf("1..0 # SKIP %s\n", why);
    exit(0);
}

__attribute__((unused)) static void skip(const char *what, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++tap_run, what, why);
}

/* Ends main: prints the plan. */
__attribute__((unused)) static int done_testing(void)
{
    printf("1..%d\n", tap_run);
    return tap_failed != 0;
}

#endif
