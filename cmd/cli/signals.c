#include "cli/internal.h"

#include "cli/cli.h"
#include "io/fd.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t seen;

static const int asked_to_stop[] = {SIGHUP, SIGINT, SIGTERM};

/* Only a flag: the interrupted system call returns, normal code cleans up. */
static void on_signal(int signal)
{
    seen = signal;
}

static bool stop_wanted(void)
{
    return seen != 0;
}

int cli_signal_seen(void)
{
    return seen;
}

void cli_signals_init(void)
{
    struct sigaction sa = {.sa_handler = on_signal}, old;

    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < sizeof asked_to_stop / sizeof *asked_to_stop; i++)
        if (sigaction(asked_to_stop[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(asked_to_stop[i], &sa, NULL);
    /* A reader that goes away is an error of one write: a closed control pipe wants
     * a message, a closed standard output a silent death by SIGPIPE later. */
    sa.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &sa, NULL);
    ai_fd_interrupted = stop_wanted;
}

_Noreturn void cli_die_by(int signal)
{
    struct sigaction sa = {.sa_handler = SIG_DFL};
    sigset_t set;

    sigemptyset(&sa.sa_mask);
    sigaction(signal, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(signal);
    _exit(128 + signal);
}

enum { MAX_HOOKS = 8 };
static struct { void (*fn)(void *); void *arg; } hooks[MAX_HOOKS];
static int n_hooks;

void cli_at_failure(void (*fn)(void *arg), void *arg)
{
    AI_ASSERT(n_hooks < MAX_HOOKS);
    hooks[n_hooks].fn = fn;
    hooks[n_hooks++].arg = arg;
}

void cli_failure_hooks(void)
{
    while (n_hooks > 0) {
        n_hooks--;
        hooks[n_hooks].fn(hooks[n_hooks].arg);
    }
}
