#include "forward/internal.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Scratch for the second part of a block: about this many bytes, so that memory
 * beside weights and K/V stays small whatever the batch. */
enum { CHUNK_BYTES = 16 << 20, CHUNK_MIN = 64, CHUNK_MAX = 1024 };

/* Inner width of the widest MLP. */
static size_t widest(const struct ai_hparams *hp)
{
    size_t width = hp->expert_ff > hp->shared_ff ? hp->expert_ff : hp->shared_ff;

    return hp->ff > width ? hp->ff : width;
}

static size_t chunk_rows(const struct ai_hparams *hp)
{
    size_t row = (2 * (size_t)hp->width + 2 * (size_t)hp->heads * hp->head_dim + 2 * widest(hp)) * sizeof(float);
    size_t rows = CHUNK_BYTES / row;

    return rows < CHUNK_MIN ? CHUNK_MIN : rows > CHUNK_MAX ? CHUNK_MAX : rows;
}

static int copy_norm(const struct ai_norm_weights *w, struct norm *out, struct ai_err *err)
{
    return ai_tensor_vector(&w->weight, &out->weight, err) || ai_tensor_vector(&w->bias, &out->bias, err) ? -1 : 0;
}

static int copy_norms(struct ai_forward *f, struct ai_err *err)
{
    f->norms = ai_calloc(f->model->hp.layers, sizeof *f->norms, err);
    if (!f->norms)
        return -1;
    for (unsigned b = 0; b < f->model->hp.layers; b++) {
        const struct ai_block *w = &f->model->blocks[b];
        struct block_norms *n = &f->norms[b];

        if (copy_norm(&w->attn_norm, &n->attn, err) || copy_norm(&w->mlp_norm, &n->mlp, err) ||
            copy_norm(&w->attn_post, &n->attn_post, err) || copy_norm(&w->mlp_post, &n->mlp_post, err) ||
            copy_norm(&w->q_norm, &n->q, err) || copy_norm(&w->k_norm, &n->k, err))
            return -1;
    }
    return 0;
}

static void free_norms(struct ai_forward *f)
{
    for (unsigned b = 0; f->norms && b < f->model->hp.layers; b++) {
        struct norm *all[] = {&f->norms[b].attn, &f->norms[b].mlp, &f->norms[b].attn_post,
                              &f->norms[b].mlp_post, &f->norms[b].q, &f->norms[b].k};

        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            free(all[i]->weight);
            free(all[i]->bias);
        }
    }
    free(f->norms);
}

struct ai_forward *ai_forward_new(const struct ai_model *model, struct ai_pool *pool, size_t prefix_bytes,
                                  struct ai_err *err)
{
    struct ai_forward *f = ai_calloc(1, sizeof *f, err);
    const struct ai_hparams *hp = &model->hp;

    if (!f)
        return NULL;
    f->model = model;
    f->ops = ai_ops();
    f->prefix_bytes = prefix_bytes;
    f->kv_width = (size_t)hp->kv_heads * hp->head_dim;
    f->q_width = (size_t)hp->heads * hp->head_dim;
    f->chunk = chunk_rows(hp);
    f->kernels = ai_kernels_new(pool, err);
    if (!f->kernels)
        goto fail;
    f->scores = ai_calloc(ai_pool_threads(pool), sizeof *f->scores, err);
    f->norm = ai_alloc_aligned(f->chunk * (hp->width > model->embed.cols ? hp->width : model->embed.cols),
                               sizeof(float), err);
    f->sum = ai_alloc_aligned(f->chunk * hp->width, sizeof(float), err);
    f->q = ai_alloc_aligned(f->chunk * f->q_width, sizeof(float), err);
    f->attn = ai_alloc_aligned(f->chunk * f->q_width, sizeof(float), err);
    f->gate = ai_alloc_aligned(f->chunk * widest(hp), sizeof(float), err);
    f->up = ai_alloc_aligned(f->chunk * widest(hp), sizeof(float), err);
    if (!f->scores || !f->norm || !f->sum || !f->q || !f->attn || !f->gate || !f->up || copy_norms(f, err))
        goto fail;
    return f;
fail:
    ai_forward_free(f);
    return NULL;
}

