/* Gemma, Phi and the mixtures of experts: directory and GGUF file of the same small
 * model against the plain double loops. */
#include "against.h"
#include "plain.h"

#include "../gen/gen_blocks.h"

#include "../tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct gen_family families[] = {
    {.kind = GEN_GEMMA, .layers = 3, .width = 40, .heads = 4, .kv_heads = 1, .head_dim = 16, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 10000, .tied = true},
    {.kind = GEN_GEMMA2, .layers = 4, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 16, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 10000, .tied = true, .window = 7, .query_scalar = 16, .attn_cap = 3,
     .head_cap = 2},
    {.kind = GEN_GEMMA3, .layers = 7, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 8, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 1e6, .tied = true, .window = 7, .query_scalar = 8, .pattern = 6,
     .local_theta = 10000, .stretch = 8},
    {.kind = GEN_PHI, .layers = 3, .width = 80, .heads = 4, .kv_heads = 4, .head_dim = 20, .ff = 320, .vocab = 60,
     .context = 64, .eps = 1e-5, .theta = 10000, .rotary_share = 0.4},
    {.kind = GEN_PHI3, .layers = 3, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 12, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-5, .theta = 10000, .rotary_share = 1, .window = 13},
    {.kind = GEN_PHI3, .layers = 3, .width = 64, .heads = 4, .kv_heads = 2, .head_dim = 16, .ff = 56, .vocab = 60,
     .context = 128, .eps = 1e-5, .theta = 10000, .rotary_share = 0.75, .original = 32, .tied = true},
    {.kind = GEN_MIXTRAL, .layers = 3, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 12, .vocab = 60,
     .context = 64, .eps = 1e-5, .theta = 1e6, .experts = 5, .used = 2, .expert_ff = 40},
    {.kind = GEN_QWEN2_MOE, .layers = 3, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 12, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 1e6, .experts = 6, .used = 3, .expert_ff = 24, .shared_ff = 40,
     .sparse_step = 1},
    {.kind = GEN_QWEN3_MOE, .layers = 4, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 16, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 1e6, .experts = 6, .used = 2, .expert_ff = 24, .sparse_step = 1,
     .dense = 2, .normed = true},
    {.kind = GEN_OLMOE, .layers = 3, .width = 48, .heads = 4, .kv_heads = 4, .head_dim = 12, .vocab = 60,
     .context = 64, .eps = 1e-5, .theta = 10000, .experts = 6, .used = 3, .expert_ff = 24},
};

/* What GGUF has no words for: only as directories. */
static const struct gen_family directories[] = {
    {.kind = GEN_GEMMA2, .layers = 3, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 16, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 10000, .window = 7, .query_scalar = 12},
    {.kind = GEN_GEMMA3, .layers = 4, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 8, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 5e5, .tied = true, .window = 9, .query_scalar = 12, .pattern = 2,
     .local_theta = 500, .stretch = 2, .head_cap = 2},
    {.kind = GEN_PHI, .layers = 2, .width = 64, .heads = 4, .kv_heads = 2, .head_dim = 16, .ff = 100, .vocab = 60,
     .context = 64, .eps = 1e-4, .theta = 500, .rotary_share = 0.5, .head_norms = true, .tied = true},
    {.kind = GEN_QWEN2_MOE, .layers = 4, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 12, .ff = 56, .vocab = 60,
     .context = 64, .eps = 1e-6, .theta = 1e6, .experts = 6, .used = 3, .expert_ff = 24, .shared_ff = 40,
     .sparse_step = 2, .dense = 2, .normed = true},
    {.kind = GEN_OLMOE, .layers = 2, .width = 48, .heads = 4, .kv_heads = 2, .head_dim = 12, .vocab = 60,
     .context = 64, .eps = 1e-5, .theta = 10000, .experts = 6, .used = 3, .expert_ff = 24, .normed = true},
};

enum { N_FAMILIES = sizeof families / sizeof *families, N_DIRECTORIES = sizeof directories / sizeof *directories };

static void answer(struct answers *a, const struct gen_family *s, const struct gen_model *hf)
{
    answers_init(a, s->layers, s->width, s->vocab, 44);
    for (size_t k = 0; k < PROMPTS; k++)
        a->states[k] = plain_states(s, hf, a->tokens[k], a->n[k], &a->logits[k], &a->macs[k]);
}

