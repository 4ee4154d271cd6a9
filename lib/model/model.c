#include "model/model.h"

#include "base/mem.h"
#include "model/arch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Finding a model's tensors: every one is checked for type, shape and place. */
struct loader {
    struct ai_model *m;
    const struct ai_arch *arch;
    const struct ai_arch_names *names;
    enum ai_need bias[AI_BIAS_GROUPS];
    struct ai_err *err;
    char name[192];      /* of the tensor last looked for */
    const char *file;    /* where it was */
};

static int unsupported(const char *type, struct ai_err *err)
{
    char known[128] = "";

    for (int k = 0; k < AI_W_COUNT; k++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", k ? ", " : "", ai_wtypes[k].name);
    return ai_fail(err, AI_EINPUT, "weights of type %s are not supported (known: %s)", type, known);
}

static int check_place(const struct ai_named_tensor *t, size_t rows, size_t cols, struct ai_err *err)
{
    const struct ai_wtype_info *info;
    uint64_t bytes;

    if (t->type < 0)
        return unsupported(t->type_name, err);
    info = &ai_wtypes[t->type];
    if (cols % info->block)
        return ai_fail(err, AI_EINPUT, "rows of %zu values are no whole blocks of %s", cols, info->name);
    bytes = (uint64_t)cols / info->block * info->bytes; /* dimensions are below 2^24: no product overflows */
    bytes *= rows;
    if (bytes > t->room)
        return ai_fail(err, AI_EINPUT, "truncated, or overlapping: %llu bytes of data, room for %llu",
                       (unsigned long long)bytes, (unsigned long long)t->room);
    return 0;
}

static int wrong_shape(struct loader *l, const struct ai_named_tensor *t, size_t rows, size_t cols)
{
    char shape[100] = "";

    for (unsigned i = 0; i < t->n_dims; i++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%llu", i ? ", " : "",
                 (unsigned long long)t->dims[i]);
    if (rows)
        return ai_fail(l->err, AI_EINPUT, "%s: %s: shape [%s], where [%zu, %zu] is wanted", t->file, l->name, shape,
                       rows, cols);
    return ai_fail(l->err, AI_EINPUT, "%s: %s: shape [%s], where [tokens, %zu] is wanted", t->file, l->name, shape,
                   cols);
}

/* rows 0: take what the file has. */
static int find(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t rows, size_t cols,
                enum ai_need need, struct ai_tensor *out)
{
    const struct ai_named_tensor *t;
    const char *hole = strstr(pattern, "%u");

    memset(out, 0, sizeof *out);
    if (need == AI_NONE)
        return 0;
    if (hole)
        snprintf(l->name, sizeof l->name, "%.*s%u%s%s", (int)(hole - pattern), pattern, block, hole + 2, suffix);
    else
        snprintf(l->name, sizeof l->name, "%s%s", pattern, suffix);
    t = ai_model_files_find(l->m->files, l->name);
    if (!t) {
        if (need == AI_OPTIONAL)
            return 0;
        return ai_fail(l->err, AI_EINPUT, "%s: tensor '%s' is missing", l->m->files->path, l->name);
    }
    l->file = t->file;
    out->rows = t->n_dims > 1 ? t->dims[0] : 1;
    out->cols = t->n_dims > 1 ? t->dims[1] : t->dims[0];
    if (t->n_dims > 2 || out->cols != cols || (rows ? out->rows != rows : out->rows < 1 || out->rows > 1u << 24))
        return wrong_shape(l, t, rows, cols);
    if (check_place(t, out->rows, out->cols, l->err))
        return ai_err_at(l->err, "%s: %s", t->file, l->name);
    out->data = ai_model_files_data(l->m->files, t, l->err);
    if (!out->data)
        return ai_err_at(l->err, "%s: %s", t->file, l->name);
    out->type = (enum ai_wtype)t->type;
    l->m->weight_bytes += ai_tensor_row_bytes(out) * out->rows;
    return 0;
}

/* A vector is small: its values are looked at. */
static int find_vector(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t n,
                       enum ai_need need, struct ai_tensor *out)
{
    float value;

    if (find(l, pattern, block, suffix, 1, n, need, out))
        return -1;
    for (size_t i = 0; out->data && i < n; i++) {
        const struct ai_wtype_info *info = &ai_wtypes[out->type];

        if (info->block != 1)
            return ai_fail(l->err, AI_EINPUT, "%s: %s: a vector of type %s", l->file, l->name, info->name);
        ai_decode(out->type, (const uint8_t *)out->data + i * info->bytes, &value, 1);
        if (!isfinite(value))
            return ai_fail(l->err, AI_EINPUT, "%s: %s: value %zu is not finite", l->file, l->name, i);
    }
    return 0;
}

static int find_norm(struct loader *l, const char *pattern, unsigned block, struct ai_norm_weights *out)
{
    size_t n = l->m->hp.width;
    enum ai_need bias = l->arch->norm == AI_NORM_LAYER ? AI_REQUIRED : AI_NONE;

    return find_vector(l, pattern, block, ".weight", n, AI_REQUIRED, &out->weight) ||
                   find_vector(l, pattern, block, ".bias", n, bias, &out->bias)
               ? -1
               : 0;
}

static int find_linear(struct loader *l, const char *pattern, unsigned block, size_t rows, size_t cols,
                       enum ai_bias_group group, struct ai_linear *out)
{
    return find(l, pattern, block, ".weight", rows, cols, AI_REQUIRED, &out->weight) ||
                   find_vector(l, pattern, block, ".bias", rows, l->bias[group], &out->bias)
               ? -1
               : 0;
}

static int load_block(struct loader *l, unsigned b)
{
    const struct ai_hparams *hp = &l->m->hp;
    const struct ai_arch_names *n = l->names;
    struct ai_block *w = &l->m->blocks[b];
    size_t q = (size_t)hp->heads * hp->head_dim, kv = (size_t)hp->kv_heads * hp->head_dim;

    if (find_norm(l, n->attn_norm, b, &w->attn_norm) || find_norm(l, n->mlp_norm, b, &w->mlp_norm) ||
        find_linear(l, n->q, b, q, hp->width, AI_BIASES_QKV, &w->q) ||
        find_linear(l, n->k, b, kv, hp->width, AI_BIASES_QKV, &w->k) ||
        find_linear(l, n->v, b, kv, hp->width, AI_BIASES_QKV, &w->v) ||
        find_linear(l, n->o, b, hp->width, q, AI_BIASES_OUT, &w->o) ||
        (l->arch->gated && find_linear(l, n->gate, b, hp->ff, hp->width, AI_BIASES_MLP, &w->gate)) ||
        find_linear(l, n->up, b, hp->ff, hp->width, AI_BIASES_MLP, &w->up) ||
        find_linear(l, n->down, b, hp->width, hp->ff, AI_BIASES_MLP, &w->down))
        return -1;
    if (ai_arch_window(l->arch, l->m->files, b, &w->window, l->err))
        return ai_err_at(l->err, "%s", l->m->files->path);
    return 0;
}

static int load_head(struct loader *l)
{
    struct ai_model *m = l->m;
    bool tied = false;

    if (ai_arch_tied(l->arch, m->files, &tied, l->err))
        return ai_err_at(l->err, "%s", m->files->path);
    if (tied)
        m->head.weight = m->embed;
    else if (find(l, l->names->head, 0, ".weight", m->hp.vocab, m->hp.width, AI_REQUIRED, &m->head.weight))
        return -1;
    return find_vector(l, l->names->head, 0, ".bias", m->hp.vocab, AI_OPTIONAL, &m->head.bias);
}

static int load_tensors(struct loader *l)
{
    struct ai_model *m = l->m;
    struct ai_hparams *hp = &m->hp;

    if (find(l, l->names->embed, 0, ".weight", 0, hp->width, AI_REQUIRED, &m->embed))
        return -1;
    hp->vocab = (unsigned)m->embed.rows;
    if (ai_arch_check_vocab(l->arch, m->files, hp->vocab, l->err))
        return ai_err_at(l->err, "%s", m->files->path);
    for (int g = 0; g < AI_BIAS_GROUPS; g++)
        if (ai_arch_bias(l->arch, m->files, (enum ai_bias_group)g, &l->bias[g], l->err))
            return ai_err_at(l->err, "%s", m->files->path);
    if (find_norm(l, l->names->final_norm, 0, &m->final_norm) || load_head(l))
        return -1;
    if (hp->position == AI_POS_LEARNED &&
        find(l, l->names->positions, 0, ".weight", hp->context + hp->position_offset, hp->width, AI_REQUIRED,
             &m->positions))
        return -1;
    m->blocks = ai_calloc(hp->layers, sizeof *m->blocks, l->err);
    if (!m->blocks)
        return -1;
    for (unsigned b = 0; b < hp->layers; b++)
        if (load_block(l, b))
            return -1;
    return 0;
}

/* ---- digest ---- */

enum { SAMPLE = 4096 };

static void add_tensor(struct ai_sha256 *s, const struct ai_tensor *t)
{
    char line[96];
    size_t n;

    if (!t->data)
        return;
    n = ai_tensor_row_bytes(t) * t->rows;
    snprintf(line, sizeof line, "%s %zu %zu\n", ai_wtypes[t->type].name, t->rows, t->cols);
    ai_sha256_add(s, line, strlen(line));
    if (n <= 3 * SAMPLE) {
        ai_sha256_add(s, t->data, n);
        return;
    }
    ai_sha256_add(s, t->data, SAMPLE);
    ai_sha256_add(s, (const uint8_t *)t->data + n / 2, SAMPLE);
    ai_sha256_add(s, (const uint8_t *)t->data + n - SAMPLE, SAMPLE);
}

static void make_digest(struct ai_model *m)
{
    struct ai_sha256 s;
    struct ai_buf text = {0};
    struct ai_err ignored;

    ai_sha256_init(&s);
    if (ai_model_describe(m, &text, &ignored) == 0)
        ai_sha256_add(&s, text.data, text.len);
    ai_buf_free(&text);
    for (unsigned i = 0; m->hp.rope_factors && i < m->hp.rope_dim / 2; i++)
        ai_sha256_add(&s, &m->hp.rope_factors[i], sizeof(float));
    add_tensor(&s, &m->embed);
    add_tensor(&s, &m->positions);
    for (unsigned b = 0; b < m->hp.layers; b++) {
        const struct ai_block *w = &m->blocks[b];
        const struct ai_linear *all[] = {&w->q, &w->k, &w->v, &w->o, &w->gate, &w->up, &w->down};

        add_tensor(&s, &w->attn_norm.weight);
        add_tensor(&s, &w->attn_norm.bias);
        add_tensor(&s, &w->mlp_norm.weight);
        add_tensor(&s, &w->mlp_norm.bias);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            add_tensor(&s, &all[i]->weight);
            add_tensor(&s, &all[i]->bias);
        }
    }
    add_tensor(&s, &m->final_norm.weight);
    add_tensor(&s, &m->final_norm.bias);
    add_tensor(&s, &m->head.weight);
    add_tensor(&s, &m->head.bias);
    ai_sha256_end_hex(&s, m->digest);
}

