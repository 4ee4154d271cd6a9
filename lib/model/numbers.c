/* The numbers of a model: from GGUF metadata or config.json into struct ai_hparams. */
#include "model/arch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT = 1 << 24 }; /* of any one dimension */

/* GGUF's keys, behind "<architecture>."; NULL: it has none. */
static const char *const gguf_keys[AI_NUMBERS] = {
    [AI_LAYERS] = "block_count", [AI_WIDTH] = "embedding_length", [AI_HEADS] = "attention.head_count",
    [AI_KV_HEADS] = "attention.head_count_kv", [AI_HEAD_DIM] = "attention.key_length",
    [AI_FF] = "feed_forward_length", [AI_CONTEXT] = "context_length", [AI_ROPE_BASE] = "rope.freq_base",
    [AI_WINDOW] = "attention.sliding_window", [AI_ATTN_CAP] = "attn_logit_softcapping",
    [AI_HEAD_CAP] = "final_logit_softcapping", [AI_ROPE_BASE_LOCAL] = "rope.freq_base_swa",
    [AI_WINDOW_EVERY] = "attention.sliding_window_pattern", [AI_EXPERTS] = "expert_count",
    [AI_EXPERTS_USED] = "expert_used_count", [AI_EXPERT_FF] = "expert_feed_forward_length",
    [AI_SHARED_FF] = "expert_shared_feed_forward_length",
    [AI_CONTEXT_FIRST] = "rope.scaling.original_context_length",
};

static const char *gguf_key(const struct ai_arch *a, enum ai_number n)
{
    if (n == AI_NORM_EPS)
        return a->norm == AI_NORM_RMS ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
    return gguf_keys[n];
}

/* config.json's value of n: *key is the name it goes by. */
static const struct ai_json *config_value(const struct ai_arch *a, const struct ai_model_files *f, enum ai_number n,
                                          const char **key)
{
    const struct ai_hf_number *number = &a->numbers[n];
    const struct ai_json *v = number->key ? ai_json_get(f->config, number->key) : NULL;

    *key = number->key;
    if (!v && number->older)
        v = ai_json_get(f->config, *key = number->older);
    return v;
}

int ai_arch_whole(const struct ai_arch *a, const struct ai_model_files *f, enum ai_number n, unsigned *out,
                  struct ai_err *err)
{
    const struct ai_json *json;
    const char *key = gguf_key(a, n);
    uint64_t v = 0;
    char full[128];
    int rc;

    if (f->gguf) {
        uint32_t u = 0;

        snprintf(full, sizeof full, "%s.%s", a->gguf, key ? key : "");
        rc = key ? ai_gguf_u32(f->gguf, full, &u, err) : 1;
        v = u;
        if (rc == 1 && a->numbers[n].gguf_absent > 0) {
            v = (uint64_t)a->numbers[n].gguf_absent;
            rc = 0;
        }
    } else {
        json = config_value(a, f, n, &key);
        if (!json && a->numbers[n].absent > 0) {
            *out = (unsigned)a->numbers[n].absent;
            return 0;
        }
        rc = json ? ai_json_get_u64(f->config, key, UINT32_MAX, &v, err) : 1;
    }
    if (rc == 0)
        *out = (unsigned)v;
    return rc;
}

int ai_arch_real(const struct ai_arch *a, const struct ai_model_files *f, enum ai_number n, float *out,
                 struct ai_err *err)
{
    const struct ai_json *json;
    const char *key = gguf_key(a, n);
    double v = 0;
    char full[128];
    int rc;

    if (f->gguf) {
        snprintf(full, sizeof full, "%s.%s", a->gguf, key ? key : "");
        rc = key ? ai_gguf_f32(f->gguf, full, out, err) : 1;
        if (rc == 1 && a->numbers[n].gguf_absent > 0) {
            *out = (float)a->numbers[n].gguf_absent;
            rc = 0;
        }
        return rc;
    }
    json = config_value(a, f, n, &key);
    if (!json && a->numbers[n].absent > 0) {
        *out = (float)a->numbers[n].absent;
        return 0;
    }
    rc = json ? ai_json_get_number(f->config, key, &v, err) : 1;
    if (rc == 0)
        *out = (float)v;
    return rc;
}

