/* Descriptors: reads and writes in full, waits with a limit, whole files. */
#ifndef AI_IO_FD_H
#define AI_IO_FD_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Asked before every system call that may block and when one was interrupted; true
 * means "stop": the call then fails with AI_ESIGNAL.  Set once by the command line;
 * NULL means never stop. */
extern bool (*ai_fd_interrupted)(void);

/* open(2), close-on-exec, also of a FIFO that waits for its other end.  Returns the descriptor or -1. */
int ai_fd_open(const char *name, int flags, struct ai_err *err) AI_CHECKED;

/* Reads up to n bytes.  Returns how many (0: end of file), -1 on error. */
long ai_fd_read(int fd, void *p, size_t n, struct ai_err *err) AI_CHECKED;

/* Writes all n bytes.  Returns 0 or -1; a reader that has gone is AI_EPIPE. */
int ai_fd_write(int fd, const void *p, size_t n, struct ai_err *err) AI_CHECKED;

/* Waits until fd can be read (or has ended).  timeout_ms < 0: without limit.
 * Returns 1 readable, 0 timed out, -1 on error. */
int ai_fd_wait(int fd, int timeout_ms, struct ai_err *err) AI_CHECKED;

/* True if fd is a regular file: nobody waits at its other end. */
bool ai_fd_is_file(int fd);

/* The whole file, in memory.  Refuses more than limit bytes.  Returns 0 or -1
 * with err saying "name: reason". */
int ai_fd_slurp(const char *name, size_t limit, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* A file mapped for reading.  data is NULL when size is 0. */
struct ai_map {
    const void *data;
    size_t size;
};
int ai_map_open(struct ai_map *m, const char *name, struct ai_err *err) AI_CHECKED;
void ai_map_close(struct ai_map *m);

/* Seconds of a clock that only goes forward. */
double ai_clock_seconds(void);
/* Seconds of processor time that this process has used, all its threads together. */
double ai_cpu_seconds(void);

#endif
