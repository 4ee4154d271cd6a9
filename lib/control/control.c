/* The control pipe's two ends. */
#include "control/control.h"

#include "base/mem.h"
#include "io/fd.h"

#include "config.h" /* F_SETPIPE_SZ is not POSIX's */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct ai_control {
    int fd;
    char *name;
    double timeout;       /* seconds; 0: none */
    bool opened;          /* somebody has been at the other end */
    bool timed_out;
    struct ai_buf in;     /* bytes that have come */
    size_t at;            /* of the next line */
    uint64_t line;
};

struct ai_control *ai_control_from_fd(int fd, const char *name, struct ai_err *err)
{
    struct ai_control *c = ai_calloc(1, sizeof *c, err);

    if (!c)
        return NULL;
    c->fd = fd;
    c->opened = true;
    c->name = ai_strndup(name, strlen(name), err);
    if (!c->name) {
        free(c);
        return NULL;
    }
    return c;
}

/* A decider whose writes wait should not fill the pipe while we are still writing the
 * states of the batch: room for the verdicts on some 40,000 documents, where there is a way. */
static void widen(int fd)
{
#ifdef F_SETPIPE_SZ
    if (fcntl(fd, F_SETPIPE_SZ, 1 << 20) < 0)
        return; /* not a pipe, or the system allows less */
#else
    (void)fd;
#endif
}

struct ai_control *ai_control_open(const char *file, struct ai_err *err)
{
    struct ai_control *c;
    struct stat st;
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        ai_fail_errno(err, "%s", file);
        return NULL;
    }
    c = ai_control_from_fd(fd, file, err);
    if (!c) {
        close(fd);
        return NULL;
    }
    widen(fd);
    c->opened = fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode);
    return c;
}

void ai_control_timeout(struct ai_control *c, double seconds)
{
    c->timeout = seconds;
}

void ai_control_free(struct ai_control *c)
{
    if (!c)
        return;
    close(c->fd);
    ai_buf_free(&c->in);
    free(c->name);
    free(c);
}

static int wait_a_moment(struct ai_err *err)
{
    struct timespec t = {0, 2000000};

    nanosleep(&t, NULL);
    if (ai_fd_interrupted && ai_fd_interrupted())
        return ai_fail(err, AI_ESIGNAL, "interrupted");
    return 0;
}

/* Reads what is there.  Returns bytes, 0 at the end, -1, or -2: nothing yet. */
static long read_some(struct ai_control *c, struct ai_err *err)
{
    long got;

    if (ai_buf_reserve(&c->in, 4096, err))
        return -1;
    got = read(c->fd, c->in.data + c->in.len, c->in.cap - c->in.len);
    if (got > 0) {
        c->opened = true;
        c->in.len += (size_t)got;
    } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        /* a FIFO with a writer that has nothing to say is open */
        c->opened = c->opened || errno == EAGAIN;
        return -2;
    } else if (got < 0) {
        ai_fail_errno(err, "%s: read error", c->name);
    }
    return got;
}

/* Waits for bytes.  Returns 1, 0 when the other end has been closed, -1. */
static int fill(struct ai_control *c, struct ai_err *err)
{
    double end = ai_clock_seconds() + c->timeout;

    for (;;) {
        double left = c->timeout > 0 ? end - ai_clock_seconds() : 3600;
        long got;
        int ready;

        if (left <= 0) {
            c->timed_out = true;
            return ai_fail(err, AI_ESYS, c->opened ? "%s: no line from the decider in %g seconds"
                                                   : "%s: nobody opened the control pipe in %g seconds",
                           c->name, c->timeout);
        }
        got = read_some(c, err);
        if (got != -2 && (got != 0 || c->opened))
            return got < 0 ? -1 : got > 0;
        if (got == 0) { /* a FIFO without a writer reads as ended: nobody has come yet */
            if (wait_a_moment(err))
                return -1;
            continue;
        }
        ready = ai_fd_wait(c->fd, left > 3600 ? 3600000 : (int)(left * 1000) + 1, err);
        if (ready < 0)
            return -1;
    }
}

/* The next whole line without its newline.  Returns 1, 0 nothing yet (wait false)
 * or closed (wait true), -1. */
