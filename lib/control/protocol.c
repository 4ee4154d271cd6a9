/* The lines of ai-control(5), parsed strictly and formatted. */
#include "control/control.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FIELDS = 6 };

struct fields {
    size_t n;
    char text[4096 + 1]; /* the longest line that is read: a list of a thousand layers fits */
    char *f[MAX_FIELDS];
};

/* Splits at single spaces.  Anything else that is not printable ASCII is refused. */
static int split(const char *line, struct fields *out, struct ai_err *err)
{
    size_t len = strlen(line);

    out->n = 0;
    if (len == 0 || len >= sizeof out->text)
        return ai_fail(err, AI_EINPUT, "a line that is empty or too long");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)line[i] < 32 || (unsigned char)line[i] > 126)
            return ai_fail(err, AI_EINPUT, "a line with bytes that are not printable ASCII");
    memcpy(out->text, line, len + 1);
    for (char *p = out->text; p;) {
        char *space = strchr(p, ' ');

        if (out->n == MAX_FIELDS || space == p || !*p)
            return ai_fail(err, AI_EINPUT, "'%s': wrong fields", line);
        out->f[out->n++] = p;
        if (space)
            *space++ = '\0';
        p = space;
    }
    return 0;
}

static int number(const char *s, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;

    if (!*s)
        return -1;
    for (; *s; s++) {
        unsigned digit = (unsigned)(*s - '0');

        if (digit > 9 || v > (UINT64_MAX - digit) / 10)
            return -1;
        v = v * 10 + digit;
    }
    *out = v;
    return v <= max ? 0 : -1;
}

int ai_hello_parse(const char *line, struct ai_hello *h, struct ai_err *err)
{
    struct fields f;
    uint64_t layers = 0;

    memset(h, 0, sizeof *h);
    if (split(line, &f, err))
        return -1;
    if (f.n < 4 || f.n > 5 || strcmp(f.f[0], "ai-control") != 0)
        return ai_fail(err, AI_EINPUT, "'%s': the first line must be 'ai-control 1 MODEL LAYERS [LIST]'", line);
    if (strcmp(f.f[1], "1") != 0)
        return ai_fail(err, AI_EINPUT, "protocol version '%s' is not supported (1 is)", f.f[1]);
    if (strlen(f.f[2]) >= sizeof h->model ||
        (strcmp(f.f[3], "-") != 0 && (number(f.f[3], AI_MAX_LAYERS, &layers) || layers == 0)))
        return ai_fail(err, AI_EINPUT, "'%s': bad model or layers", line);
    if (strcmp(f.f[2], "-") != 0)
        strcpy(h->model, f.f[2]);
    h->layers = (unsigned)layers;
    if (f.n == 5) {
        if (ai_layers_parse(f.f[4], layers ? (unsigned)layers : AI_MAX_LAYERS, &h->checks, err))
            return -1;
        h->has_checks = strcmp(f.f[4], "all") != 0;
    }
    return 0;
}

int ai_verdict_parse(const char *line, struct ai_verdict *v, struct ai_err *err)
{
    struct fields f;
    uint64_t doc, step = 0, layer = 0, token = 0;
    size_t want;

    memset(v, 0, sizeof *v);
    if (split(line, &f, err))
        return -1;
    if (strcmp(f.f[0], "continue") == 0) {
        v->kind = AI_CONTINUE;
        want = 4;
    } else if (strcmp(f.f[0], "exit") == 0) {
        v->kind = AI_EXIT;
        want = 5;
    } else if (strcmp(f.f[0], "stop") == 0) {
        v->kind = AI_STOP;
        want = 2;
    } else {
        return ai_fail(err, AI_EINPUT, "'%s': no verdict begins so (continue, exit and stop do)", line);
    }
    if (f.n != want || number(f.f[1], UINT64_MAX, &doc) || (want > 2 && number(f.f[2], UINT32_MAX, &step)) ||
        (want > 2 && number(f.f[3], AI_MAX_LAYERS, &layer)) || (want > 4 && number(f.f[4], UINT32_MAX - 1, &token)))
        return ai_fail(err, AI_EINPUT, "'%s': wrong fields", line);
    v->doc = doc;
    v->step = (uint32_t)step;
    v->layer = (uint16_t)layer;
    v->token = (uint32_t)token;
    return 0;
}

int ai_hello_format(const struct ai_hello *h, struct ai_buf *out, struct ai_err *err)
{
    char layers[16] = "-";

    if (h->layers)
        snprintf(layers, sizeof layers, "%u", h->layers);
    if (ai_buf_printf(out, err, "ai-control 1 %s %s", *h->model ? h->model : "-", layers))
        return -1;
    if (h->has_checks) {
        struct ai_buf list = {0};
        int rc = ai_layers_format(&h->checks, &list, err) ||
                 (list.len && ai_buf_printf(out, err, " %.*s", (int)list.len, (char *)list.data));

        if (!rc && list.len == 0) /* wants to see nothing before the last layer */
            rc = ai_buf_puts(out, " last", err);
        ai_buf_free(&list);
        if (rc)
            return -1;
    }
    return ai_buf_puts(out, "\n", err);
}

int ai_verdict_format(const struct ai_verdict *v, struct ai_buf *out, struct ai_err *err)
{
    switch (v->kind) {
    case AI_CONTINUE:
        return ai_buf_printf(out, err, "continue %llu %u %u\n", (unsigned long long)v->doc, v->step, v->layer);
    case AI_EXIT:
        return ai_buf_printf(out, err, "exit %llu %u %u %u\n", (unsigned long long)v->doc, v->step, v->layer, v->token);
    default:
        return ai_buf_printf(out, err, "stop %llu\n", (unsigned long long)v->doc);
    }
}
