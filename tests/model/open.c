/* Opening models: the same one in every format, what a file may leave out or add,
 * and digests. */
#include "forward/forward.h"
#include "place.h"

#include <math.h>

static struct gen_spec with(enum gen_kind kind, enum ai_wtype type)
{
    struct gen_spec s = gen_small;

    s.kind = kind;
    s.type = type;
    return s;
}

static struct ai_model *open_spec(const struct gen_spec *s, unsigned shards)
{
    return open_made(gen_make(s), "m", shards);
}

/* ---- one function in all formats ---- */

struct states {
    size_t width, n;
    float *x; /* [n, width] */
};

static int keep(void *arg, size_t seq, unsigned layer, uint32_t position, const float *h, struct ai_err *e)
{
    struct states *s = arg;

    (void)seq;
    (void)layer;
    (void)e;
    memcpy(s->x + position * s->width, h, s->width * sizeof *h);
    return 0;
}

static int no_flush(void *arg, struct ai_err *e)
{
    (void)arg;
    (void)e;
    return 0;
}

enum { TOKENS = 30 };

/* The last layer's states of a fixed prompt; NULL if anything fails. */
static float *run(const struct ai_model *m)
{
    struct ai_pool *pool = ai_pool_new(1, &err);
    struct ai_forward *f = ai_forward_new(m, pool, 0, &err);
    struct states s = {m->hp.width, TOKENS, calloc(TOKENS * (size_t)m->hp.width, sizeof(float))};
    struct ai_forward_plan plan = {.all_positions = true};
    struct ai_forward_calls calls = {&s, keep, no_flush, NULL, NULL};
    struct ai_forward_totals totals = {0};
    uint32_t ids[TOKENS];
    struct ai_sequence seq = {.tokens = ids, .n = TOKENS};

    for (uint32_t i = 0; i < TOKENS; i++)
        ids[i] = (i * 7 + 3) % m->hp.vocab;
    ai_layers_add(&plan.emit, m->hp.layers);
    if (ai_forward_run(f, &seq, 1, &plan, &calls, &totals, &err)) {
        free(s.x);
        s.x = NULL;
    }
    ai_forward_free(f);
    ai_pool_free(pool);
    return s.x;
}

static double furthest(const float *a, const float *b, size_t n)
{
    double worst = 0, square = 0;

    for (size_t i = 0; a && b && i < n; i++) {
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        square += (double)a[i] * (double)a[i];
    }
    return a && b && square > 0 ? worst / sqrt(square / (double)n) : INFINITY;
}

static void same_function(enum ai_wtype type, bool tied, bool bias)
{
    struct gen_spec g = with(GEN_GGUF, type), h = with(GEN_LLAMA, type);
    struct ai_model *a, *b, *c;
    float *x, *y;

    g.tied = h.tied = tied;
    g.bias = h.bias = bias;
    a = open_spec(&g, 1);
    b = open_spec(&h, 1);
    c = open_spec(&h, 3);
    if (!ok(a && b && c, "%s: a GGUF file, a directory and one of three shards open", ai_wtypes[type].name)) {
        printf("# %s\n", err.msg);
        return;
    }
    x = run(a);
    y = run(b);
    ok(furthest(x, y, TOKENS * (size_t)a->hp.width) < 1e-5, "they are the same function");
    is_str(c->digest, b->digest, "shards change no digest");
    ok(strcmp(a->digest, b->digest) != 0, "another order of rows does");
    ok((a->head.weight.data == a->embed.data) == tied && (b->head.weight.data == b->embed.data) == tied, "tied or not");
    ok((a->blocks[1].k.bias.data != NULL) == bias && (b->blocks[0].o.bias.data != NULL) == bias, "biased or not");
    free(x);
    free(y);
    ai_model_free(a);
    ai_model_free(b);
    ai_model_free(c);
}

