/* Files that cannot be opened: cut short at every byte, with lengths that lie, and
 * with each thing wrong that a file can say.  Every refusal names the file. */
#include "model/files.h"
#include "place.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

static struct gen_spec spec; /* of what is broken next */

/* g, written and opened, must be refused with all of the words in the message. */
static void refused(struct gen_model *g, const char *what, const char *word, const char *word2)
{
    struct ai_model *m = open_made(g, "broken", 1);
    int good = !m && err.code == AI_EINPUT && strstr(err.msg, in_place("broken")) == err.msg && strstr(err.msg, word) &&
               !strstr(err.msg + 1, place) && (!word2 || strstr(err.msg, word2)) && !strchr(err.msg, '\n');

    if (!ok(good, "%s", what) || getenv("TEST_VERBOSE"))
        printf("# %s\n", m ? "it opened" : err.msg + (strncmp(err.msg, place, strlen(place)) ? 0 : strlen(place) + 1));
    ai_model_free(m);
}

/* ---- cut short ---- */

/* Opens `model` after each truncation of `file`, from its end to its beginning; in
 * the data (behind `header` bytes) only some.  All must be refused. */
static void truncations(const char *model, const char *file, size_t header)
{
    struct stat st;
    size_t opened = 0, strange = 0, tries = 0;

    if (stat(file, &st)) {
        ok(0, "%s is there", file);
        return;
    }
    for (size_t n = (size_t)st.st_size; n-- > 0; tries++) {
        struct ai_model *m;

        if (n > header && n + 40 < (size_t)st.st_size)
            n = n - header > 997 ? n - 997 : header;
        if (truncate(file, (off_t)n))
            exit(99);
        m = ai_model_open(model, &err);
        opened += m != NULL;
        strange += !m && (err.code != AI_EINPUT || !strstr(err.msg, place));
        ai_model_free(m);
    }
    ok(opened == 0 && strange == 0 && tries > 40,
       "%s: each of %zu truncations is refused by name (%zu opened, %zu strange)", strrchr(file, '/') + 1, tries,
       opened, strange);
}

static void all_truncations(void)
{
    struct gen_model *g = gen_make(&gen_small);
    struct gen_spec s = gen_small;
    char file[1300];

    gen_write(g, in_place("m.gguf"), 1);
    gen_free(g);
    truncations(in_place("m.gguf"), in_place("m.gguf"), 2500);
    s.vocab = GEN_MIN_VOCAB;
    s.tokenizer = true;
    s.type = AI_W_Q8_0;
    g = gen_make(&s);
    gen_write(g, in_place("m.gguf"), 1);
    gen_free(g);
    truncations(in_place("m.gguf"), in_place("m.gguf"), 3000);
    unlink(in_place("m.gguf"));
    s = gen_small;
    s.kind = GEN_NEO;
    s.layers = 1;
    g = gen_make(&s);
    gen_write(g, in_place("d"), 1);
    snprintf(file, sizeof file, "%s/model.safetensors", in_place("d"));
    truncations(in_place("d"), file, 2000);
    gen_write(g, in_place("d"), 1);
    snprintf(file, sizeof file, "%s/config.json", in_place("d"));
    truncations(in_place("d"), file, 100000);
    remove_all(in_place("d"));
    gen_write(g, in_place("d"), 3);
    snprintf(file, sizeof file, "%s/model.safetensors.index.json", in_place("d"));
    truncations(in_place("d"), file, 100000);
    gen_write(g, in_place("d"), 3);
    snprintf(file, sizeof file, "%s/model-00002-of-00003.safetensors", in_place("d"));
    truncations(in_place("d"), file, 1000);
    gen_free(g);
    remove_all(in_place("d"));
}

/* ---- lengths that lie ---- */

