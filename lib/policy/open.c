/* A policy from what a command line says, and numbers in text. */
#include "policy/policy.h"

#include "base/mem.h"
#include "io/fd.h"
#include "policy/file.h"
#include "policy/libsvm.h"
#include "policy/rule.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 256 << 20 };

int ai_parse_number(const char **s, char end, double *out)
{
    char *stop;

    if (!**s || !strchr("-.0123456789", **s)) /* strtod also takes spaces, words and + */
        return -1;
    *out = strtod(*s, &stop);
    if (stop == *s || (*stop && *stop != ' ' && *stop != end) || !isfinite(*out))
        return -1;
    *s = *stop ? stop + 1 : stop;
    return 0;
}

static struct ai_policy *from_rule(const char *text, struct ai_err *err)
{
    struct ai_policy *p = ai_calloc(1, sizeof *p, err);
    const char *const *names;
    struct ai_sha256 sha;

    if (!p)
        return NULL;
    p->classifier = AI_RULE;
    p->rule = ai_rule_parse(text, err);
    if (!p->rule) {
        ai_policy_free(p);
        return NULL;
    }
    p->has_threshold = !ai_rule_has_threshold(p->rule);
    p->n = ai_rule_names(p->rule, &names);
    for (size_t i = 0; i < p->n; i++)
        strcpy(p->names[i], names[i]);
    ai_sha256_init(&sha);
    ai_sha256_add(&sha, text, strlen(text));
    ai_sha256_end_hex(&sha, p->digest);
    return p;
}

struct ai_policy *ai_policy_open(const char *file_or_rule, struct ai_err *err)
{
    struct ai_buf text = {0};
    struct ai_policy *p;

    if (strcmp(file_or_rule, "never") == 0)
        return from_rule("0", err);
    if (access(file_or_rule, F_OK) < 0 && strpbrk(file_or_rule, "<>=!&|"))
        return from_rule(file_or_rule, err);
    if (ai_fd_slurp(file_or_rule, FILE_MAX, &text, err))
        return NULL;
    p = ai_is_libsvm(text.data, text.len) ? ai_libsvm_parse(file_or_rule, text.data, text.len, err)
                                          : ai_policy_parse(file_or_rule, text.data, text.len, err);
    ai_buf_free(&text);
    return p;
}