static void numbers(void)
{
    for (int t = 0; t < AI_W_COUNT; t++) {
        struct gen_spec s = with(GEN_GGUF, (enum ai_wtype)t);
        uint64_t w = s.width = ai_wtypes[t].block > 64 ? 256 : 64, ff = s.ff = ai_wtypes[t].block > 64 ? 512 : 96;
        uint64_t matrices = 2 * 40 * w + 2 * (2 * w * w + 2 * w / 2 * w + 3 * ff * w), vectors = 5 * w;
        struct ai_model *m = open_spec(&s, 1);
        const struct ai_hparams *hp = m ? &m->hp : NULL;

        ok(m && hp->layers == 2 && hp->width == w && hp->heads == 4 && hp->kv_heads == 2 && hp->head_dim == w / 4 &&
           hp->ff == ff && hp->vocab == 40 && hp->context == 64 && hp->rope == AI_ROPE_PAIRS && hp->rope_dim == w / 4 &&
           !hp->rotary[0].factors && m->blocks[1].mlp.down.weight.type == (enum ai_wtype)t, "%s: numbers %s",
           ai_wtypes[t].name,
           m ? "" : err.msg);
        is_int(m ? (long long)m->weight_bytes : 0,
               (long long)(matrices / ai_wtypes[t].block * ai_wtypes[t].bytes + 4 * vectors), "bytes of weights");
        ai_model_free(m);
    }
}

static void neo(void)
{
    struct gen_spec s = with(GEN_NEO, AI_W_F16);
    struct gen_model *g;
    struct ai_model *m, *listed;
    char digest[AI_DIGEST_LEN + 1] = "";

    s.layers = 3;
    s.tied = true;
    m = open_spec(&s, 2);
    ok(m && m->hp.norm == AI_NORM_LAYER && m->hp.position == AI_POS_LEARNED && m->hp.act == AI_ACT_GELU_TANH &&
       m->hp.attn_scale == 1 && m->positions.rows == 64 && m->hp.kv_heads == 4, "GPT-Neo: numbers %s",
       m ? "" : err.msg);
    ok(m && !m->blocks[0].q.bias.data && m->blocks[0].o.bias.data && m->blocks[2].mlp.up.bias.data &&
       m->blocks[1].attn_norm.bias.data && m->final_norm.bias.data, "biases where they belong");
    ok(m && m->blocks[0].window == 0 && m->blocks[1].window == 8 && m->blocks[2].window == 0, "windows");
    if (m)
        snprintf(digest, sizeof digest, "%s", m->digest);
    g = gen_make(&s);
    gen_config(g, "\"attention_types\": [[[\"global\", \"local\"], 2]]",
               "\"attention_layers\": [\"global\", \"local\", \"global\"]");
    listed = open_made(g, "m", 1);
    is_str(listed ? listed->digest : err.msg, digest, "the same kinds, listed");
    ai_model_free(listed);
    g = gen_make(&s);
    gen_config(g, "[\"global\", \"local\"]", "[\"local\", \"global\"]");
    listed = open_made(g, "m", 1);
    ok(listed && strcmp(listed->digest, digest) != 0, "other windows are another model");
    ai_model_free(listed);
    ai_model_free(m);
}

/* ---- what may be left out or added ---- */

static void check(struct gen_model *g, const char *digest, const char *what)
{
    struct ai_model *m = open_made(g, "m", 1);

    is_str(m ? m->digest : err.msg, digest, what);
    ai_model_free(m);
}