/* Numbers that must be there.  Returns 0 or -1. */
static int need(const struct ai_arch *a, const struct ai_model_files *f, enum ai_number n, unsigned *out,
                struct ai_err *err)
{
    const char *key = f->gguf ? gguf_keys[n] : a->numbers[n].key;
    int rc = ai_arch_whole(a, f, n, out, err);

    return rc > 0 ? ai_fail(err, AI_EINPUT, "%s%s%s is not given", f->gguf ? a->gguf : "", f->gguf ? "." : "", key)
                  : rc;
}

static int read_shape(const struct ai_arch *a, const struct ai_model_files *f, unsigned traits,
                      struct ai_hparams *hp, struct ai_err *err)
{
    unsigned value_dim;
    char key[128];
    int rc;

    if (need(a, f, AI_LAYERS, &hp->layers, err) || need(a, f, AI_WIDTH, &hp->width, err) ||
        need(a, f, AI_HEADS, &hp->heads, err) || need(a, f, AI_CONTEXT, &hp->context, err))
        return -1;
    if (hp->layers < 1 || hp->layers > 1024 || hp->width < 1 || hp->width > LIMIT || hp->heads < 1 ||
        hp->heads > LIMIT || hp->context < 1 || hp->context > LIMIT)
        return ai_fail(err, AI_EINPUT, "%u layers, width %u, %u heads, context %u: not in the range that is supported",
                       hp->layers, hp->width, hp->heads, hp->context);
    hp->kv_heads = hp->heads;
    hp->head_dim = hp->width / hp->heads;
    hp->ff = 4 * hp->width;
    if (ai_arch_whole(a, f, AI_KV_HEADS, &hp->kv_heads, err) < 0 ||
        ai_arch_whole(a, f, AI_HEAD_DIM, &hp->head_dim, err) < 0 ||
        (rc = ai_arch_whole(a, f, AI_FF, &hp->ff, err)) < 0)
        return -1;
    if (rc && (traits & AI_GATED))
        return need(a, f, AI_FF, &hp->ff, err);
    value_dim = hp->head_dim;
    if (f->gguf) {
        snprintf(key, sizeof key, "%s.attention.value_length", a->gguf);
        if (ai_gguf_u32(f->gguf, key, &value_dim, err) < 0)
            return -1;
    }
    if (value_dim != hp->head_dim)
        return ai_fail(err, AI_EINPUT, "keys of %u dimensions with values of %u are not supported", hp->head_dim,
                       value_dim);
    if (hp->kv_heads < 1 || hp->heads % hp->kv_heads || hp->head_dim < 1 || hp->head_dim > 8192 || hp->ff < 1 ||
        hp->ff > LIMIT || (uint64_t)hp->heads * hp->head_dim > LIMIT)
        return ai_fail(err, AI_EINPUT,
                       "%u heads, %u key/value heads, head dimension %u, MLP width %u do not go together",
                       hp->heads, hp->kv_heads, hp->head_dim, hp->ff);
    return 0;
}

/* GGUF does not name the function: it is the family's. */
static int read_activation(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp,
                           struct ai_err *err)
{
    static const struct { const char *name; enum ai_act act; } known[] = {
        {"silu", AI_ACT_SILU}, {"swish", AI_ACT_SILU}, {"gelu", AI_ACT_GELU_ERF}, {"gelu_python", AI_ACT_GELU_ERF},
        {"gelu_new", AI_ACT_GELU_TANH}, {"gelu_fast", AI_ACT_GELU_TANH}, {"gelu_pytorch_tanh", AI_ACT_GELU_TANH},
        {"gelu_accurate", AI_ACT_GELU_TANH}, {"relu", AI_ACT_RELU},
    };
    const char *name = NULL;
    char list[128] = "";

    hp->act = a->act;
    if (f->gguf || !a->act_key)
        return 0;
    if (ai_json_get_string(f->config, a->act_key, &name, err) < 0 ||
        (!name && a->act_older && ai_json_get_string(f->config, a->act_older, &name, err) < 0))
        return -1;
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, name) == 0) {
            hp->act = known[i].act;
            return 0;
        }
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", known[i].name);
    }
    return name ? ai_fail(err, AI_EINPUT, "%s: '%.40s' is not supported (known: %s)", a->act_key, name, list) : 0;
}