static int inside(const struct ai_model *m, const struct ai_tensor *t)
{
    size_t n = ai_tensor_row_bytes(t) * t->rows;
    const uint8_t *p = t->data;
    int found = !p;

    for (size_t i = 0; i < m->files->set.n; i++) {
        const struct ai_map *map = &m->files->set.parts[i]->map;

        found |= p >= (const uint8_t *)map->data && p + n <= (const uint8_t *)map->data + map->size;
    }
    for (size_t i = 0; i < m->files->n_files; i++) {
        const struct ai_map *map = &m->files->files[i].map;

        found |= p >= (const uint8_t *)map->data && p + n <= (const uint8_t *)map->data + map->size;
    }
    return found;
}

static int all_inside(const struct ai_model *m)
{
    int good = inside(m, &m->embed) && inside(m, &m->positions) && inside(m, &m->head.weight) &&
               inside(m, &m->final_norm.weight) && inside(m, &m->final_norm.bias);

    for (unsigned b = 0; b < m->hp.layers; b++) {
        const struct ai_block *w = &m->blocks[b];
        const struct ai_linear *all[] = {&w->q, &w->k, &w->v, &w->o, &w->mlp.gate, &w->mlp.up, &w->mlp.down};

        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            good = good && inside(m, &all[i]->weight) && inside(m, &all[i]->bias);
        good = good && inside(m, &w->attn_norm.weight) && inside(m, &w->mlp_norm.weight);
    }
    return good;
}

/* Overwrites each place of the first `header` bytes with numbers that lengths,
 * counts, dimensions and offsets must not be believed to have. */
static void lies(const char *model, const char *file, size_t header)
{
    static const struct { uint8_t bytes[8]; size_t n; } lie[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0x80}, 8}, {{255, 255, 255, 255, 255, 255, 255, 255}, 8}, {{255, 255, 255, 255}, 4},
        {{0xff}, 1}, {{0}, 1}, {{0x39}, 1}, {{0, 0, 0, 0, 1}, 5}, {{255, 255, 255, 255, 255, 255, 255, 0x7f}, 8},
    };
    size_t outside = 0, strange = 0, refusals = 0, opened = 0;
    uint8_t kept[8];
    int fd = open(file, O_RDWR);

    for (size_t at = 0; at < header && pread(fd, kept, 8, (off_t)at) == 8; at++) {
        for (size_t k = 0; k < sizeof lie / sizeof *lie; k++) {
            struct ai_model *m;

            if (pwrite(fd, lie[k].bytes, lie[k].n, (off_t)at) != (ssize_t)lie[k].n)
                exit(99);
            m = ai_model_open(model, &err);
            outside += m && !all_inside(m);
            strange += !m && (err.code != AI_EINPUT || !strstr(err.msg, place));
            refusals += !m;
            opened += m != NULL;
            ai_model_free(m);
            if (pwrite(fd, kept, 8, (off_t)at) != 8)
                exit(99);
        }
    }
    ok(fd >= 0 && outside == 0 && strange == 0 && refusals > header,
       "%s: of %zu lies %zu are refused by name, the others harm nothing (%zu reach outside, %zu strange)",
       strrchr(file, '/') + 1, refusals + opened, refusals, outside, strange);
    close(fd);
}

static void all_lies(void)
{
    struct gen_spec s = gen_small;
    struct gen_model *g;
    char file[1300];

    s.layers = 1;
    g = gen_make(&s);
    gen_write(g, in_place("m.gguf"), 1);
    gen_free(g);
    lies(in_place("m.gguf"), in_place("m.gguf"), 1100);
    unlink(in_place("m.gguf"));
    s.kind = GEN_LLAMA;
    g = gen_make(&s);
    gen_write(g, in_place("d"), 1);
    gen_free(g);
    snprintf(file, sizeof file, "%s/model.safetensors", in_place("d"));
    lies(in_place("d"), file, 500);
    snprintf(file, sizeof file, "%s/config.json", in_place("d"));
    lies(in_place("d"), file, 300);
    remove_all(in_place("d"));
}

/* ---- GGUF: one thing wrong ---- */