void ai_forward_compute(struct ai_forward *f, enum ai_compute compute)
{
    ai_kernels_compute(f->kernels, compute);
}

void ai_forward_ways(const struct ai_forward *f, char *out, size_t size)
{
    size_t at = 0;

    *out = '\0';
    for (unsigned b = 0; b < f->model->hp.layers; b++) {
        const struct ai_block *w = &f->model->blocks[b];
        const struct ai_mlp *mlp = w->experts ? &w->experts->expert[0] : &w->mlp;
        const struct ai_linear *all[] = {&w->q, &w->k, &w->v, &w->o, &mlp->gate, &mlp->up, &mlp->down};

        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            const struct ai_tensor *t = &all[i]->weight;
            char way[64], both[96];

            if (!t->data)
                continue;
            ai_kernels_way(f->kernels, t, way, sizeof way);
            snprintf(both, sizeof both, "%s %s", ai_wtypes[t->type].name, way);
            if (!strstr(out, both) && at < size)
                at += (size_t)snprintf(out + at, size - at, "%s%s", at ? ", " : "", both);
        }
    }
}

void ai_forward_free(struct ai_forward *f)
{
    if (!f)
        return;
    prefix_free_all(f);
    free_norms(f);
    if (f->scores && f->kernels)
        for (unsigned t = 0; t < ai_pool_threads(ai_kernels_pool(f->kernels)); t++)
            free(f->scores[t]);
    free(f->scores);
    for (int r = 0; r < AI_ROTARIES; r++)
        free(f->rope[r]);
    free(f->norm);
    free(f->sum);
    free(f->q);
    free(f->attn);
    free(f->gate);
    free(f->up);
    experts_free(&f->experts);
    ai_kernels_free(f->kernels);
    free(f);
}

uint64_t ai_forward_bytes(const struct ai_model *model, unsigned threads, uint64_t rows, uint64_t longest)
{
    const struct ai_hparams *hp = &model->hp;
    uint64_t kv = (uint64_t)hp->kv_heads * hp->head_dim, q = (uint64_t)hp->heads * hp->head_dim;
    uint64_t chunk = chunk_rows(hp);

    return sizeof(float) * (rows * (hp->width + 2 * kv + 3) + chunk * (2 * hp->width + 2 * q + 2 * widest(hp)) +
                            threads * (QUERY_BLOCK * (longest + 256) + (512u << 10))) +
           experts_bytes(model, rows);
}

/* ---- one batch ---- */

struct run {
    struct ai_forward *f;
    struct ai_sequence *seqs;
    const struct ai_forward_plan *plan;
    const struct ai_forward_calls *calls;
    struct ai_forward_totals *totals;
    struct prefix **prefix;   /* [n] */
    struct lane lanes[2];
    int n_lanes;
};

static int emit_row(struct run *r, const struct lane *l, size_t row, unsigned layer, struct ai_err *err)
{
    const float *x = l->x + row * r->f->model->hp.width;
    size_t i = l->owner[row];

    if (l->cosines.value &&
        r->calls->cosines(r->calls->arg, l->seq[i].seq, layer, l->position[row], l->cosines.value[i], err))
        return -1;
    return r->calls->state(r->calls->arg, l->seq[i].seq, layer, l->position[row], x, err);
}

/* Hands out the states of a lane, sequence by sequence. */
static int emit(struct run *r, const struct lane *l, unsigned layer, struct ai_err *err)
{
    if (!ai_layers_has(&r->plan->emit, layer) || l->n == 0)
        return 0;
    for (size_t i = 0; i < l->n; i++) {
        if (r->plan->all_positions)
            for (size_t k = 0; k < l->seq[i].rest; k++)
                if (emit_row(r, l, l->seq[i].first + k, layer, err))
                    return -1;
        if (emit_row(r, l, l->rest + i, layer, err))
            return -1;
    }
    return r->calls->flush ? r->calls->flush(r->calls->arg, err) : 0;
}

