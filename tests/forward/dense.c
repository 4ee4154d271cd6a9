/* Llama and its relatives, OPT and the GPTs: directory and GGUF file of the same small
 * model against plain double loops. */
#include "against.h"
#include "plain_dense.h"

#include "../tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SHAPE(LAYERS, WIDTH, HEADS, KV_HEADS, HEAD_DIM, FF)                                                         \
    .layers = LAYERS, .width = WIDTH, .heads = HEADS, .kv_heads = KV_HEADS, .head_dim = HEAD_DIM, .ff = FF

static const struct dense_spec specs[] = {
    {.family = DENSE_LLAMA, .what = "as many keys as heads, tied, F16", SHAPE(3, 48, 4, 4, 12, 80),
     .type = AI_W_F16, .eps = 1e-6, .theta = 10000, .tied = true, .act = "silu"},
    {.family = DENSE_LLAMA, .what = "one key head, heads of another width, biases", SHAPE(3, 40, 6, 1, 16, 56),
     .eps = 1e-5, .theta = 5e5, .act = "silu", .attention_bias = true, .mlp_bias = true},
    {.family = DENSE_LLAMA, .what = "positions divided, three groups", SHAPE(2, 60, 6, 2, 10, 64),
     .eps = 1e-5, .theta = 10000, .act = "silu", .rope = DENSE_ROPE_LINEAR, .factor = 4, .original = 64},
    {.family = DENSE_LLAMA, .what = "Llama 3.1's frequencies, BF16", SHAPE(3, 64, 4, 2, 16, 72),
     .type = AI_W_BF16, .eps = 1e-5, .theta = 5e5, .act = "silu", .rope = DENSE_ROPE_LLAMA3, .factor = 8,
     .original = 64},
    {.family = DENSE_LLAMA, .what = "YaRN", SHAPE(3, 64, 4, 2, 16, 72),
     .eps = 1e-5, .theta = 1000, .act = "silu", .rope = DENSE_ROPE_YARN, .factor = 4, .original = 512},
    {.family = DENSE_MISTRAL, .what = "window, heads of another width", SHAPE(3, 48, 4, 2, 20, 64),
     .eps = 1e-5, .theta = 10000, .act = "silu", .window = 11},
    {.family = DENSE_MISTRAL, .what = "no window, another activation", SHAPE(2, 48, 3, 3, 16, 64),
     .eps = 1e-5, .theta = 1e6, .act = "gelu"},
    {.family = DENSE_MISTRAL, .what = "no window", SHAPE(2, 48, 4, 2, 12, 64),
     .eps = 1e-5, .theta = 1e6, .act = "silu"},
    {.family = DENSE_QWEN2, .what = "tied, BF16", SHAPE(3, 48, 4, 2, 12, 64),
     .type = AI_W_BF16, .eps = 1e-6, .theta = 1e6, .tied = true, .act = "silu"},
    {.family = DENSE_QWEN2, .what = "window in the upper blocks", SHAPE(4, 48, 4, 1, 12, 64),
     .eps = 1e-6, .theta = 1e6, .act = "silu", .window = 9, .first_window = 2},
    {.family = DENSE_QWEN3, .what = "heads of another width", SHAPE(3, 48, 4, 2, 24, 64),
     .type = AI_W_F16, .eps = 1e-6, .theta = 1e6, .tied = true, .act = "silu"},
    {.family = DENSE_QWEN3, .what = "biases, window", SHAPE(3, 60, 5, 5, 12, 64),
     .eps = 1e-6, .theta = 1e4, .act = "silu", .attention_bias = true, .window = 5, .first_window = 1},
    {.family = DENSE_OPT, .what = "as most of them, F16", SHAPE(3, 48, 4, 4, 12, 100),
     .type = AI_W_F16, .eps = 1e-5, .tied = true, .act = "relu", .prefix = "model.decoder."},
    {.family = DENSE_OPT, .what = "as 350m, older names", SHAPE(3, 48, 4, 4, 12, 192),
     .eps = 1e-5, .tied = true, .act = "relu", .prefix = "decoder.", .embed_width = 28, .norm_after = true},
    {.family = DENSE_OPT, .what = "a wider embedding, no final norm, a head of its own", SHAPE(2, 36, 3, 3, 12, 72),
     .eps = 1e-5, .act = "gelu", .prefix = "model.decoder.", .embed_width = 52, .no_final_norm = true},
    {.family = DENSE_OPT, .what = "no biases, norms without weights", SHAPE(2, 48, 4, 4, 12, 96),
     .eps = 1e-5, .tied = true, .act = "gelu", .prefix = "model.decoder.", .no_bias = true, .no_affine = true},
    {.family = DENSE_GPT2, .what = "as first published", SHAPE(3, 48, 4, 4, 12, 192),
     .eps = 1e-5, .tied = true, .act = "gelu_new", .prefix = ""},
    {.family = DENSE_GPT2, .what = "as saved since, F16", SHAPE(2, 60, 5, 5, 12, 100),
     .type = AI_W_F16, .eps = 1e-6, .act = "gelu_new", .prefix = "transformer."},
    {.family = DENSE_GPT2, .what = "another activation", SHAPE(2, 48, 2, 2, 24, 64),
     .eps = 1e-5, .tied = true, .act = "relu", .prefix = "transformer."},
    {.family = DENSE_GPT_NEO, .what = "windows", SHAPE(4, 48, 4, 4, 12, 192),
     .eps = 1e-5, .tied = true, .act = "gelu_new", .prefix = "transformer.", .window = 13},
    {.family = DENSE_GPT_NEOX, .what = "a quarter of each head, F16", SHAPE(3, 64, 4, 4, 16, 256),
     .type = AI_W_F16, .eps = 1e-5, .theta = 10000, .act = "gelu", .attention_bias = true, .rotary_share = 0.25},
    {.family = DENSE_GPT_NEOX, .what = "one after the other, an odd share", SHAPE(3, 60, 3, 3, 20, 100),
     .eps = 1e-6, .theta = 5000, .act = "gelu", .attention_bias = true, .rotary_share = 0.33, .sequential = true},
    {.family = DENSE_GPT_NEOX, .what = "no biases of the attention, tied, whole heads", SHAPE(2, 48, 4, 4, 12, 72),
     .eps = 1e-5, .theta = 10000, .tied = true, .act = "gelu_fast", .rotary_share = 1, .rope = DENSE_ROPE_LINEAR,
     .factor = 2},
};