static struct gen_model *u32(const char *key, uint32_t v)
{
    struct gen_model *g = gen_make(&spec);

    gen_set_u32(g, key, v);
    return g;
}

static struct gen_model *string(const char *key, const char *v)
{
    struct gen_model *g = gen_make(&spec);

    gen_set_string(g, key, v);
    return g;
}

static struct gen_model *real(const char *key, float v)
{
    struct gen_model *g = gen_make(&spec);

    gen_set_f32(g, key, v);
    return g;
}

static void gguf_numbers(void)
{
    spec = gen_small;
    refused(string("general.architecture", "mamba"), "unknown architecture", "'mamba'", "known: llama");
    refused(u32("general.architecture", 3), "architecture that is a number", "general.architecture", "not a string");
    refused(string("llama.block_count", "two"), "layers in words", "llama.block_count", "whole number");
    refused(u32("llama.block_count", 0), "no layers", "0 layers", NULL);
    refused(u32("llama.block_count", 0x80000000), "2^31 layers", "layers", NULL);
    refused(u32("llama.block_count", 3), "a layer more than there is", "blk.2.", "missing");
    refused(u32("llama.embedding_length", 0), "no width", "width 0", NULL);
    refused(u32("llama.embedding_length", 128), "another width", "token_embd.weight", "[40, 64]");
    refused(u32("llama.attention.head_count", 0), "no heads", "0 heads", NULL);
    refused(u32("llama.attention.head_count", 8), "more heads", "blk.0.", "shape");
    refused(u32("llama.attention.head_count_kv", 3), "heads that do not divide", "3 key/value heads", NULL);
    refused(u32("llama.attention.head_count_kv", 0), "no key/value heads", "0 key/value heads", NULL);
    refused(u32("llama.feed_forward_length", 0), "no MLP", "MLP width 0", NULL);
    refused(u32("llama.context_length", 0), "no context", "context 0", NULL);
    refused(u32("llama.rope.dimension_count", 15), "odd rotary dimension", "15 rotary", NULL);
    refused(u32("llama.rope.dimension_count", 32), "rotary dimension beyond the head", "32 rotary", NULL);
    refused(u32("llama.rope.dimension_count", 0), "no rotary dimension", "0 rotary", NULL);
    refused(u32("llama.attention.value_length", 8), "values of another dimension", "values of 8", NULL);
    refused(u32("llama.expert_count", 8), "experts, and not how many are used", "llama.expert_used_count", NULL);
    refused(u32("llama.vocab_size", 41), "another vocabulary", "vocab_size: 41", "40 rows");
    refused(u32("general.alignment", 12), "alignment 12", "general.alignment", NULL);
    refused(u32("general.alignment", 0), "alignment 0", "general.alignment", NULL);
    refused(real("llama.attention.layer_norm_rms_epsilon", NAN), "epsilon NaN", "epsilon", NULL);
    refused(real("llama.attention.layer_norm_rms_epsilon", 0), "epsilon 0", "epsilon", NULL);
    refused(real("llama.rope.freq_base", INFINITY), "infinite rotary base", "rotary base", NULL);
    refused(real("llama.rope.freq_base", -1), "negative rotary base", "rotary base", NULL);
    refused(string("llama.rope.scaling.type", "bent"), "another scaling", "'bent'", "yarn");
    refused(real("llama.rope.scale_linear", NAN), "scaling by NaN", "factor", NULL);
}

static struct gen_tensor *edit(struct gen_model **g, const char *tensor)
{
    *g = gen_make(&spec);
    return gen_tensor(*g, tensor);
}

