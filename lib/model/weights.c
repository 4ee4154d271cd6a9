/* Finding a model's tensors: every one is checked for type, shape and place. */
#include "model/arch.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a tensor is to an architecture: not looked for, taken if it is there, or missing without it. */
enum need { NONE, OPTIONAL, REQUIRED };

struct loader {
    struct ai_model *m;
    unsigned traits;
    bool gguf;
    const struct ai_arch_names *names;
    const char *prefix;  /* of all names but the head's */
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

static const struct ai_named_tensor *look_up(struct loader *l, const char *pattern, unsigned block,
                                             const char *suffix)
{
    const char *hole = strstr(pattern, "%u"), *prefix = pattern == l->names->head ? "" : l->prefix;

    if (hole)
        snprintf(l->name, sizeof l->name, "%s%.*s%u%s%s", prefix, (int)(hole - pattern), pattern, block, hole + 2,
                 suffix);
    else
        snprintf(l->name, sizeof l->name, "%s%s%s", prefix, pattern, suffix);
    return ai_model_files_find(l->m->files, l->name);
}

/* The tensor t as [rows, cols]; rows 0: as many as the file has. */
static int take(struct loader *l, const struct ai_named_tensor *t, size_t rows, size_t cols, struct ai_tensor *out)
{
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

static int find(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t rows, size_t cols,
                enum need need, struct ai_tensor *out)
{
    const struct ai_named_tensor *t;

    memset(out, 0, sizeof *out);
    if (need == NONE)
        return 0;
    t = look_up(l, pattern, block, suffix);
    if (!t) {
        if (need == OPTIONAL)
            return 0;
        return ai_fail(l->err, AI_EINPUT, "%s: tensor '%s' is missing", l->m->files->path, l->name);
    }
    return take(l, t, rows, cols, out);
}

/* A matrix that the file has as [cols, rows]: the model keeps a turned copy. */
static int find_turned(struct loader *l, const char *pattern, unsigned block, size_t rows, size_t cols,
                       struct ai_tensor *out)
{
    const struct ai_named_tensor *t = look_up(l, pattern, block, ".weight");
    struct ai_named_tensor turned;

    if (!t || t->n_dims != 2 || t->dims[0] != cols || t->dims[1] != rows || t->type < 0 ||
        ai_wtypes[t->type].block != 1) /* refused with the shape that the file should have */
        return find(l, pattern, block, ".weight", cols, rows, REQUIRED, out);
    turned = *t;
    turned.strided = true;
    turned.dims[0] = t->dims[1];
    turned.dims[1] = t->dims[0];
    turned.strides[0] = t->strided ? t->strides[1] : 1;
    turned.strides[1] = t->strided ? t->strides[0] : t->dims[1];
    return take(l, &turned, rows, cols, out);
}

/* Memory for a tensor that the file has in another form; the model owns it. */
static void *make(struct loader *l, size_t n, size_t size)
{
    void *p;

    if (ai_grow(&l->m->made, &l->m->cap_made, l->m->n_made + 1, sizeof *l->m->made, l->err))
        return NULL;
    p = ai_alloc_aligned(n, size, l->err);
    if (p)
        l->m->made[l->m->n_made++] = p;
    return p;
}

/* ---- vectors and norms ---- */

/* A vector is small: its values are looked at. */
static int find_vector(struct loader *l, const char *pattern, unsigned block, const char *suffix, size_t n,
                       enum need need, struct ai_tensor *out)
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

/* Replaces the vector by one of F32 with 1 added; without data, by ones. */
static int add_one(struct loader *l, size_t n, struct ai_tensor *t)
{
    float *made = make(l, n, sizeof *made);

    if (!made)
        return -1;
    memset(made, 0, n * sizeof *made);
    if (t->data)
        ai_tensor_rows(t, 0, 1, made);
    for (size_t i = 0; i < n; i++)
        made[i] += 1;
    *t = (struct ai_tensor){made, AI_W_F32, 1, n};
    return 0;
}

static int find_norm(struct loader *l, const char *pattern, unsigned block, size_t n, struct ai_norm_weights *out)
{
    bool affine = l->traits & AI_AFFINE_NORMS, from_one = (l->traits & AI_NORMS_FROM_ONE) && !l->gguf;
    enum need weight = affine ? REQUIRED : NONE;
    enum need bias = affine && l->m->hp.norm == AI_NORM_LAYER ? REQUIRED : NONE;

    if (find_vector(l, pattern, block, ".weight", n, weight, &out->weight) ||
        find_vector(l, pattern, block, ".bias", n, bias, &out->bias))
        return -1;
    return !affine || from_one ? add_one(l, n, &out->weight) : 0;
}

/* ---- matrices ---- */

/* Directories say which biases there are, and others are not looked at; GGUF has what the model has. */
static enum need need_bias(const struct loader *l, unsigned trait)
{
    return l->traits & trait ? REQUIRED : l->gguf && trait ? OPTIONAL : NONE;
}

static int find_linear(struct loader *l, const char *pattern, unsigned block, size_t rows, size_t cols,
                       unsigned bias_trait, struct ai_linear *out)
{
    memset(out, 0, sizeof *out);
    if ((l->traits & AI_CONV1D) && !l->gguf ? find_turned(l, pattern, block, rows, cols, &out->weight)
                                            : find(l, pattern, block, ".weight", rows, cols, REQUIRED, &out->weight))
        return -1;
    return find_vector(l, pattern, block, ".bias", rows, need_bias(l, bias_trait), &out->bias);
}

/* Rows [first, first + rows) of a fused map; with group: rows in groups, `stride` from one to the next. */
static struct ai_linear part(const struct ai_linear *whole, size_t first, size_t rows, size_t group, size_t stride)
{
    struct ai_linear l = *whole;

    l.weight.data = (const uint8_t *)whole->weight.data + first * ai_tensor_row_bytes(&whole->weight);
    l.weight.rows = rows;
    if (l.bias.data) {
        l.bias.data = (const uint8_t *)whole->bias.data + first * ai_wtypes[whole->bias.type].bytes;
        l.bias.cols = rows;
    }
    l.group = group;
    l.stride = stride;
    return l;
}

static int load_qkv(struct loader *l, unsigned b, struct ai_block *w)
{
    const struct ai_hparams *hp = &l->m->hp;
    const struct ai_arch_names *n = l->names;
    size_t d = hp->head_dim, q = hp->heads * d, kv = hp->kv_heads * d;
    struct ai_linear all;

    if (!n->qkv || (n->q && !look_up(l, n->qkv, b, ".weight")))
        return find_linear(l, n->q, b, q, hp->width, AI_BIAS_QKV, &w->q) ||
                       find_linear(l, n->k, b, kv, hp->width, AI_BIAS_QKV, &w->k) ||
                       find_linear(l, n->v, b, kv, hp->width, AI_BIAS_QKV, &w->v)
                   ? -1
                   : 0;
    if (find_linear(l, n->qkv, b, q + 2 * kv, hp->width, AI_BIAS_QKV, &all))
        return -1;
    if ((l->traits & AI_QKV_BY_HEAD) && !l->gguf) {
        w->q = part(&all, 0, q, d, 3 * d);
        w->k = part(&all, d, kv, d, 3 * d);
        w->v = part(&all, 2 * d, kv, d, 3 * d);
    } else {
        w->q = part(&all, 0, q, 0, 0);
        w->k = part(&all, q, kv, 0, 0);
        w->v = part(&all, q + kv, kv, 0, 0);
    }
    return 0;
}

static int load_mlp(struct loader *l, unsigned b, struct ai_block *w)
{
    const struct ai_hparams *hp = &l->m->hp;
    const struct ai_arch_names *n = l->names;

    if (hp->gated && n->gate_up && (!n->gate || look_up(l, n->gate_up, b, ".weight"))) {
        struct ai_linear all;

        if (find_linear(l, n->gate_up, b, 2 * (size_t)hp->ff, hp->width, AI_BIAS_MLP, &all))
            return -1;
        w->gate = part(&all, 0, hp->ff, 0, 0);
        w->up = part(&all, hp->ff, hp->ff, 0, 0);
    } else if ((hp->gated && find_linear(l, n->gate, b, hp->ff, hp->width, AI_BIAS_MLP, &w->gate)) ||
               find_linear(l, n->up, b, hp->ff, hp->width, AI_BIAS_MLP, &w->up)) {
        return -1;
    }
    return find_linear(l, n->down, b, hp->width, hp->ff, AI_BIAS_MLP, &w->down);
}

static int load_norms(struct loader *l, unsigned b, struct ai_block *w)
{
    const struct ai_arch_names *n = l->names;
    size_t width = l->m->hp.width, d = l->m->hp.head_dim;

    if (find_norm(l, n->attn_norm, b, width, &w->attn_norm) ||
        (!(l->traits & AI_ONE_NORM) && find_norm(l, n->mlp_norm, b, width, &w->mlp_norm)))
        return -1;
    if ((l->traits & AI_POST_NORMS) &&
        (find_norm(l, n->attn_post, b, width, &w->attn_post) || find_norm(l, n->mlp_post, b, width, &w->mlp_post)))
        return -1;
    if ((l->traits & AI_HEAD_NORMS) &&
        (find_norm(l, n->q_norm, b, d, &w->q_norm) || find_norm(l, n->k_norm, b, d, &w->k_norm)))
        return -1;
    return 0;
}

/* ---- around the blocks ---- */

/* The first prefix with which there is an embedding. */
static void choose_prefix(struct loader *l)
{
    const char *const *p = l->names->prefixes;

    for (size_t i = 0; i < sizeof l->names->prefixes / sizeof *l->names->prefixes && p[i]; i++) {
        l->prefix = p[i];
        if (look_up(l, l->names->embed, 0, ".weight"))
            return;
    }
    l->prefix = p[0];
}

static int load_embedding(struct loader *l, unsigned width)
{
    struct ai_model *m = l->m;
    struct ai_hparams *hp = &m->hp;

    if (find(l, l->names->embed, 0, ".weight", 0, width, REQUIRED, &m->embed))
        return -1;
    hp->vocab = (unsigned)m->embed.rows;
    if (width != hp->width && (find_linear(l, l->names->project_in, 0, hp->width, width, 0, &m->project_in) ||
                               find_linear(l, l->names->project_out, 0, width, hp->width, 0, &m->project_out)))
        return -1;
    if (hp->position == AI_POS_LEARNED)
        return find(l, l->names->positions, 0, ".weight", hp->context + (size_t)hp->position_offset, hp->width,
                    REQUIRED, &m->positions);
    return 0;
}

static int load_head(struct loader *l)
{
    struct ai_model *m = l->m;
    bool tied = l->traits & AI_TIED;

    if ((l->traits & AI_FINAL_NORM) && find_norm(l, l->names->final_norm, 0, m->hp.width, &m->final_norm))
        return -1;
    if (l->gguf) /* it has a head of its own, or not */
        tied = !look_up(l, l->names->head, 0, ".weight");
    if (tied)
        m->head.weight = m->embed;
    else if (find(l, l->names->head, 0, ".weight", m->hp.vocab, m->embed.cols, REQUIRED, &m->head.weight))
        return -1;
    return find_vector(l, l->names->head, 0, ".bias", m->hp.vocab, need_bias(l, AI_BIAS_HEAD), &m->head.bias);
}

int ai_arch_load(const struct ai_arch *a, unsigned traits, struct ai_model *m, struct ai_err *err)
{
    struct loader l = {.m = m, .traits = traits, .gguf = m->files->gguf != NULL, .err = err};
    struct ai_hparams *hp = &m->hp;
    unsigned embed_width = hp->width;

    l.names = l.gguf ? &ai_names_gguf : a->names_hf;
    choose_prefix(&l);
    if (ai_arch_whole(a, m->files, AI_EMBED_WIDTH, &embed_width, err) < 0)
        return ai_err_at(err, "%s", m->files->path);
    if (load_embedding(&l, embed_width))
        return -1;
    if (ai_arch_check_vocab(a, m->files, hp->vocab, err))
        return ai_err_at(err, "%s", m->files->path);
    if (load_head(&l))
        return -1;
    m->blocks = ai_calloc(hp->layers, sizeof *m->blocks, err);
    if (!m->blocks)
        return -1;
    for (unsigned b = 0; b < hp->layers; b++) {
        struct ai_block *w = &m->blocks[b];

        if (load_norms(&l, b, w) || load_qkv(&l, b, w) || load_mlp(&l, b, w) ||
            find_linear(&l, l.names->o, b, hp->width, (size_t)hp->heads * hp->head_dim, AI_BIAS_OUT, &w->o))
            return -1;
        if (ai_arch_window(a, m->files, b, &w->window, err))
            return ai_err_at(err, "%s", m->files->path);
    }
    return 0;
}