static int next_line(struct ai_control *c, bool wait, char **line, struct ai_err *err)
{
    for (;;) {
        char *end = c->in.len > c->at ? memchr(c->in.data + c->at, '\n', c->in.len - c->at) : NULL;
        long got;

        if (end) {
            *line = (char *)c->in.data + c->at;
            *end = '\0';
            c->at += (size_t)(end - *line) + 1;
            c->line++;
            if (strlen(*line) != (size_t)(end - *line))
                return ai_fail(err, AI_EINPUT, "%s: line %llu: a zero byte", c->name, (unsigned long long)c->line);
            return 1;
        }
        if (c->in.len - c->at > 4096)
            return ai_fail(err, AI_EINPUT, "%s: line %llu: longer than 4096 bytes", c->name,
                           (unsigned long long)c->line + 1);
        ai_buf_consume(&c->in, c->at);
        c->at = 0;
        got = wait ? fill(c, err) : read_some(c, err);
        if (got == -1)
            return -1;
        if (got == 0 && c->in.len && c->opened)
            return ai_fail(err, AI_EINPUT, "%s: line %llu: cut before its end", c->name, (unsigned long long)c->line + 1);
        if (got <= 0)
            return 0;
    }
}

static int closed(const struct ai_control *c, struct ai_err *err)
{
    return ai_fail(err, AI_ESYS, "%s: the decider closed the control pipe", c->name);
}

int ai_control_hello(struct ai_control *c, struct ai_hello *h, struct ai_err *err)
{
    char *line;
    int got = next_line(c, true, &line, err);

    if (got <= 0)
        return got < 0 ? -1 : closed(c, err);
    return ai_hello_parse(line, h, err) ? ai_err_at(err, "%s: line 1", c->name) : 0;
}

int ai_control_next(struct ai_control *c, struct ai_verdict *v, bool wait, struct ai_err *err)
{
    char *line;
    int got = next_line(c, wait, &line, err);

    if (got == 0 && wait)
        return closed(c, err);
    if (got <= 0)
        return got;
    if (ai_verdict_parse(line, v, err))
        return ai_err_at(err, "%s: line %llu", c->name, (unsigned long long)c->line);
    return 1;
}

int ai_control_drain(struct ai_control *c, double seconds, struct ai_err *err)
{
    struct ai_verdict v;
    char *line;
    int got;

    if (c->timeout == 0 || c->timeout > seconds)
        c->timeout = seconds;
    while ((got = next_line(c, true, &line, err)) > 0)
        if (ai_verdict_parse(line, &v, err))
            return ai_err_at(err, "%s: line %llu", c->name, (unsigned long long)c->line);
    return c->timed_out ? 0 : got;
}

void ai_control_discard(struct ai_control *c)
{
    char bytes[4096];

    while (read(c->fd, bytes, sizeof bytes) > 0) {
        /* nobody wants to know */
    }
}

int ai_control_open_writer(const char *file, double seconds, struct ai_err *err)
{
    double end = ai_clock_seconds() + seconds;

    for (;;) {
        int fd = open(file, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

        if (fd >= 0)
            return fd;
        if (errno != ENXIO)
            return ai_fail_errno(err, "%s", file);
        if (seconds > 0 && ai_clock_seconds() > end)
            return ai_fail(err, AI_ESYS, "%s: nobody opened the control pipe for reading in %g seconds", file, seconds);
        if (wait_a_moment(err))
            return -1;
    }
}

int ai_control_send(int fd, struct ai_buf *lines, struct ai_err *err)
{
    while (lines->len) {
        ssize_t put = write(fd, lines->data, lines->len);

        if (put >= 0)
            ai_buf_consume(lines, (size_t)put);
        else if (errno == EAGAIN)
            return 0;
        else if (errno == EPIPE)
            return ai_fail(err, AI_EPIPE, "the reader has gone");
        else if (errno != EINTR)
            return ai_fail_errno(err, "write error");
        else if (ai_fd_interrupted && ai_fd_interrupted())
            return ai_fail(err, AI_ESIGNAL, "interrupted");
    }
    return 0;
}

int ai_control_send_all(int fd, struct ai_buf *lines, int input, struct ai_err *err)
{
    for (;;) {
        struct pollfd both[2] = {{.fd = fd, .events = POLLOUT}, {.fd = input, .events = POLLIN}};

        if (ai_control_send(fd, lines, err))
            return -1;
        if (lines->len == 0)
            return 0;
        if (poll(both, 2, -1) < 0 && errno != EINTR)
            return ai_fail_errno(err, "poll");
        if (ai_fd_interrupted && ai_fd_interrupted())
            return ai_fail(err, AI_ESIGNAL, "interrupted");
        if (both[1].revents)
            return 0;
    }
}
