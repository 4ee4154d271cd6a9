/* Writing a policy as ai-policy(5) defines it. */
#include "policy/policy.h"

#include "base/crc32c.h"
#include "policy/file.h"
#include "policy/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* In the fewest digits that read back exactly. */
static int put_numbers(struct ai_buf *out, const char *key, const double *v, size_t n, struct ai_err *err)
{
    if (ai_buf_puts(out, key, err))
        return -1;
    for (size_t i = 0; i < n; i++) {
        char text[32];
        int digits = 15;

        do
            snprintf(text, sizeof text, " %.*g", digits, v[i]);
        while (strtod(text, NULL) != v[i] && ++digits <= 17);
        if (ai_buf_puts(out, text, err))
            return -1;
    }
    return ai_buf_puts(out, "\n", err);
}

static int put_word(struct ai_buf *out, const char *key, const char *word, struct ai_err *err)
{
    return *word ? ai_buf_printf(out, err, "%s %s\n", key, word) : 0;
}

static int put_machine(const struct ai_policy *p, struct ai_buf *out, struct ai_err *err)
{
    if (ai_buf_puts(out, "features", err))
        return -1;
    for (size_t i = 0; i < p->n; i++)
        if (ai_buf_printf(out, err, " %s", p->names[i]))
            return -1;
    if (ai_buf_puts(out, "\n", err) || put_numbers(out, "mean", p->mean, p->n, err) ||
        put_numbers(out, "sd", p->sd, p->n, err))
        return -1;
    if (p->classifier != AI_SVM_RBF) {
        if (put_numbers(out, "weight", p->weight, p->n, err) || put_numbers(out, "bias", &p->bias, 1, err))
            return -1;
        return p->classifier == AI_CRF ? put_numbers(out, "transition", p->transition[0], 4, err) : 0;
    }
    if (put_numbers(out, "gamma", &p->gamma, 1, err) || put_numbers(out, "rho", &p->rho, 1, err))
        return -1;
    for (size_t v = 0; v < p->n_sv; v++)
        if (put_numbers(out, "sv", p->sv + v * (1 + p->n), 1 + p->n, err))
            return -1;
    return 0;
}

static int put_trained(const struct ai_policy *p, struct ai_buf *out, struct ai_err *err)
{
    for (size_t i = 0; i < p->n_trained; i++) {
        bool first = i % AI_TRAINED_A_LINE == 0, last = i % AI_TRAINED_A_LINE == AI_TRAINED_A_LINE - 1;

        if ((first && ai_buf_puts(out, "trained", err)) || ai_buf_printf(out, err, " %016" PRIx64, p->trained[i]) ||
            ((last || i + 1 == p->n_trained) && ai_buf_puts(out, "\n", err)))
            return -1;
    }
    return 0;
}

static int put_certificate(const struct ai_certificate *c, struct ai_buf *out, struct ai_err *err)
{
    struct ai_certificate copy = *c; /* whose fields the table points to */
    struct ai_certificate_line lines[AI_CERTIFICATE_LINES];

    if (!c->there)
        return 0;
    ai_certificate_lines(&copy, lines);
    for (size_t i = 0; i < AI_CERTIFICATE_LINES; i++) {
        if (lines[i].of_flips ? !c->has_flips : lines[i].of_losses && !c->has_losses)
            continue;
        if (lines[i].word ? put_word(out, lines[i].key, lines[i].word, err)
                          : put_numbers(out, lines[i].key, lines[i].number, 1, err))
            return -1;
    }
    return 0;
}

int ai_policy_format(const struct ai_policy *p, struct ai_buf *out, struct ai_err *err)
{
    size_t begin = out->len;

    if (ai_buf_puts(out, "ai-policy 1\n", err) || put_word(out, "model", p->model, err) ||
        put_word(out, "head", p->head, err))
        return -1;
    if (p->has_layers && (ai_buf_puts(out, "layers ", err) || ai_layers_format(&p->layers, out, err) ||
                          ai_buf_puts(out, "\n", err)))
        return -1;
    if (ai_buf_put(out, p->notes.data, p->notes.len, err) || put_certificate(&p->certificate, out, err) ||
        ai_buf_printf(out, err, "classifier %s\n", ai_classifier_name(p->classifier)))
        return -1;
    if (p->classifier == AI_RULE ? put_word(out, "rule", ai_rule_text(p->rule), err) : put_machine(p, out, err))
        return -1;
    if ((p->classifier != AI_RULE || (ai_rule_has_threshold(p->rule) && p->has_threshold)) &&
        put_numbers(out, "threshold", &p->threshold, 1, err))
        return -1;
    if ((p->n_ladder && put_numbers(out, "ladder", p->ladder, p->n_ladder, err)) || put_trained(p, out, err))
        return -1;
    return ai_buf_printf(out, err, "end %08x\n", ai_crc32c(0, out->data + begin, out->len - begin));
}