static void gguf_tensors(void)
{
    struct gen_model *g;
    struct gen_tensor *t;

    spec = gen_small;
    edit(&g, "blk.1.attn_k.weight")->type_number = 16;
    refused(g, "a weight format that is not supported", "blk.1.attn_k.weight", "IQ2_XXS");
    edit(&g, "blk.1.attn_k.weight")->type_number = 77;
    refused(g, "a weight format that nobody knows", "blk.1.attn_k.weight", "number 77");
    g = gen_make(&spec);
    gen_remove(g, "blk.1.attn_k.weight");
    refused(g, "a missing tensor", "'blk.1.attn_k.weight'", "missing");
    g = gen_make(&spec);
    gen_remove(g, "token_embd.weight");
    refused(g, "no embedding", "'token_embd.weight'", "missing");
    g = gen_make(&spec);
    gen_add(g, "blk.1.attn_k.weight", 32, 64, AI_W_F32);
    refused(g, "a tensor twice", "'blk.1.attn_k.weight'", "twice");
    edit(&g, "blk.1.attn_k.weight")->dims[0] = 33;
    refused(g, "a row too many", "blk.1.attn_k.weight", "[33, 64]");
    t = edit(&g, "blk.0.ffn_down.weight");
    t->dims[0] = 96;
    t->dims[1] = 64;
    refused(g, "a transposed matrix", "blk.0.ffn_down.weight", "[96, 64]");
    edit(&g, "blk.1.attn_k.weight")->n_dims = 3;
    refused(g, "three dimensions", "blk.1.attn_k.weight", "[32, 64, 1]");
    edit(&g, "blk.1.attn_k.weight")->n_dims = 1;
    refused(g, "one dimension", "blk.1.attn_k.weight", "[32]");
    edit(&g, "blk.1.attn_k.weight")->n_dims = 5;
    refused(g, "five dimensions", "blk.1.attn_k.weight", "5 dimensions");
    edit(&g, "blk.1.attn_k.weight")->n_dims = 0;
    refused(g, "no dimensions", "blk.1.attn_k.weight", "0 dimensions");
    edit(&g, "token_embd.weight")->dims[0] = 0;
    refused(g, "an embedding without rows", "token_embd.weight", "[0, 64]");
    edit(&g, "token_embd.weight")->dims[0] = UINT64_MAX / 64 + 2;
    refused(g, "rows whose bytes overflow", "token_embd.weight", "shape");
    edit(&g, "token_embd.weight")->dims[0] = 1 << 20;
    refused(g, "more rows than the file has", "token_embd.weight", "room for");
    edit(&g, "blk.1.attn_k.weight")->shift = 4;
    refused(g, "a place that is not aligned", "blk.1.attn_k.weight", "offset");
    edit(&g, "blk.1.attn_k.weight")->shift = 1 << 30;
    refused(g, "a place beyond the file", "blk.1.attn_k.weight", "offset");
    edit(&g, "blk.1.attn_k.weight")->shift = -32;
    refused(g, "overlapping tensors", "blk.1.attn_q.weight", "overlapping");
    edit(&g, "blk.1.attn_k.weight")->shift = -64 * 64 * 4;
    refused(g, "two tensors in one place", "blk.1.attn_k.weight", "blk.1.attn_q.weight");
    t = edit(&g, "blk.1.ffn_norm.weight");
    memcpy(t->data.data + 40, "\0\0\xc0\x7f", 4);
    refused(g, "a norm with NaN", "blk.1.ffn_norm.weight", "value 10 is not finite");
    t = edit(&g, "output_norm.weight");
    memcpy(t->data.data, "\0\0\x80\xff", 4);
    refused(g, "an infinite norm", "output_norm.weight", "value 0 is not finite");
    g = gen_make(&spec);
    gen_remove(g, "blk.0.attn_norm.weight");
    gen_add(g, "blk.0.attn_norm.weight", 0, 64, AI_W_Q8_0);
    refused(g, "a vector in blocks", "blk.0.attn_norm.weight", "vector of type Q8_0");
    t = gen_add(g = gen_make(&spec), "rope_freqs.weight", 0, 8, AI_W_F32);
    refused(g, "rotary divisors of zero", "rope_freqs.weight", "range");
    gen_add(g = gen_make(&spec), "rope_freqs.weight", 0, 9, AI_W_F32);
    refused(g, "too many rotary divisors", "rope_freqs.weight", "8 values");
    spec.ff = 80;
    spec.type = AI_W_Q8_0;
    refused(gen_make(&spec), "rows that are no whole blocks", "blk.0.ffn_down.weight", "whole blocks");
    spec = gen_small;
    spec.vocab = GEN_MIN_VOCAB;
    spec.tokenizer = true;
    g = gen_make(&spec);
    gen_tensor(g, "token_embd.weight")->dims[0] = gen_tensor(g, "output.weight")->dims[0] = GEN_MIN_VOCAB - 1;
    refused(g, "a token without a row", "tokenizer.ggml.tokens", "400 tokens");
}

