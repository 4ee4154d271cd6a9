#include "gen_model.h"

#include "gen_blocks.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/rng.h"
#include "model/gguf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

const struct gen_spec gen_small = {
    .kind = GEN_GGUF, .layers = 2, .width = 64, .heads = 4, .kv_heads = 2, .ff = 96, .vocab = 40, .context = 64,
    .window = 8, .type = AI_W_F32, .seed = 1,
};

enum dim { NONE, V, H, Q, K, F, C };
enum shape { MATRIX, VECTOR, NORM };

/* Every tensor of a model: its names in the four kinds (NULL: has none). */
static const struct role {
    const char *names[4];
    enum dim rows, cols;
    enum shape shape;
    bool bias;
} global[] = {
    {{"token_embd.weight", "model.embed_tokens.weight", "transformer.wte.weight", "decoder.embed_tokens.weight"},
     V, H, MATRIX, false},
    {{NULL, NULL, "transformer.wpe.weight", "decoder.embed_positions.weight"}, C, H, MATRIX, false},
    {{"output_norm.weight", "model.norm.weight", "transformer.ln_f.weight", "decoder.final_layer_norm.weight"},
     NONE, H, NORM, false},
    {{NULL, NULL, "transformer.ln_f.bias", "decoder.final_layer_norm.bias"}, NONE, H, VECTOR, false},
    {{"output.weight", "lm_head.weight", "lm_head.weight", NULL}, V, H, MATRIX, false},
}, local[] = {
    {{"attn_norm.weight", "input_layernorm.weight", "ln_1.weight", "self_attn_layer_norm.weight"},
     NONE, H, NORM, false},
    {{NULL, NULL, "ln_1.bias", "self_attn_layer_norm.bias"}, NONE, H, VECTOR, false},
    {{"attn_q.weight", "self_attn.q_proj.weight", "attn.attention.q_proj.weight", "self_attn.q_proj.weight"},
     Q, H, MATRIX, false},
    {{"attn_q.bias", "self_attn.q_proj.bias", NULL, "self_attn.q_proj.bias"}, NONE, Q, VECTOR, true},
    {{"attn_k.weight", "self_attn.k_proj.weight", "attn.attention.k_proj.weight", "self_attn.k_proj.weight"},
     K, H, MATRIX, false},
    {{"attn_k.bias", "self_attn.k_proj.bias", NULL, "self_attn.k_proj.bias"}, NONE, K, VECTOR, true},
    {{"attn_v.weight", "self_attn.v_proj.weight", "attn.attention.v_proj.weight", "self_attn.v_proj.weight"},
     K, H, MATRIX, false},
    {{"attn_v.bias", "self_attn.v_proj.bias", NULL, "self_attn.v_proj.bias"}, NONE, K, VECTOR, true},
    {{"attn_output.weight", "self_attn.o_proj.weight", "attn.attention.out_proj.weight", "self_attn.out_proj.weight"},
     H, Q, MATRIX, false},
    {{"attn_output.bias", "self_attn.o_proj.bias", NULL, NULL}, NONE, H, VECTOR, true},
    {{NULL, NULL, "attn.attention.out_proj.bias", "self_attn.out_proj.bias"}, NONE, H, VECTOR, false},
    {{"ffn_norm.weight", "post_attention_layernorm.weight", "ln_2.weight", "final_layer_norm.weight"},
     NONE, H, NORM, false},
    {{NULL, NULL, "ln_2.bias", "final_layer_norm.bias"}, NONE, H, VECTOR, false},
    {{"ffn_gate.weight", "mlp.gate_proj.weight", NULL, NULL}, F, H, MATRIX, false},
    {{"ffn_up.weight", "mlp.up_proj.weight", "mlp.c_fc.weight", "fc1.weight"}, F, H, MATRIX, false},
    {{NULL, NULL, "mlp.c_fc.bias", "fc1.bias"}, NONE, F, VECTOR, false},
    {{"ffn_down.weight", "mlp.down_proj.weight", "mlp.c_proj.weight", "fc2.weight"}, H, F, MATRIX, false},
    {{NULL, NULL, "mlp.c_proj.bias", "fc2.bias"}, NONE, H, VECTOR, false},
};

