/* The same weights in other containers are the same bytes. */
#include "model/files.h"
#include "../gen/gen_torch.h"
#include "place.h"

static uint64_t count_of(const struct ai_named_tensor *t)
{
    uint64_t n = 1;

    for (unsigned i = 0; i < t->n_dims; i++)
        n *= t->dims[i];
    return n;
}

static const char *name_of(const struct ai_named_tensor *t)
{
    static char name[200];

    snprintf(name, sizeof name, "%.*s", (int)t->name_len, t->name);
    return name;
}

/* Is t, a tensor of f, in g with the same type, sizes and bytes?  0: not there, -1: another one. */
static int same_tensor(struct ai_model_files *f, const struct ai_named_tensor *t, struct ai_model_files *g)
{
    const struct ai_named_tensor *u = ai_model_files_find(g, name_of(t));
    const void *a, *b;

    if (!u)
        return 0;
    if (u->type != t->type || u->n_dims != t->n_dims || memcmp(u->dims, t->dims, t->n_dims * sizeof *t->dims) != 0)
        return -1;
    if (t->type < 0)
        return 1;
    a = ai_model_files_data(f, t, &err);
    b = ai_model_files_data(g, u, &err);
    return a && b && memcmp(a, b, count_of(t) * ai_wtypes[t->type].bytes) == 0 ? 1 : -1;
}

/* Opens both; names of tensors that only one of them has contain `extra`. */
static void same_weights(const char *one, const char *other, const char *extra, size_t copies, const char *what)
{
    struct ai_model_files *f[2] = {ai_model_files_open(one, &err), NULL};
    size_t same = 0, differ = 0, alone = 0;

    f[1] = f[0] ? ai_model_files_open(other, &err) : NULL;
    if (!ok(f[0] && f[1], "%s: both open", what))
        printf("# %s\n", err.msg);
    for (int k = 0; k < 2 && f[0] && f[1]; k++)
        for (size_t i = 0; i < f[k]->n_tensors; i++) {
            const struct ai_named_tensor *t = &f[k]->tensors[i];
            int is = same_tensor(f[k], t, f[!k]);

            same += is == 1;
            differ += is == -1;
            alone += !is && (!extra || !strstr(name_of(t), extra));
        }
    if (f[0] && f[1]) {
        ok(same > 20 && differ == 0 && alone == 0, "%s: %zu tensors are the same bytes (%zu differ, %zu only in one)",
           what, same / 2, differ, alone);
        is_int((long long)f[1]->n_copies, (long long)copies, "copied because of their strides");
    }
    ai_model_files_free(f[0]);
    ai_model_files_free(f[1]);
}

static void published(const char *folder, const char *other, const char *extra, size_t copies)
{
    const char *shared = getenv("AI_SHARED");
    char a[1300], b[1300], what[200];

    snprintf(a, sizeof a, "%s/conformance/hf/%s/model", shared ? shared : "", folder);
    snprintf(b, sizeof b, "%s/conformance/hf/%s/%s", shared ? shared : "", folder, other);
    snprintf(what, sizeof what, "%s/%s", folder, other);
    if (!shared || access(a, R_OK) != 0)
        skip(what, "no conformance files ($AI_SHARED)");
    else
        same_weights(a, b, extra, copies, what);
}

static const struct { const char *name; struct gen_torch how; unsigned shards; } variants[] = {
    {"one file", {0}, 1},
    {"shards", {0}, 3},
    {"another root", {.root = "pytorch_model-00001"}, 1},
    {"torch 2's records", {.records = true}, 2},
    {"64-bit sizes", {.wide = true}, 1},
    {"parameters", {.parameters = true}, 1},
    {"attributes", {.attributes = true}, 1},
    {"shared storages", {.shared = true}, 1},
    {"matrices by columns", {.transposed = true}, 1},
    {"buffers and other values", {.buffers = true}, 1},
    {"all of it", {"x", false, true, true, true, true, true, true, true}, 1},
    {"legacy", {.legacy = true}, 2},
    {"all of it, legacy", {"x", true, true, true, true, true, true, true, true}, 1},
};

static void generated(enum gen_kind kind, enum ai_wtype type)
{
    struct gen_spec spec = gen_small;
    struct gen_model *g;

    spec.kind = kind;
    spec.type = type;
    spec.width = 48;
    g = gen_make(&spec);
    gen_write(g, in_place("safetensors"), 1);
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        char what[100];
        size_t matrices = 0;
        struct ai_model *a, *b;

        for (size_t t = 0; t < g->n_tensors; t++)
            matrices += g->tensors[t].n_dims == 2;
        snprintf(what, sizeof what, "%s %s, %s", kind == GEN_LLAMA ? "Llama" : "GPT-Neo", ai_wtypes[type].name,
                 variants[i].name);
        gen_write_torch(g, in_place("torch"), variants[i].shards, &variants[i].how);
        same_weights(in_place("safetensors"), in_place("torch"), variants[i].how.buffers ? "a." : NULL,
                     variants[i].how.transposed ? matrices : 0, what);
        a = ai_model_open(in_place("safetensors"), &err);
        b = ai_model_open(in_place("torch"), &err);
        is_str(b ? b->digest : err.msg, a ? a->digest : "", "the same model");
        ai_model_free(a);
        ai_model_free(b);
        remove_all(in_place("torch"));
    }
    gen_free(g);
    remove_all(in_place("safetensors"));
}

/* Both kinds of weights in one directory: transformers takes the safetensors. */
static void preference(void)
{
    struct gen_spec spec = gen_small;
    struct gen_model *g;
    struct ai_model *m;

    spec.kind = GEN_LLAMA;
    g = gen_make(&spec);
    gen_write(g, in_place("d"), 3);
    gen_write_file(in_place("d/pytorch_model.bin"), "x", 1);
    gen_write_file(in_place("d/pytorch_model.bin.index.json"), "x", 1);
    m = ai_model_open(in_place("d"), &err);
    ok(m != NULL, "safetensors in shards go before pytorch_model.bin %s", m ? "" : err.msg);
    ai_model_free(m);
    gen_write(g, in_place("d"), 1);
    gen_write_file(in_place("d/model.safetensors.index.json"), "x", 1);
    m = ai_model_open(in_place("d"), &err);
    ok(m != NULL, "and one file before shards %s", m ? "" : err.msg);
    ai_model_free(m);
    remove_all(in_place("d"));
    gen_write_torch(g, in_place("d"), 2, &(struct gen_torch){0});
    unlink(in_place("d/pytorch_model-00002-of-00002.bin"));
    m = ai_model_open(in_place("d"), &err);
    ok(!m && err.code == AI_EINPUT && strstr(err.msg, "bin.index.json: ") &&
       strstr(err.msg, "pytorch_model-00002-of-00002.bin is missing"), "a missing shard is named");
    ai_model_free(m);
    remove_all(in_place("d"));
    gen_free(g);
}

int main(void)
{
    make_place();
    preference();
    generated(GEN_LLAMA, AI_W_F32);
    generated(GEN_LLAMA, AI_W_F16);
    generated(GEN_NEO, AI_W_BF16);
    rmdir(place);
    published("opt_safetensors", "model_bin_views", "lm_head.weight", 1);
    published("gpt2_small_style", "model_bin", ".attn.bias", 0);
    published("gpt2_small_style", "model_bin_legacy_optional", ".attn.bias", 0);
    return done_testing();
}
