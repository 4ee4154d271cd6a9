/* Errors are values: a function that can fail takes a struct ai_err and returns
 * -1 (or NULL) after filling it.  Nothing in lib/ prints or exits.
 *
 * A message reads "place: reason" from the outside in; callers add the outer
 * place (a file name, a record number) with ai_err_at.  The command line puts
 * the program's name in front and maps the code to an exit status. */
#ifndef AI_BASE_ERR_H
#define AI_BASE_ERR_H

#include <stddef.h>

#if defined(__GNUC__)
#define AI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define AI_CHECKED __attribute__((warn_unused_result))
#else
#define AI_PRINTF(f, a)
#define AI_CHECKED
#endif

enum ai_code {
    AI_OK = 0,
    AI_ESYS,    /* input/output, memory, a helper that died: exit status 1 */
    AI_EUSAGE,  /* the command line: 2 */
    AI_EINPUT,  /* input that cannot be accepted: 3 */
    AI_EPIPE,   /* standard output's reader has gone: dies by SIGPIPE, silently */
    AI_ESIGNAL, /* a signal asked us to stop: dies by that signal, silently */
};

struct ai_err {
    enum ai_code code;
    char msg[512];
};

/* Fills err (code, formatted message).  Returns -1, so that callers can write
 * `return ai_fail(err, AI_EINPUT, ...)`. */
int ai_fail(struct ai_err *err, enum ai_code code, const char *fmt, ...) AI_PRINTF(3, 4);

/* As ai_fail with AI_ESYS and ": strerror(errno)" at the end. */
int ai_fail_errno(struct ai_err *err, const char *fmt, ...) AI_PRINTF(2, 3);

/* Puts "place: " in front of err's message.  Returns -1. */
int ai_err_at(struct ai_err *err, const char *fmt, ...) AI_PRINTF(2, 3);

/* How much of a name from outside goes into a message, for its %.*s. */
static inline int ai_clip(size_t n)
{
    return n > 100 ? 100 : (int)n;
}

/* A broken invariant of ours, never bad input: says where and aborts. */
_Noreturn void ai_bug(const char *file, int line, const char *what);
#define AI_ASSERT(c) ((c) ? (void)0 : ai_bug(__FILE__, __LINE__, #c))

#endif