static uint64_t size_of(const struct gen_spec *s, enum dim d)
{
    uint64_t head = s->width / s->heads;

    switch (d) {
    case V: return s->vocab;
    case H: return s->width;
    case Q: return s->heads * head;
    case K: return (s->kind >= GEN_NEO ? s->heads : s->kv_heads) * head;
    case F: return s->ff;
    case C: return s->context + (s->kind == GEN_OPT ? 2 : 0);
    default: return 1;
    }
}

static void encode(enum ai_wtype type, const float *x, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n && type == AI_W_F32; i++)
        ai_put_u32(out + 4 * i, ai_f32_bits(x[i]));
    for (size_t i = 0; i < n && type == AI_W_F16; i++)
        ai_put_u16(out + 2 * i, ai_f32_to_f16(x[i]));
    for (size_t i = 0; i < n && type == AI_W_BF16; i++)
        ai_put_u16(out + 2 * i, ai_f32_to_bf16(x[i]));
    for (size_t b = 0; b + 32 <= n && type == AI_W_Q8_0; b += 32, out += 34) {
        float most = 0;

        for (size_t i = b; i < b + 32; i++)
            most = fmaxf(most, fabsf(x[i]));
        ai_put_u16(out, ai_f32_to_f16(most / 127));
        for (size_t i = b; i < b + 32; i++)
            out[2 + i - b] = (uint8_t)(int8_t)lrintf(most > 0 ? x[i] / most * 127 : 0);
    }
}

/* Row r of Q or K in GGUF is another one of the directory: pairs there are
 * neighbours here, and half a head apart there. */
static uint64_t source_row(const struct gen_spec *s, const struct role *role, uint64_t r)
{
    uint64_t head = s->width / s->heads, at = r % head;

    if (s->kind != GEN_GGUF || (strncmp(role->names[0], "attn_q", 6) != 0 && strncmp(role->names[0], "attn_k", 6) != 0))
        return r;
    return r - at + at / 2 + (at % 2) * (head / 2);
}

/* Values are uniform in +- this. */
static double scale_of(const struct role *role, uint64_t cols)
{
    return role->shape != MATRIX ? 0.3 : role->rows == V ? 1 : 1.5 / sqrt((double)cols);
}

static void fill(struct gen_model *g, const struct role *role, uint64_t stream, struct gen_tensor *t)
{
    struct ai_rng rng = {g->spec.seed * 1000003 + stream};
    const struct ai_wtype_info *info = &ai_wtypes[t->type];
    uint64_t n_rows = role->rows == NONE ? size_of(&g->spec, role->cols) : t->dims[0];
    uint64_t n_cols = role->rows == NONE ? 1 : t->dims[1];
    double scale = scale_of(role, n_cols);
    float *x, *row;

    if (t->type > AI_W_Q8_0) {
        gen_blocks(t->type, &rng, (float)(scale / sqrt(3)), n_rows * n_cols / info->block * info->block, t->data.data);
        return;
    }
    x = ai_calloc(n_rows * n_cols, sizeof *x, &err);
    row = ai_calloc(n_rows * n_cols, sizeof *row, &err);
    MUST(!x || !row);
    for (uint64_t i = 0; i < n_rows * n_cols; i++) {
        x[i] = (float)((ai_rng_unit(&rng) * 2 - 1) * scale + (role->shape == NORM));
        if (role->shape != MATRIX && g->spec.type == AI_W_F16) /* GGUF has vectors in F32, but of the same values */
            x[i] = ai_f16_to_f32(ai_f32_to_f16(x[i]));
        else if (role->shape != MATRIX && g->spec.type == AI_W_BF16)
            x[i] = ai_bf16_to_f32(ai_f32_to_bf16(x[i]));
    }
    for (uint64_t r = 0; r < n_rows; r++)
        memcpy(row + r * n_cols, x + source_row(&g->spec, role, r) * n_cols, n_cols * sizeof *x);
    encode(t->type, row, n_rows * n_cols / info->block * info->block, t->data.data);
    free(x);
    free(row);
}