/* One number when all blocks have the same window, else all of them. */
static int describe_windows(const struct ai_model *m, struct ai_buf *out, struct ai_err *err)
{
    unsigned n = 1;

    for (unsigned b = 1; b < m->hp.layers; b++)
        if (m->blocks[b].window != m->blocks[0].window)
            n = m->hp.layers;
    for (unsigned b = 0; b < n; b++)
        if (ai_buf_printf(out, err, "%s%u", b ? "," : "window\t", m->blocks[b].window))
            return -1;
    return ai_buf_puts(out, "\n", err);
}

int ai_model_describe(const struct ai_model *m, struct ai_buf *out, struct ai_err *err)
{
    static const char *const norms[] = {"rms", "layer"}, *const positions[] = {"rope", "learned"};
    static const char *const mlps[] = {"swiglu", "gelu-tanh", "gelu-erf", "relu"};
    const struct ai_hparams *hp = &m->hp;

    if (ai_buf_printf(out, err,
                      "arch\t%s\nlayers\t%u\nwidth\t%u\nheads\t%u\nkv_heads\t%u\nhead_dim\t%u\nmlp_width\t%u\n"
                      "vocab\t%u\ncontext\t%u\nnorm\t%s\nnorm_eps\t%.9g\nposition\t%s\nmlp\t%s\nattn_scale\t%.9g\n",
                      m->arch, hp->layers, hp->width, hp->heads, hp->kv_heads, hp->head_dim, hp->ff, hp->vocab,
                      hp->context, norms[hp->norm], hp->norm_eps, positions[hp->position], mlps[hp->mlp],
                      hp->attn_scale))
        return -1;
    if (hp->position == AI_POS_ROPE &&
        ai_buf_printf(out, err, "rope\t%s\nrope_dim\t%u\nrope_base\t%.9g\n",
                      hp->rope == AI_ROPE_PAIRS ? "pairs" : "halves", hp->rope_dim, hp->rope_base))
        return -1;
    return describe_windows(m, out, err) ||
                   ai_buf_printf(out, err, "weights\t%s\n", ai_wtypes[m->blocks[0].q.weight.type].name)
               ? -1
               : 0;
}

