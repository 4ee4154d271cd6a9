#include "model/pickle.h"

#include "base/arena.h"
#include "base/mem.h"

#include <string.h>

enum {
    STACK_MAX = 1 << 16, /* Python writes dictionaries in runs of 1000 pairs */
    MARKS_MAX = 128,     /* values within values; a table of tensors has four levels */
    MEMORY_MAX = 256 << 20, /* of all values: a million tensors */
};

struct ai_pickle {
    struct ai_pickle_calls calls;
    const uint8_t *data;
    size_t n, at;           /* the byte to be read next */
    struct ai_value *stack, *memo;
    size_t n_stack, cap_stack, n_memo, cap_memo;
    size_t marks[MARKS_MAX]; /* heights of the stack */
    size_t n_marks;
    struct ai_arena arena;  /* of the values */
};

struct ai_pickle *ai_pickle_new(const struct ai_pickle_calls *calls, struct ai_err *err)
{
    struct ai_pickle *p = ai_calloc(1, sizeof *p, err);

    if (p) {
        p->calls = *calls;
        p->arena.limit = MEMORY_MAX;
    }
    return p;
}

void ai_pickle_free(struct ai_pickle *p)
{
    if (!p)
        return;
    ai_arena_free(&p->arena);
    free(p->stack);
    free(p->memo);
    free(p);
}

/* ---- values ---- */

static bool is(const char *s, size_t n, const char *text)
{
    return strlen(text) == n && memcmp(s, text, n) == 0;
}

bool ai_value_is(const struct ai_value *v, const char *text)
{
    return v->kind == AI_VALUE_STRING && is(v->u.s, v->n, text);
}

void *ai_pickle_alloc(struct ai_pickle *p, size_t size, struct ai_err *err)
{
    return ai_arena_alloc(&p->arena, size, err);
}

static int append(struct ai_pickle *p, struct ai_values *list, const struct ai_value *v, size_t n, struct ai_err *err)
{
    if (n > list->cap - list->n) {
        size_t cap = list->n + n < 2 * list->cap ? 2 * list->cap : list->n + n;
        struct ai_value *room = ai_pickle_alloc(p, cap * sizeof *room, err); /* below 2^27: no product overflows */

        if (!room)
            return -1;
        if (list->n)
            memcpy(room, list->v, list->n * sizeof *room);
        list->v = room;
        list->cap = cap;
    }
    if (n)
        memcpy(list->v + list->n, v, n * sizeof *v);
    list->n += n;
    return 0;
}

static int push(struct ai_pickle *p, const struct ai_value *v, struct ai_err *err)
{
    if (p->n_stack == STACK_MAX)
        return ai_fail(err, AI_EINPUT, "more than %d values on the stack", STACK_MAX);
    if (ai_grow(&p->stack, &p->cap_stack, p->n_stack + 1, sizeof *p->stack, err))
        return -1;
    p->stack[p->n_stack++] = *v;
    return 0;
}

static int push_list(struct ai_pickle *p, enum ai_value_kind kind, struct ai_err *err)
{
    struct ai_value v = {.kind = kind, .u.list = ai_pickle_alloc(p, sizeof *v.u.list, err)};

    return v.u.list ? push(p, &v, err) : -1;
}

int ai_pickle_dict(struct ai_pickle *p, struct ai_value *out, struct ai_err *err)
{
    *out = (struct ai_value){.kind = AI_VALUE_DICT, .u.list = ai_pickle_alloc(p, sizeof *out->u.list, err)};
    return out->u.list ? 0 : -1;
}

/* ---- what the opcodes do ---- */

/* n values must lie above the last mark. */
static int need(const struct ai_pickle *p, size_t n, struct ai_err *err)
{
    size_t floor = p->n_marks ? p->marks[p->n_marks - 1] : 0;

    return p->n_stack - floor >= n ? 0 : ai_fail(err, AI_EINPUT, "no value on the stack to work on");
}

/* n bytes behind the opcode, or NULL. */
static const uint8_t *take(struct ai_pickle *p, size_t n, struct ai_err *err)
{
    if (n > p->n - p->at) {
        ai_fail(err, AI_EINPUT, "truncated");
        return NULL;
    }
    p->at += n;
    return p->data + p->at - n;
}