/* A tensor without its data. */
static struct gen_tensor *new_tensor(struct gen_model *g, const char *name, uint64_t rows, uint64_t cols,
                                     enum ai_wtype type)
{
    const struct ai_wtype_info *info = &ai_wtypes[type];
    struct gen_tensor *t;

    MUST(ai_grow(&g->tensors, &g->cap_tensors, g->n_tensors + 1, sizeof *g->tensors, &err));
    t = &g->tensors[g->n_tensors++];
    *t = (struct gen_tensor){.n_dims = rows ? 2 : 1, .dims = {rows ? rows : cols, cols, 1, 1}, .type = type,
                             .type_number = -1};
    snprintf(t->name, sizeof t->name, "%s", name);
    t->data.len = (size_t)((rows ? rows : 1) * ((cols + info->block - 1) / info->block) * info->bytes);
    return t;
}

struct gen_tensor *gen_add(struct gen_model *g, const char *name, uint64_t rows, uint64_t cols, enum ai_wtype type)
{
    struct gen_tensor *t = new_tensor(g, name, rows, cols, type);

    MUST(!(t->data.data = ai_calloc(t->data.len, 1, &err)));
    t->data.cap = t->data.len;
    return t;
}

static void add_role(struct gen_model *g, const struct role *role, unsigned block, uint64_t stream)
{
    static const char *const prefixes[] = {"blk", "model.layers", "transformer.h", "decoder.layers"};
    const struct gen_spec *s = &g->spec;
    enum ai_wtype vector = s->kind == GEN_GGUF || s->type >= AI_W_Q8_0 ? AI_W_F32 : s->type;
    char name[96] = "";

    if (!role->names[s->kind] || (role->bias && !s->bias && s->kind != GEN_OPT) || (s->tied && role == &global[4]))
        return;
    if (stream >= 100)
        snprintf(name, sizeof name, "%s.%u.", prefixes[s->kind], block);
    snprintf(name + strlen(name), sizeof name - strlen(name), "%s", role->names[s->kind]);
    if (s->large && role->shape == MATRIX) {
        struct gen_tensor *t = new_tensor(g, name, size_of(s, role->rows), size_of(s, role->cols), s->type);

        t->seed = s->seed * 1000003 + stream;
        t->rms = (float)(scale_of(role, t->dims[1]) / sqrt(3));
        return;
    }
    fill(g, role, stream, gen_add(g, name, role->rows == NONE ? 0 : size_of(s, role->rows), size_of(s, role->cols),
                                  role->rows == NONE ? vector : s->type));
}

/* ---- metadata ---- */

static struct gen_value *set(struct gen_model *g, const char *key, uint32_t type)
{
    struct gen_value *v = gen_value(g, key);

    if (!v) {
        MUST(ai_grow(&g->values, &g->cap_values, g->n_values + 1, sizeof *g->values, &err));
        v = &g->values[g->n_values++];
        *v = (struct gen_value){0};
        snprintf(v->key, sizeof v->key, "%s", key);
    }
    v->type = type;
    v->bytes.len = 0;
    return v;
}

void gen_set_u32(struct gen_model *g, const char *key, uint32_t u)
{
    MUST(ai_buf_u32(&set(g, key, AI_GGUF_U32)->bytes, u, &err));
}

void gen_set_f32(struct gen_model *g, const char *key, float f)
{
    MUST(ai_buf_f32(&set(g, key, AI_GGUF_F32)->bytes, f, &err));
}

void gen_set_bool(struct gen_model *g, const char *key, bool b)
{
    uint8_t byte = b;

    MUST(ai_buf_put(&set(g, key, AI_GGUF_BOOL)->bytes, &byte, 1, &err));
}

void gen_set_string(struct gen_model *g, const char *key, const char *s)
{
    struct gen_value *v = set(g, key, AI_GGUF_STRING);

    MUST(ai_buf_u64(&v->bytes, strlen(s), &err) || ai_buf_puts(&v->bytes, s, &err));
}

static struct ai_buf *set_array(struct gen_model *g, const char *key, enum ai_gguf_type elem, uint64_t n)
{
    struct gen_value *v = set(g, key, AI_GGUF_ARRAY);

