/* The numbers of a dense model; see gen_dense.h. */
#include "gen_dense.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

/* Random numbers that the model's type holds exactly. */
static float *numbers(struct ai_rng *rng, enum ai_wtype type, size_t n, double scale, double offset)
{
    float *x = ai_calloc(n, sizeof *x, &err);

    MUST(!x);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)((ai_rng_unit(rng) * 2 - 1) * scale + offset);
        if (type == AI_W_F16)
            x[i] = ai_f16_to_f32(ai_f32_to_f16(x[i]));
        else if (type == AI_W_BF16)
            x[i] = ai_bf16_to_f32(ai_f32_to_bf16(x[i]));
    }
    return x;
}

static struct dense_map map(struct ai_rng *rng, enum ai_wtype type, size_t rows, size_t cols, bool bias)
{
    struct dense_map m = {numbers(rng, type, rows * cols, 1.6 / sqrt((double)cols), 0), NULL};

    if (bias)
        m.bias = numbers(rng, type, rows, 0.4, 0);
    return m;
}

static struct dense_map norm(struct ai_rng *rng, enum ai_wtype type, size_t n, bool bias)
{
    struct dense_map m = {numbers(rng, type, n, 0.4, 1), NULL};

    if (bias)
        m.bias = numbers(rng, type, n, 0.4, 0);
    return m;
}

static bool is_llama(const struct dense_spec *s)
{
    return s->family <= DENSE_QWEN3;
}

static void make_block(struct dense_model *m, struct ai_rng *rng, struct dense_block *w)
{
    const struct dense_spec *s = &m->s;
    bool layer_norm = !is_llama(s), gpt = s->family == DENSE_GPT2 || (s->family == DENSE_OPT && !s->no_bias);
    bool qkv = gpt || s->attention_bias || s->family == DENSE_QWEN2;
    bool out = gpt || s->attention_bias || s->family == DENSE_GPT_NEO;
    bool mlp = gpt || s->mlp_bias || s->family == DENSE_GPT_NEO || s->family == DENSE_GPT_NEOX;
    size_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim;

    if (!s->no_affine) {
        w->attn_norm = norm(rng, s->type, s->width, layer_norm);
        w->mlp_norm = norm(rng, s->type, s->width, layer_norm);
    }
    w->q = map(rng, s->type, q, s->width, qkv);
    w->k = map(rng, s->type, kv, s->width, qkv);
    w->v = map(rng, s->type, kv, s->width, qkv);
    w->o = map(rng, s->type, s->width, q, out);
    if (s->family == DENSE_QWEN3) {
        w->q_norm = norm(rng, s->type, s->head_dim, false);
        w->k_norm = norm(rng, s->type, s->head_dim, false);
    }
    if (is_llama(s))
        w->gate = map(rng, s->type, s->ff, s->width, mlp);
    w->up = map(rng, s->type, s->ff, s->width, mlp);
    w->down = map(rng, s->type, s->width, s->ff, mlp);
}

struct dense_model *dense_new(const struct dense_spec *spec)
{
    struct dense_model *m = ai_calloc(1, sizeof *m, &err);
    struct ai_rng rng = {spec->seed * 7919 + 17};
    const struct dense_spec *s = &m->s;
    size_t E = spec->embed_width ? spec->embed_width : spec->width;

    MUST(!m);
    m->s = *spec;
    m->embed = numbers(&rng, s->type, s->vocab * E, 1, 0);
    if (s->embed_width) {
        m->project_in = map(&rng, s->type, s->width, E, false);
        m->project_out = map(&rng, s->type, E, s->width, false);
    }
    if (!is_llama(s) && s->family != DENSE_GPT_NEOX)
        m->positions = numbers(&rng, s->type, (s->context + 2) * (size_t)s->width, 0.7, 0);
    if (!s->norm_after && !s->no_final_norm && !s->no_affine)
        m->final_norm = norm(&rng, s->type, s->width, !is_llama(s));
    m->head = s->tied ? m->embed : numbers(&rng, s->type, s->vocab * E, 1, 0);
    MUST(!(m->blocks = ai_calloc(s->layers, sizeof *m->blocks, &err)));
    for (unsigned b = 0; b < s->layers; b++)
        make_block(m, &rng, &m->blocks[b]);
    return m;
}

static void map_free(struct dense_map *m)
{
    free(m->weight);
    free(m->bias);
}

void dense_free(struct dense_model *m)
{
    for (unsigned b = 0; b < m->s.layers; b++) {
        struct dense_block *w = &m->blocks[b];
        struct dense_map *all[] = {&w->attn_norm, &w->mlp_norm, &w->q, &w->k, &w->v, &w->o,
                                   &w->q_norm, &w->k_norm, &w->gate, &w->up, &w->down};

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            map_free(all[i]);
    }
    free(m->blocks);
    if (m->head != m->embed)
        free(m->head);
    free(m->embed);
    free(m->positions);
    map_free(&m->project_in);
    map_free(&m->project_out);
    map_free(&m->final_norm);
    free(m);
}

unsigned dense_window(const struct dense_spec *s, unsigned b)
{
    switch (s->family) {
    case DENSE_MISTRAL: return s->window;
    case DENSE_QWEN2:
    case DENSE_QWEN3: return b >= s->first_window ? s->window : 0;
    case DENSE_GPT_NEO: return b % 2 ? s->window : 0;
    default: return 0;
    }
}

unsigned dense_rope_dim(const struct dense_spec *s)
{
    return s->family == DENSE_GPT_NEOX ? (unsigned)(s->head_dim * s->rotary_share) : s->head_dim;
}

/* The dimension whose pair turns so many times in the original context (YaRN, eq. 16 ff.). */
static double yarn_dim(const struct dense_spec *s, double turns)
{
    return dense_rope_dim(s) * log(s->original / (turns * 2 * M_PI)) / (2 * log(s->theta));
}

double dense_divisor(const struct dense_spec *s, unsigned i)
{
    double wave = 2 * M_PI * pow(s->theta, 2.0 * i / dense_rope_dim(s)), keep, low, high;

    switch (s->rope) {
    case DENSE_ROPE_LINEAR:
        return s->factor;
    case DENSE_ROPE_LLAMA3: /* low_freq_factor 1, high_freq_factor 4 */
        if (wave < s->original / 4.0)
            return 1;
        if (wave > s->original)
            return s->factor;
        keep = (s->original / wave - 1) / 3;
        return 1 / (keep + (1 - keep) / s->factor);
    case DENSE_ROPE_YARN: /* beta_fast 32, beta_slow 1 */
        low = fmax(floor(yarn_dim(s, 32)), 0);
        high = fmin(ceil(yarn_dim(s, 1)), dense_rope_dim(s) - 1);
        keep = 1 - fmin(fmax((i - low) / (high - low), 0), 1);
        return 1 / (keep + (1 - keep) / s->factor);
    default:
        return 1;
    }
}

double dense_rope_scale(const struct dense_spec *s)
{
    return s->rope == DENSE_ROPE_YARN ? 0.1 * log(s->factor) + 1 : 1;
}
