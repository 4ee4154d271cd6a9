/* A model's weights: which tensors its architecture has, and what they are to it. */
#include "model/find.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* ---- norms ---- */

/* Replaces the vector by one of F32 with 1 added; without data, by ones. */
static int add_one(struct loader *l, size_t n, struct ai_tensor *t)
{
    float *made = find_make(l, n, sizeof *made);

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
    struct ai_tensor *w = &out->weight;
    bool turned = (l->traits & AI_CONV1D) && !l->gguf;

    memset(out, 0, sizeof *out);
    if (turned ? find_turned(l, pattern, block, rows, cols, w)
               : find_matrix(l, pattern, block, ".weight", rows, cols, REQUIRED, w))
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

    if (!n->qkv || (n->q && !find_named(l, n->qkv, b, ".weight")))
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

    if (l->gguf ? (l->traits & AI_GATE_IN_UP) : hp->gated && n->gate_up) {
        struct ai_linear all;

        if (find_linear(l, n->gate_up, b, 2 * (size_t)hp->ff, hp->width, AI_BIAS_MLP, &all))
            return -1;
        w->mlp.gate = part(&all, 0, hp->ff, 0, 0);
        w->mlp.up = part(&all, hp->ff, hp->ff, 0, 0);
    } else if ((hp->gated && find_linear(l, n->gate, b, hp->ff, hp->width, AI_BIAS_MLP, &w->mlp.gate)) ||
               find_linear(l, n->up, b, hp->ff, hp->width, AI_BIAS_MLP, &w->mlp.up)) {
        return -1;
    }
    return find_linear(l, n->down, b, hp->width, hp->ff, AI_BIAS_MLP, &w->mlp.down);
}

/* ---- experts ---- */

enum matrix { GATE, UP, DOWN };

static struct ai_linear *matrix_of(struct ai_mlp *w, enum matrix which)
{
    return which == GATE ? &w->gate : which == UP ? &w->up : &w->down;
}

/* One of the three matrices of every expert: as `stack`, all in one, or each in a tensor of its own. */
static int find_experts(struct loader *l, const char *stack, const char *one, unsigned b, enum matrix which,
                        struct ai_mlp *out)
{
    const struct ai_hparams *hp = &l->m->hp;
    const struct ai_named_tensor *t = stack ? find_named(l, stack, b, ".weight") : NULL;
    size_t n = hp->experts, rows = which == DOWN ? hp->width : hp->expert_ff;
    size_t cols = which == DOWN ? hp->expert_ff : hp->width;
    const char *hole = strrchr(one, '%');
    struct ai_tensor all;
    char name[128];

    for (size_t e = 0; !t && e < n; e++) {
        snprintf(name, sizeof name, "%.*s%zu%s", (int)(hole - one), one, e, hole + 2);
        if (find_linear(l, name, b, rows, cols, 0, matrix_of(&out[e], which)))
            return -1;
    }
    if (!t)
        return 0;
    if (find_stack(l, t, n, rows, cols, &all))
        return -1;
    for (size_t e = 0; e < n; e++) {
        struct ai_linear *w = matrix_of(&out[e], which);

        w->weight = all;
        w->weight.data = t->data + e * rows * ai_tensor_row_bytes(&all);
        w->weight.rows = rows;
    }
    return 0;
}

