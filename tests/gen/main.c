/* gen-model: writes a small random model for tests and measurements. */
#include "gen_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void usage(void)
{
    fprintf(stderr, "Usage: gen-model [-k gguf|llama|gpt_neo] [-t F32|F16|BF16|Q8_0|...] [-l layers] [-w width]\n"
                    "                 [-a heads] [-g key-heads] [-f mlp-width] [-v vocabulary] [-c context]\n"
                    "                 [-n shards] [-r seed] [-N tensor] [-T] [-B] PATH\n"
                    "Writes a random model: a GGUF file with a tokenizer inside, or a directory.\n"
                    "-N puts a NaN into the middle of that tensor, -T ties head and embedding, -B gives Llama's attention biases.\n");
    exit(2);
}

static int choose(const char *name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    usage();
    return 0;
}

/* All bits set in one value, or in one block with its scale. */
static void put_nan(struct gen_model *g, const char *name)
{
    struct gen_tensor *t = gen_tensor(g, name);
    size_t unit = t ? ai_wtypes[t->type].bytes : 1;

    if (!t)
        usage();
    memset(t->data.data + t->data.len / unit / 2 * unit, 0xff, unit);
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"gguf", "llama", "gpt_neo"};
    const char *types[AI_W_COUNT];
    struct gen_spec s = {.layers = 4, .width = 64, .heads = 4, .kv_heads = 2, .ff = 128, .vocab = 512, .context = 256,
                         .window = 32, .type = AI_W_F16, .seed = 1};
    struct gen_model *g;
    const char *nan_tensor = NULL;
    unsigned shards = 1;
    int c;

    for (int i = 0; i < AI_W_COUNT; i++)
        types[i] = ai_wtypes[i].name;
    while ((c = getopt(argc, argv, "k:t:l:w:a:g:f:v:c:n:r:N:TB")) != -1) {
        unsigned n = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

        switch (c) {
        case 'k': s.kind = (enum gen_kind)choose(optarg, kinds, 3); break;
        case 't': s.type = (enum ai_wtype)choose(optarg, types, AI_W_COUNT); break;
        case 'l': s.layers = n; break;
        case 'w': s.width = n; break;
        case 'a': s.heads = n; break;
        case 'g': s.kv_heads = n; break;
        case 'f': s.ff = n; break;
        case 'v': s.vocab = n; break;
        case 'c': s.context = n; break;
        case 'n': shards = n; break;
        case 'r': s.seed = n; break;
        case 'N': nan_tensor = optarg; break;
        case 'T': s.tied = true; break;
        case 'B': s.bias = true; break;
        default: usage();
        }
    }
    s.tokenizer = s.kind == GEN_GGUF && s.vocab >= GEN_MIN_VOCAB;
    if (optind + 1 != argc || !s.layers || !s.heads || s.width % s.heads || !s.kv_heads || s.heads % s.kv_heads ||
        !shards || (s.type >= AI_W_Q8_0 && s.kind != GEN_GGUF) || s.width % ai_wtypes[s.type].block ||
        s.ff % ai_wtypes[s.type].block)
        usage();
    g = gen_make(&s);
    if (nan_tensor)
        put_nan(g, nan_tensor);
    gen_write(g, argv[optind], shards);
    gen_free(g);
    return 0;
}
