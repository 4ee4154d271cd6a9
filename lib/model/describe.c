/* What a model is, as text for people and as a digest for streams and policies. */
#include "model/arch.h"

#include <stdio.h>
#include <string.h>

/* ---- digest ---- */

enum { SAMPLE = 4096 };

static void add_samples(struct ai_sha256 *s, const uint8_t *data, size_t n)
{
    if (n <= 3 * SAMPLE) {
        ai_sha256_add(s, data, n);
        return;
    }
    ai_sha256_add(s, data, SAMPLE);
    ai_sha256_add(s, data + n / 2, SAMPLE);
    ai_sha256_add(s, data + n - SAMPLE, SAMPLE);
}

static void add_tensor(struct ai_sha256 *s, const struct ai_tensor *t)
{
    char line[96];

    if (!t->data)
        return;
    snprintf(line, sizeof line, "%s %zu %zu\n", ai_wtypes[t->type].name, t->rows, t->cols);
    ai_sha256_add(s, line, strlen(line));
    add_samples(s, t->data, ai_tensor_row_bytes(t) * t->rows);
}

static void add_norm(struct ai_sha256 *s, const struct ai_norm_weights *n)
{
    add_tensor(s, &n->weight);
    add_tensor(s, &n->bias);
}

/* Rows in groups: of at most eight of them, evenly chosen. */
static void add_linear(struct ai_sha256 *s, const struct ai_linear *l)
{
    size_t groups = l->group ? l->weight.rows / l->group : 0, step = (groups + 7) / 8;

    if (!l->group) {
        add_tensor(s, &l->weight);
        add_tensor(s, &l->bias);
        return;
    }
    for (size_t g = 0; g < groups; g += step) {
        struct ai_linear one = ai_linear_group(l, g);

        add_tensor(s, &one.weight);
        add_tensor(s, &one.bias);
    }
}

static void add_mlp(struct ai_sha256 *s, const struct ai_mlp *w)
{
    add_linear(s, &w->gate);
    add_linear(s, &w->up);
    add_linear(s, &w->down);
}

/* Of at most eight of them, evenly chosen. */
static void add_experts(struct ai_sha256 *s, const struct ai_hparams *hp, const struct ai_experts *x)
{
    unsigned step = (hp->experts + 7) / 8;

    add_tensor(s, &x->router);
    for (unsigned e = 0; e < hp->experts; e += step)
        add_mlp(s, &x->expert[e]);
    add_mlp(s, &x->shared);
    add_tensor(s, &x->shared_router);
}

void ai_model_digest(struct ai_model *m)
{
    struct ai_sha256 s;
    struct ai_buf text = {0};
    struct ai_err ignored;

    ai_sha256_init(&s);
    if (ai_model_describe(m, &text, &ignored) == 0)
        ai_sha256_add(&s, text.data, text.len);
    ai_buf_free(&text);
    for (int r = 0; r < AI_ROTARIES; r++)
        for (unsigned i = 0; m->hp.rotary[r].factors && i < m->hp.rope_dim / 2; i++)
            ai_sha256_add(&s, &m->hp.rotary[r].factors[i], sizeof(float));
    add_tensor(&s, &m->embed);
    add_linear(&s, &m->project_in);
    add_tensor(&s, &m->positions);
    for (unsigned b = 0; b < m->hp.layers; b++) {
        const struct ai_block *w = &m->blocks[b];
        const struct ai_norm_weights *norms[] = {&w->attn_norm, &w->mlp_norm, &w->attn_post,
                                                 &w->mlp_post,  &w->q_norm,   &w->k_norm};
        const struct ai_linear *all[] = {&w->q, &w->k, &w->v, &w->o};

        for (size_t i = 0; i < sizeof norms / sizeof *norms; i++)
            add_norm(&s, norms[i]);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            add_linear(&s, all[i]);
        add_mlp(&s, &w->mlp);
        if (w->experts)
            add_experts(&s, &m->hp, w->experts);
    }
    add_norm(&s, &m->final_norm);
    add_linear(&s, &m->project_out);
    add_linear(&s, &m->head);
    ai_sha256_end_hex(&s, m->digest);
}