static int mark(struct ai_pickle *p, struct ai_err *err)
{
    if (p->n_marks == MARKS_MAX)
        return ai_fail(err, AI_EINPUT, "values nested deeper than %d levels", MARKS_MAX);
    p->marks[p->n_marks++] = p->n_stack;
    return 0;
}

/* Takes the last mark away; *n values were above it. */
static int pop_mark(struct ai_pickle *p, size_t *n, struct ai_err *err)
{
    if (!p->n_marks)
        return ai_fail(err, AI_EINPUT, "no mark on the stack");
    *n = p->n_stack - p->marks[--p->n_marks];
    return 0;
}

static int push_int(struct ai_pickle *p, enum ai_value_kind kind, int64_t i, struct ai_err *err)
{
    return push(p, &(struct ai_value){.kind = kind, .u.i = i}, err);
}

/* A little-endian integer of n bytes, with or without a sign. */
static int read_int(struct ai_pickle *p, size_t n, int has_sign, int64_t *out, struct ai_err *err)
{
    const uint8_t *b;
    uint64_t u = 0;

    if (n > 8)
        return ai_fail(err, AI_EINPUT, "a number of %zu bytes", n);
    b = take(p, n, err);
    if (!b)
        return -1;
    for (size_t i = 0; i < n; i++)
        u |= (uint64_t)b[i] << (8 * i);
    if (has_sign && n && n < 8 && b[n - 1] & 0x80)
        u |= ~(uint64_t)0 << (8 * n);
    memcpy(out, &u, sizeof *out);
    return 0;
}

static int push_read_int(struct ai_pickle *p, size_t n, int has_sign, struct ai_err *err)
{
    int64_t i;

    return read_int(p, n, has_sign, &i, err) ? -1 : push_int(p, AI_VALUE_INT, i, err);
}

/* A string behind a length of n bytes. */
static int push_string(struct ai_pickle *p, size_t n, struct ai_err *err)
{
    struct ai_value v = {.kind = AI_VALUE_STRING};
    int64_t length;

    if (read_int(p, n, 0, &length, err))
        return -1;
    v.n = (uint32_t)length;
    v.u.s = (const char *)take(p, v.n, err);
    return v.u.s ? push(p, &v, err) : -1;
}

/* The n topmost values become one. */
static int tuple(struct ai_pickle *p, size_t n, struct ai_err *err)
{
    struct ai_value v = {.kind = AI_VALUE_TUPLE, .n = (uint32_t)n}, *items;

    if (need(p, n, err))
        return -1;
    items = ai_pickle_alloc(p, n * sizeof *items, err);
    if (!items)
        return -1;
    p->n_stack -= n;
    if (n)
        memcpy(items, p->stack + p->n_stack, n * sizeof *items);
    v.u.items = items;
    return push(p, &v, err);
}

/* The n topmost values go into the container below them. */
static int put(struct ai_pickle *p, enum ai_value_kind kind, size_t n, struct ai_err *err)
{
    struct ai_value *to;

    if (need(p, n + 1, err))
        return -1;
    to = &p->stack[p->n_stack - n - 1];
    if (to->kind != kind || (kind == AI_VALUE_DICT && n % 2))
        return ai_fail(err, AI_EINPUT, "values for something that is no %s, or a key without a value",
                       kind == AI_VALUE_DICT ? "dictionary" : "list");
    if (append(p, to->u.list, to + 1, n, err))
        return -1;
    p->n_stack -= n;
    return 0;
}

static int memo_get(struct ai_pickle *p, size_t n, struct ai_err *err)
{
    int64_t i;

    if (read_int(p, n, 0, &i, err))
        return -1;
    if ((uint64_t)i >= p->n_memo)
        return ai_fail(err, AI_EINPUT, "value %lld is used, but only %zu were kept", (long long)i, p->n_memo);
    return push(p, &p->memo[i], err);
}

/* Picklers number the values they keep from 0 on. */
static int memo_put(struct ai_pickle *p, size_t n, struct ai_err *err)
{
    int64_t i;

    if (need(p, 1, err) || read_int(p, n, 0, &i, err))
        return -1;
    if ((uint64_t)i > p->n_memo)
        return ai_fail(err, AI_EINPUT, "value %lld is kept as the %zuth", (long long)i, p->n_memo);
    if ((uint64_t)i == p->n_memo) {
        if (p->n_memo == MEMORY_MAX / sizeof *p->memo)
            return ai_fail(err, AI_EINPUT, "values of more than %d MiB", MEMORY_MAX >> 20);
        if (ai_grow(&p->memo, &p->cap_memo, p->n_memo + 1, sizeof *p->memo, err))
            return -1;
        p->n_memo++;
    }
    p->memo[i] = p->stack[p->n_stack - 1];
    return 0;
}

