/* Every family's files with one tensor missing, of another shape or not finite: each
 * is refused by the tensor's name.  And what a configuration may ask for that is not
 * computed: refused by its key. */
#include "../gen/gen_dense.h"
#include "place.h"

static const struct dense_spec specs[] = {
    {.family = DENSE_LLAMA, .kv_heads = 2, .act = "silu", .attention_bias = true, .mlp_bias = true},
    {.family = DENSE_MISTRAL, .kv_heads = 2, .act = "silu"},
    {.family = DENSE_QWEN2, .kv_heads = 1, .act = "silu"},
    {.family = DENSE_QWEN3, .kv_heads = 4, .act = "silu"},
    {.family = DENSE_OPT, .kv_heads = 4, .act = "relu", .prefix = "decoder.", .embed_width = 12, .norm_after = true},
    {.family = DENSE_OPT, .kv_heads = 4, .act = "relu", .prefix = "model.decoder."},
    {.family = DENSE_GPT2, .kv_heads = 4, .act = "gelu_new", .prefix = ""},
    {.family = DENSE_GPT_NEO, .kv_heads = 4, .act = "gelu_new", .prefix = "transformer."},
    {.family = DENSE_GPT_NEOX, .kv_heads = 4, .act = "gelu", .attention_bias = true, .rotary_share = 0.5},
};

static const char *const names[] = {"llama", "mistral", "qwen2", "qwen3", "opt", "gpt2", "gpt_neo", "gpt_neox"};

static struct gen_model *make(const struct dense_spec *spec, bool gguf)
{
    struct dense_spec s = *spec;
    struct dense_model *m;
    struct gen_model *g;

    s.layers = 2;
    s.width = 32;
    s.heads = 4;
    s.head_dim = 8;
    s.ff = 40;
    s.vocab = 20;
    s.context = 24;
    s.eps = 1e-5;
    s.theta = 10000;
    m = dense_new(&s);
    g = gguf ? dense_gguf(m) : dense_directory(m);
    dense_free(m);
    return g;
}

/* Opens g, which must be refused; 1 if it was, with the words in the message. */
static int refused(struct gen_model *g, const char *word, const char *word2)
{
    struct ai_model *m = open_made(g, "broken", 1);
    int good = !m && err.code == AI_EINPUT && strstr(err.msg, place) == err.msg && strstr(err.msg, word) &&
               (!word2 || strstr(err.msg, word2));

    if (!good || getenv("TEST_VERBOSE"))
        printf("# %s: %s\n", word, m ? "it opened" : err.msg);
    ai_model_free(m);
    return good;
}

/* Buffers, of which nothing is read; GGUF's head, and biases that not every Llama has. */
static bool may_be_missing(const struct gen_tensor *t, bool gguf, enum dense_family family)
{
    const char *end = strrchr(t->name, '.');

    return t->n_dims == 4 || strcmp(end, ".inv_freq") == 0 || (gguf && strcmp(t->name, "output.weight") == 0) ||
           (gguf && family == DENSE_LLAMA && strcmp(end, ".bias") == 0);
}

static void missing(const struct dense_spec *s, bool gguf)
{
    size_t n = 0, good = 0;

    for (size_t i = 0;; i++) {
        struct gen_model *g = make(s, gguf);
        char last[96];

        if (!g || i == g->n_tensors) {
            if (g)
                gen_free(g);
            break;
        }
        if (may_be_missing(&g->tensors[i], gguf, s->family)) {
            gen_free(g);
            continue;
        }
        n++;
        snprintf(last, sizeof last, "%s",
                 strstr(g->tensors[i].name, "embed_tokens") ? "embed_tokens" : g->tensors[i].name);
        gen_remove(g, g->tensors[i].name);
        good += refused(g, strstr(last, "attn_qkv") ? "attn_q" : last, "missing");
    }
    ok(good == n, "%s%s: each of %zu tensors is missed", names[s->family], gguf ? ", GGUF" : "", n);
}

