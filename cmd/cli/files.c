/* Input operands, the output file, and the two ways of writing to it. */
#include "cli/cli.h"
#include "cli/internal.h"

#include "base/buf.h"
#include "io/fd.h"
#include "cli/version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int fd;               /* -1: not open */
    char *temporary;      /* NULL: standard output, or a FIFO or device written in place */
    const char *final;
    const char *name;
    struct ai_writer *writer;
    struct ai_buf text;
} out = {.fd = -1};

int cli_open_file(const char *file, const char **name, struct ai_err *err)
{
    if (!file || strcmp(file, "-") == 0) {
        *name = "standard input";
        return 0;
    }
    *name = file;
    return ai_fd_open(file, O_RDONLY, err);
}

int cli_open_input(struct cli *cli, int i, const char **name, struct ai_err *err)
{
    return cli_open_file(i < cli->argc ? cli->argv[i] : NULL, name, err);
}

void cli_close_input(int fd)
{
    if (fd > 2)
        close(fd);
}

int cli_inputs(const struct cli *cli)
{
    return cli->argc ? cli->argc : 1;
}

int cli_each_input(struct cli *cli, int (*fn)(void *arg, int fd, const char *name, struct ai_err *err), void *arg,
                   struct ai_err *err)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < cli_inputs(cli); i++) {
        const char *name;
        int fd = cli_open_input(cli, i, &name, err);

        if (fd < 0)
            return -1;
        rc = fn(arg, fd, name, err);
        cli_close_input(fd);
    }
    return rc;
}

int cli_output_open(struct cli *cli, bool binary, int *fd, struct ai_err *err)
{
    struct stat st;

    AI_ASSERT(out.fd < 0);
    if (!cli->output || strcmp(cli->output, "-") == 0) {
        if (binary && isatty(1))
            return ai_fail(err, AI_EUSAGE, "standard output is a terminal: this is a binary stream; use -o FILE or a pipe (ai-view shows one)");
        out.fd = 1;
        out.name = "standard output";
    } else if (stat(cli->output, &st) == 0 && !S_ISREG(st.st_mode)) {
        out.fd = ai_fd_open(cli->output, O_WRONLY, err);
        if (out.fd < 0)
            return -1;
        out.name = cli->output;
    } else {
        size_t n = strlen(cli->output) + 16;

        out.temporary = malloc(n);
        if (!out.temporary)
            return ai_fail(err, AI_ESYS, "out of memory");
        snprintf(out.temporary, n, "%s.tmpXXXXXX", cli->output);
        out.fd = mkstemp(out.temporary);
        if (out.fd < 0) {
            ai_fail_errno(err, "%s", cli->output);
            free(out.temporary);
            out.temporary = NULL;
            return -1;
        }
        fcntl(out.fd, F_SETFD, FD_CLOEXEC);
        out.final = cli->output;
        out.name = cli->output;
    }
    *fd = out.fd;
    return 0;
}

int cli_output_commit(struct cli *cli, struct ai_err *err)
{
    int fd = out.fd;
    char *temporary;

    (void)cli;
    if (out.temporary) {
        mode_t mask = umask(0);

        umask(mask);
        fchmod(fd, 0666 & ~mask);
    }
    out.fd = -1;
    if (close(fd) < 0) {
        ai_fail_errno(err, "%s: write error", out.name);
        return -1;
    }
    if (fd == 1 && open("/dev/null", O_WRONLY) < 0) /* stdio's last flush has nothing to say */
        return ai_fail_errno(err, "/dev/null");
    if (out.temporary && rename(out.temporary, out.final) < 0) {
        ai_fail_errno(err, "%s", out.final);
        return -1;
    }
    temporary = out.temporary;
    out.temporary = NULL; /* before it is freed: a signal may come in between */
    free(temporary);
    return 0;
}

