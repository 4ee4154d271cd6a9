#include "stream/names.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int ai_names_split(const char *list, struct ai_names *out, struct ai_err *err)
{
    memset(out, 0, sizeof *out);
    out->text = ai_strndup(list, strlen(list), err);
    if (!out->text)
        return -1;
    for (char *p = out->text, *comma; p; p = comma) {
        comma = strchr(p, ',');
        if (comma)
            *comma++ = '\0';
        if (!*p || out->n == AI_MAX_FEATURES) {
            ai_names_free(out);
            return ai_fail(err, AI_EINPUT, "'%.100s': names are 1 to %d, separated by commas, none empty", list,
                           AI_MAX_FEATURES);
        }
        out->name[out->n++] = p;
    }
    return 0;
}

int ai_names_of_features(const struct ai_meta *meta, struct ai_names *out, struct ai_err *err)
{
    const char *list = ai_meta_get(meta, "features");

    memset(out, 0, sizeof *out);
    if (!list)
        return ai_fail(err, AI_EINPUT, "header: no line 'features'");
    return ai_names_split(list, out, err) ? ai_err_at(err, "header: features") : 0;
}

void ai_names_free(struct ai_names *names)
{
    free(names->text);
    memset(names, 0, sizeof *names);
}
