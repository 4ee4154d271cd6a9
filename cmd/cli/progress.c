#include "cli/cli.h"

#include "io/fd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static double last_drawn;
static bool drawn;

void cli_progress_update(struct cli *cli, const struct cli_progress *p)
{
    double now, seconds;
    char line[200];
    int n;

    if (!cli->progress)
        return;
    now = ai_clock_seconds();
    seconds = now - cli->started;
    if (seconds < 1 || now - last_drawn < 0.1)
        return;
    /* in the background a line would only disturb the shell */
    if (isatty(2) && tcgetpgrp(2) != getpgrp())
        return;
    last_drawn = now;
    n = snprintf(line, sizeof line, "\r%s: %llu", cli->program->name, (unsigned long long)p->documents);
    if (p->total)
        n += snprintf(line + n, sizeof line - (size_t)n, "/%llu", (unsigned long long)p->total);
    n += snprintf(line + n, sizeof line - (size_t)n, " documents");
    if (p->tokens)
        n += snprintf(line + n, sizeof line - (size_t)n, ", %.0f tokens/s", (double)p->tokens / seconds);
    if (p->layer_n)
        n += snprintf(line + n, sizeof line - (size_t)n, ", mean exit layer %.1f", p->layer_sum / (double)p->layer_n);
    if (p->total && p->documents) {
        double left = seconds / (double)p->documents * (double)(p->total - p->documents);

        n += snprintf(line + n, sizeof line - (size_t)n, ", %d:%02d left", (int)left / 60, (int)left % 60);
    }
    snprintf(line + n, sizeof line - (size_t)n, "\x1b[K");
    if (write(2, line, strlen(line)) >= 0)
        drawn = true;
}

void cli_progress_end(struct cli *cli)
{
    (void)cli;
    if (drawn && write(2, "\r\x1b[K", 4) < 0) {
        /* the person has gone */
    }
    drawn = false;
}