    MUST(ai_buf_u32(&v->bytes, elem, &err) || ai_buf_u64(&v->bytes, n, &err));
    return &v->bytes;
}

/* Piece i of a vocabulary as sentencepiece writes it: three specials, 256 bytes,
 * letters, then syllables, some of them behind a space. */
static void piece(unsigned i, char out[16])
{
    static const char consonants[] = "bcdfghjklmnpqrstvwxz", vowels[] = "aeiou";
    static const char *const specials[] = {"<unk>", "<s>", "</s>"};

    if (i < 3) {
        snprintf(out, 16, "%s", specials[i]);
    } else if (i < 259) {
        snprintf(out, 16, "<0x%02X>", i - 3);
    } else if (i == 259) {
        snprintf(out, 16, "\xe2\x96\x81");
    } else if (i < 286) {
        snprintf(out, 16, "%c", 'a' + (int)(i - 260));
    } else {
        unsigned k = i - 286;
        char syllable[3] = {consonants[k / 2 % 20], vowels[k / 40 % 5], '\0'};

        snprintf(out, 16, "%s%s", k % 2 ? syllable : "\xe2\x96\x81", k % 2 ? "" : syllable);
        if (k >= 200)
            snprintf(out, 16, "[%u]", k); /* no syllables are left */
    }
}

static void add_tokenizer(struct gen_model *g)
{
    unsigned n = g->spec.vocab;
    struct ai_buf *b;
    char text[16];

    gen_set_string(g, "tokenizer.ggml.model", "llama");
    b = set_array(g, "tokenizer.ggml.tokens", AI_GGUF_STRING, n);
    for (unsigned i = 0; i < n; i++) {
        piece(i, text);
        MUST(ai_buf_u64(b, strlen(text), &err) || ai_buf_puts(b, text, &err));
    }
    b = set_array(g, "tokenizer.ggml.scores", AI_GGUF_F32, n);
    for (unsigned i = 0; i < n; i++)
        MUST(ai_buf_f32(b, i < 259 ? 0 : -(float)(n - i), &err));
    b = set_array(g, "tokenizer.ggml.token_type", AI_GGUF_I32, n);
    for (unsigned i = 0; i < n; i++)
        MUST(ai_buf_u32(b, i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1, &err));
    gen_set_u32(g, "tokenizer.ggml.bos_token_id", 1);
    gen_set_u32(g, "tokenizer.ggml.eos_token_id", 2);
    gen_set_u32(g, "tokenizer.ggml.unknown_token_id", 0);
}

