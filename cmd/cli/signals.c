#include "cli/internal.h"

#include "cli/cli.h"
#include "io/fd.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

enum { GRACE_SECONDS = 2 };

static volatile sig_atomic_t seen;

static const int asked_to_stop[] = {SIGHUP, SIGINT, SIGTERM};

/* A flag: the interrupted system call returns, normal code cleans up.  A computation
 * that makes no system calls (training, a large batch) or a reader that has stopped
 * reading must not keep us: after a moment on_alarm ends it. */
static void on_signal(int signal)
{
    seen = signal;
    alarm(GRACE_SECONDS);
}

/* Only what a signal handler may do; the reader sees a stream without its end. */
static void on_alarm(int signal)
{
    cli_output_remove();
    cli_failure_hooks();
    cli_die_by(seen ? seen : signal);
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
    sa.sa_handler = on_alarm;
    sigaction(SIGALRM, &sa, NULL);
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
static volatile sig_atomic_t n_hooks;

void cli_at_failure(void (*fn)(void *arg), void *arg)
{
    AI_ASSERT(n_hooks < MAX_HOOKS);
    hooks[n_hooks].fn = fn;
    hooks[n_hooks].arg = arg;
    n_hooks++; /* last: a signal may come in between */
}

void cli_failure_hooks(void)
{
    for (int i = n_hooks; i-- > 0;)
        hooks[i].fn(hooks[i].arg);
    n_hooks = 0;
}
