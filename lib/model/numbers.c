/* The numbers of a model: from GGUF metadata or config.json into struct ai_hparams. */
#include "model/arch.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 24 }; /* of any one dimension */

/* One number by its GGUF key (behind "<arch>.") or one of two config.json keys.
 * Returns 0, 1 when absent, -1. */
static int whole(const struct ai_arch *a, const struct ai_model_files *f, const char *gguf, const char *hf,
                 const char *hf2, unsigned *out, struct ai_err *err)
{
    uint64_t v = 0;
    uint32_t u = 0;
    char key[128];
    int rc;

    if (f->gguf) {
        snprintf(key, sizeof key, "%s.%s", a->gguf, gguf);
        rc = ai_gguf_u32(f->gguf, key, &u, err);
        v = u;
    } else {
        rc = hf ? ai_json_get_u64(f->config, hf, UINT32_MAX, &v, err) : 1;
        if (rc == 1 && hf2)
            rc = ai_json_get_u64(f->config, hf2, UINT32_MAX, &v, err);
    }
    if (rc == 0)
        *out = (unsigned)v;
    return rc;
}

static int real(const struct ai_arch *a, const struct ai_model_files *f, const char *gguf, const char *hf,
                const char *hf2, float *out, struct ai_err *err)
{
    double v = 0;
    char key[128];
    int rc;

    if (f->gguf) {
        snprintf(key, sizeof key, "%s.%s", a->gguf, gguf);
        return ai_gguf_f32(f->gguf, key, out, err);
    }
    rc = hf ? ai_json_get_number(f->config, hf, &v, err) : 1;
    if (rc == 1 && hf2)
        rc = ai_json_get_number(f->config, hf2, &v, err);
    if (rc == 0)
        *out = (float)v;
    return rc;
}

static int missing(struct ai_err *err, const char *what)
{
    return ai_fail(err, AI_EINPUT, "%s is not given", what);
}

static int read_shape(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp,
                      struct ai_err *err)
{
    unsigned value_dim;
    int rc;

    if ((rc = whole(a, f, "block_count", "num_hidden_layers", "num_layers", &hp->layers, err)))
        return rc < 0 ? -1 : missing(err, "the number of layers");
    if ((rc = whole(a, f, "embedding_length", "hidden_size", NULL, &hp->width, err)))
        return rc < 0 ? -1 : missing(err, "the width (embedding length, hidden size)");
    if ((rc = whole(a, f, "attention.head_count", "num_attention_heads", "num_heads", &hp->heads, err)))
        return rc < 0 ? -1 : missing(err, "the number of attention heads");
    if ((rc = whole(a, f, "context_length", "max_position_embeddings", NULL, &hp->context, err)))
        return rc < 0 ? -1 : missing(err, "the context length");
    if (hp->layers < 1 || hp->layers > 1024 || hp->width < 1 || hp->width > LIMIT || hp->heads < 1 ||
        hp->heads > LIMIT || hp->context < 1 || hp->context > LIMIT)
        return ai_fail(err, AI_EINPUT, "%u layers, width %u, %u heads, context %u: not in the range that is supported",
                       hp->layers, hp->width, hp->heads, hp->context);
    hp->kv_heads = hp->heads;
    hp->head_dim = hp->width / hp->heads;
    hp->ff = 4 * hp->width;
    if (whole(a, f, "attention.head_count_kv", "num_key_value_heads", NULL, &hp->kv_heads, err) < 0 ||
        whole(a, f, "attention.key_length", "head_dim", NULL, &hp->head_dim, err) < 0 ||
        (rc = whole(a, f, "feed_forward_length", "intermediate_size", NULL, &hp->ff, err)) < 0)
        return -1;
    value_dim = hp->head_dim;
    if (whole(a, f, "attention.value_length", NULL, NULL, &value_dim, err) < 0)
        return -1;
    if (value_dim != hp->head_dim)
        return ai_fail(err, AI_EINPUT, "keys of %u dimensions with values of %u are not supported", hp->head_dim,
                       value_dim);
    if (rc && a->gated)
        return missing(err, "the width of the MLP (feed forward length, intermediate size)");
    if (hp->kv_heads < 1 || hp->heads % hp->kv_heads || hp->head_dim < 1 || hp->head_dim > 8192 || hp->ff < 1 ||
        hp->ff > LIMIT || (uint64_t)hp->heads * hp->head_dim > LIMIT)
        return ai_fail(err, AI_EINPUT,
                       "%u heads, %u key/value heads, head dimension %u, MLP width %u do not go together",
                       hp->heads, hp->kv_heads, hp->head_dim, hp->ff);
    return 0;
}

static int read_activation(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp,
                           struct ai_err *err)
{
    static const struct { const char *name; enum ai_mlp kind; bool gated; } kinds[] = {
        {"silu", AI_MLP_SWIGLU, true}, {"swish", AI_MLP_SWIGLU, true}, {"gelu_new", AI_MLP_GELU_TANH, false},
        {"gelu_pytorch_tanh", AI_MLP_GELU_TANH, false}, {"gelu", AI_MLP_GELU_ERF, false},
        {"relu", AI_MLP_RELU, false},
    };
    const char *name = a->gated ? "silu" : "gelu_new";