static int load_experts(struct loader *l, unsigned b, struct ai_block *w)
{
    const struct ai_hparams *hp = &l->m->hp;
    const struct ai_arch_names *n = l->names;
    size_t width = hp->width;
    struct ai_experts *x;

    x = find_make(l, 1, sizeof *x);
    if (!x)
        return -1;
    memset(x, 0, sizeof *x);
    if (find_matrix(l, n->router, b, ".weight", hp->experts, width, REQUIRED, &x->router) ||
        !(x->expert = find_make(l, hp->experts, sizeof *x->expert)))
        return -1;
    memset(x->expert, 0, hp->experts * sizeof *x->expert);
    if (find_experts(l, n->stack_gate, n->expert_gate, b, GATE, x->expert) ||
        find_experts(l, n->stack_up, n->expert_up, b, UP, x->expert) ||
        find_experts(l, n->stack_down, n->expert_down, b, DOWN, x->expert))
        return -1;
    w->experts = x;
    if (!hp->shared_ff)
        return 0;
    return find_linear(l, n->shared_gate, b, hp->shared_ff, width, 0, &x->shared.gate) ||
                   find_linear(l, n->shared_up, b, hp->shared_ff, width, 0, &x->shared.up) ||
                   find_linear(l, n->shared_down, b, width, hp->shared_ff, 0, &x->shared.down) ||
                   find_matrix(l, n->shared_router, b, ".weight", 1, width, REQUIRED, &x->shared_router)
               ? -1
               : 0;
}

static int load_mlp_or_experts(struct loader *l, unsigned b, struct ai_block *w)
{
    bool sparse = l->m->hp.experts && find_named(l, ai_names_gguf.router, b, ".weight");

    if (!l->gguf && ai_arch_sparse(l->m->files, &l->m->hp, b, &sparse, l->err))
        return ai_err_at(l->err, "%s", l->m->files->path);
    return sparse ? load_experts(l, b, w) : load_mlp(l, b, w);
}

static int load_norms(struct loader *l, unsigned b, struct ai_block *w)
{
    const struct ai_arch_names *n = l->names;
    size_t width = l->m->hp.width, d = l->m->hp.head_dim;
    bool whole = l->m->hp.whole_norms;

    if (find_norm(l, n->attn_norm, b, width, &w->attn_norm) ||
        (!(l->traits & AI_ONE_NORM) && find_norm(l, n->mlp_norm, b, width, &w->mlp_norm)))
        return -1;
    if ((l->traits & AI_POST_NORMS) &&
        (find_norm(l, n->attn_post, b, width, &w->attn_post) || find_norm(l, n->mlp_post, b, width, &w->mlp_post)))
        return -1;
    if ((l->traits & AI_HEAD_NORMS) &&
        (find_norm(l, n->q_norm, b, whole ? d * l->m->hp.heads : d, &w->q_norm) ||
         find_norm(l, n->k_norm, b, whole ? d * l->m->hp.kv_heads : d, &w->k_norm)))
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
        if (find_named(l, l->names->embed, 0, ".weight"))
            return;
    }
    l->prefix = p[0];
}

static int load_embedding(struct loader *l, unsigned width)
{
    struct ai_model *m = l->m;
    struct ai_hparams *hp = &m->hp;

    if (find_matrix(l, l->names->embed, 0, ".weight", 0, width, REQUIRED, &m->embed))
        return -1;
    hp->vocab = (unsigned)m->embed.rows;
    if (width != hp->width && (find_linear(l, l->names->project_in, 0, hp->width, width, 0, &m->project_in) ||
                               find_linear(l, l->names->project_out, 0, width, hp->width, 0, &m->project_out)))
        return -1;
    if (hp->position == AI_POS_LEARNED)
        return find_matrix(l, l->names->positions, 0, ".weight", hp->context + (size_t)hp->position_offset, hp->width,
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
        tied = !find_named(l, l->names->head, 0, ".weight");
    if (tied)
        m->head.weight = m->embed;
    else if (find_matrix(l, l->names->head, 0, ".weight", m->hp.vocab, m->embed.cols, REQUIRED, &m->head.weight))
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

        if (load_norms(&l, b, w) || load_qkv(&l, b, w) || load_mlp_or_experts(&l, b, w) ||
            find_linear(&l, l.names->o, b, hp->width, (size_t)hp->heads * hp->head_dim, AI_BIAS_OUT, &w->o))
            return -1;
        if (ai_arch_window(a, m->files, b, w, err))
            return ai_err_at(err, "%s", m->files->path);
    }
    return 0;
}