/* ---- opening ---- */

static const struct ai_arch *identify(const struct ai_model_files *f, struct ai_err *err)
{
    struct ai_gguf_string name = {"", 0};
    const char *type = NULL;
    int rc;

    if (f->gguf) {
        rc = ai_gguf_str(f->gguf, "general.architecture", &name, err);
    } else {
        rc = ai_json_get_string(f->config, "model_type", &type, err);
        if (rc == 0)
            name = (struct ai_gguf_string){type, strlen(type)};
    }
    if (rc == 1)
        ai_fail(err, AI_EINPUT, "no architecture is named (general.architecture, model_type)");
    return rc ? NULL : ai_arch_find(f->gguf != NULL, name.s, name.len, err);
}

struct ai_model *ai_model_open(const char *path, struct ai_err *err)
{
    struct ai_model *m = ai_calloc(1, sizeof *m, err);
    struct loader l = {.m = m, .err = err};

    if (!m)
        return NULL;
    m->files = ai_model_files_open(path, err);
    if (!m->files)
        goto fail;
    l.arch = identify(m->files, err);
    if (!l.arch || ai_arch_numbers(l.arch, m->files, &m->hp, err) ||
        ai_arch_rope_factors(l.arch, m->files, &m->hp, err)) {
        ai_err_at(err, "%s", path);
        goto fail;
    }
    m->arch = l.arch->name;
    l.names = m->files->gguf ? l.arch->names_gguf : l.arch->names_hf;
    if (load_tensors(&l))
        goto fail;
    make_digest(m);
    return m;
fail:
    ai_model_free(m);
    return NULL;
}

void ai_model_free(struct ai_model *m)
{
    if (!m)
        return;
    free(m->blocks);
    ai_model_files_free(m->files);
    free(m);
}