/* Asks about the states that are out and lets the settled sequences go. */
static int await(struct run *r, struct lane *l, struct ai_err *err)
{
    unsigned layer = l->pending;
    size_t *seqs = ai_calloc(l->n, sizeof *seqs, err);
    bool *leave = ai_calloc(l->n, sizeof *leave, err);
    int rc = -1;

    if (!seqs || !leave)
        goto out;
    for (size_t i = 0; i < l->n; i++)
        seqs[i] = l->seq[i].seq;
    rc = r->calls->decide(r->calls->arg, layer, seqs, l->n, leave, err);
    if (rc)
        goto out;
    for (size_t i = 0; i < l->n; i++)
        if (leave[i]) {
            r->totals->left_early++;
            if (r->prefix[seqs[i]])
                r->prefix[seqs[i]]->users--;
        }
    lane_compact(r->f, l, leave);
out:
    free(seqs);
    free(leave);
    return rc;
}

static void count(struct run *r, const struct lane *l, unsigned b, bool rest_too, bool last_too)
{
    const struct ai_model *m = r->f->model;

    for (size_t i = 0; i < l->n; i++) {
        const struct lane_seq *s = &l->seq[i];
        struct ai_sequence *q = &r->seqs[s->seq];
        uint64_t end = s->start + s->rest;

        if (rest_too)
            q->macs += macs_rows(m, b, s->rest) + macs_attention(m, b, s->start, end);
        if (last_too)
            q->macs += macs_keys(m, b, s->rest + 1) + macs_rows(m, b, 1) + macs_attention(m, b, end, end + 1);
    }
}

/* Block b (layer b + 1) for one lane, and before it what block b - 1 left undone. */
static int advance_lane(struct run *r, struct lane *l, unsigned b, struct ai_err *err)
{
    struct ai_forward *f = r->f;
    unsigned layer = b + 1, layers = f->model->hp.layers;
    bool ask = r->calls->decide && layer < layers && ai_layers_has(&r->plan->emit, layer);
    bool rest_now = r->plan->all_positions || (layer < layers && !ask);

    if (l->pending) {
        if (await(r, l, err))
            return -1;
        block_rows(f, l, b - 1, 0, l->rest);
        count(r, l, b - 1, true, false);
        l->pending = 0;
    }
    if (l->n == 0)
        return 0;
    block_keys(f, l, b);
    block_rows(f, l, b, rest_now ? 0 : l->rest, rest_now ? lane_rows(l) : l->n);
    count(r, l, b, rest_now, true);
    for (size_t i = 0; i < l->n; i++)
        r->seqs[l->seq[i].seq].layers = layer;
    if (emit(r, l, layer, err))
        return -1;
    l->pending = ask ? layer : 0;
    return 0;
}

static int advance_prefixes(struct run *r, unsigned depth, struct ai_err *err)
{
    for (size_t i = 0; i < r->f->n_prefixes; i++)
        if (r->f->prefixes[i]->users && prefix_advance(r->f, r->f->prefixes[i], depth, r->totals, err))
            return -1;
    return 0;
}

static int split(struct run *r, size_t n, struct ai_err *err)
{
    struct ai_forward *f = r->f;
    struct lane_seq *s = ai_calloc(n, sizeof *s, err);
    size_t rows = 0, half = n, at = 0;
    int rc = 0;

    if (!s)
        return -1;
    for (size_t i = 0; i < n; i++) {
        s[i].seq = i;
        s[i].prefix = r->prefix[i];
        s[i].start = s[i].prefix ? s[i].prefix->n : 0;
        s[i].rest = r->seqs[i].n - 1 - s[i].start;
        s[i].longer = f->model->hp.long_from && r->seqs[i].n > f->model->hp.long_from;
        r->seqs[i].shared = s[i].start;
        rows += s[i].rest + 1;
    }
    r->totals->tokens_computed += rows;
    if (r->calls->decide && n > 1 && rows >= 2 * AI_LANE_ROWS)
        for (half = 0; half < n - 1 && (half == 0 || at < rows / 2); half++)
            at += s[half].rest + 1;
    rc = lane_init(&r->lanes[0], f, s, half, true, err);
    if (rc == 0) {
        r->n_lanes = 1;
        if (half < n && (rc = lane_init(&r->lanes[1], f, s + half, n - half, true, err)) == 0)
            r->n_lanes = 2;
    }
    for (int i = 0; rc == 0 && r->calls->cosines && i < r->n_lanes; i++)
        rc = cosines_init(&r->lanes[i], f, err);
    free(s);
    return rc;
}