static void add_metadata(struct gen_model *g)
{
    const struct gen_spec *s = &g->spec;

    gen_set_string(g, "general.architecture", "llama");
    gen_set_u32(g, "llama.block_count", s->layers);
    gen_set_u32(g, "llama.embedding_length", s->width);
    gen_set_u32(g, "llama.attention.head_count", s->heads);
    gen_set_u32(g, "llama.attention.head_count_kv", s->kv_heads);
    gen_set_u32(g, "llama.feed_forward_length", s->ff);
    gen_set_u32(g, "llama.context_length", s->context);
    gen_set_f32(g, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    if (s->tokenizer)
        add_tokenizer(g);
}

static void write_config(struct gen_model *g)
{
    const struct gen_spec *s = &g->spec;

    if (s->kind == GEN_LLAMA)
        MUST(ai_buf_printf(&g->config, &err,
                           "{\"model_type\": \"llama\", \"num_hidden_layers\": %u, \"hidden_size\": %u,\n"
                           " \"num_attention_heads\": %u, \"num_key_value_heads\": %u, \"intermediate_size\": %u,\n"
                           " \"vocab_size\": %u, \"max_position_embeddings\": %u, \"rms_norm_eps\": 1e-05,\n"
                           " \"hidden_act\": \"silu\", \"rope_theta\": 10000.0, \"attention_bias\": %s,\n"
                           " \"tie_word_embeddings\": %s}",
                           s->layers, s->width, s->heads, s->kv_heads, s->ff, s->vocab, s->context,
                           s->bias ? "true" : "false", s->tied ? "true" : "false"));
    else if (s->kind == GEN_OPT)
        MUST(ai_buf_printf(&g->config, &err,
                           "{\"model_type\": \"opt\", \"num_hidden_layers\": %u, \"hidden_size\": %u,\n"
                           " \"word_embed_proj_dim\": %u, \"num_attention_heads\": %u, \"ffn_dim\": %u,\n"
                           " \"vocab_size\": %u, \"max_position_embeddings\": %u, \"activation_function\": \"relu\",\n"
                           " \"do_layer_norm_before\": true}",
                           s->layers, s->width, s->width, s->heads, s->ff, s->vocab, s->context));
    else
        MUST(ai_buf_printf(&g->config, &err,
                           "{\"model_type\": \"gpt_neo\", \"num_layers\": %u, \"hidden_size\": %u, \"num_heads\": %u,\n"
                           " \"intermediate_size\": %u, \"vocab_size\": %u, \"max_position_embeddings\": %u,\n"
                           " \"activation_function\": \"gelu_new\", \"layer_norm_epsilon\": 1e-05,\n"
                           " \"window_size\": %u, \"attention_types\": [[[\"global\", \"local\"], %u]],\n"
                           " \"tie_word_embeddings\": %s}",
                           s->layers, s->width, s->heads, s->ff, s->vocab, s->context, s->window, (s->layers + 1) / 2,
                           s->tied ? "true" : "false"));
    MUST(ai_buf_put(&g->config, "", 1, &err));
}

struct gen_model *gen_make(const struct gen_spec *spec)
{
    struct gen_model *g = ai_calloc(1, sizeof *g, &err);

    MUST(!g);
    g->spec = *spec;
    for (unsigned i = 0; i < sizeof global / sizeof *global; i++)
        add_role(g, &global[i], 0, i);
    for (unsigned b = 0; b < spec->layers; b++)
        for (unsigned i = 0; i < sizeof local / sizeof *local; i++)
            add_role(g, &local[i], b, 100 * (b + 1ull) + i);
    if (spec->kind == GEN_GGUF)
        add_metadata(g);
    else
        write_config(g);
    return g;
}

void gen_free(struct gen_model *g)
{
    for (size_t i = 0; i < g->n_tensors; i++)
        ai_buf_free(&g->tensors[i].data);
    for (size_t i = 0; i < g->n_values; i++)
        ai_buf_free(&g->values[i].bytes);
    free(g->tensors);
    free(g->values);
    ai_buf_free(&g->config);
    free(g);
}

/* ---- editing ---- */

struct gen_tensor *gen_tensor(struct gen_model *g, const char *name)
{
    for (size_t i = 0; i < g->n_tensors; i++)
        if (strcmp(g->tensors[i].name, name) == 0)
            return &g->tensors[i];
    return NULL;
}

struct gen_value *gen_value(struct gen_model *g, const char *key)
{
    for (size_t i = 0; i < g->n_values; i++)
        if (strcmp(g->values[i].key, key) == 0)
            return &g->values[i];
    return NULL;
}

void gen_remove(struct gen_model *g, const char *name)
{
    struct gen_tensor *t = gen_tensor(g, name);

    MUST(!t);
    ai_buf_free(&t->data);
    memmove(t, t + 1, (size_t)(g->tensors + g->n_tensors - t - 1) * sizeof *t);
    g->n_tensors--;
}

void gen_config_add(struct gen_model *g, const char *format, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    MUST(ai_buf_printf(&g->config, &err, "%s%s", g->config.len ? ",\n " : "{", text));
}

void gen_config(struct gen_model *g, const char *from, const char *to)
{
    char *at = strstr((char *)g->config.data, from);
    struct ai_buf b = {0};

    MUST(!at);
    MUST(ai_buf_put(&b, g->config.data, (size_t)(at - (char *)g->config.data), &err) || ai_buf_puts(&b, to, &err) ||
         ai_buf_puts(&b, at + strlen(from), &err) || ai_buf_put(&b, "", 1, &err));
    ai_buf_free(&g->config);
    g->config = b;
}