/* Multiply-adds of a prompt of n tokens, all of them through all blocks. */
static uint64_t count(const struct dense_spec *s, uint64_t n)
{
    uint64_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim, sum = 0;
    uint64_t token = s->width * (2 * q + 2 * kv) + (s->family <= DENSE_QWEN3 ? 3ull : 2ull) * s->width * s->ff;

    for (unsigned b = 0; b < s->layers; b++)
        for (uint64_t t = 1; t <= n; t++)
            sum += token + 2 * q * (dense_window(s, b) && t > dense_window(s, b) ? dense_window(s, b) : t);
    return sum;
}

static void check(const struct answers *a, const struct dense_spec *s, const char *name, struct gen_model *g,
                  const char *path, const char *form)
{
    char report[400];

    gen_write(g, path, 1);
    ok(against(a, path, report, sizeof report), "%s, %s, %s: %s", name, s->what, form, report);
    gen_free(g);
}

static void check_spec(const struct dense_spec *spec, const char *dir, unsigned i)
{
    static const char *const names[] = {"llama", "mistral", "qwen2", "qwen3", "opt", "gpt2", "gpt_neo", "gpt_neox"};
    struct dense_spec s = *spec;
    struct dense_model *m;
    struct gen_model *gguf;
    struct answers a;
    char path[200];

    s.vocab = 60;
    s.context = 256;
    s.seed = i;
    m = dense_new(&s);
    answers_init(&a, s.layers, s.width, s.vocab, LONGEST);
    for (size_t k = 0; k < PROMPTS; k++) {
        a.states[k] = plain_dense(m, a.tokens[k], a.n[k], &a.logits[k]);
        a.macs[k] = count(&s, a.n[k]);
    }
    snprintf(path, sizeof path, "%s/%u", dir, i);
    check(&a, &s, names[s.family], dense_directory(m), path, "directory");
    gguf = dense_gguf(m);
    snprintf(path, sizeof path, "%s/%u.gguf", dir, i);
    if (gguf)
        check(&a, &s, names[s.family], gguf, path, "GGUF");
    answers_free(&a);
    dense_free(m);
}

int main(void)
{
    char dir[] = "/tmp/ai-dense-XXXXXX", command[64];

    if (!mkdtemp(dir))
        return 99;
    for (unsigned i = 0; i < sizeof specs / sizeof *specs; i++)
        check_spec(&specs[i], dir, i);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) ? 99 : done_testing();
}
