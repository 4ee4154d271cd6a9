#include "io/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool (*ai_fd_interrupted)(void);

static int interrupted(struct ai_err *err)
{
    if (ai_fd_interrupted && ai_fd_interrupted())
        return ai_fail(err, AI_ESIGNAL, "interrupted");
    return 0;
}

int ai_fd_open(const char *name, int flags, struct ai_err *err)
{
    for (;;) {
        int fd;

        if (interrupted(err))
            return -1;
        fd = open(name, flags | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno != EINTR)
            return ai_fail_errno(err, "%s", name);
    }
}

long ai_fd_read(int fd, void *p, size_t n, struct ai_err *err)
{
    for (;;) {
        ssize_t got;

        if (interrupted(err))
            return -1;
        got = read(fd, p, n);
        if (got >= 0)
            return (long)got;
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN) {
            if (ai_fd_wait(fd, -1, err) < 0)
                return -1;
        } else {
            return ai_fail_errno(err, "read error");
        }
    }
}

int ai_fd_write(int fd, const void *data, size_t n, struct ai_err *err)
{
    const char *p = data;

    while (n) {
        ssize_t put;

        if (interrupted(err))
            return -1;
        put = write(fd, p, n);
        if (put >= 0) {
            p += put;
            n -= (size_t)put;
        } else if (errno == EINTR) {
            continue;
        } else if (errno == EAGAIN) {
            struct pollfd pfd = {.fd = fd, .events = POLLOUT};

            poll(&pfd, 1, -1);
        } else if (errno == EPIPE) {
            return ai_fail(err, AI_EPIPE, "the reader has gone");
        } else {
            return ai_fail_errno(err, "write error");
        }
    }
    return 0;
}

int ai_fd_wait(int fd, int timeout_ms, struct ai_err *err)
{
    double end = ai_clock_seconds() + timeout_ms / 1000.0;

    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        int n;

        if (interrupted(err))
            return -1;
        n = poll(&pfd, 1, timeout_ms);
        if (n >= 0)
            return n > 0;
        if (errno != EINTR)
            return ai_fail_errno(err, "cannot wait for input");
        if (timeout_ms >= 0) {
            double left = end - ai_clock_seconds();

            timeout_ms = left > 0 ? (int)(left * 1000) : 0;
        }
    }
}

bool ai_fd_is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int ai_fd_slurp(const char *name, size_t limit, struct ai_buf *out, struct ai_err *err)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    long got;

    if (fd < 0)
        return ai_fail_errno(err, "%s", name);
    out->len = 0;
    do {
        if (ai_buf_reserve(out, 65536, err))
            break;
        got = ai_fd_read(fd, out->data + out->len, out->cap - out->len, err);
        if (got < 0)
            break;
        out->len += (size_t)got;
        if (out->len > limit) {
            ai_fail(err, AI_EINPUT, "larger than %zu bytes", limit);
            break;
        }
        if (got == 0) {
            close(fd);
            return 0;
        }
    } while (1);
    close(fd);
    ai_buf_free(out);
    return ai_err_at(err, "%s", name);
}

int ai_map_open(struct ai_map *m, const char *name, struct ai_err *err)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for a writer */
    struct stat st;
    void *p = NULL;

    if (fd < 0)
        return ai_fail_errno(err, "%s", name);
    if (fstat(fd, &st) < 0) {
        ai_fail_errno(err, "%s", name);
        close(fd);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return ai_fail(err, AI_EINPUT, "%s: not a regular file: it cannot be mapped", name);
    }
    if ((unsigned long long)st.st_size > (size_t)-1 / 2) {
        close(fd);
        return ai_fail(err, AI_EINPUT, "%s: too large for this machine's addresses", name);
    }
    if (st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) {
            ai_fail_errno(err, "%s: cannot map", name);
            close(fd);
            return -1;
        }
    }
    close(fd);
    m->data = p;
    m->size = (size_t)st.st_size;
    return 0;
}

void ai_map_close(struct ai_map *m)
{
    if (m->data)
        munmap((void *)(uintptr_t)m->data, m->size);
    memset(m, 0, sizeof *m);
}

double ai_clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double ai_cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
