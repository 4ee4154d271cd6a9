#include "policy/rule.h"

#include "base/mem.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPS = 256, MAX_DEPTH = 64, MAX_NAME = 31 };

/* The expression in reverse Polish order. */
enum op { NUMBER, FEATURE, LAYER, LAYERS, DEPTH, THRESHOLD, NEG, NOT, ADD, SUB, MUL, DIV, LT, LE, GT, GE, EQ, NE, AND, OR };

struct instruction {
    enum op op;
    double number;
    size_t feature;
};

struct ai_rule {
    char *text;
    struct instruction ops[MAX_OPS];
    size_t n_ops;
    char *names[AI_POLICY_FEATURES];
    size_t n_names;
};

struct parser {
    struct ai_rule *r;
    const char *text, *p;
    unsigned depth;
    struct ai_err *err;
};

static int wrong(struct parser *s, const char *what)
{
    return ai_fail(s->err, AI_EINPUT, "rule '%.100s': column %zu: %s", s->text, (size_t)(s->p - s->text) + 1, what);
}

static int emit(struct parser *s, enum op op, double number, size_t feature)
{
    if (s->r->n_ops == MAX_OPS)
        return wrong(s, "the rule is too long");
    s->r->ops[s->r->n_ops++] = (struct instruction){op, number, feature};
    return 0;
}

static bool accept(struct parser *s, const char *token)
{
    size_t n = strlen(token);

    while (*s->p == ' ')
        s->p++;
    if (strncmp(s->p, token, n) != 0)
        return false;
    s->p += n;
    return true;
}

static bool name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static int parse_name(struct parser *s)
{
    static const struct { const char *name; enum op op; } built_in[] = {
        {"layer", LAYER}, {"layers", LAYERS}, {"depth", DEPTH}, {"threshold", THRESHOLD}};
    const char *begin = s->p;
    size_t n, i;

    while (name_char(*s->p, s->p == begin))
        s->p++;
    n = (size_t)(s->p - begin);
    if (n > MAX_NAME)
        return wrong(s, "a name that is too long");
    for (i = 0; i < sizeof built_in / sizeof *built_in; i++)
        if (strlen(built_in[i].name) == n && memcmp(built_in[i].name, begin, n) == 0)
            return emit(s, built_in[i].op, 0, 0);
    for (i = 0; i < s->r->n_names; i++)
        if (strlen(s->r->names[i]) == n && memcmp(s->r->names[i], begin, n) == 0)
            return emit(s, FEATURE, 0, i);
    if (i == AI_POLICY_FEATURES)
        return wrong(s, "too many features");
    s->r->names[i] = ai_strndup(begin, n, s->err);
    if (!s->r->names[i])
        return -1;
    s->r->n_names++;
    return emit(s, FEATURE, 0, i);
}

static int parse_or(struct parser *s);

static int parse_factor(struct parser *s)
{
    char *end;
    double v;
    int rc;

    if (accept(s, "-")) {
        if (++s->depth > MAX_DEPTH)
            return wrong(s, "nested too deep");
        rc = parse_factor(s);
        s->depth--;
        return rc ? -1 : emit(s, NEG, 0, 0);
    }
    if (accept(s, "(")) {
        if (++s->depth > MAX_DEPTH)
            return wrong(s, "nested too deep");
        rc = parse_or(s);
        s->depth--;
        if (rc)
            return -1;
        return accept(s, ")") ? 0 : wrong(s, "')' is missing");
    }
    if (name_char(*s->p, true))
        return parse_name(s);
    if (!(*s->p >= '0' && *s->p <= '9') && *s->p != '.')
        return wrong(s, *s->p ? "a number, a feature or '(' should be here" : "the rule ends too early");
    v = strtod(s->p, &end);
    if (end == s->p)
        return wrong(s, "not a number");
    s->p = end;
    return emit(s, NUMBER, v, 0);
}

static int parse_product(struct parser *s)
{
    if (parse_factor(s))
        return -1;
    for (;;) {
        enum op op = accept(s, "*") ? MUL : accept(s, "/") ? DIV : NUMBER;

        if (op == NUMBER)
            return 0;
        if (parse_factor(s) || emit(s, op, 0, 0))
            return -1;
    }
}

