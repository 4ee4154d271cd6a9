/* Rotary frequencies: the base, and what stretches them to longer contexts. */
#include "model/arch.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Llama 3.1's: long waves are stretched by `factor`, short ones stay, in between a
 * blend (the models' published configuration names the four numbers). */
static double llama3_divisor(double wavelength, double factor, double low, double high, double context)
{
    double smooth;

    if (wavelength < context / high)
        return 1;
    if (wavelength > context / low)
        return factor;
    smooth = (context / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
}

/* YaRN (Peng et al. 2023): what turns more than `fast` times in the original context
 * stays, what turns less than `slow` times is stretched, in between a blend. */
struct yarn {
    double factor, context, fast, slow;
    double scale;            /* of cosine and sine; 0: as the paper has it */
    bool whole;              /* the two borders are whole numbers of dimensions */
};

static double yarn_divisor(const struct yarn *y, const struct ai_hparams *hp, unsigned i)
{
    double dim = hp->rope_dim, log_base = 2 * log(hp->rotary[0].base), stretched;
    double low = dim * log(y->context / (y->fast * 2 * M_PI)) / log_base;
    double high = dim * log(y->context / (y->slow * 2 * M_PI)) / log_base;

    if (y->whole) {
        low = floor(low);
        high = ceil(high);
    }
    low = fmax(low, 0);
    high = fmin(high, dim - 1);
    if (low == high)
        high += 0.001;
    stretched = fmin(fmax((i - low) / (high - low), 0), 1);
    return 1 / (stretched / y->factor + (1 - stretched));
}

static double yarn_scale(double factor, double weight)
{
    return factor > 1 ? 0.1 * weight * log(factor) + 1 : 1;
}

static int use_yarn(const struct yarn *y, struct ai_hparams *hp, float *out, struct ai_err *err)
{
    if (!(y->fast > y->slow && y->slow > 0 && y->fast < 1e6) || !(y->scale >= 0 && y->scale < 100))
        return ai_fail(err, AI_EINPUT, "YaRN between %g and %g turns, scaled by %g: out of range", y->slow, y->fast,
                       y->scale);
    hp->rotary[0].scale = (float)(y->scale > 0 ? y->scale : yarn_scale(y->factor, 1));
    for (unsigned i = 0; i < hp->rope_dim / 2; i++)
        out[i] = (float)yarn_divisor(y, hp, i);
    return 0;
}

static int config_yarn(const struct ai_json *s, double factor, double context, struct ai_hparams *hp, float *out,
                       struct ai_err *err)
{
    struct yarn y = {factor, context > 0 ? context : hp->context, 32, 1, 0, true};
    double mscale = 0, all = 0;

    if (ai_json_get_number(s, "beta_fast", &y.fast, err) < 0 || ai_json_get_number(s, "beta_slow", &y.slow, err) < 0 ||
        ai_json_get_number(s, "attention_factor", &y.scale, err) < 0 ||
        ai_json_get_bool(s, "truncate", &y.whole, err) < 0 || ai_json_get_number(s, "mscale", &mscale, err) < 0 ||
        ai_json_get_number(s, "mscale_all_dim", &all, err) < 0)
        return -1;
    if (!(mscale >= 0 && mscale < 100 && all >= 0 && all < 100))
        return ai_fail(err, AI_EINPUT, "mscale %g, mscale_all_dim %g: out of range", mscale, all);
    if (y.scale == 0 && mscale > 0 && all > 0)
        y.scale = yarn_scale(factor, mscale) / yarn_scale(factor, all);
    return use_yarn(&y, hp, out, err);
}

static int config_factors(const struct ai_json *s, struct ai_hparams *hp, float *out, struct ai_err *err)
{
    static const char *const known[] = {"default", "linear", "dynamic", "llama3", "yarn"};
    const char *type = "default";
    double factor = 0, low = 0, high = 0, context = 0;
    unsigned kind = 0, n = sizeof known / sizeof *known;
    const struct ai_json *value;
    const char *member;
    void *it = NULL;

    if (ai_json_get_string(s, "type", &type, err) < 0 || ai_json_get_string(s, "rope_type", &type, err) < 0 ||
        ai_json_get_number(s, "factor", &factor, err) < 0 || ai_json_get_number(s, "low_freq_factor", &low, err) < 0 ||
        ai_json_get_number(s, "high_freq_factor", &high, err) < 0 ||
        ai_json_get_number(s, "original_max_position_embeddings", &context, err) < 0)
        return -1;
    while (ai_json_next(s, &it, &member, &value))
        if (ai_json_type(value) == AI_JSON_OBJECT)
            return ai_fail(err, AI_EINPUT, "%.40s: a scaling of its own is not supported", member);
    while (kind < n && strcmp(type, known[kind]) != 0)
        kind++;
    if (kind == n)
        return ai_fail(err, AI_EINPUT, "type '%.40s' is not supported (known: default, linear, dynamic, llama3, yarn)",
                       type);
    if (kind == 0 || kind == 2) /* "dynamic" changes nothing within the context */
        factor = 1;
    if (!(factor >= 1 && factor < 1e6) || !(context >= 0 && context < 1e12) ||
        (kind == 3 && !(high > low && low > 0 && context > 0)))
        return ai_fail(err, AI_EINPUT, "factors missing or out of range");
    if (kind == 4)
        return config_yarn(s, factor, context, hp, out, err);
    for (unsigned i = 0; i < hp->rope_dim / 2; i++) {
        double wavelength = 2 * M_PI * pow(hp->rotary[0].base, 2.0 * i / hp->rope_dim);

        out[i] = (float)(kind == 3 ? llama3_divisor(wavelength, factor, low, high, context) : factor);
    }
    return 0;
}

static int gguf_real(const struct ai_arch *a, const struct ai_model_files *f, const char *key, float *out,
                     struct ai_err *err)
{
    char full[128];

    snprintf(full, sizeof full, "%s.rope.%s", a->gguf, key);
    return ai_gguf_f32(f->gguf, full, out, err) < 0 ? -1 : 0;
}

static int gguf_yarn(const struct ai_arch *a, const struct ai_model_files *f, float factor, struct ai_hparams *hp,
                     float *out, struct ai_err *err)
{
    uint32_t context = hp->context;
    float fast = 32, slow = 1, scale = 0, blend = 1;
    char key[128];

    snprintf(key, sizeof key, "%s.rope.scaling.original_context_length", a->gguf);
    if (ai_gguf_u32(f->gguf, key, &context, err) < 0 || gguf_real(a, f, "scaling.yarn_beta_fast", &fast, err) ||
        gguf_real(a, f, "scaling.yarn_beta_slow", &slow, err) ||
        gguf_real(a, f, "scaling.yarn_attn_factor", &scale, err) ||
        gguf_real(a, f, "scaling.yarn_ext_factor", &blend, err))
        return -1;
    if (context < 1 || blend != 1)
        return ai_fail(err, AI_EINPUT, "rope.scaling: context %u, yarn_ext_factor %g are not supported", context,
                       blend);
    return use_yarn(&(struct yarn){factor, context, fast, slow, scale, true}, hp, out, err);
}

/* A tensor of divisors (Llama 3.1), a factor for all, or YaRN's blend. */
static int gguf_factors(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp, float *out,
                        struct ai_err *err)
{
    bool list = ai_model_files_find(f, "rope_freqs.weight");
    struct ai_gguf_string type = {"linear", 6};
    float factor = 1, sharper = 1;
    char key[128];
    bool yarn;

    for (unsigned i = 0; i < hp->rope_dim / 2; i++)
        out[i] = 1;
    if (list && ai_arch_divisors(f, "rope_freqs.weight", hp->rope_dim / 2, out, err))
        return -1;
    snprintf(key, sizeof key, "%s.rope.scaling.type", a->gguf);
    if (ai_gguf_str(f->gguf, key, &type, err) < 0 || gguf_real(a, f, "scale_linear", &factor, err) || /* older files' */
        gguf_real(a, f, "scaling.factor", &factor, err) || gguf_real(a, f, "scaling.attn_factor", &sharper, err))
        return -1;
    yarn = type.len == 4 && memcmp(type.s, "yarn", 4) == 0;
    if (type.len == 4 && memcmp(type.s, "none", 4) == 0)
        factor = 1;
    else if ((!yarn || list) && (type.len != 6 || memcmp(type.s, "linear", 6) != 0))
        return ai_fail(err, AI_EINPUT, "%s: '%.*s' is not supported%s (known: none, linear, yarn)", key,
                       type.len > 40 ? 40 : (int)type.len, type.s, list ? " beside rope_freqs.weight" : "");
    if (!(factor >= 1 && factor < 1e6f) || sharper != 1)
        return ai_fail(err, AI_EINPUT, "rope.scaling: factor %g, attention factor %g", factor, sharper);
    if (yarn)
        return gguf_yarn(a, f, factor, hp, out, err);
    for (unsigned i = 0; i < hp->rope_dim / 2; i++)
        out[i] *= factor;
    return 0;
}

/* What says how the base is scaled.  The newest configurations have one object for
 * blocks that see everything and one for those with a window. */
static const struct ai_json *rope_object(const struct ai_model_files *f, const char **key)
{
    const struct ai_json *s = ai_json_get(f->config, *key = "rope_parameters");
    const struct ai_json *global = ai_json_get(s, "full_attention");

    if (global)
        return global;
    return s ? s : ai_json_get(f->config, *key = "rope_scaling");
}

/* Newer configurations keep the base and its scaling in one object. */
static int read_base(const struct ai_arch *a, const struct ai_model_files *f, enum ai_number n,
                     const struct ai_json *object, float *out, struct ai_err *err)
{
    double base = 0;
    int rc;

    *out = 10000;
    if (ai_arch_real(a, f, n, out, err) < 0)
        return -1;
    rc = ai_json_get_number(object, "rope_theta", &base, err);
    if (rc == 0)
        *out = (float)base;
    if (rc >= 0 && !(*out > 1 && *out < 1e12f))
        return ai_fail(err, AI_EINPUT, "rotary base %g", *out);
    return rc < 0 ? -1 : 0;
}

/* Blocks with a window have a base of their own, and no scaling (Gemma 3). */
static int read_local(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp,
                      struct ai_err *err)
{
    const struct ai_json *s = ai_json_get(ai_json_get(f->config, "rope_parameters"), "sliding_attention");
    const char *type = "default";

    if (read_base(a, f, AI_ROPE_BASE_LOCAL, s, &hp->rotary[1].base, err) ||
        ai_json_get_string(s, "rope_type", &type, err) < 0)
        return -1;
    return strcmp(type, "default") == 0
               ? 0
               : ai_fail(err, AI_EINPUT, "sliding_attention: rope_type: '%.40s' is not supported", type);
}

int ai_arch_rotary(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp, struct ai_err *err)
{
    const char *key;
    const struct ai_json *scaling = rope_object(f, &key);
    bool plain = true;
    int rc;

    if (hp->position != AI_POS_ROPE)
        return 0;
    if (read_base(a, f, AI_ROPE_BASE, strcmp(key, "rope_parameters") == 0 ? scaling : NULL, &hp->rotary[0].base, err))
        return ai_err_at(err, "%s", key);
    if (a->numbers[AI_ROPE_BASE_LOCAL].key && read_local(a, f, hp, err))
        return -1;
    rc = ai_arch_longrope(a, f, scaling, hp, err);
    if (rc <= 0)
        return rc;
    f->rope_factors = ai_calloc(hp->rope_dim / 2, sizeof *f->rope_factors, err);
    if (!f->rope_factors)
        return -1;
    if (f->gguf) {
        if (gguf_factors(a, f, hp, f->rope_factors, err))
            return -1;
    } else if (ai_json_type(scaling) == AI_JSON_OBJECT) {
        if (config_factors(scaling, hp, f->rope_factors, err))
            return ai_err_at(err, "%s", key);
    } else if (ai_json_type(scaling) == AI_JSON_NONE || ai_json_type(scaling) == AI_JSON_NULL) {
        return 0;
    } else {
        return ai_fail(err, AI_EINPUT, "%s: %s, not an object", key, ai_json_type_name(scaling));
    }
    for (unsigned i = 0; i < hp->rope_dim / 2; i++)
        plain = plain && f->rope_factors[i] == 1;
    hp->rotary[0].factors = plain ? NULL : f->rope_factors;
    return 0;
}
