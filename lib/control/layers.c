#include "control/control.h"

#include <string.h>

bool ai_layers_has(const struct ai_layers *s, unsigned layer)
{
    return layer <= AI_MAX_LAYERS && s->bits[layer / 64] >> (layer % 64) & 1;
}

void ai_layers_add(struct ai_layers *s, unsigned layer)
{
    AI_ASSERT(layer <= AI_MAX_LAYERS);
    s->bits[layer / 64] |= (uint64_t)1 << (layer % 64);
}

/* A number of at most four digits at *p.  Returns it, or AI_MAX_LAYERS + 1. */
static unsigned number(const char **p)
{
    unsigned v = 0, digits = 0;

    for (; **p >= '0' && **p <= '9' && digits < 5; digits++)
        v = v * 10 + (unsigned)(*(*p)++ - '0');
    return digits && v <= AI_MAX_LAYERS ? v : AI_MAX_LAYERS + 1;
}

int ai_layers_parse(const char *list, unsigned n, struct ai_layers *out, struct ai_err *err)
{
    const char *p = list;

    memset(out, 0, sizeof *out);
    if (strcmp(list, "all") == 0 || strcmp(list, "last") == 0) {
        for (unsigned l = *list == 'a' ? 1 : n; l <= n; l++)
            ai_layers_add(out, l);
        return 0;
    }
    do {
        unsigned from = number(&p), to = from;

        if (*p == '-') {
            p++;
            to = number(&p);
        }
        if (from > to || to > n)
            return ai_fail(err, AI_EINPUT, "'%s': layers are numbers up to %u and ranges, as in 4,6-12", list, n);
        for (unsigned l = from; l <= to; l++)
            ai_layers_add(out, l);
    } while (*p == ',' && p++);
    if (*p)
        return ai_fail(err, AI_EINPUT, "'%s': layers are numbers up to %u and ranges, as in 4,6-12", list, n);
    return 0;
}

int ai_layers_format(const struct ai_layers *s, struct ai_buf *out, struct ai_err *err)
{
    const char *comma = "";

    for (unsigned l = 0; l <= AI_MAX_LAYERS; l++) {
        unsigned to = l;

        if (!ai_layers_has(s, l))
            continue;
        while (to < AI_MAX_LAYERS && ai_layers_has(s, to + 1))
            to++;
        if (ai_buf_printf(out, err, to > l ? "%s%u-%u" : "%s%u", comma, l, to))
            return -1;
        comma = ",";
        l = to;
    }
    return 0;
}
