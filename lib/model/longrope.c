/* LongRoPE (Ding et al. 2024), as Phi-3 publishes it: one list of divisors of the
 * rotary frequencies for sequences within the context that the model was first
 * trained on, another for longer ones. */
#include "model/arch.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int json_divisors(const struct ai_json *s, const char *key, unsigned n, float *out, struct ai_err *err)
{
    const struct ai_json *list = ai_json_get(s, key);
    double v;

    if (ai_json_type(list) != AI_JSON_ARRAY || ai_json_size(list) != n)
        return ai_fail(err, AI_EINPUT, "%s: not %u numbers", key, n);
    for (unsigned i = 0; i < n; i++) {
        if (ai_json_number(ai_json_at(list, i), &v) || !(v > 1e-6 && v < 1e9))
            return ai_fail(err, AI_EINPUT, "%s: value %u is no number, or out of range", key, i);
        out[i] = (float)v;
    }
    return 0;
}

int ai_arch_divisors(const struct ai_model_files *f, const char *name, unsigned n, float *out, struct ai_err *err)
{
    const struct ai_named_tensor *t = ai_model_files_find(f, name);

    if (!t)
        return ai_fail(err, AI_EINPUT, "tensor '%s' is missing", name);
    if (t->type != AI_W_F32 || t->dims[0] != n || t->n_dims != 1 || t->room < 4 * (uint64_t)n)
        return ai_fail(err, AI_EINPUT, "%s: not %u values of F32", name, n);
    ai_decode(AI_W_F32, t->data, out, n);
    for (unsigned i = 0; i < n; i++)
        if (!(out[i] > 1e-6f && out[i] < 1e9f))
            return ai_fail(err, AI_EINPUT, "%s: a value out of range", name);
    return 0;
}

/* Attention gets sharper with the stretch of the context; the file may say how much. */
static int settle(struct ai_hparams *hp, float *divisors, double original, double scale, struct ai_err *err)
{
    double stretch = hp->context / original;

    if (!(original >= 2 && original < 1e9))
        return ai_fail(err, AI_EINPUT, "original context %g", original);
    if (scale == 0)
        scale = stretch > 1 ? sqrt(1 + log(stretch) / log(original)) : 1;
    if (!(scale > 0 && scale < 100))
        return ai_fail(err, AI_EINPUT, "attention factor %g", scale);
    for (int r = 0; r < 2; r++) {
        hp->rotary[r].base = hp->rotary[0].base;
        hp->rotary[r].factors = divisors + r * (hp->rope_dim / 2);
        hp->rotary[r].scale = (float)scale;
    }
    hp->long_from = (unsigned)original;
    return 0;
}

/* The original context stands beside the lists, in newer configurations among them. */
static int config_longrope(const struct ai_arch *a, const struct ai_model_files *f, const struct ai_json *s,
                           struct ai_hparams *hp, float *divisors, struct ai_err *err)
{
    double scale = 0, context = 0;
    unsigned beside = 0;

    if (json_divisors(s, "short_factor", hp->rope_dim / 2, divisors, err) ||
        json_divisors(s, "long_factor", hp->rope_dim / 2, divisors + hp->rope_dim / 2, err) ||
        ai_json_get_number(s, "attention_factor", &scale, err) < 0 ||
        ai_json_get_number(s, "original_max_position_embeddings", &context, err) < 0 ||
        ai_arch_whole(a, f, AI_CONTEXT_FIRST, &beside, err) < 0)
        return -1;
    return settle(hp, divisors, context > 0 ? context : beside, scale, err);
}

static int gguf_longrope(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp,
                         float *divisors, struct ai_err *err)
{
    unsigned original = hp->context;
    float scale = 1;
    char key[128];

    snprintf(key, sizeof key, "%s.rope.scaling.attn_factor", a->gguf);
    if (ai_arch_divisors(f, "rope_factors_short.weight", hp->rope_dim / 2, divisors, err) ||
        ai_arch_divisors(f, "rope_factors_long.weight", hp->rope_dim / 2, divisors + hp->rope_dim / 2, err) ||
        ai_gguf_f32(f->gguf, key, &scale, err) < 0 || ai_arch_whole(a, f, AI_CONTEXT_FIRST, &original, err) < 0)
        return -1;
    return settle(hp, divisors, original, scale, err);
}

int ai_arch_longrope(const struct ai_arch *a, struct ai_model_files *f, const struct ai_json *scaling,
                     struct ai_hparams *hp, struct ai_err *err)
{
    bool tensors = f->gguf && ai_model_files_find(f, "rope_factors_long.weight");

    if (!tensors && !ai_json_get(scaling, "long_factor"))
        return 1;
    f->rope_factors = ai_calloc(hp->rope_dim, sizeof *f->rope_factors, err);
    if (!f->rope_factors)
        return -1;
    return tensors ? gguf_longrope(a, f, hp, f->rope_factors, err)
                   : config_longrope(a, f, scaling, hp, f->rope_factors, err);
}
