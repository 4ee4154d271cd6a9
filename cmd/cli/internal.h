/* Between the files of cmd/cli only. */
#ifndef CLI_INTERNAL_H
#define CLI_INTERNAL_H

#include "base/err.h"

#include <stdbool.h>

const char *cli_program_name(void);
void cli_quiet(bool quiet);

void cli_signals_init(void);
int cli_signal_seen(void); /* the signal that asked us to stop, or 0 */
_Noreturn void cli_die_by(int signal);

/* After a failure: ERROR record into the stream if one is open, temporary file away. */
void cli_output_abandon(int status, const struct ai_err *err);
void cli_failure_hooks(void);

#endif