/* ---- text ---- */

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

/* Lines for what only some models have. */
static int describe_more(const struct ai_model *m, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_hparams *hp = &m->hp;
    const struct ai_rotary *rope = hp->rotary;

    if (hp->position == AI_POS_ROPE &&
        ai_buf_printf(out, err, "rope\t%s\nrope_dim\t%u\nrope_base\t%.9g\n",
                      hp->rope == AI_ROPE_PAIRS ? "pairs" : "halves", hp->rope_dim, rope[0].base))
        return -1;
    if (rope[0].scale > 0 && ai_buf_printf(out, err, "rope_scale\t%.9g\n", rope[0].scale))
        return -1;
    if (hp->long_from && ai_buf_printf(out, err, "rope_long_from\t%u\n", hp->long_from))
        return -1;
    if (!hp->long_from && rope[1].base > 0 && ai_buf_printf(out, err, "rope_base_local\t%.9g\n", rope[1].base))
        return -1;
    if (hp->experts &&
        ai_buf_printf(out, err, "experts\t%u\nexperts_used\t%u\nexpert_weights\t%s\nexpert_width\t%u\n", hp->experts,
                      hp->experts_used, hp->experts_normed ? "normed" : "softmax", hp->expert_ff))
        return -1;
    if (hp->shared_ff && ai_buf_printf(out, err, "shared_expert_width\t%u\n", hp->shared_ff))
        return -1;
    if (hp->norm_place == AI_NORM_AFTER && ai_buf_puts(out, "norm_place\tafter\n", err))
        return -1;
    if (hp->parallel && ai_buf_puts(out, "residual\tparallel\n", err))
        return -1;
    if (m->embed.cols != hp->width && ai_buf_printf(out, err, "embed_width\t%zu\n", m->embed.cols))
        return -1;
    if (hp->embed_scale > 0 && ai_buf_printf(out, err, "embed_scale\t%.9g\n", hp->embed_scale))
        return -1;
    if (hp->attn_cap > 0 && ai_buf_printf(out, err, "attn_cap\t%.9g\n", hp->attn_cap))
        return -1;
    return hp->head_cap > 0 ? ai_buf_printf(out, err, "head_cap\t%.9g\n", hp->head_cap) : 0;
}

static const char *mlp_name(const struct ai_hparams *hp)
{
    static const char *const plain[] = {"silu", "gelu-tanh", "gelu-erf", "relu"};
    static const char *const gated[] = {"swiglu", "geglu-tanh", "geglu-erf", "reglu"};

    return hp->gated ? gated[hp->act] : plain[hp->act];
}

int ai_model_describe(const struct ai_model *m, struct ai_buf *out, struct ai_err *err)
{
    static const char *const norms[] = {"rms", "layer"}, *const positions[] = {"rope", "learned"};
    const struct ai_hparams *hp = &m->hp;

    if (ai_buf_printf(out, err,
                      "arch\t%s\nlayers\t%u\nwidth\t%u\nheads\t%u\nkv_heads\t%u\nhead_dim\t%u\nmlp_width\t%u\n"
                      "vocab\t%u\ncontext\t%u\nnorm\t%s\nnorm_eps\t%.9g\nposition\t%s\nmlp\t%s\nattn_scale\t%.9g\n",
                      m->arch, hp->layers, hp->width, hp->heads, hp->kv_heads, hp->head_dim, hp->ff, hp->vocab,
                      hp->context, norms[hp->norm], hp->norm_eps, positions[hp->position], mlp_name(hp),
                      hp->attn_scale))
        return -1;
    return describe_more(m, out, err) || describe_windows(m, out, err) ||
                   ai_buf_printf(out, err, "weights\t%s\n", ai_wtypes[m->blocks[0].q.weight.type].name)
               ? -1
               : 0;
}