int cli_write_file(const char *file, const void *p, size_t n, struct ai_err *err)
{
    size_t size = strlen(file) + 16;
    char *temporary = malloc(size);
    struct stat st;
    bool in_place = stat(file, &st) == 0 && !S_ISREG(st.st_mode);
    mode_t mask = umask(0);
    int fd, rc;

    umask(mask);
    if (!temporary)
        return ai_fail(err, AI_ESYS, "out of memory");
    snprintf(temporary, size, in_place ? "%s" : "%s.tmpXXXXXX", file);
    fd = in_place ? open(file, O_WRONLY | O_CLOEXEC) : mkstemp(temporary);
    rc = fd < 0 ? ai_fail_errno(err, "%s", file) : 0;
    if (rc == 0 && ai_fd_write(fd, p, n, err))
        rc = ai_err_at(err, "%s", file);
    if (fd >= 0 && !in_place)
        fchmod(fd, 0666 & ~mask);
    if (fd >= 0 && close(fd) < 0 && rc == 0)
        rc = ai_fail_errno(err, "%s: write error", file);
    if (rc == 0 && !in_place && rename(temporary, file) < 0)
        rc = ai_fail_errno(err, "%s", file);
    if (rc && fd >= 0 && !in_place)
        unlink(temporary);
    free(temporary);
    return rc;
}

void cli_output_abandon(int status, const struct ai_err *err)
{
    ai_fd_interrupted = NULL; /* the farewell may be written */
    if (out.writer && err->code != AI_EPIPE) {
        char message[700];

        snprintf(message, sizeof message, "%s: %s", cli_program_name(), err->msg);
        if (!out.temporary)
            ai_writer_abort(out.writer, status, message);
    }
    ai_writer_free(out.writer);
    out.writer = NULL;
    cli_output_remove();
    ai_buf_free(&out.text);
}

bool cli_output_unread(void)
{
    struct pollfd p = {.fd = out.fd, .events = POLLOUT};

    return out.fd >= 0 && !out.temporary && poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

void cli_output_remove(void)
{
    if (out.temporary)
        unlink(out.temporary);
}

struct ai_writer *cli_writer_open(struct cli *cli, enum ai_kind kind, const struct ai_meta *meta, struct ai_err *err)
{
    struct ai_meta all = {0};
    int fd;

    if (cli_output_open(cli, true, &fd, err))
        return NULL;
    if (ai_meta_copy(&all, meta, err) == 0 &&
        (!cli->provenance || ai_meta_add(&all, "prog", cli->command_line, err) == 0))
        out.writer = ai_writer_open(fd, kind, &all, cli->level, cli->flush, err);
    ai_meta_free(&all);
    return out.writer;
}

int cli_writer_end(struct cli *cli, struct ai_err *err)
{
    if (ai_writer_end(out.writer, err))
        return -1;
    ai_writer_free(out.writer);
    out.writer = NULL;
    return cli_output_commit(cli, err);
}

int cli_text_open(struct cli *cli, struct ai_err *err)
{
    int fd;

    return cli_output_open(cli, false, &fd, err);
}

int cli_text_flush(void *unused, struct ai_err *err)
{
    (void)unused;
    if (out.text.len == 0)
        return 0;
    if (ai_fd_write(out.fd, out.text.data, out.text.len, err))
        return err->code == AI_EPIPE ? -1 : ai_err_at(err, "%s", out.name);
    out.text.len = 0;
    return 0;
}

int cli_put(const void *p, size_t n, struct ai_err *err)
{
    if (ai_buf_put(&out.text, p, n, err))
        return -1;
    return out.text.len >= 65536 ? cli_text_flush(NULL, err) : 0;
}

int cli_printf(struct ai_err *err, const char *fmt, ...)
{
    char small[512];
    va_list ap;
    char *big;
    int n, rc;

    va_start(ap, fmt);
    n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return ai_fail(err, AI_ESYS, "cannot format text");
    if ((size_t)n < sizeof small)
        return cli_put(small, (size_t)n, err);
    big = malloc((size_t)n + 1);
    if (!big)
        return ai_fail(err, AI_ESYS, "out of memory");
    va_start(ap, fmt);
    vsnprintf(big, (size_t)n + 1, fmt, ap);
    va_end(ap);
    rc = cli_put(big, (size_t)n, err);
    free(big);
    return rc;
}

int cli_text_end(struct cli *cli, struct ai_err *err)
{
    int rc = cli_text_flush(NULL, err);

    ai_buf_free(&out.text);
    return rc ? -1 : cli_output_commit(cli, err);
}
