/* Which blocks see all that came before, and which only the last so many tokens. */
#include "model/arch.h"

#include <string.h>

/* GPT-Neo's kind of block b: attention_layers lists them; attention_types packs the
 * same list as [[kinds, repeats], ...]. */
static const char *neo_kind(const struct ai_json *config, unsigned b)
{
    const struct ai_json *types = ai_json_get(config, "attention_types");
    const char *kind = ai_json_string(ai_json_at(ai_json_get(config, "attention_layers"), b), NULL);
    uint64_t seen = 0;

    for (size_t i = 0; !kind && i < ai_json_size(types); i++) {
        const struct ai_json *kinds = ai_json_at(ai_json_at(types, i), 0);
        size_t n = ai_json_size(kinds);
        int64_t repeats;

        if (n == 0 || ai_json_int(ai_json_at(ai_json_at(types, i), 1), &repeats) || repeats < 0 || repeats > 1024)
            return NULL;
        if (b < seen + n * (uint64_t)repeats)
            kind = ai_json_string(ai_json_at(kinds, (b - seen) % n), NULL);
        seen += n * (uint64_t)repeats;
    }
    return kind;
}

/* use_sliding_window switches it on for the blocks from max_window_layers on; newer
 * configurations list layer_types instead. */
static int upper_window(const struct ai_model_files *f, unsigned b, unsigned *window, struct ai_err *err)
{
    const struct ai_json *types = ai_json_get(f->config, "layer_types");
    const char *type = ai_json_string(ai_json_at(types, b), NULL);
    uint64_t first = 28;
    bool use = false;

    if (ai_json_get_bool(f->config, "use_sliding_window", &use, err) < 0 ||
        ai_json_get_u64(f->config, "max_window_layers", UINT32_MAX, &first, err) < 0)
        return -1;
    if (ai_json_type(types) == AI_JSON_ARRAY) {
        if (!type || (strcmp(type, "sliding_attention") != 0 && strcmp(type, "full_attention") != 0))
            return ai_fail(err, AI_EINPUT, "layer_types: block %u has neither sliding nor full attention", b);
        first = *type == 's' ? 0 : UINT32_MAX;
    }
    if (!use || b < first)
        *window = 0;
    return 0;
}

int ai_arch_window(const struct ai_arch *a, const struct ai_model_files *f, unsigned b, unsigned *window,
                   struct ai_err *err)
{
    const char *kind;

    *window = 0;
    if (ai_arch_whole(a, f, AI_WINDOW, window, err) < 0)
        return -1;
    if (f->gguf || a->windows == AI_WINDOW_ALL || !*window)
        return 0;
    if (a->windows == AI_WINDOW_UPPER)
        return upper_window(f, b, window, err);
    kind = neo_kind(f->config, b);
    if (!kind || (strcmp(kind, "global") != 0 && strcmp(kind, "local") != 0))
        return ai_fail(err, AI_EINPUT, "attention_layers, attention_types: block %u is neither global nor local", b);
    if (*kind == 'g')
        *window = 0;
    return 0;
}