static void tolerance(void)
{
    struct gen_spec s = gen_small, h = with(GEN_LLAMA, AI_W_F32);
    struct ai_buf b = {0};
    struct gen_model *g;
    struct ai_model *m;
    char digest[AI_DIGEST_LEN + 1] = "";

    m = open_spec(&s, 1);
    if (m)
        snprintf(digest, sizeof digest, "%s", m->digest);
    ai_model_free(m);
    g = gen_make(&s);
    gen_gguf(g, 2, &b);
    gen_write_file(in_place("v2"), b.data, b.len);
    ai_buf_free(&b);
    m = ai_model_open(in_place("v2"), &err);
    unlink(in_place("v2"));
    is_str(m ? m->digest : err.msg, digest, "GGUF version 2");
    ai_model_free(m);
    gen_add(g, "something.else", 3, 5, AI_W_F32)->type_number = 99;
    gen_set_string(g, "something.more", "of no interest");
    check(g, digest, "tensors and metadata that nobody asks for");
    g = gen_make(&s);
    gen_set_u32(g, "llama.rope.dimension_count", 16);
    gen_set_f32(g, "llama.rope.freq_base", 10000);
    gen_set_u32(g, "llama.vocab_size", 40);
    gen_set_u32(g, "llama.attention.key_length", 16);
    gen_set_u32(g, "llama.attention.value_length", 16);
    check(g, digest, "values that are the default, written out");

    h.kv_heads = h.heads;
    m = open_spec(&h, 1);
    if (m)
        snprintf(digest, sizeof digest, "%s", m->digest);
    ai_model_free(m);
    g = gen_make(&h);
    gen_config(g, "\"num_key_value_heads\": 4,", "");
    gen_config(g, "\"rope_theta\": 10000.0,", "\"head_dim\": null, \"rope_scaling\": null,");
    gen_config(g, "\"attention_bias\": false,", "");
    check(g, digest, "as the first Llama's configuration: no key/value heads, no rotary base");
    g = gen_make(&h);
    gen_config(g, "\"rope_theta\": 10000.0",
               "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 10000.0}");
    gen_add(g, "model.layers.0.self_attn.rotary_emb.inv_freq", 0, 8, AI_W_F32);
    gen_add(g, "a.mask", 4, 4, AI_W_F32)->type_name = "U32";
    check(g, digest, "as the newest: the rotary base in an object; buffers that are no weights");
    h.tied = true;
    m = open_spec(&h, 1);
    if (m)
        snprintf(digest, sizeof digest, "%s", m->digest);
    ai_model_free(m);
    g = gen_make(&h);
    gen_add(g, "lm_head.weight", 40, 64, AI_W_F32);
    check(g, digest, "a head that is there all the same, though tied");
}

static void vocabulary(void)
{
    struct gen_spec s = gen_small;
    struct gen_model *g;
    struct ai_model *m;

    s.vocab = GEN_MIN_VOCAB;
    s.tokenizer = true;
    g = gen_make(&s);
    gen_value(g, "tokenizer.ggml.tokens")->bytes.data[4]--; /* count, and the last token's bytes */
    gen_value(g, "tokenizer.ggml.tokens")->bytes.len -= 10; /* 8 and a syllable */
    m = open_made(g, "m", 1);
    ok(m && m->hp.vocab == GEN_MIN_VOCAB, "fewer tokens than rows: padding %s", m ? "" : err.msg);
    ai_model_free(m);
}

/* ---- rotary frequencies and windows ---- */

static void factors(struct gen_model *g, const float *want, const char *what)
{
    struct ai_model *m = open_made(g, "m", 1);
    int good = m && m->hp.rotary[0].factors;

    for (int i = 0; good && i < 8; i++)
        good = fabsf(m->hp.rotary[0].factors[i] - want[i]) < 1e-6f * want[i];
    ok(good, "%s %s", what, m ? "" : err.msg);
    ai_model_free(m);
}

static void rotary(void)
{
    static const float four[8] = {4, 4, 4, 4, 4, 4, 4, 4}, own[8] = {1, 1, 1, 1.5f, 2, 4, 8, 8};
    struct gen_spec h = with(GEN_LLAMA, AI_W_F32);
    struct gen_model *g = gen_make(&gen_small);
    struct ai_model *m;
    struct gen_tensor *t;
    float llama3[8];

    gen_set_string(g, "llama.rope.scaling.type", "linear");
    gen_set_f32(g, "llama.rope.scaling.factor", 4);
    factors(g, four, "GGUF: linear scaling");
    g = gen_make(&gen_small);
    gen_set_f32(g, "llama.rope.scale_linear", 4);
    factors(g, four, "GGUF: linear scaling as older files have it");
    g = gen_make(&gen_small);
    t = gen_add(g, "rope_freqs.weight", 0, 8, AI_W_F32);
    memcpy(t->data.data, own, sizeof own);
    factors(g, own, "GGUF: a divisor for each frequency");
    g = gen_make(&h);
    gen_config(g, "\"rope_theta\"", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4.0}, \"rope_theta\"");
    factors(g, four, "linear scaling");
    for (int i = 0; i < 8; i++) { /* wave lengths 2 pi 10^(i/2); kept below 8, stretched above 32 */
        double wave = 2 * M_PI * pow(10, i / 2.0), keep_share = (32 / wave - 1) / 3;

        llama3[i] = wave < 8 ? 1 : wave > 32 ? 8 : (float)(1 / (keep_share + (1 - keep_share) / 8));
    }
    g = gen_make(&h);
    gen_config(g, "\"rope_theta\"",
               "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, "
               "\"high_freq_factor\": 4, \"original_max_position_embeddings\": 32}, \"rope_theta\"");
    factors(g, llama3, "Llama 3's scaling");
    g = gen_make(&h);
    gen_config(g, "\"llama\"", "\"mistral\", \"sliding_window\": 16");
    m = open_made(g, "m", 1);
    ok(m && m->blocks[0].window == 16 && m->blocks[1].window == 16, "Mistral's window %s", m ? "" : err.msg);
    ai_model_free(m);
}

