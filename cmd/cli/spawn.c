#include "cli/spawn.h"

#include "io/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

pid_t cli_spawn_after(const char *command, const char *name, const char *value, struct ai_err *err)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, strdup(command), NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int ends[2], rc;
    pid_t pid;

    if (!argv[2])
        return ai_fail(err, AI_ESYS, "out of memory");
    if (pipe(ends) < 0) {
        free(argv[2]);
        return ai_fail_errno(err, "cannot make a pipe");
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    setenv(name, value, 1);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    posix_spawnattr_init(&attributes);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    unsetenv(name);
    free(argv[2]);
    close(ends[0]);
    if (rc) {
        close(ends[1]);
        errno = rc;
        return ai_fail_errno(err, "cannot start '%s'", command);
    }
    if (dup2(ends[1], 1) < 0) {
        ai_fail_errno(err, "cannot redirect standard output");
        close(ends[1]);
        return -1;
    }
    close(ends[1]);
    return pid;
}

/* What it means for us that the command ended so.  0, or -1 with err. */
static int judge(int status, const char *what, struct ai_err *err)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGPIPE)
        return ai_fail(err, AI_ESYS, "%s: killed by signal %d", what, WTERMSIG(status));
    if (WIFSIGNALED(status) || WEXITSTATUS(status) == 128 + SIGPIPE)
        return ai_fail(err, AI_EPIPE, "%s: its reader has gone", what);
    if (WEXITSTATUS(status))
        return ai_fail(err, AI_ESYS, "%s: ended with status %d", what, WEXITSTATUS(status));
    return 0;
}

int cli_spawn_wait(pid_t pid, const char *what, struct ai_err *err)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return ai_fail_errno(err, "%s", what);
        if (ai_fd_interrupted && ai_fd_interrupted())
            return ai_fail(err, AI_ESIGNAL, "interrupted");
    }
    return judge(status, what, err);
}

/* Waits so many seconds at most.  The process id if it has ended, 0 if it has not, -1 with errno. */
static pid_t wait_some(pid_t pid, double seconds, int *status)
{
    double end = ai_clock_seconds() + seconds;
    struct timespec moment = {0, 5000000};
    pid_t got;

    while ((got = waitpid(pid, status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (ai_clock_seconds() > end)
            return 0;
        nanosleep(&moment, NULL);
    }
    return got;
}

int cli_spawn_ended(pid_t pid, double seconds, const char *what, struct ai_err *err)
{
    int status;
    pid_t got = wait_some(pid, seconds, &status);

    if (got < 0)
        return ai_fail_errno(err, "%s", what);
    return got == 0 ? 0 : judge(status, what, err) ? -1 : 1;
}

void cli_spawn_see_off(pid_t pid, double seconds)
{
    int status;

    close(1);
    wait_some(pid, seconds, &status);
}
