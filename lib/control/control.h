/* The control pipe: text lines from the decider to ai-forward, as ai-control(5)
 * defines them.
 *
 *   ai-control 1 <model digest or -> <layers or -> [<layers to check>]
 *   continue <doc> <step> <layer>
 *   exit <doc> <step> <layer> <token>
 *   stop <doc>
 */
#ifndef AI_CONTROL_CONTROL_H
#define AI_CONTROL_CONTROL_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { AI_MAX_LAYERS = 1024 };

/* A set of layers 1..AI_MAX_LAYERS, written as `4,6-12`. */
struct ai_layers {
    uint64_t bits[(AI_MAX_LAYERS + 64) / 64];
};
bool ai_layers_has(const struct ai_layers *s, unsigned layer);
void ai_layers_add(struct ai_layers *s, unsigned layer);
/* Parses LIST ("all" and "last" need n, the model's layers).  Layers above n fail. */
int ai_layers_parse(const char *list, unsigned n, struct ai_layers *out, struct ai_err *err) AI_CHECKED;
/* Appends the shortest LIST. */
int ai_layers_format(const struct ai_layers *s, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

struct ai_hello {
    char model[65];         /* "" when the decider does not say */
    unsigned layers;        /* 0 when it does not say */
    bool has_checks;
    struct ai_layers checks; /* the layers whose states the decider wants; the last always comes */
};

enum ai_verdict_kind { AI_CONTINUE, AI_EXIT, AI_STOP };
struct ai_verdict {
    enum ai_verdict_kind kind;
    uint64_t doc;
    uint32_t step;
    uint16_t layer;   /* not for AI_STOP */
    uint32_t token;   /* AI_EXIT only */
};

/* One line without its newline.  Returns 0, or -1 (AI_EINPUT) saying what is wrong with it. */
int ai_hello_parse(const char *line, struct ai_hello *h, struct ai_err *err) AI_CHECKED;
int ai_verdict_parse(const char *line, struct ai_verdict *v, struct ai_err *err) AI_CHECKED;
/* Append the line, newline included. */
int ai_hello_format(const struct ai_hello *h, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
int ai_verdict_format(const struct ai_verdict *v, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* ---- ai-forward's side ---- */

struct ai_control;

/* Opens FILE (usually a FIFO) for reading without waiting for its writer. */
struct ai_control *ai_control_open(const char *file, struct ai_err *err) AI_CHECKED;
/* Takes over fd. */
struct ai_control *ai_control_from_fd(int fd, const char *name, struct ai_err *err) AI_CHECKED;
/* Seconds without a line after which waiting fails; 0: none.  Default 0. */
void ai_control_timeout(struct ai_control *c, double seconds);
/* Waits for the first line.  A FIFO that nobody opens in time, a closed pipe and
 * a bad line each fail. */
int ai_control_hello(struct ai_control *c, struct ai_hello *h, struct ai_err *err) AI_CHECKED;
/* Next verdict.  wait false: only if a whole line has come already.
 * Returns 1, 0 (nothing yet: only with wait false), -1; the closed pipe is an
 * AI_ESYS "the decider closed the control pipe". */
int ai_control_next(struct ai_control *c, struct ai_verdict *v, bool wait, struct ai_err *err) AI_CHECKED;
/* Reads on until the decider closes its end, or is silent for so many seconds: all is
 * decided, so that is no failure.  Verdicts that still come are ignored; garbage fails. */
int ai_control_drain(struct ai_control *c, double seconds, struct ai_err *err) AI_CHECKED;
/* Throws away what has come so far, without waiting: a decider that nobody listens to
 * any more must not block on a full pipe. */
void ai_control_discard(struct ai_control *c);
void ai_control_free(struct ai_control *c);

/* ---- the decider's side ---- */

/* Opens FILE for writing; while it is a FIFO without a reader, tries again for up
 * to `seconds` (0: for ever).  Returns a descriptor, whose writes do not wait, or -1. */
int ai_control_open_writer(const char *file, double seconds, struct ai_err *err) AI_CHECKED;
/* Writes what the pipe has room for and drops it from lines.  A reader that has gone
 * is AI_EPIPE. */
int ai_control_send(int fd, struct ai_buf *lines, struct ai_err *err) AI_CHECKED;
/* The same until nothing is left, or until `input` (-1: none) can be read: ai-forward
 * writes the states of a whole batch before it reads a verdict, so a decider that waits
 * for room here and for nothing else can wait for ever. */
int ai_control_send_all(int fd, struct ai_buf *lines, int input, struct ai_err *err) AI_CHECKED;

#endif
