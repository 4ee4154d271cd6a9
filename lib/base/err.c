#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ai_fail(struct ai_err *err, enum ai_code code, const char *fmt, ...)
{
    va_list ap;

    err->code = code;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    return -1;
}

int ai_fail_errno(struct ai_err *err, const char *fmt, ...)
{
    int saved = errno;
    va_list ap;
    size_t n;

    err->code = AI_ESYS;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    n = strlen(err->msg);
    snprintf(err->msg + n, sizeof err->msg - n, ": %s", strerror(saved));
    errno = saved;
    return -1;
}

int ai_err_at(struct ai_err *err, const char *fmt, ...)
{
    char inner[sizeof err->msg];
    va_list ap;
    size_t n;

    memcpy(inner, err->msg, sizeof inner);
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    n = strlen(err->msg);
    snprintf(err->msg + n, sizeof err->msg - n, ": %s", inner);
    return -1;
}

_Noreturn void ai_bug(const char *file, int line, const char *what)
{
    char msg[256];
    int n = snprintf(msg, sizeof msg, "BUG: %s:%d: %s\n", file, line, what);

    if (n > 0 && write(2, msg, (size_t)n) < 0) {
        /* nothing left to tell it to */
    }
    abort();
}