/* ---- digests ---- */

static void other(struct gen_model *g, char (*seen)[AI_DIGEST_LEN + 1], int n, const char *what)
{
    struct ai_model *m = open_made(g, "m", 1);
    int good = m != NULL;

    snprintf(seen[n], sizeof seen[n], "%s", m ? m->digest : "");
    for (int i = 0; i < n; i++)
        good = good && strcmp(seen[i], seen[n]) != 0;
    ok(good, "%s is another model %s", what, m ? "" : err.msg);
    ai_model_free(m);
}

static void digests(void)
{
    char seen[12][AI_DIGEST_LEN + 1];
    struct gen_spec s = gen_small;
    struct gen_model *g = gen_make(&s);
    int n = 0;

    s.width = 256; /* tensors larger than the samples */
    s.ff = 512;
    gen_free(g);
    other(gen_make(&s), seen, n++, "the first");
    s.seed++;
    other(gen_make(&s), seen, n++, "another seed");
    s.seed--;
    g = gen_make(&s);
    gen_set_f32(g, "llama.rope.freq_base", 10001);
    other(g, seen, n++, "another rotary base");
    g = gen_make(&s);
    gen_set_f32(g, "llama.attention.layer_norm_rms_epsilon", 1e-6f);
    other(g, seen, n++, "another epsilon");
    g = gen_make(&s);
    gen_set_f32(g, "llama.rope.scale_linear", 2);
    other(g, seen, n++, "another scaling");
    g = gen_make(&s);
    gen_tensor(g, "blk.1.ffn_up.weight")->data.data[0] ^= 1;
    other(g, seen, n++, "another first byte");
    g = gen_make(&s);
    gen_tensor(g, "blk.1.ffn_up.weight")->data.data[gen_tensor(g, "blk.1.ffn_up.weight")->data.len - 4] ^= 1;
    other(g, seen, n++, "another last value");
    g = gen_make(&s);
    gen_tensor(g, "blk.0.ffn_norm.weight")->data.data[500] ^= 1;
    other(g, seen, n++, "another norm");
}

static void description(void)
{
    struct ai_model *m = open_spec(&gen_small, 1);
    struct ai_buf b = {0};

    if (ai_model_describe(m, &b, &err) || ai_buf_put(&b, "", 1, &err))
        ok(0, "describes: %s", err.msg);
    is_str((char *)b.data,
           "arch\tllama\nlayers\t2\nwidth\t64\nheads\t4\nkv_heads\t2\nhead_dim\t16\nmlp_width\t96\nvocab\t40\n"
           "context\t64\nnorm\trms\nnorm_eps\t9.99999975e-06\nposition\trope\nmlp\tswiglu\nattn_scale\t0.25\n"
           "rope\tpairs\nrope_dim\t16\nrope_base\t10000\nwindow\t0\nweights\tF32\n", "the description");
    ai_buf_free(&b);
    ai_model_free(m);
}

int main(void)
{
    make_place();
    same_function(AI_W_F32, false, false);
    same_function(AI_W_F16, true, false);
    same_function(AI_W_BF16, false, true);
    numbers();
    neo();
    tolerance();
    vocabulary();
    rotary();
    digests();
    description();
    rmdir(place);
    return done_testing();
}