    if (!f->gguf && (ai_json_get_string(f->config, "hidden_act", &name, err) < 0 ||
                     ai_json_get_string(f->config, "activation_function", &name, err) < 0))
        return -1;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0 && kinds[i].gated == a->gated) {
            hp->mlp = kinds[i].kind;
            return 0;
        }
    return ai_fail(err, AI_EINPUT, "activation '%.40s' is not supported for %s", name, a->name);
}

/* Newer configurations keep the rotary base and its scaling in one object. */
static int nested_base(const struct ai_model_files *f, struct ai_hparams *hp, struct ai_err *err)
{
    double base = 0;
    int rc = ai_json_get_number(ai_json_get(f->config, "rope_parameters"), "rope_theta", &base, err);

    if (rc == 0)
        hp->rope_base = (float)base;
    return rc < 0 ? ai_err_at(err, "rope_parameters") : 0;
}

int ai_arch_numbers(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp, struct ai_err *err)
{
    unsigned experts = 0;
    int rc;

    memset(hp, 0, sizeof *hp);
    hp->norm = a->norm;
    hp->position = a->position;
    hp->rope = f->gguf ? a->rope_gguf : a->rope_hf;
    hp->norm_eps = 1e-5f;
    hp->rope_base = 10000;
    if (read_shape(a, f, hp, err) || read_activation(a, f, hp, err))
        return -1;
    if (whole(a, f, "expert_count", "num_local_experts", NULL, &experts, err) < 0)
        return -1;
    if (experts)
        return ai_fail(err, AI_EINPUT, "mixtures of experts are not supported");
    rc = a->norm == AI_NORM_RMS
             ? real(a, f, "attention.layer_norm_rms_epsilon", "rms_norm_eps", NULL, &hp->norm_eps, err)
             : real(a, f, "attention.layer_norm_epsilon", "layer_norm_epsilon", "layer_norm_eps", &hp->norm_eps, err);
    if (rc < 0 || real(a, f, "rope.freq_base", "rope_theta", NULL, &hp->rope_base, err) < 0 ||
        nested_base(f, hp, err))
        return -1;
    if (!(hp->norm_eps > 0 && hp->norm_eps < 1) || !(hp->rope_base > 1 && hp->rope_base < 1e12f))
        return ai_fail(err, AI_EINPUT, "norm epsilon %g, rotary base %g", hp->norm_eps, hp->rope_base);
    hp->rope_dim = hp->head_dim;
    if (whole(a, f, "rope.dimension_count", NULL, NULL, &hp->rope_dim, err) < 0)
        return -1;
    if (a->position == AI_POS_ROPE && (hp->rope_dim < 2 || hp->rope_dim % 2 || hp->rope_dim > hp->head_dim))
        return ai_fail(err, AI_EINPUT, "%u rotary dimensions in a head of %u", hp->rope_dim, hp->head_dim);
    hp->attn_scale = a->scaled ? 1.0f / sqrtf((float)hp->head_dim) : 1.0f;
    return 0;
}

/* ---- windows ---- */

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

int ai_arch_window(const struct ai_arch *a, const struct ai_model_files *f, unsigned b, unsigned *window,
                   struct ai_err *err)
{
    const char *kind;

    *window = 0;
    if (a->position == AI_POS_ROPE)
        return whole(a, f, "attention.sliding_window", "sliding_window", NULL, window, err) < 0 ? -1 : 0;
    kind = neo_kind(f->config, b);
    if (!kind || (strcmp(kind, "global") != 0 && strcmp(kind, "local") != 0))
        return ai_fail(err, AI_EINPUT, "attention_layers, attention_types: block %u is neither global nor local", b);
    if (*kind == 'g')
        return 0;
    *window = 256;
    return whole(a, f, "", "window_size", NULL, window, err) < 0 ? -1 : 0;
}

/* ---- rotary frequencies ---- */

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

static const struct ai_json *rope_object(const struct ai_model_files *f, const char **key)
{
    const struct ai_json *s = ai_json_get(f->config, *key = "rope_parameters");

    return s ? s : ai_json_get(f->config, *key = "rope_scaling");
}