static void gguf_headers(void)
{
    static const struct { size_t at; uint8_t byte; const char *what, *word; } wrong[] = {
        {0, 'X', "another magic", "not a GGUF file"}, {4, 1, "GGUF 1", "version 1"}, {4, 4, "GGUF 4", "version 4"},
        {15, 0x80, "2^63 tensors", "do not fit"}, {23, 0x80, "2^63 values", "do not fit"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct gen_model *g = gen_make(&gen_small);
        struct ai_buf b = {0};
        struct ai_model *m;

        gen_gguf(g, 3, &b);
        gen_free(g);
        b.data[wrong[i].at] = wrong[i].byte;
        gen_write_file(in_place("m.gguf"), b.data, b.len);
        ai_buf_free(&b);
        m = ai_model_open(in_place("m.gguf"), &err);
        ok(!m && err.code == AI_EINPUT && strstr(err.msg, in_place("m.gguf")) && strstr(err.msg, wrong[i].word), "%s",
           wrong[i].what);
        ai_model_free(m);
    }
    unlink(in_place("m.gguf"));
}

/* ---- directories: one thing wrong ---- */

static struct gen_model *config(const char *from, const char *to)
{
    struct gen_model *g = gen_make(&spec);

    gen_config(g, from, to);
    return g;
}

static void configurations(void)
{
    spec = gen_small;
    spec.kind = GEN_LLAMA;
    refused(config("\"llama\"", "\"mamba\""), "unknown model_type", "'mamba'", "gpt_neo");
    refused(config("\"model_type\": \"llama\",", ""), "no model_type", "no architecture", NULL);
    refused(config("\"llama\"", "7"), "model_type that is a number", "model_type", NULL);
    refused(config("\"num_hidden_layers\": 2,", ""), "no number of layers", "layers", "not given");
    refused(config("_layers\": 2", "_layers\": 2.5"), "two and a half layers", "num_hidden_layers", NULL);
    refused(config("_layers\": 2", "_layers\": -2"), "minus two layers", "num_hidden_layers", NULL);
    refused(config("_layers\": 2", "_layers\": 1e400"), "layers beyond floats", "config.json", NULL);
    refused(config("\"num_attention_heads\": 4", "\"num_attention_heads\": 0"), "no heads", "0 heads", NULL);
    refused(config("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3"), "heads that do not divide",
            "3 key/value heads", NULL);
    refused(config("\"vocab_size\": 40", "\"vocab_size\": 41"), "another vocabulary", "vocab_size", "40 rows");
    refused(config("\"silu\"", "\"mish\""), "another activation", "'mish'", "silu");
    refused(config("\"attention_bias\": false", "\"attention_bias\": true"), "biases that are not there",
            "self_attn.q_proj.bias", "missing");
    refused(config("\"attention_bias\": false", "\"mlp_bias\": true"), "biases of the MLP that are not there",
            "mlp.gate_proj.bias", "missing");
    refused(config("\"rope_theta\"", "\"rope_scaling\": {\"type\": \"bent\", \"factor\": 4}, \"rope_theta\""),
            "another scaling", "rope_scaling", "'bent'");
    refused(config("\"rope_theta\"", "\"rope_scaling\": \"linear\", \"rope_theta\""), "scaling that is no object",
            "rope_scaling", "not an object");
    refused(config("\"rope_theta\"", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 0}, \"rope_theta\""),
            "scaling by 0", "rope_scaling", "range");
    refused(config("_theta\": 10000.0", "_theta\": 1e999"), "a rotary base beyond floats", "config.json", NULL);
    refused(config("{", "["), "no object", "config.json", "line 1");
    spec.tied = true;
    refused(config("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"), "a head that is not there",
            "'lm_head.weight'", "missing");
    refused(config(",\n \"tie_word_embeddings\": true", ""), "a head that is not there, unsaid", "'lm_head.weight'",
            "missing");
    spec.tied = false;
    spec.kind = GEN_NEO;
    refused(config("\"gelu_new\"", "\"mish\""), "another activation", "'mish'", "gelu_new");
    refused(config("\"local\"], 1", "\"sideways\"], 1"), "an unknown kind of attention", "block 1", NULL);
    refused(config("\"local\"], 1", "\"local\"], 0"), "kinds of attention for no block", "block 0", NULL);
    refused(config("embeddings\": 64", "embeddings\": 65"), "more positions than there are", "transformer.wpe.weight",
            "[64, 64]");
}

