#include "eval/report.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static int put_string(const char *key, const char *s, struct ai_buf *out, struct ai_err *err)
{
    if (ai_buf_printf(out, err, "\"%s\": \"", key))
        return -1;
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        int rc = c < 32 || c == 127     ? ai_buf_printf(out, err, "\\u%04x", c)
                 : c == '"' || c == '\\' ? ai_buf_printf(out, err, "\\%c", c)
                                         : ai_buf_put(out, s, 1, err);

        if (rc)
            return -1;
    }
    return ai_buf_puts(out, "\", ", err);
}

static int put_number(const char *key, double v, const char *after, struct ai_buf *out, struct ai_err *err)
{
    if (isnan(v))
        return ai_buf_printf(out, err, "\"%s\": null%s", key, after);
    return ai_buf_printf(out, err, "\"%s\": %.9g%s", key, v, after);
}

static int put_numbers(const struct ai_eval_score *s, struct ai_buf *out, struct ai_err *err)
{
    bool compared = !isnan(s->agreement);
    const struct { const char *key; double value; } numbers[] = {
        {"accuracy", s->accuracy},
        {"accuracy_dense", s->accuracy_dense},
        {"agreement", s->agreement},
        {"layers_mean", s->layers_mean},
        {"layers_variance", s->layers_variance},
        {"layers_skipped", s->layers_skipped},
        {"arithmetic_skipped", s->arithmetic_skipped},
        {"seconds", s->seconds},
        {"seconds_dense", s->seconds_dense},
        {"agreement_low", s->agreement_low},
        {"agreement_high", s->agreement_high},
        {"flips", compared ? (double)s->flips : NAN},
        {"flips_lost", compared ? (double)s->lost : NAN},
        {"flips_won", compared ? (double)s->won : NAN},
        {"exact_match", s->exact_match},
        {"f1", s->f1},
        {"documents_per_second", s->documents_per_second},
        {"checks", s->checks},
        {"head_arithmetic", s->head_arithmetic},
        {"head_seconds", s->head_seconds},
        {"decide_seconds", s->decide_seconds},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (put_number(numbers[i].key, numbers[i].value, ", ", out, err))
            return -1;
    return ai_buf_printf(out, err, "\"estimated\": %s", s->estimated ? "true" : "false");
}

static int put_exits(const struct ai_eval_row *row, struct ai_buf *out, struct ai_err *err)
{
    uint64_t *counts = ai_calloc((size_t)row->score.layers + 1, sizeof *counts, err);
    int rc;

    if (!counts)
        return -1;
    ai_eval_exits(row->from, row->index, counts);
    rc = ai_buf_puts(out, ", \"exits\": [", err);
    for (unsigned l = 0; rc == 0 && l <= row->score.layers; l++)
        rc = ai_buf_printf(out, err, "%s%" PRIu64, l ? ", " : "", counts[l]);
    free(counts);
    return rc ? -1 : ai_buf_puts(out, "]", err);
}

int ai_eval_json(const struct ai_eval_row *row, bool task, bool run, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_eval_score *s = &row->score;

    return ai_buf_puts(out, "{", err) || (run && put_string("run", row->run, out, err)) ||
                   (task && put_string("task", s->task, out, err)) ||
                   ai_buf_printf(out, err, "\"documents\": %" PRIu64 ", ", s->documents) ||
                   put_numbers(s, out, err) || put_exits(row, out, err) || ai_buf_puts(out, "}\n", err)
               ? -1
               : 0;
}

static int put_baseline(const char *name, const struct ai_eval_row *row, const struct ai_eval_score *s, double settled,
                        bool task, struct ai_buf *out, struct ai_err *err)
{
    return ai_buf_puts(out, "{", err) || put_string("baseline", name, out, err) ||
                   (task && put_string("task", row->score.task, out, err)) ||
                   ai_buf_printf(out, err, "\"documents\": %" PRIu64 ", ", s->documents) ||
                   put_number("settled", settled, ", ", out, err) || put_numbers(s, out, err) ||
                   ai_buf_puts(out, "}\n", err)
               ? -1
               : 0;
}

int ai_eval_json_baseline(const struct ai_eval_row *row, bool task, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_eval_baseline *b = row->baseline;

    for (unsigned d = 1; d <= b->layers; d++)
        if (b->depth[d].documents && put_baseline("depth", row, &b->depth[d], b->settled[d], task, out, err))
            return -1;
    return put_baseline("oracle", row, &b->oracle, NAN, task, out, err);
}