static int parse_sum(struct parser *s)
{
    if (parse_product(s))
        return -1;
    for (;;) {
        enum op op = accept(s, "+") ? ADD : accept(s, "-") ? SUB : NUMBER;

        if (op == NUMBER)
            return 0;
        if (parse_product(s) || emit(s, op, 0, 0))
            return -1;
    }
}

static int parse_comparison(struct parser *s)
{
    static const struct { const char *token; enum op op; } ops[] = {{"<=", LE}, {">=", GE}, {"==", EQ}, {"!=", NE},
                                                                    {"<", LT}, {">", GT}};

    if (accept(s, "!")) {
        if (++s->depth > MAX_DEPTH)
            return wrong(s, "nested too deep");
        if (parse_comparison(s))
            return -1;
        s->depth--;
        return emit(s, NOT, 0, 0);
    }
    if (parse_sum(s))
        return -1;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (accept(s, ops[i].token))
            return parse_sum(s) ? -1 : emit(s, ops[i].op, 0, 0);
    return 0;
}

static int parse_and(struct parser *s)
{
    if (parse_comparison(s))
        return -1;
    while (accept(s, "&&"))
        if (parse_comparison(s) || emit(s, AND, 0, 0))
            return -1;
    return 0;
}

static int parse_or(struct parser *s)
{
    if (parse_and(s))
        return -1;
    while (accept(s, "||"))
        if (parse_and(s) || emit(s, OR, 0, 0))
            return -1;
    return 0;
}

struct ai_rule *ai_rule_parse(const char *text, struct ai_err *err)
{
    struct ai_rule *r = ai_calloc(1, sizeof *r, err);
    struct parser s = {r, text, text, 0, err};

    if (!r)
        return NULL;
    r->text = ai_strndup(text, strlen(text), err);
    if (!r->text || parse_or(&s))
        goto fail;
    while (*s.p == ' ')
        s.p++;
    if (*s.p) {
        wrong(&s, "an operator should be here");
        goto fail;
    }
    return r;
fail:
    ai_rule_free(r);
    return NULL;
}

void ai_rule_free(struct ai_rule *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n_names; i++)
        free(r->names[i]);
    free(r->text);
    free(r);
}

const char *ai_rule_text(const struct ai_rule *r)
{
    return r->text;
}

size_t ai_rule_names(const struct ai_rule *r, const char *const **names)
{
    *names = (const char *const *)r->names;
    return r->n_names;
}

/* Not a number, as 0 / 0 gives, is not true: in doubt a document goes on. */
static bool truth(double v)
{
    return v < 0 || v > 0;
}

static double apply(enum op op, double a, double b)
{
    switch (op) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case LT: return a < b;
    case LE: return a <= b;
    case GT: return a > b;
    case GE: return a >= b;
    case EQ: return a == b;
    case NE: return a != b;
    case AND: return truth(a) && truth(b);
    default: return truth(a) || truth(b);
    }
}

bool ai_rule_has_threshold(const struct ai_rule *r)
{
    for (size_t i = 0; i < r->n_ops; i++)
        if (r->ops[i].op == THRESHOLD)
            return true;
    return false;
}

double ai_rule_eval(const struct ai_rule *r, const double *values, unsigned layer, unsigned layers, double threshold)
{
    double stack[MAX_OPS];
    size_t n = 0;

    for (size_t i = 0; i < r->n_ops; i++) {
        const struct instruction *in = &r->ops[i];

        switch (in->op) {
        case NUMBER: stack[n++] = in->number; break;
        case FEATURE: stack[n++] = values[in->feature]; break;
        case LAYER: stack[n++] = layer; break;
        case LAYERS: stack[n++] = layers; break;
        case DEPTH: stack[n++] = (double)layer / layers; break;
        case THRESHOLD: stack[n++] = threshold; break;
        case NEG: stack[n - 1] = -stack[n - 1]; break;
        case NOT: stack[n - 1] = !truth(stack[n - 1]); break;
        default:
            stack[n - 2] = apply(in->op, stack[n - 2], stack[n - 1]);
            n--;
        }
    }
    return stack[0];
}

bool ai_rule_true(const struct ai_rule *r, const double *values, unsigned layer, unsigned layers, double threshold)
{
    return truth(ai_rule_eval(r, values, layer, layers, threshold));
}
