#include "cli/cli.h"

#include "cli/internal.h"
#include "io/fd.h"

#include "base/pool.h"
#include "base/utf8.h"
#include "cli/version.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_OPTIONS = 64, KEY_VERSION = 'V', KEY_DUMP = 1000, KEY_FLUSH, KEY_PROVENANCE, KEY_PROGRESS };

static const struct cli_option stream_out[] = {
    {'o', "output", "FILE", "write to FILE, whole or not at all"},
    {'Z', "compress", "N", "zstd level 0 (raw) to 19 [1]"},
    {KEY_FLUSH, "flush", "WHEN", "auto, record or none [auto]"},
    {KEY_PROVENANCE, "no-provenance", NULL, "leave program and command line out of the header"},
    {0},
};
static const struct cli_option file_out[] = {{'o', "output", "FILE", "write to FILE, whole or not at all"}, {0}};
static const struct cli_option threads_opt[] = {{'T', "threads", "N", "threads in all; 0: one per processor"}, {0}};
static const struct cli_option progress_opt[] = {{KEY_PROGRESS, "progress", "WHEN", "auto, always or never [auto]"}, {0}};
static const struct cli_option everywhere[] = {
    {'q', "quiet", NULL, "errors only"},
    {'v', "verbose", NULL, "say more; twice for still more"},
    {'h', "help", NULL, "print this help"},
    {'V', "version", NULL, "print the version"},
    {KEY_DUMP, "dump-options", NULL, "print the option table for machines"},
    {0},
};

static const char *program_name = "ai-tools";

const char *cli_program_name(void)
{
    return program_name;
}

/* Walks all options of the program; i counts from 0.  NULL at the end. */
static const struct cli_option *option_at(const struct cli_program *p, int i)
{
    const struct cli_option *tables[] = {
        p->options,
        p->common & CLI_STREAM_OUT ? stream_out : NULL,
        p->common & CLI_FILE_OUT ? file_out : NULL,
        p->common & CLI_THREADS ? threads_opt : NULL,
        p->common & CLI_PROGRESS ? progress_opt : NULL,
        everywhere,
    };

    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct cli_option *o = tables[t]; o && o->name; o++)
            if (i-- == 0)
                return o;
    return NULL;
}

static void print_usage(const struct cli_program *p)
{
    for (int i = 0; p->usage[i]; i++)
        printf("%s %s %s\n", i ? "      " : "Usage:", p->name, p->usage[i]);
}

static void print_help(const struct cli_program *p)
{
    const struct cli_option *o;
    char left[64];

    print_usage(p);
    printf("%s.\n\n", p->summary);
    for (int i = 0; (o = option_at(p, i)); i++) {
        int n = o->key < 256 ? snprintf(left, sizeof left, "  -%c, --%s", o->key, o->name)
                             : snprintf(left, sizeof left, "      --%s", o->name);

        if (o->arg)
            snprintf(left + n, sizeof left - (size_t)n, "=%s", o->arg);
        printf("%-30s %s\n", left, o->help);
    }
    if (p->examples) {
        printf("\nExample:\n");
        for (int i = 0; p->examples[i]; i++)
            printf("  %s\n", p->examples[i]);
    }
    printf("\nSee %s(1) and ai-pipeline(7).\n", p->name);
}

static void dump_options(const struct cli_program *p)
{
    const struct cli_option *o;

    for (int i = 0; (o = option_at(p, i)); i++)
        printf("%s%c\t--%s\t%s\t%s\n", o->key < 256 ? "-" : "", o->key < 256 ? o->key : '-', o->name,
               o->arg ? o->arg : "", o->help);
}

static int common_option(struct cli *cli, int key, const char *arg, struct ai_err *err)
{
    static const char *const flush_names[] = {"auto", "record", "none", NULL};
    static const char *const progress_names[] = {"auto", "always", "never", NULL};
    uint64_t n;
    int i;

    switch (key) {
    case 'q':
        cli->verbose = -1;
        return 0;
    case 'v':
        cli->verbose = cli->verbose < 0 ? 1 : cli->verbose + 1;
        return 0;
    case 'o':
        cli->output = arg;
        return 0;
    case 'Z':
        if (cli_u64("--compress", arg, 0, 19, &n, err))
            return -1;
        cli->level = (int)n;
        return 0;
    case 'T':
        if (cli_u64("--threads", arg, 0, 1024, &n, err))
            return -1;
        cli->threads = (unsigned)n;
        return 0;
    case KEY_FLUSH:
        if (cli_choice("--flush", arg, flush_names, &i, err))
            return -1;
        cli->flush = (enum ai_flush)i;
        return 0;
    case KEY_PROVENANCE:
        cli->provenance = false;
        return 0;
    case KEY_PROGRESS:
        if (cli_choice("--progress", arg, progress_names, &i, err))
            return -1;
        if (i)
            cli->progress = i == 1;
        return 0;
    default:
        return ai_fail(err, AI_EUSAGE, "unknown option");
    }
}

static bool is_common(const struct cli_program *p, int key)
{
    for (const struct cli_option *o = p->options; o && o->name; o++)
        if (o->key == key)
            return false;
    return true;
}