static void safetensors(void)
{
    struct gen_model *g;
    struct gen_tensor *t;

    spec = gen_small;
    spec.kind = GEN_LLAMA;
    edit(&g, "model.layers.1.self_attn.k_proj.weight")->type_name = "F8_E4M3";
    refused(g, "a weight format that is not supported", "layers.1.self_attn.k_proj.weight", "F8_E4M3");
    edit(&g, "model.layers.1.self_attn.k_proj.weight")->type_name = "BF16";
    refused(g, "half the bytes", "layers.1.self_attn.k_proj.weight", "bytes of data");
    edit(&g, "model.layers.1.self_attn.k_proj.weight")->dims[0] = 31;
    refused(g, "bytes that are not the shape's", "layers.1.self_attn.k_proj.weight", "bytes of data");
    t = edit(&g, "model.layers.1.self_attn.k_proj.weight");
    t->dims[0] = 64;
    t->dims[1] = 32;
    refused(g, "a transposed matrix", "layers.1.self_attn.k_proj.weight", "[64, 32]");
    edit(&g, "model.layers.1.self_attn.k_proj.weight")->dims[0] = 1ull << 62;
    refused(g, "a shape that overflows", "layers.1.self_attn.k_proj.weight", "shape");
    edit(&g, "model.layers.1.self_attn.k_proj.weight")->shift = -8;
    refused(g, "overlapping tensors", "layers.1.self_attn.k_proj.weight", "overlaps");
    edit(&g, "model.embed_tokens.weight")->shift = -8;
    refused(g, "data before the data", "model.embed_tokens.weight", "data_offsets");
    edit(&g, "model.layers.1.mlp.down_proj.weight")->shift = 8;
    refused(g, "data behind the file", "model.layers.1.mlp.down_proj.weight", "data_offsets");
    g = gen_make(&spec);
    gen_add(g, "model.norm.weight", 0, 64, AI_W_F32);
    refused(g, "a tensor twice", "model.safetensors", "model.norm.weight");
    g = gen_make(&spec);
    gen_remove(g, "model.layers.1.mlp.up_proj.weight");
    refused(g, "a missing tensor", "'model.layers.1.mlp.up_proj.weight'", "missing");
    g = gen_make(&spec);
    while (g->n_tensors)
        gen_remove(g, g->tensors[0].name);
    refused(g, "no tensors", "no tensors", NULL);
    spec.kind = GEN_NEO;
    g = gen_make(&spec);
    gen_remove(g, "transformer.h.1.mlp.c_fc.bias");
    refused(g, "a missing bias", "'transformer.h.1.mlp.c_fc.bias'", "missing");
    g = gen_make(&spec);
    gen_remove(g, "transformer.ln_f.bias");
    refused(g, "a norm without its bias", "'transformer.ln_f.bias'", "missing");
    t = edit(&g, "transformer.h.0.attn.attention.out_proj.bias");
    memcpy(t->data.data + 4, "\1\0\x80\x7f", 4);
    refused(g, "a bias with NaN", "transformer.h.0.attn.attention.out_proj.bias", "value 1 is not finite");
}