static int read_switches(const struct ai_arch *a, const struct ai_model_files *f, unsigned *traits,
                         struct ai_err *err)
{
    *traits = a->traits;
    for (const struct ai_switch *s = a->switches; s < a->switches + sizeof a->switches / sizeof *a->switches && s->hf;
         s++) {
        bool value = s->absent != (f->gguf && s->gguf_other);
        char key[128];

        snprintf(key, sizeof key, "%s.%s", a->gguf ? a->gguf : "", s->gguf ? s->gguf : "");
        if ((!f->gguf && ai_json_get_bool(f->config, s->hf, &value, err) < 0) ||
            (f->gguf && s->gguf && ai_gguf_bool(f->gguf, key, &value, err) < 0))
            return -1;
        if (!s->traits && value != s->absent)
            return ai_fail(err, AI_EINPUT, "%s: %s is not supported", s->hf, value ? "true" : "false");
        if (value == s->inverse)
            *traits &= ~s->traits;
    }
    return 0;
}

/* What GGUF says of a router beyond what its architecture does. */
static int check_router(const struct ai_arch *a, const struct ai_model_files *f, struct ai_err *err)
{
    char scale_key[128], function_key[128];
    uint32_t function = 1;
    float scale = 1;

    snprintf(scale_key, sizeof scale_key, "%s.expert_weights_scale", a->gguf);
    snprintf(function_key, sizeof function_key, "%s.expert_gating_func", a->gguf);
    if (ai_gguf_f32(f->gguf, scale_key, &scale, err) < 0 || ai_gguf_u32(f->gguf, function_key, &function, err) < 0)
        return -1;
    if (scale != 1 && scale != 0)
        return ai_fail(err, AI_EINPUT, "%s: %g is not supported", scale_key, scale);
    if (function > 1)
        return ai_fail(err, AI_EINPUT, "%s: %u is not supported (1 is: softmax)", function_key, function);
    return 0;
}

static int read_experts(const struct ai_arch *a, const struct ai_model_files *f, unsigned traits,
                        struct ai_hparams *hp, struct ai_err *err)
{
    if (ai_arch_whole(a, f, AI_EXPERTS, &hp->experts, err) < 0)
        return -1;
    if (!hp->experts)
        return 0;
    if (need(a, f, AI_EXPERTS_USED, &hp->experts_used, err) || (f->gguf && check_router(a, f, err)))
        return -1;
    hp->experts_normed = traits & AI_EXPERTS_NORMED;
    hp->expert_ff = hp->ff;
    hp->shared_ff = f->gguf && a->numbers[AI_SHARED_FF].key ? hp->ff : 0;
    if (ai_arch_whole(a, f, AI_EXPERT_FF, &hp->expert_ff, err) < 0 ||
        ai_arch_whole(a, f, AI_SHARED_FF, &hp->shared_ff, err) < 0)
        return -1;
    if (hp->experts > 4096 || hp->experts_used < 1 || hp->experts_used > hp->experts || hp->expert_ff < 1 ||
        hp->expert_ff > LIMIT || hp->shared_ff > LIMIT)
        return ai_fail(err, AI_EINPUT, "%u of %u experts of width %u, and one of %u that all share, do not go together",
                       hp->experts_used, hp->experts, hp->expert_ff, hp->shared_ff);
    return 0;
}

static int read_rope_dim(const struct ai_arch *a, const struct ai_model_files *f, struct ai_hparams *hp,
                         struct ai_err *err)
{
    const struct ai_json *nested = ai_json_get(f->config, "rope_parameters");
    double share = 1;
    char key[128];

    hp->rope_dim = hp->head_dim;
    if (f->gguf) {
        snprintf(key, sizeof key, "%s.rope.dimension_count", a->gguf);
        if (ai_gguf_u32(f->gguf, key, &hp->rope_dim, err) < 0)
            return -1;
    } else if (a->numbers[AI_ROPE_SHARE].key) {
        const char *name;
        const struct ai_json *v = config_value(a, f, AI_ROPE_SHARE, &name);

        share = a->numbers[AI_ROPE_SHARE].absent;
        if ((v && ai_json_get_number(f->config, name, &share, err) < 0) ||
            ai_json_get_number(nested, "partial_rotary_factor", &share, err) < 0)
            return -1;
        if (!(share > 0 && share <= 1))
            return ai_fail(err, AI_EINPUT, "%s: %g", name ? name : "partial_rotary_factor", share);
        hp->rope_dim = (unsigned)(hp->head_dim * share);
    }
    if (hp->rope_dim < 2 || hp->rope_dim % 2 || hp->rope_dim > hp->head_dim)
        return ai_fail(err, AI_EINPUT, "%u rotary dimensions in a head of %u", hp->rope_dim, hp->head_dim);
    return 0;
}

