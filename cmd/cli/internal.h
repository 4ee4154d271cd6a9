/* Between the files of cmd/cli only. */
#ifndef CLI_INTERNAL_H
#define CLI_INTERNAL_H

#include "base/err.h"

#include <stdbool.h>

const char *cli_program_name(void);
void cli_quiet(bool quiet);
/* An error, and a second line about --help. */
void cli_usage_error(const char *fmt, ...) AI_PRINTF(1, 2);

void cli_signals_init(void);
int cli_signal_seen(void); /* the signal that asked us to stop, or 0 */
_Noreturn void cli_die_by(int signal);

/* After a failure: ERROR record into the stream if one is open, temporary file away. */
void cli_output_abandon(int status, const struct ai_err *err);
/* True if the output is a pipe and nobody is at its other end any more. */
bool cli_output_unread(void);
/* The temporary file away, nothing else: for signal handlers too. */
void cli_output_remove(void);
void cli_failure_hooks(void);

#endif