/* -1: failed with err; otherwise the exit status of --help and the like in *status
 * with 1 returned, or 0: go on. */
static int parse(struct cli *cli, int argc, char **argv, int *status, struct ai_err *err)
{
    const struct cli_program *p = cli->program;
    struct option longs[MAX_OPTIONS + 1] = {{0}};
    char shorts[3 * MAX_OPTIONS + 2] = ":";
    const struct cli_option *o;
    size_t s = 1;
    int key;

    for (int i = 0; (o = option_at(p, i)); i++) {
        AI_ASSERT(i < MAX_OPTIONS);
        longs[i].name = o->name;
        longs[i].has_arg = o->arg ? required_argument : no_argument;
        longs[i].val = o->key;
        if (o->key < 256) {
            shorts[s++] = (char)o->key;
            if (o->arg)
                shorts[s++] = ':';
        }
    }
    opterr = 0;
    while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        *status = 0;
        switch (key) {
        case '?':
            if (optopt && optopt < 256)
                return ai_fail(err, AI_EUSAGE, "unknown option -%c", optopt);
            return ai_fail(err, AI_EUSAGE, "unknown option %s", argv[optind - 1]);
        case ':':
            return ai_fail(err, AI_EUSAGE, "option %s needs an argument", argv[optind - 1]);
        case 'h':
            print_help(p);
            return 1;
        case 'V':
            printf("%s (ai-tools) %s\n", p->name, AI_VERSION);
            return 1;
        case KEY_DUMP:
            dump_options(p);
            return 1;
        default:
            if (is_common(p, key) ? common_option(cli, key, optarg, err) : p->option(key, optarg, err))
                return -1;
        }
    }
    cli->argc = argc - optind;
    cli->argv = argv + optind;
    if (cli->argc < p->min_operands)
        return ai_fail(err, AI_EUSAGE, "an operand is missing");
    if (p->max_operands >= 0 && cli->argc > p->max_operands)
        return ai_fail(err, AI_EUSAGE, "unexpected operand '%s'", cli->argv[p->max_operands]);
    return 0;
}

int cli_status(const struct ai_err *err)
{
    switch (err->code) {
    case AI_EUSAGE: return 2;
    case AI_EINPUT: return 3;
    default: return 1;
    }
}

static void remember_command_line(struct cli *cli, int argc, char **argv)
{
    size_t n = 0;

    for (int i = 0; i < argc; i++) {
        const char *a = i ? argv[i] : cli->program->name;
        bool plain = *a && strcspn(a, " \t\n'\"\\$&|;<>()*?[]#~=%!`{}") == strlen(a);
        int k = snprintf(cli->command_line + n, sizeof cli->command_line - n, plain || strchr(a, '\'') ? "%s%s" : "%s'%s'",
                         i ? " " : "", a);

        if (k < 0 || (n += (size_t)k) >= sizeof cli->command_line)
            break;
    }
    for (char *c = cli->command_line; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            *c = ' ';
    /* it stands in headers, which are UTF-8; names of files may be anything, and the
     * end may be cut inside a character */
    n = strlen(cli->command_line);
    for (size_t good; (good = ai_utf8_check(cli->command_line, n)) < n;)
        cli->command_line[good] = '?';
}

/* Descriptors 0-2 must exist, or the first file opened would become one of them. */
static void open_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
            int got = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY); /* the wrong way round: use fails */

            if (got >= 0 && got != fd)
                close(got);
        }
}

static bool is_pipe(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
    struct cli cli = {.program = program, .level = 1, .provenance = true, .started = ai_clock_seconds()};
    struct ai_err err = {0};
    int status = 0, done;

    program_name = program->name;
    open_standard_descriptors();
    cli_signals_init();
    cli.threads = program->default_threads;
    cli.progress = isatty(2) && !(program->common & CLI_FOLLOWS && is_pipe(0));
    remember_command_line(&cli, argc, argv);

    done = parse(&cli, argc, argv, &status, &err);
    if (done < 0) {
        cli_usage_error("%s", err.msg);
        return 2;
    }
    if (done == 0) {
        if (cli.threads == 0)
            cli.threads = ai_cpu_count();
        if (cli.verbose < 0)
            cli.progress = false;
        cli_quiet(cli.verbose < 0);
        status = program->run(&cli, &err);
        cli_progress_end(&cli);
        if (status < 0) {
            /* a stream that is cut behind us is the consequence when our own reader went first */
            if (err.code == AI_EINPUT && program->common & CLI_FOLLOWS && cli_output_unread())
                err.code = AI_EPIPE;
            status = cli_status(&err);
            if (err.code != AI_EPIPE && err.code != AI_ESIGNAL)
                cli_error("%s", err.msg);
            cli_output_abandon(status, &err);
            cli_failure_hooks();
            if (err.code == AI_EPIPE)
                cli_die_by(SIGPIPE);
            if (err.code == AI_ESIGNAL)
                cli_die_by(cli_signal_seen());
        }
    }
    if (fflush(stdout) || ferror(stdout)) {
        if (errno == EPIPE)
            cli_die_by(SIGPIPE);
        cli_error("standard output: write error: %s", strerror(errno));
        return 1;
    }
    return status;
}
