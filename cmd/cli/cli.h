/* What every command shares: one table of options that drives parsing, --help and
 * the completions; messages; exit statuses; output files; signals; progress.
 *
 * A command is a struct cli_program and a run function; main is CLI_MAIN(program). */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "stream/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_option {
    int key;           /* the short option's character, or >= 256 for long only */
    const char *name;  /* long name */
    const char *arg;   /* "FILE", ... or NULL: takes none */
    const char *help;  /* one line, lower case */
};

/* Options that mean the same in every command that names them (bits of `common`):
 * CLI_STREAM_OUT: -o -Z --flush --no-provenance; CLI_FILE_OUT: -o; CLI_THREADS: -T;
 * CLI_PROGRESS: --progress; CLI_FOLLOWS: behind a pipe only if asked, since a program before
 * it draws the line.  -h -V -q -v --dump-options are everywhere. */
enum { CLI_STREAM_OUT = 1, CLI_FILE_OUT = 2, CLI_THREADS = 4, CLI_PROGRESS = 8, CLI_FOLLOWS = 16 };

struct cli {
    const struct cli_program *program;
    int argc;             /* operands left after the options */
    char **argv;
    int verbose;          /* -1 quiet, 0, 1 -v, 2 -vv */
    bool provenance;      /* false: --no-provenance */
    const char *output;   /* -o FILE, NULL or "-": standard output */
    int level;            /* -Z, default 1 */
    enum ai_flush flush;
    unsigned threads;     /* -T; set from default_threads, 0 became the number of processors */
    bool progress;        /* draw progress on stderr */
    double started;       /* ai_clock_seconds() when the program began */
    char command_line[1024]; /* as typed, for provenance */
};

struct cli_program {
    const char *name;
    const char *summary;              /* "turn text into tokens" */
    const char *const *usage;         /* lines after the program's name, NULL-terminated */
    const struct cli_option *options; /* ends with name NULL */
    unsigned common;
    unsigned default_threads;         /* with CLI_THREADS: 0 = all processors */
    const char *const *examples;      /* whole lines, NULL-terminated */
    int min_operands, max_operands;   /* max < 0: any number */
    /* Takes one option.  Returns 0, or -1 with err (usage). */
    int (*option)(int key, const char *arg, struct ai_err *err);
    /* Does the work.  Returns an exit status >= 0, or -1 with err. */
    int (*run)(struct cli *cli, struct ai_err *err);
};

int cli_main(const struct cli_program *program, int argc, char **argv);
#define CLI_MAIN(p) int main(int argc, char **argv) { return cli_main(&(p), argc, argv); }

/* "program: message" on stderr, one write, control characters masked. */
void cli_error(const char *fmt, ...) AI_PRINTF(1, 2);
void cli_warn(const char *fmt, ...) AI_PRINTF(1, 2);           /* not with -q */
void cli_info(const struct cli *cli, const char *fmt, ...) AI_PRINTF(2, 3); /* with -v */

/* The exit status that err's code means. */
int cli_status(const struct ai_err *err);

/* Strict numbers: empty, trailing characters and out of range are usage errors that name the option. */
int cli_u64(const char *what, const char *s, uint64_t min, uint64_t max, uint64_t *out, struct ai_err *err) AI_CHECKED;
int cli_double(const char *what, const char *s, double min, double max, double *out, struct ai_err *err) AI_CHECKED;
/* A share of a whole: 0.01, or 1%. */
int cli_share(const char *what, const char *s, double *out, struct ai_err *err) AI_CHECKED;
/* Index of s in names (NULL-terminated) into *out. */
int cli_choice(const char *what, const char *s, const char *const *names, int *out, struct ai_err *err) AI_CHECKED;

/* ---- input ---- */

/* Operand i for reading, standard input if there is none or it is "-".
 * *name is what messages call it.  Returns a descriptor; cli_close_input closes it. */
int cli_open_input(struct cli *cli, int i, const char **name, struct ai_err *err) AI_CHECKED;
int cli_open_file(const char *file, const char **name, struct ai_err *err) AI_CHECKED;
void cli_close_input(int fd);
/* How many inputs there are: the operands, or standard input if there is none. */
int cli_inputs(const struct cli *cli);
/* Calls fn with each of them open, one after the other; stops when fn returns other than 0
 * and returns that, or -1 with err. */
int cli_each_input(struct cli *cli, int (*fn)(void *arg, int fd, const char *name, struct ai_err *err), void *arg,
                   struct ai_err *err) AI_CHECKED;

/* ---- output ---- */

/* -o FILE is written under a temporary name beside it and renamed when committed;
 * on any failure or signal it is removed.  binary: refuse a terminal (AI_EUSAGE). */
int cli_output_open(struct cli *cli, bool binary, int *fd, struct ai_err *err) AI_CHECKED;
/* Closes, and puts the file in place.  Closing standard output is checked too. */
int cli_output_commit(struct cli *cli, struct ai_err *err) AI_CHECKED;

/* n bytes into a further file of the command's, whole or not at all. */
int cli_write_file(const char *file, const void *p, size_t n, struct ai_err *err) AI_CHECKED;

/* A stream writer on the output, with the header line "prog" of this command added
 * to meta (unless --no-provenance).  When the run then fails, cli_main sends
 * the ERROR record by itself; after success the command calls ai_writer_end through
 * cli_writer_end, which also commits the output. */
struct ai_writer *cli_writer_open(struct cli *cli, enum ai_kind kind, const struct ai_meta *meta, struct ai_err *err) AI_CHECKED;
int cli_writer_end(struct cli *cli, struct ai_err *err) AI_CHECKED;

/* Text output with the same care: buffered, checked.  cli_text_flush fits ai_reader_on_wait. */
int cli_text_open(struct cli *cli, struct ai_err *err) AI_CHECKED;
int cli_put(const void *p, size_t n, struct ai_err *err) AI_CHECKED;
int cli_printf(struct ai_err *err, const char *fmt, ...) AI_PRINTF(2, 3) AI_CHECKED;
int cli_text_flush(void *unused, struct ai_err *err) AI_CHECKED;
int cli_text_end(struct cli *cli, struct ai_err *err) AI_CHECKED;

/* ---- progress: one line on stderr, redrawn at most ten times a second after the
 * first second, only for a person (a terminal, or --progress=always) ---- */
struct cli_progress {
    uint64_t documents, tokens;
    uint64_t total;         /* documents in all, 0: not known */
    double layer_sum;       /* of documents done: exit layers */
    uint64_t layer_n;
};
void cli_progress_update(struct cli *cli, const struct cli_progress *p);
void cli_progress_end(struct cli *cli); /* clears the line */

/* ---- signals ---- */
/* Calls fn(arg) before the process ends by failure or signal (FIFO removal).  A signal
 * that nobody heeds for two seconds calls it from a handler, perhaps twice: fn does
 * nothing that a signal handler may not. */
void cli_at_failure(void (*fn)(void *arg), void *arg);

#endif