int ai_arch_numbers(const struct ai_arch *a, struct ai_model_files *f, struct ai_hparams *hp, unsigned *traits,
                    struct ai_err *err)
{
    float query_scale = 0;
    int rc;

    memset(hp, 0, sizeof *hp);
    if (read_switches(a, f, traits, err) || read_shape(a, f, *traits, hp, err) || read_activation(a, f, hp, err) ||
        read_experts(a, f, *traits, hp, err))
        return -1;
    hp->norm = a->norm;
    hp->norm_place = *traits & AI_PRE_NORMS ? AI_NORM_BEFORE : AI_NORM_AFTER;
    hp->parallel = *traits & AI_PARALLEL;
    hp->position = a->position;
    hp->position_offset = a->position_offset;
    hp->rope = f->gguf ? a->rope_gguf : a->rope_hf;
    hp->gated = *traits & AI_GATED;
    hp->whole_norms = *traits & AI_WHOLE_NORMS;
    rc = ai_arch_real(a, f, AI_NORM_EPS, &hp->norm_eps, err);
    if (rc < 0 || ai_arch_real(a, f, AI_ATTN_CAP, &hp->attn_cap, err) < 0 ||
        ai_arch_real(a, f, AI_HEAD_CAP, &hp->head_cap, err) < 0 ||
        ai_arch_real(a, f, AI_QUERY_SCALE, &query_scale, err) < 0)
        return -1;
    if (rc > 0)
        return ai_fail(err, AI_EINPUT, "%s is not given",
                       f->gguf ? gguf_key(a, AI_NORM_EPS) : a->numbers[AI_NORM_EPS].key);
    if (!(hp->norm_eps > 0 && hp->norm_eps < 1))
        return ai_fail(err, AI_EINPUT, "norm epsilon %g", hp->norm_eps);
    if (!(hp->attn_cap >= 0 && hp->attn_cap < 1e9f && hp->head_cap >= 0 && hp->head_cap < 1e9f && query_scale >= 0))
        return ai_fail(err, AI_EINPUT, "caps %g and %g, query scale %g", hp->attn_cap, hp->head_cap, query_scale);
    if (a->position == AI_POS_ROPE && read_rope_dim(a, f, hp, err))
        return -1;
    if (*traits & AI_EMBED_SCALED)
        hp->embed_scale = (float)sqrt((double)hp->width);
    if (f->gguf && a->query_by_width == hp->layers)
        query_scale = (float)(hp->width / hp->heads);
    if (!(query_scale > 0))
        query_scale = (float)hp->head_dim;
    hp->attn_scale = *traits & AI_SCALED ? 1.0f / sqrtf(query_scale) : 1.0f;
    return 0;
}

/* The tokenizer of a GGUF file must not know tokens that the model has no row for. */
int ai_arch_check_vocab(const struct ai_arch *a, const struct ai_model_files *f, unsigned rows, struct ai_err *err)
{
    const struct ai_gguf_value *tokens = f->gguf ? ai_gguf_find(f->gguf, "tokenizer.ggml.tokens") : NULL;
    uint64_t vocab = rows;
    uint32_t given = rows;
    char key[128];

    if (tokens && tokens->type == AI_GGUF_ARRAY && tokens->count > rows)
        return ai_fail(err, AI_EINPUT, "tokenizer.ggml.tokens: %llu tokens, where the embedding has %u rows",
                       (unsigned long long)tokens->count, rows);
    snprintf(key, sizeof key, "%s.vocab_size", a->gguf ? a->gguf : "");
    if ((f->gguf ? ai_gguf_u32(f->gguf, key, &given, err)
                 : ai_json_get_u64(f->config, "vocab_size", UINT32_MAX, &vocab, err)) < 0)
        return -1;
    vocab = f->gguf ? given : vocab;
    if (vocab != rows)
        return ai_fail(err, AI_EINPUT, "vocab_size: %llu, where the embedding has %u rows", (unsigned long long)vocab,
                       rows);
    return 0;
}