static void embed_lane(struct run *r, struct lane *l)
{
    for (size_t row = 0; row < lane_rows(l); row++) {
        const struct ai_sequence *s = &r->seqs[l->seq[l->owner[row]].seq];

        embed_row(r->f, s->tokens[l->position[row]], l->position[row], l->x + row * r->f->model->hp.width);
    }
    cosines_note(r->f, l, AI_COSINE_STATE, l->rest, l->n, l->x + l->rest * r->f->model->hp.width);
}

static uint64_t full_macs(const struct ai_model *m, const struct ai_sequence *s)
{
    uint64_t from = s->shared, end = s->n - 1, sum = 0;

    for (unsigned b = 0; b < m->hp.layers; b++) {
        sum += macs_keys(m, b, s->n - from) + macs_rows(m, b, 1) + macs_attention(m, b, end, end + 1);
        if (b + 1 < m->hp.layers)
            sum += macs_rows(m, b, end - from) + macs_attention(m, b, from, end);
    }
    return sum;
}

static int run_layers(struct run *r, size_t n, struct ai_err *err)
{
    const struct ai_model *m = r->f->model;

    for (int i = 0; i < r->n_lanes; i++) {
        embed_lane(r, &r->lanes[i]);
        if (emit(r, &r->lanes[i], 0, err))
            return -1;
    }
    for (size_t i = 0; i < n; i++)
        r->seqs[i].macs_full = full_macs(m, &r->seqs[i]);
    for (unsigned b = 0; b < m->hp.layers && r->lanes[0].n + r->lanes[1].n > 0; b++) {
        if (advance_prefixes(r, b + 1, err))
            return -1;
        for (int i = 0; i < r->n_lanes; i++)
            if (r->lanes[i].n && advance_lane(r, &r->lanes[i], b, err))
                return -1;
    }
    return 0;
}

int ai_forward_run(struct ai_forward *f, struct ai_sequence *seqs, size_t n, const struct ai_forward_plan *plan,
                   const struct ai_forward_calls *calls, struct ai_forward_totals *totals, struct ai_err *err)
{
    struct run r = {.f = f, .seqs = seqs, .plan = plan, .calls = calls, .totals = totals};
    size_t longest = 0, rows = 0;
    int rc = -1;

    AI_ASSERT(n > 0 && !(calls->cosines && plan->all_positions));
    for (size_t i = 0; i < n; i++) {
        AI_ASSERT(seqs[i].n > 0 && seqs[i].n <= f->model->hp.context);
        longest = seqs[i].n > longest ? seqs[i].n : longest;
        rows += seqs[i].n;
        totals->tokens_asked += seqs[i].n;
        seqs[i].layers = 0;
        seqs[i].macs = seqs[i].macs_full = 0;
    }
    if (rope_reserve(f, longest, err) || attention_reserve(f, longest, err) || experts_reserve(f, rows, err))
        return -1;
    r.prefix = ai_calloc(n, sizeof *r.prefix, err);
    if (!r.prefix)
        return -1;
    if ((plan->all_positions || !f->prefix_bytes || prefix_assign(f, seqs, n, r.prefix, totals, err) == 0) &&
        split(&r, n, err) == 0)
        rc = run_layers(&r, n, err);
    for (int i = 0; i < 2; i++)
        lane_free(&r.lanes[i]);
    free(r.prefix);
    return rc;
}
