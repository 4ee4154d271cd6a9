/* peak FILE COMMAND...: runs the command and appends its peak of resident memory to
 * FILE, in KiB; for measurements in shell tests.  Its status is the command's.
 * Without arguments it says by status 1 that a sanitizer makes such figures meaningless. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    pid_t child;
    FILE *f;

    if (argc < 3)
        return SANITIZED;
    child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        fprintf(stderr, "peak: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || getrusage(RUSAGE_CHILDREN, &usage) < 0)
        return 126;
    f = fopen(argv[1], "a");
    if (!f)
        return 126;
#if defined(__APPLE__)
    usage.ru_maxrss /= 1024; /* bytes there */
#endif
    fprintf(f, "%ld\n", usage.ru_maxrss);
    if (fclose(f))
        return 126;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
