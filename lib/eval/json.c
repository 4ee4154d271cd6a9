#include "eval/report.h"

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

int ai_eval_json(const struct ai_eval_row *row, bool task, bool run, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_eval_score *s = &row->score;
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
    };
    size_t n = sizeof numbers / sizeof *numbers;

    if (ai_buf_puts(out, "{", err) || (run && put_string("run", row->run, out, err)) ||
        (task && put_string("task", s->task, out, err)) ||
        ai_buf_printf(out, err, "\"documents\": %" PRIu64 ", ", s->documents))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (put_number(numbers[i].key, numbers[i].value, i + 1 < n ? ", " : "}\n", out, err))
            return -1;
    return 0;
}