/* path must be refused, by one line with the word. */
static void refuses(const char *path, const char *what, const char *word)
{
    struct ai_model *m;

    err.msg[0] = '\0';
    m = ai_model_open(path, &err);
    if (!ok(!m && strstr(err.msg, path) && strstr(err.msg, word), "%s", what))
        printf("# %s\n", err.msg);
    ai_model_free(m);
}

static void folders(void)
{
    static const struct { const char *index, *what, *word; } wrong[] = {
        {"{}", "an index without weight_map", "weight_map"},
        {"{\"weight_map\": {}}", "an index of nothing", "weight_map"},
        {"{\"weight_map\": {\"a\": \"../x\"}}", "an index that points elsewhere", "a:"},
        {"{\"weight_map\": {\"a\": 3}}", "an index with a number for a file", "a:"},
        {"{\"weight_map\": {\"a\": \"absent.safetensors\"}}", "an index with an absent file",
         "index.json: a: absent.safetensors is missing"},
        {"{\"weight_map\": {\"a\": \"one.safetensors\", \"b\": \"copy.safetensors\"}}", "a tensor in two files",
         "twice"},
    };
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    struct gen_spec s = gen_small;
    struct gen_model *g;
    struct ai_buf b = {0};
    char file[1300];

    refuses(in_place("absent"), "no such file", "No such file");
    mkdir(in_place("d"), 0777);
    refuses(in_place("d"), "an empty folder", "config.json");
    s.kind = GEN_LLAMA;
    g = gen_make(&s);
    gen_write(g, in_place("d"), 1);
    gen_safetensors(g, 0, g->n_tensors, &b);
    snprintf(file, sizeof file, "%s/copy.safetensors", in_place("d"));
    gen_write_file(file, b.data, b.len);
    snprintf(file, sizeof file, "%s/model.safetensors", in_place("d"));
    if (ai_buf_put(&b, "xyz", 3, &err))
        exit(99);
    gen_write_file(file, b.data, b.len);
    refuses(in_place("d"), "bytes behind the last tensor", "3 bytes behind");
    gen_write_file(file, "", 0);
    refuses(in_place("d"), "empty weights", "truncated");
    gen_write_file(file, lfs, sizeof lfs - 1);
    refuses(in_place("d"), "weights that were not fetched", "Git LFS");
    unlink(file);
    snprintf(file, sizeof file, "%s/one.safetensors", in_place("d"));
    b.len -= 3;
    gen_write_file(file, b.data, b.len);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(file, sizeof file, "%s/model.safetensors.index.json", in_place("d"));
        gen_write_file(file, wrong[i].index, strlen(wrong[i].index));
        refuses(in_place("d"), wrong[i].what, wrong[i].word);
    }
    unlink(file);
    refuses(in_place("d"), "a folder without weights", "pytorch_model.bin.index.json");
    gen_free(g);
    ai_buf_free(&b);
    remove_all(in_place("d"));
    if (mkfifo(in_place("fifo"), 0600) == 0)
        refuses(in_place("fifo"), "a FIFO that nobody writes to", "regular file");
    unlink(in_place("fifo"));
    gen_write_file(in_place("empty"), "", 0);
    refuses(in_place("empty"), "an empty file", "not a GGUF file");
    unlink(in_place("empty"));
}

int main(void)
{
    make_place();
    all_truncations();
    all_lies();
    gguf_numbers();
    gguf_tensors();
    gguf_headers();
    configurations();
    safetensors();
    folders();
    rmdir(place);
    return done_testing();
}
