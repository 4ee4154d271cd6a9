/* Gemma, Phi and the mixtures of experts: directory and GGUF file of the same small
 * model against the plain double loops. */
#include "against.h"
#include "plain.h"

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

static void check(const struct answers *a, const char *path, const char *name)
{
    char report[400];
    bool good = against(a, path, report, sizeof report);

    ok(good, "%s: %s", name, report);
}

static void check_family(const struct gen_family *s, const char *dir, bool gguf, unsigned i)
{
    struct gen_model *hf = gen_family_hf(s);
    struct answers a;
    char path[200], name[100];

    answers_init(&a, s->layers, s->width, s->vocab, 44);
    for (size_t k = 0; k < PROMPTS; k++)
        a.states[k] = plain_states(s, hf, a.tokens[k], a.n[k], &a.logits[k], &a.macs[k]);
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
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) ? 99 : done_testing();
}
