/* Which blocks see all that came before, and which only the last so many tokens; and
 * which have experts. */
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

static int listed(const struct ai_json *types, unsigned b, bool *local, struct ai_err *err)
{
    const char *type = ai_json_string(ai_json_at(types, b), NULL);

    if (!type || (strcmp(type, "sliding_attention") != 0 && strcmp(type, "full_attention") != 0))
        return ai_fail(err, AI_EINPUT, "layer_types: block %u has neither sliding nor full attention", b);
    *local = *type == 's';
    return 0;
}

/* use_sliding_window switches it on for the blocks from max_window_layers on; newer
 * configurations list layer_types instead. */
static int is_upper(const struct ai_model_files *f, unsigned b, bool *local, struct ai_err *err)
{
    const struct ai_json *types = ai_json_get(f->config, "layer_types");
    uint64_t first = 28;
    bool use = false;

    if (ai_json_get_bool(f->config, "use_sliding_window", &use, err) < 0 ||
        ai_json_get_u64(f->config, "max_window_layers", UINT32_MAX, &first, err) < 0)
        return -1;
    *local = b >= first;
    if (ai_json_type(types) == AI_JSON_ARRAY && listed(types, b, local, err))
        return -1;
    *local = *local && use;
    return 0;
}

/* Gemma: every AI_WINDOW_EVERYth block sees everything, unless layer_types says which
 * ones do. */
static int is_local(const struct ai_arch *a, const struct ai_model_files *f, unsigned b, bool *local,
                    struct ai_err *err)
{
    unsigned every = (unsigned)a->numbers[AI_WINDOW_EVERY].absent;
    const struct ai_json *types = ai_json_get(f->config, "layer_types");

    if (ai_json_type(types) == AI_JSON_ARRAY)
        return listed(types, b, local, err);
    if (ai_arch_whole(a, f, AI_WINDOW_EVERY, &every, err) < 0)
        return -1;
    if (every < 1)
        return ai_fail(err, AI_EINPUT, "sliding_window_pattern: %u", every);
    *local = (b + 1) % every != 0;
    return 0;
}

static int kind_of(const struct ai_arch *a, const struct ai_model_files *f, unsigned b, bool *local,
                   struct ai_err *err)
{
    const char *kind;

    *local = true;
    switch (a->windows) {
    case AI_WINDOW_ALL: return 0;
    case AI_WINDOW_MOST: return is_local(a, f, b, local, err);
    case AI_WINDOW_UPPER: return f->gguf ? 0 : is_upper(f, b, local, err);
    case AI_WINDOW_SWITCHED:
        *local = f->gguf;
        return ai_json_get_bool(f->config, "use_sliding_window", local, err) < 0 ? -1 : 0;
    case AI_WINDOW_NEO: break;
    }
    kind = neo_kind(f->config, b);
    if (!kind || (strcmp(kind, "global") != 0 && strcmp(kind, "local") != 0))
        return ai_fail(err, AI_EINPUT, "attention_layers, attention_types: block %u is neither global nor local", b);
    *local = *kind == 'l';
    return 0;
}

int ai_arch_window(const struct ai_arch *a, const struct ai_model_files *f, unsigned b, struct ai_block *w,
                   struct ai_err *err)
{
    bool local;

    w->window = 0;
    if (ai_arch_whole(a, f, AI_WINDOW, &w->window, err) < 0)
        return -1;
    if (!w->window)
        return 0;
    if (kind_of(a, f, b, &local, err))
        return -1;
    if (!local)
        w->window = 0;
    else if (a->numbers[AI_ROPE_BASE_LOCAL].key)
        w->rotary = 1;
    return 0;
}

int ai_arch_sparse(const struct ai_model_files *f, const struct ai_hparams *hp, unsigned b, bool *sparse,
                   struct ai_err *err)
{
    const struct ai_json *dense = ai_json_get(f->config, "mlp_only_layers");
    uint64_t step = 1;
    int64_t layer;

    *sparse = false;
    if (!hp->experts)
        return 0;
    if (ai_json_get_u64(f->config, "decoder_sparse_step", 1024, &step, err) < 0)
        return -1;
    if (step < 1)
        return ai_fail(err, AI_EINPUT, "decoder_sparse_step: 0");
    *sparse = (b + 1) % step == 0;
    for (size_t i = 0; i < ai_json_size(dense); i++) {
        if (ai_json_int(ai_json_at(dense, i), &layer))
            return ai_fail(err, AI_EINPUT, "mlp_only_layers: not a list of numbers");
        *sparse = *sparse && layer != b;
    }
    return 0;
}