/* The text up to the next end of line, which is taken as well. */
static const char *line(struct ai_pickle *p, size_t *n, struct ai_err *err)
{
    const char *s = (const char *)p->data + p->at, *end = memchr(s, '\n', p->n - p->at);

    if (!end) {
        ai_fail(err, AI_EINPUT, "truncated");
        return NULL;
    }
    *n = (size_t)(end - s);
    p->at += *n + 1;
    return s;
}

static int global(struct ai_pickle *p, struct ai_err *err)
{
    size_t n_module, n_name;
    const char *module = line(p, &n_module, err), *name = module ? line(p, &n_name, err) : NULL;

    if (!name)
        return -1;
    for (size_t i = 0; i < p->calls.n_globals; i++)
        if (is(module, n_module, p->calls.globals[i].module) && is(name, n_name, p->calls.globals[i].name))
            return push(p, &(struct ai_value){.kind = AI_VALUE_GLOBAL, .n = (uint32_t)i}, err);
    return ai_fail(err, AI_EINPUT, "refused: it names '%.*s.%.*s', which is nothing that tensors are made of",
                   ai_clip(n_module), module, ai_clip(n_name), name);
}

static int reduce(struct ai_pickle *p, struct ai_err *err)
{
    struct ai_value *f, out = {0};

    if (need(p, 2, err))
        return -1;
    f = &p->stack[p->n_stack - 2];
    if (f[0].kind != AI_VALUE_GLOBAL || f[1].kind != AI_VALUE_TUPLE)
        return ai_fail(err, AI_EINPUT, "REDUCE of something that is no global with a tuple");
    if (p->calls.reduce(p->calls.arg, p, f[0].n, f[1].u.items, f[1].n, &out, err))
        return ai_err_at(err, "%s", p->calls.globals[f[0].n].name);
    p->n_stack -= 2;
    return push(p, &out, err);
}

static int persistent(struct ai_pickle *p, struct ai_err *err)
{
    struct ai_value out = {0};

    if (need(p, 1, err) || p->calls.persistent(p->calls.arg, p, &p->stack[p->n_stack - 1], &out, err))
        return -1;
    p->stack[p->n_stack - 1] = out;
    return 0;
}

/* A dictionary may have attributes (torch keeps versions of modules there): they are
 * dropped.  Anything else has no state that could be set. */
static int build(struct ai_pickle *p, struct ai_err *err)
{
    if (need(p, 2, err))
        return -1;
    if (p->stack[p->n_stack - 2].kind != AI_VALUE_DICT || p->stack[p->n_stack - 1].kind != AI_VALUE_DICT)
        return ai_fail(err, AI_EINPUT, "refused: BUILD of something that is no dictionary");
    p->n_stack--;
    return 0;
}

/* ---- opcodes ---- */

/* Those that are refused, for the message. */
static const char *name_of(uint8_t op)
{
    static const char *const names[256] = {
        ['0'] = "POP", ['1'] = "POP_MARK", ['2'] = "DUP", ['F'] = "FLOAT", ['I'] = "INT", ['L'] = "LONG",
        ['P'] = "PERSID", ['S'] = "STRING", ['T'] = "BINSTRING", ['V'] = "UNICODE", ['d'] = "DICT", ['g'] = "GET",
        ['i'] = "INST", ['l'] = "LIST", ['o'] = "OBJ", ['p'] = "PUT", [0x81] = "NEWOBJ", [0x82] = "EXT1",
        [0x83] = "EXT2", [0x84] = "EXT4", [0x8b] = "LONG4", ['B'] = "BINBYTES", ['C'] = "SHORT_BINBYTES",
        [0x8c] = "SHORT_BINUNICODE", [0x8d] = "BINUNICODE8", [0x8e] = "BINBYTES8", [0x8f] = "EMPTY_SET",
        [0x90] = "ADDITEMS", [0x91] = "FROZENSET", [0x92] = "NEWOBJ_EX", [0x93] = "STACK_GLOBAL", [0x94] = "MEMOIZE",
        [0x95] = "FRAME", [0x96] = "BYTEARRAY8", [0x97] = "NEXT_BUFFER", [0x98] = "READONLY_BUFFER",
    };

    return names[op];
}