static void check(const struct answers *a, const char *path, const char *name)
{
    char report[400];
    bool good = against(a, path, report, sizeof report);

    ok(good, "%s: %s", name, report);
}

/* Puts weights of a block format in place of one matrix of a block's experts, and the
 * same numbers into the directory. */
static void quantise(struct gen_model *g, struct gen_model *hf, unsigned b, const char *gguf_name, const char *hf_name,
                     enum ai_wtype type)
{
    struct ai_rng rng = {b + 17};
    struct gen_tensor *stack, *one;
    char name[96];
    size_t n;

    snprintf(name, sizeof name, "blk.%u.%s_exps.weight", b, gguf_name);
    stack = gen_tensor(g, name);
    n = stack->dims[1] * stack->dims[2];
    stack->type = type;
    stack->data.len = stack->dims[0] * n / ai_wtypes[type].block * ai_wtypes[type].bytes;
    gen_blocks(type, &rng, 0.15f, stack->dims[0] * n, stack->data.data);
    for (unsigned e = 0; e < stack->dims[0]; e++) {
        snprintf(name, sizeof name, "model.layers.%u.mlp.experts.%u.%s.weight", b, e, hf_name);
        one = gen_tensor(hf, name);
        ai_decode(type, stack->data.data + e * (n / ai_wtypes[type].block * ai_wtypes[type].bytes),
                  (float *)(void *)one->data.data, n);
    }
}

static void check_quantised(const char *dir)
{
    static const enum ai_wtype types[] = {AI_W_Q8_0, AI_W_Q4_0, AI_W_Q5_1, AI_W_IQ4_NL};
    struct gen_family s = {.kind = GEN_QWEN3_MOE, .layers = 2, .width = 64, .heads = 4, .kv_heads = 2, .head_dim = 16,
                           .ff = 56, .vocab = 60, .context = 64, .eps = 1e-6, .theta = 1e6, .experts = 6, .used = 2,
                           .expert_ff = 32, .sparse_step = 1, .normed = true};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct gen_model *hf = gen_family_hf(&s), *g = gen_family_gguf(&s, hf, false);
        struct answers a;
        char path[200], name[100];

        for (unsigned b = 0; b < s.layers; b++) {
            quantise(g, hf, b, "ffn_gate", "gate_proj", types[i]);
            quantise(g, hf, b, "ffn_up", "up_proj", types[i]);
            quantise(g, hf, b, "ffn_down", "down_proj", types[i]);
        }
        answer(&a, &s, hf);
        snprintf(path, sizeof path, "%s/quantised-%zu.gguf", dir, i);
        snprintf(name, sizeof name, "experts in %s", ai_wtypes[types[i]].name);
        gen_write(g, path, 1);
        check(&a, path, name);
        answers_free(&a);
        gen_free(g);
        gen_free(hf);
    }
}

static void check_family(const struct gen_family *s, const char *dir, bool gguf, unsigned i)
{
    struct gen_model *hf = gen_family_hf(s);
    struct answers a;
    char path[200], name[100];

    answer(&a, s, hf);
    snprintf(path, sizeof path, "%s/%u", dir, i);
    snprintf(name, sizeof name, "%s %u", gen_family_name(s->kind), i);
    gen_write(hf, path, 1);
    check(&a, path, name);
    for (int per_expert = 0; gguf && per_expert <= (s->kind == GEN_MIXTRAL); per_expert++) {
        struct gen_model *g = gen_family_gguf(s, hf, per_expert);

        snprintf(path, sizeof path, "%s/%u-%d.gguf", dir, i, per_expert);
        snprintf(name, sizeof name, "%s %u, GGUF%s", gen_family_name(s->kind), i,
                 per_expert ? ", expert by expert" : "");
        gen_write(g, path, 1);
        check(&a, path, name);
        gen_free(g);
    }
    answers_free(&a);
    gen_free(hf);
}

int main(void)
{
    char dir[] = "/tmp/ai-families-XXXXXX", command[64];

    if (!mkdtemp(dir))
        return 99;
    for (unsigned i = 0; i < N_FAMILIES; i++)
        check_family(&families[i], dir, true, i);
    for (unsigned i = 0; i < N_DIRECTORIES; i++)
        check_family(&directories[i], dir, false, N_FAMILIES + i);
    check_quantised(dir);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) ? 99 : done_testing();
}