static int config_factors(const struct ai_json *s, struct ai_hparams *hp, float *out, struct ai_err *err)
{
    const char *type = "default";
    double factor = 1, low = 1, high = 4, context = 8192;

    if (ai_json_get_string(s, "type", &type, err) < 0 || ai_json_get_string(s, "rope_type", &type, err) < 0 ||
        ai_json_get_number(s, "factor", &factor, err) < 0 || ai_json_get_number(s, "low_freq_factor", &low, err) < 0 ||
        ai_json_get_number(s, "high_freq_factor", &high, err) < 0 ||
        ai_json_get_number(s, "original_max_position_embeddings", &context, err) < 0)
        return -1;
    if (strcmp(type, "default") == 0)
        factor = 1;
    else if (strcmp(type, "linear") != 0 && strcmp(type, "llama3") != 0)
        return ai_fail(err, AI_EINPUT, "type '%.40s' is not supported (linear and llama3 are)", type);
    if (!(factor >= 1 && factor < 1e6) || !(high > low && low > 0) || !(context > 0))
        return ai_fail(err, AI_EINPUT, "factors out of range");
    for (unsigned i = 0; i < hp->rope_dim / 2; i++) {
        double wavelength = 2 * M_PI * pow(hp->rope_base, 2.0 * i / hp->rope_dim);

        out[i] = (float)(strcmp(type, "llama3") == 0 ? llama3_divisor(wavelength, factor, low, high, context) : factor);
    }
    return 0;
}

static int gguf_factors(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp, float *out,
                        struct ai_err *err)
{
    const struct ai_named_tensor *t = ai_model_files_find(f, "rope_freqs.weight");
    struct ai_gguf_string type = {"none", 4};
    unsigned n = hp->rope_dim / 2;
    float factor = 1;
    char key[128];

    if (t) {
        if (t->type != AI_W_F32 || t->dims[0] != n || t->n_dims != 1 || t->room < 4 * (uint64_t)n)
            return ai_fail(err, AI_EINPUT, "rope_freqs.weight: not %u values of F32", n);
        ai_decode(AI_W_F32, t->data, out, n);
        for (unsigned i = 0; i < n; i++)
            if (!(out[i] > 0 && out[i] < 1e9f))
                return ai_fail(err, AI_EINPUT, "rope_freqs.weight: a value out of range");
        return 0;
    }
    snprintf(key, sizeof key, "%s.rope.scaling.type", a->gguf);
    if (ai_gguf_str(f->gguf, key, &type, err) < 0 || real(a, f, "rope.scaling.factor", NULL, NULL, &factor, err) < 0)
        return -1;
    if (type.len == 4 && memcmp(type.s, "none", 4) == 0)
        factor = 1;
    else if (type.len != 6 || memcmp(type.s, "linear", 6) != 0)
        return ai_fail(err, AI_EINPUT, "%s: '%.*s' is not supported (none and linear are)", key,
                       type.len > 40 ? 40 : (int)type.len, type.s);
    if (real(a, f, "rope.scale_linear", NULL, NULL, &factor, err) < 0) /* as older files write it */
        return -1;
    if (!(factor >= 1 && factor < 1e6f))
        return ai_fail(err, AI_EINPUT, "rope.scaling.factor: %g", factor);
    for (unsigned i = 0; i < n; i++)
        out[i] = factor;
    return 0;
}

int ai_arch_rope_factors(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp, struct ai_err *err)
{
    const char *key;
    const struct ai_json *scaling = rope_object(f, &key);
    bool plain = true;

    if (hp->position != AI_POS_ROPE)
        return 0;
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
    hp->rope_factors = plain ? NULL : f->rope_factors;
    return 0;
}

/* ---- what else the files say of their tensors ---- */

int ai_arch_tied(const struct ai_arch *a, const struct ai_model_files *f, bool *tied, struct ai_err *err)
{
    *tied = a->tied;
    if (!f->gguf)
        return ai_json_get_bool(f->config, "tie_word_embeddings", tied, err) < 0 ? -1 : 0;
    *tied = !ai_model_files_find(f, "output.weight");
    return 0;
}

int ai_arch_bias(const struct ai_arch *a, const struct ai_model_files *f, enum ai_bias_group group, enum ai_need *out,
                 struct ai_err *err)
{
    bool has = false;
    int rc = f->gguf || !a->bias_keys[group] ? 1 : ai_json_get_bool(f->config, a->bias_keys[group], &has, err);

    *out = rc == 0 ? (has ? AI_REQUIRED : AI_NONE) : a->bias[group];
    return rc < 0 ? -1 : 0;
}

/* The tokenizer of a GGUF file must not know tokens that the model has no row for. */
int ai_arch_check_vocab(const struct ai_arch *a, const struct ai_model_files *f, unsigned rows, struct ai_err *err)
{
    const struct ai_gguf_value *tokens = f->gguf ? ai_gguf_find(f->gguf, "tokenizer.ggml.tokens") : NULL;
    unsigned vocab = rows;

    if (tokens && tokens->type == AI_GGUF_ARRAY && tokens->count > rows)
        return ai_fail(err, AI_EINPUT, "tokenizer.ggml.tokens: %llu tokens, where the embedding has %u rows",
                       (unsigned long long)tokens->count, rows);
    if (whole(a, f, "vocab_size", "vocab_size", NULL, &vocab, err) < 0)
        return -1;
    if (vocab != rows)
        return ai_fail(err, AI_EINPUT, "vocab_size: %u, where the embedding has %u rows", vocab, rows);
    return 0;
}