static void shapes(const struct dense_spec *s, bool gguf)
{
    size_t n = 0, good = 0, finite = 0, vectors = 0;

    for (size_t i = 0;; i++) {
        struct gen_model *g = make(s, gguf);
        char name[96];

        if (!g || i == g->n_tensors) {
            if (g)
                gen_free(g);
            break;
        }
        if (may_be_missing(&g->tensors[i], false, s->family) && !strstr(g->tensors[i].name, "output.weight")) {
            gen_free(g);
            continue;
        }
        snprintf(name, sizeof name, "%s", g->tensors[i].name);
        if (g->tensors[i].n_dims == 1) {
            vectors++;
            memset(g->tensors[i].data.data + 4, 0xff, 4);
            finite += refused(g, name, "finite");
            g = make(s, gguf);
        }
        n++;
        g->tensors[i].dims[g->tensors[i].n_dims - 1]--;
        g->tensors[i].data.len -= g->tensors[i].n_dims == 1 ? 4 : 4 * g->tensors[i].dims[0];
        good += refused(g, name, "shape");
    }
    ok(good == n, "%s%s: each of %zu shapes is looked at", names[s->family], gguf ? ", GGUF" : "", n);
    ok(finite == vectors, "%s%s: and each of %zu vectors", names[s->family], gguf ? ", GGUF" : "", vectors);
}

/* A member more in config.json. */
static void option(int spec, const char *member, const char *word, const char *word2)
{
    struct gen_model *g = make(&specs[spec], false);
    char text[300];

    snprintf(text, sizeof text, "%s, \"vocab_size\"", member);
    gen_config(g, "\"vocab_size\"", text);
    ok(refused(g, word, word2), "%s: %s", names[specs[spec].family], member);
}

static void options(void)
{
    struct gen_model *g = make(&specs[0], false);

    gen_config(g, "\"llama\"", "\"bloom\"");
    ok(refused(g, "'bloom'", "opt, gpt2"), "an architecture that is not known: the list of those that are");
    option(0, "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0}", "rope_scaling", "missing");
    option(0, "\"rope_scaling\": {\"rope_type\": \"linear\"}", "rope_scaling", "missing");
    option(0, "\"rope_scaling\": {\"type\": \"bent\", \"factor\": 8.0}", "rope_scaling", "'bent'");
    option(0, "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 8.0, \"beta_fast\": 0.5}", "rope_scaling", "range");
    option(0, "\"rope_parameters\": {\"wide_attention\": {\"rope_theta\": 1e6}}", "rope_parameters", "wide_attention");
    option(0, "\"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": 4}", "quantization_config", "'gptq'");
    option(2, "\"layer_types\": [\"full_attention\", \"wild\"]", "layer_types", "block 1");
    option(6, "\"scale_attn_by_inverse_layer_idx\": true", "scale_attn_by_inverse_layer_idx", "not supported");
    option(6, "\"add_cross_attention\": true", "add_cross_attention", "not supported");
    g = make(&specs[5], false);
    gen_config(g, "\"relu\"", "\"quick_gelu\"");
    ok(refused(g, "'quick_gelu'", "relu"), "an activation that is not known: the list of those that are");
    g = make(&specs[8], false);
    gen_config(g, "\"rotary_pct\": 0.5", "\"rotary_pct\": 0.4");
    ok(refused(g, "3 rotary dimensions", NULL), "an odd number of rotary dimensions");
    g = make(&specs[8], false);
    gen_config(g, "\"rotary_pct\": 0.5", "\"rotary_pct\": 1.5");
    ok(refused(g, "rotary_pct", NULL), "more than a whole head");
}

int main(void)
{
    make_place();
    for (unsigned i = 0; i < sizeof specs / sizeof *specs; i++) {
        missing(&specs[i], false);
        shapes(&specs[i], false);
        if (specs[i].family != DENSE_OPT && specs[i].family != DENSE_GPT_NEO) {
            missing(&specs[i], true);
            shapes(&specs[i], true);
        }
    }
    options();
    rmdir(place);
    return done_testing();
}
