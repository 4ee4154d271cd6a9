/* A pickle machine that can only build plain values: none, numbers, strings, tuples,
 * lists, dictionaries, and what the caller makes of the globals in its table.  It
 * reads protocol 2, as torch.save writes it (Python's pickletools.py describes the
 * opcodes), and refuses any other opcode and any other global by name.  Nothing is
 * imported, called or executed.
 *
 * A reference to a value is a copy of 16 bytes, so that cycles and deep nesting cost
 * nothing and nothing here recurses.  Stack, marks and memory are bounded.  Private
 * to lib/model. */
#ifndef AI_MODEL_PICKLE_H
#define AI_MODEL_PICKLE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ai_value_kind {
    AI_VALUE_NONE, AI_VALUE_BOOL, AI_VALUE_INT, AI_VALUE_REAL, AI_VALUE_STRING, AI_VALUE_TUPLE, AI_VALUE_LIST,
    AI_VALUE_DICT, AI_VALUE_GLOBAL, AI_VALUE_OBJECT,
};

struct ai_value {
    enum ai_value_kind kind;
    uint32_t n;                       /* bytes of a string, values of a tuple, row of a global, class of an object */
    union {
        int64_t i;                    /* of a bool, an int */
        const char *s;                /* in the pickle, not NUL-terminated */
        const struct ai_value *items; /* of a tuple */
        struct ai_values *list;       /* of a list; of a dictionary: key, value, key, value ... as they were set */
        void *object;                 /* the caller's */
    } u;
};

struct ai_values {
    struct ai_value *v;
    size_t n, cap;
};

/* Is it that text? */
bool ai_value_is(const struct ai_value *v, const char *text);

struct ai_pickle;

/* The globals that may be named, and what happens when one is applied.  The machine
 * itself knows none.  Both calls return 0 with *out, or -1 with err. */
struct ai_pickle_calls {
    void *arg;
    const struct ai_pickle_global { const char *module, *name; } *globals;
    size_t n_globals;
    /* globals[global](*args) */
    int (*reduce)(void *arg, struct ai_pickle *p, uint32_t global, const struct ai_value *args, size_t n,
                  struct ai_value *out, struct ai_err *err);
    /* What lies outside the pickle under that id. */
    int (*persistent)(void *arg, struct ai_pickle *p, const struct ai_value *id, struct ai_value *out,
                      struct ai_err *err);
};

/* The calls are copied, their table of globals is not. */
struct ai_pickle *ai_pickle_new(const struct ai_pickle_calls *calls, struct ai_err *err);
/* Frees the machine and every value it made. */
void ai_pickle_free(struct ai_pickle *p);

/* Runs one pickle, which begins at data and must end within n bytes; *used is its
 * length.  Returns 0 with its value, which lives as long as the machine and the data,
 * or -1 with err naming the byte. */
int ai_pickle_load(struct ai_pickle *p, const uint8_t *data, size_t n, size_t *used, struct ai_value *out,
                   struct ai_err *err) AI_CHECKED;

/* For the calls: zeroed memory that is the machine's, and an empty dictionary. */
void *ai_pickle_alloc(struct ai_pickle *p, size_t size, struct ai_err *err) AI_CHECKED;
int ai_pickle_dict(struct ai_pickle *p, struct ai_value *out, struct ai_err *err) AI_CHECKED;

#endif