static int refuse(uint8_t op, struct ai_err *err)
{
    if (name_of(op))
        return ai_fail(err, AI_EINPUT, "refused: opcode %s is not needed for tensors", name_of(op));
    return ai_fail(err, AI_EINPUT, "0x%02x is no opcode", op);
}

/* One opcode; *done after STOP. */
static int step(struct ai_pickle *p, int *done, struct ai_err *err)
{
    const uint8_t *b = take(p, 1, err);
    uint8_t op = b ? *b : 0;
    size_t n = 0;
    int64_t length;

    if (!b)
        return -1;
    switch (op) {
    case 0x80: /* PROTO */
        b = take(p, 1, err);
        return !b ? -1 : *b == 2 ? 0 : ai_fail(err, AI_EINPUT, "protocol %u, where 2 is supported", *b);
    case '(': return mark(p, err);
    case 'N': return push_int(p, AI_VALUE_NONE, 0, err);
    case 0x88: case 0x89: return push_int(p, AI_VALUE_BOOL, op == 0x88, err); /* NEWTRUE, NEWFALSE */
    case 'J': return push_read_int(p, 4, 1, err); /* BININT */
    case 'K': return push_read_int(p, 1, 0, err); /* BININT1 */
    case 'M': return push_read_int(p, 2, 0, err); /* BININT2 */
    case 0x8a: return read_int(p, 1, 0, &length, err) ? -1 : push_read_int(p, (size_t)length, 1, err); /* LONG1 */
    case 'G': return take(p, 8, err) ? push_int(p, AI_VALUE_REAL, 0, err) : -1; /* BINFLOAT: nobody asks which */
    case 'X': return push_string(p, 4, err); /* BINUNICODE */
    case 'U': return push_string(p, 1, err); /* SHORT_BINSTRING: from Python 2 */
    case ')': return tuple(p, 0, err);
    case 0x85: case 0x86: case 0x87: return tuple(p, op - 0x84u, err); /* TUPLE1 to TUPLE3 */
    case 't': return pop_mark(p, &n, err) ? -1 : tuple(p, n, err);
    case ']': return push_list(p, AI_VALUE_LIST, err);
    case '}': return push_list(p, AI_VALUE_DICT, err);
    case 'a': return put(p, AI_VALUE_LIST, 1, err); /* APPEND */
    case 's': return put(p, AI_VALUE_DICT, 2, err); /* SETITEM */
    case 'e': return pop_mark(p, &n, err) ? -1 : put(p, AI_VALUE_LIST, n, err); /* APPENDS */
    case 'u': return pop_mark(p, &n, err) ? -1 : put(p, AI_VALUE_DICT, n, err); /* SETITEMS */
    case 'h': return memo_get(p, 1, err); /* BINGET */
    case 'j': return memo_get(p, 4, err); /* LONG_BINGET */
    case 'q': return memo_put(p, 1, err); /* BINPUT */
    case 'r': return memo_put(p, 4, err); /* LONG_BINPUT */
    case 'c': return global(p, err);
    case 'R': return reduce(p, err);
    case 'Q': return persistent(p, err); /* BINPERSID */
    case 'b': return build(p, err);
    case '.': *done = 1; return need(p, 1, err);
    default: return refuse(op, err);
    }
}

int ai_pickle_load(struct ai_pickle *p, const uint8_t *data, size_t n, size_t *used, struct ai_value *out,
                   struct ai_err *err)
{
    int done = 0;

    p->data = data;
    p->n = n;
    p->at = p->n_stack = p->n_memo = p->n_marks = 0;
    while (!done) {
        size_t at = p->at;

        if (step(p, &done, err))
            return ai_err_at(err, "byte %zu", at);
    }
    if (p->n_stack != 1 || p->n_marks)
        return ai_fail(err, AI_EINPUT, "byte %zu: %zu values are left behind the end", p->at - 1, p->n_stack - 1);
    *out = p->stack[0];
    *used = p->at;
    return 0;
}
