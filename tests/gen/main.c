/* gen-model: writes a random model for tests and measurements, small, or of a published
 * shape and as large as that. */
#include "gen_torch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct gen_shape {
    const char *name;
    unsigned layers, width, heads, kv_heads, ff, vocab, context;
} shapes[] = {
    {"tinyllama-1.1b", 22, 2048, 32, 4, 5632, 32000, 2048},
    {"llama-2-7b", 32, 4096, 32, 32, 11008, 32000, 4096},
    {"llama-2-13b", 40, 5120, 40, 40, 13824, 32000, 4096},
    {"llama-3-8b", 32, 4096, 32, 8, 14336, 128256, 8192},
    {"opt-125m", 12, 768, 12, 12, 3072, 50272, 2048},
    {"opt-13b", 40, 5120, 40, 40, 20480, 50272, 2048},
    {"llama-3.2-1b", 16, 2048, 32, 8, 8192, 128256, 131072},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void usage(void)
{
    fprintf(stderr, "Usage: gen-model [-s shape] [-k gguf|llama|gpt_neo|opt] [-t type] [-l layers] [-w width]\n"
                    "                 [-a heads] [-g key-heads] [-f mlp-width] [-v vocabulary] [-c context]\n"
                    "                 [-n files] [-r seed] [-N tensor] [-T] [-B] [-b] PATH\n"
                    "Writes a random model: a GGUF file with a tokenizer inside (with -n a set of\n"
                    "PATH-00001-of-0000N.gguf), or a directory.\n"
                    "-s takes a published shape, which the options behind it may change; its matrices are random bits\n"
                    "in their format.  -N puts a NaN into the middle of that tensor, -T ties head and embedding,\n"
                    "-B gives Llama's attention biases, -b writes pytorch_model.bin.\nShapes:");
    for (int i = 0; i < SHAPES; i++)
        fprintf(stderr, " %s", shapes[i].name);
    fprintf(stderr, "\nTypes:");
    for (int i = 0; i < AI_W_COUNT; i++)
        fprintf(stderr, " %s", ai_wtypes[i].name);
    fprintf(stderr, "\n");
    exit(2);
}

static void take_shape(struct gen_spec *s, const char *name)
{
    const struct gen_shape *p = shapes;

    while (p < shapes + SHAPES && strcmp(p->name, name) != 0)
        p++;
    if (p == shapes + SHAPES)
        usage();
    s->layers = p->layers;
    s->width = p->width;
    s->heads = p->heads;
    s->kv_heads = p->kv_heads;
    s->ff = p->ff;
    s->vocab = p->vocab;
    s->context = p->context;
    s->large = true;
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
    static const char *const kinds[] = {"gguf", "llama", "gpt_neo", "opt"};
    const char *types[AI_W_COUNT];
    struct gen_spec s = {.layers = 4, .width = 64, .heads = 4, .kv_heads = 2, .ff = 128, .vocab = 512, .context = 256,
                         .window = 32, .type = AI_W_F16, .seed = 1};
    struct gen_model *g;
    const char *nan_tensor = NULL;
    unsigned shards = 1;
    bool torch = false;
    int c;

    for (int i = 0; i < AI_W_COUNT; i++)
        types[i] = ai_wtypes[i].name;
    while ((c = getopt(argc, argv, "s:k:t:l:w:a:g:f:v:c:n:r:N:TBb")) != -1) {
        unsigned n = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

        switch (c) {
        case 's': take_shape(&s, optarg); break;
        case 'k': s.kind = (enum gen_kind)choose(optarg, kinds, 4); break;
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
        case 'b': torch = true; break;
        default: usage();
        }
    }
    s.tokenizer = s.kind == GEN_GGUF && s.vocab >= GEN_MIN_VOCAB;
    if (optind + 1 != argc || !s.layers || !s.heads || s.width % s.heads || !s.kv_heads || s.heads % s.kv_heads ||
        !shards || (nan_tensor && s.large) || (torch && s.kind == GEN_GGUF) ||
        (s.type >= AI_W_Q8_0 && s.kind != GEN_GGUF) || s.width % ai_wtypes[s.type].block ||
        s.ff % ai_wtypes[s.type].block)
        usage();
    g = gen_make(&s);
    if (nan_tensor)
        put_nan(g, nan_tensor);
    if (torch)
        gen_write_torch(g, argv[optind], shards, &(struct gen_torch){0});
    else
        gen_write(g, argv[optind], shards);
    gen_free(g);
    return 0;
}
