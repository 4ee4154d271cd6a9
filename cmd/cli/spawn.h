/* The rest of a ring, started by one of its programs. */
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include "base/err.h"

#include <sys/types.h>

/* Runs `sh -c command` with our standard output as its own, and turns our standard
 * output into a pipe to its standard input.  name=value goes into its environment.
 * Call before the first product: threads of a library do not survive a fork.
 * Returns the child's process id or -1. */
pid_t cli_spawn_after(const char *command, const char *name, const char *value, struct ai_err *err) AI_CHECKED;

/* Waits for it.  Returns 0 if it succeeded; -1 saying how it ended otherwise (a
 * death by SIGPIPE is AI_EPIPE: its reader has gone, so ours has). */
int cli_spawn_wait(pid_t pid, const char *what, struct ai_err *err) AI_CHECKED;
/* The same without waiting longer than so many seconds.  Returns 1 if it succeeded, 0 if it has not ended. */
int cli_spawn_ended(pid_t pid, double seconds, const char *what, struct ai_err *err) AI_CHECKED;
/* Closes our standard output and lets it end, for so many seconds at most, however it does.  A signal
 * handler may call this. */
void cli_spawn_see_off(pid_t pid, double seconds);

#endif
