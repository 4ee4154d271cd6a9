/* lib/forward against a plain double reference: kinds of block, batches, lanes,
 * shared beginnings, exits, and the arithmetic that is counted. */
#include "forward/forward.h"

#include "base/mem.h"
#include "base/rng.h"
#include "reference.h"

#include "../tap.h"

#include <math.h>

enum { SEQS = 40, LONGEST = 90, VOCAB = 60 };

struct seen {
    const struct ai_model *model;
    const struct ai_sequence *seqs;
    double *want[SEQS];       /* reference states */
    unsigned emitted[SEQS];   /* states received */
    unsigned left_at[SEQS];   /* planned exit layer, 0: never */
    double worst;             /* relative to the state's rms */
    unsigned flushes, wrong_order;
    unsigned last_layer[SEQS];
};

static int on_state(void *arg, size_t seq, unsigned layer, uint32_t position, const float *h, struct ai_err *err)
{
    struct seen *s = arg;
    size_t H = s->model->hp.width, n = s->seqs[seq].n;
    const double *want = s->want[seq] + ((size_t)layer * n + position) * H;
    double square = 0;

    (void)err;
    for (size_t i = 0; i < H; i++)
        square += want[i] * want[i] / (double)H;
    for (size_t i = 0; i < H; i++) {
        double d = fabs(h[i] - want[i]) / sqrt(square);

        s->worst = d > s->worst || isnan(d) ? d : s->worst;
    }
    if (layer < s->last_layer[seq])
        s->wrong_order++;
    s->last_layer[seq] = layer;
    s->emitted[seq]++;
    return 0;
}

static int on_flush(void *arg, struct ai_err *err)
{
    (void)err;
    ((struct seen *)arg)->flushes++;
    return 0;
}

static int on_decide(void *arg, unsigned layer, const size_t *seqs, size_t n, bool *leave, struct ai_err *err)
{
    struct seen *s = arg;

    (void)err;
    for (size_t i = 0; i < n; i++) {
        if (s->last_layer[seqs[i]] != layer)
            s->wrong_order++;
        leave[i] = s->left_at[seqs[i]] == layer;
    }
    return 0;
}

static const struct ai_hparams llama = {
    .layers = 5, .width = 48, .heads = 6, .kv_heads = 2, .head_dim = 8, .ff = 80, .vocab = VOCAB, .context = 128,
    .norm = AI_NORM_RMS, .norm_eps = 1e-5f, .position = AI_POS_ROPE, .rope = AI_ROPE_PAIRS, .rope_dim = 8,
    .rotary = {{.base = 10000}}, .attn_scale = 0.3535534f, .act = AI_ACT_SILU, .gated = true,
};

struct setup {
    struct ai_pool *pool;
    struct ai_forward *f;
    struct ai_model *model;
    uint32_t tokens[SEQS][LONGEST];
    struct ai_sequence seqs[SEQS];
    struct seen seen;
};

/* shared: leading tokens that all prompts have in common */
static void set_up(struct setup *s, const struct ai_hparams *hp, unsigned window, int bias, unsigned threads,
                   size_t prefix_bytes, uint32_t shared, size_t n)
{
    struct ai_err err;
    struct ai_rng rng = {7};

    memset(s, 0, sizeof *s);
    s->model = random_model(hp, window, bias, 11);
    s->pool = ai_pool_new(threads, &err);
    s->f = ai_forward_new(s->model, s->pool, prefix_bytes, &err);
    s->seen.model = s->model;
    s->seen.seqs = s->seqs;
    for (size_t i = 0; i < n; i++) {
        s->seqs[i].tokens = s->tokens[i];
        s->seqs[i].n = 1 + (uint32_t)ai_rng_below(&rng, LONGEST);
        if (s->seqs[i].n <= shared)
            s->seqs[i].n += shared;
        if (i < 3)
            s->seqs[i].n = shared + 1 + (uint32_t)i;
        for (uint32_t t = 0; t < s->seqs[i].n; t++)
            s->tokens[i][t] = t < shared ? (t * 7 + 1) % VOCAB : (uint32_t)ai_rng_below(&rng, VOCAB);
        s->seen.want[i] = reference_states(s->model, s->tokens[i], s->seqs[i].n);
    }
}

static void tear_down(struct setup *s)
{
    for (size_t i = 0; i < SEQS; i++)
        free(s->seen.want[i]);
    ai_forward_free(s->f);
    ai_pool_free(s->pool);
    random_model_free(s->model);
}

static void want_layers(struct ai_forward_plan *plan, unsigned from, unsigned to)
{
    memset(plan, 0, sizeof *plan);
    for (unsigned l = from; l <= to; l++)
        ai_layers_add(&plan->emit, l);
}

static void all_positions(const char *name, const struct ai_hparams *hp, unsigned window, int bias)
{
    static struct setup s;
    struct ai_forward_plan plan;
    struct ai_forward_calls calls = {&s.seen, on_state, on_flush, NULL, NULL};
    struct ai_forward_totals totals = {0};
    struct ai_err err;
    int missing = 0;

    set_up(&s, hp, window, bias, 2, 1 << 20, 0, 12);
    want_layers(&plan, 0, hp->layers);
    plan.all_positions = true;
    is_int(ai_forward_run(s.f, s.seqs, 12, &plan, &calls, &totals, &err), 0, name);
    for (size_t i = 0; i < 12; i++)
        missing += s.seen.emitted[i] != s.seqs[i].n * (hp->layers + 1);
    ok(s.seen.worst < 2e-5 && missing == 0, "%s: every state of every position is the reference's (%.1e)", name,
       s.seen.worst);
    tear_down(&s);
}

static void kinds(void)
{
    struct ai_hparams neo = llama, halves = llama, relu = llama;

    all_positions("llama", &llama, 0, 0);
    halves.rope = AI_ROPE_HALVES;
    halves.rope_dim = 4;
    halves.heads = halves.kv_heads = 4;
    all_positions("halves, partial rotary, attention bias", &halves, 0, 1);
    neo.norm = AI_NORM_LAYER;
    neo.position = AI_POS_LEARNED;
    neo.position_offset = 2;
    neo.kv_heads = neo.heads;
    neo.attn_scale = 1;
    neo.act = AI_ACT_GELU_TANH;
    neo.gated = false;
    all_positions("layer norm, learned positions, windows", &neo, 13, 1);
    relu = neo;
    relu.act = AI_ACT_RELU;
    all_positions("relu", &relu, 0, 1);
    relu.act = AI_ACT_GELU_ERF;
    all_positions("gelu with erf", &relu, 0, 0);
}

/* Multiply-adds of one sequence, counted the slow way. */
static uint64_t count_macs(const struct ai_hparams *hp, uint32_t n, uint32_t shared, unsigned layers)
{
    uint64_t kv = 2ull * hp->width * hp->kv_heads * hp->head_dim, macs = 0;
    uint64_t rest = 2ull * hp->width * hp->heads * hp->head_dim + 3ull * hp->width * hp->ff;

    for (unsigned l = 1; l <= layers; l++)
        for (uint32_t p = shared; p < n; p++) {
            macs += kv;
            if (p + 1 == n || l < layers)
                macs += rest + 2ull * hp->heads * hp->head_dim * (p + 1);
        }
    return macs;
}

static void exits(const char *name, unsigned threads, size_t n, uint32_t shared, unsigned exit_spread)
{
    static struct setup s;
    struct ai_forward_plan plan;
    struct ai_forward_calls calls = {&s.seen, on_state, on_flush, on_decide, NULL};
    struct ai_forward_totals totals = {0};
    struct ai_err err;
    int bad = 0, bad_macs = 0, early = 0;

    set_up(&s, &llama, 0, 0, threads, shared ? 1 << 20 : 0, shared, n);
    want_layers(&plan, 1, llama.layers);
    for (int round = 0; round < 2; round++) { /* the second finds its prefix kept */
        for (size_t i = 0; i < n; i++) {
            s.seen.left_at[i] = exit_spread ? (unsigned)(i * 3 % exit_spread) : 0;
            s.seen.emitted[i] = s.seen.last_layer[i] = 0;
        }
        if (ai_forward_run(s.f, s.seqs, n, &plan, &calls, &totals, &err))
            bad++;
        for (size_t i = 0; i < n; i++) {
            unsigned at = s.seen.left_at[i] && s.seen.left_at[i] < llama.layers ? s.seen.left_at[i] : llama.layers;

            early += at < llama.layers;
            bad += s.seen.emitted[i] != at || s.seqs[i].layers != at;
            bad_macs += s.seqs[i].macs != count_macs(&llama, s.seqs[i].n, s.seqs[i].shared, at);
            bad_macs += s.seqs[i].macs_full != count_macs(&llama, s.seqs[i].n, s.seqs[i].shared, llama.layers);
            bad += shared && s.seqs[i].n > shared && s.seqs[i].shared != shared;
        }
    }
    ok(s.seen.worst < 2e-5, "%s: states are the reference's (%.1e)", name, s.seen.worst);
    is_int(bad, 0, "each ran as deep as it was told, in order");
    is_int(s.seen.wrong_order, 0, "decisions were asked for after their states");
    is_int(bad_macs, 0, "the arithmetic is counted exactly");
    is_int((long long)totals.left_early, early, "early exits are counted");
    if (shared)
        ok(totals.tokens_computed + shared * (2 * n - 1) == totals.tokens_asked, "the shared beginning was computed once");
    else
        is_int((long long)totals.tokens_computed, (long long)totals.tokens_asked, "every token was computed once");
    tear_down(&s);
}

static void exit_everywhere(void)
{
    exits("one thread, nobody leaves", 1, 9, 0, 0);
    exits("two threads, two lanes, exits", 2, SEQS, 0, 7);
    exits("few rows, one lane, exits", 2, 3, 0, 4);
    exits("shared beginning, nobody leaves", 2, 10, 20, 0);
    exits("shared beginning, two lanes, exits", 3, SEQS, 33, 6);
    exits("everybody leaves at once", 2, 2, 0, 2);
}

/* ---- cosines between neighbouring blocks ---- */

static double cosine(const double *a, const double *b, size_t n)
{
    double aa = 0, bb = 0, ab = 0;

    for (size_t i = 0; i < n; i++) {
        aa += a[i] * a[i];
        bb += b[i] * b[i];
        ab += a[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

/* In a model whose attention, or whose MLP, adds nothing, a block's step is what the
 * other one added: the reference's states then say what the cosines must be. */
static int silent;            /* AI_COSINE_ATTENTION or AI_COSINE_MLP */
static double worst_cosine;
static unsigned cosines_seen;

static int on_cosines(void *arg, size_t seq, unsigned layer, uint32_t position, const float *cosines,
                      struct ai_err *err)
{
    struct seen *s = arg;
    size_t H = s->model->hp.width, n = s->seqs[seq].n;
    const double *now = s->want[seq] + ((size_t)layer * n + position) * H, *before = now - n * H;
    int other = AI_COSINE_ATTENTION + AI_COSINE_MLP - silent;
    double step[2][64], want = 0;

    (void)err;
    for (size_t i = 0; layer > 1 && i < H; i++) {
        step[0][i] = now[i] - before[i];
        step[1][i] = before[i] - (before - n * H)[i];
    }
    if (layer > 1)
        want = cosine(step[0], step[1], H);
    worst_cosine = fmax(worst_cosine, fabs(cosines[AI_COSINE_STATE] - cosine(now, before, H)));
    worst_cosine = fmax(worst_cosine, fabs(cosines[other] - want));
    worst_cosine = fmax(worst_cosine, fabs(cosines[silent]));
    cosines_seen++;
    return 0;
}

static void silence(struct ai_model *m)
{
    for (unsigned b = 0; b < m->hp.layers; b++) {
        struct ai_linear *l = silent == AI_COSINE_MLP ? &m->blocks[b].mlp.down : &m->blocks[b].o;

        memset((void *)(uintptr_t)l->weight.data, 0, l->weight.rows * l->weight.cols * sizeof(float));
    }
}

static void cosines_of(int which, const char *name)
{
    static struct setup s;
    struct ai_forward_plan plan;
    struct ai_forward_calls calls = {&s.seen, on_state, on_flush, on_decide, on_cosines};
    struct ai_forward_totals totals = {0};
    struct ai_err err;
    unsigned states = 0;

    set_up(&s, &llama, 0, 0, 2, 1 << 20, 33, SEQS);
    AI_ASSERT(llama.width <= 64);
    silent = which;
    silence(s.model);
    for (size_t i = 0; i < SEQS; i++) {
        free(s.seen.want[i]);
        s.seen.want[i] = reference_states(s.model, s.tokens[i], s.seqs[i].n);
        s.seen.left_at[i] = (unsigned)(i * 3 % 6);
    }
    worst_cosine = cosines_seen = 0;
    want_layers(&plan, 1, llama.layers);
    is_int(ai_forward_run(s.f, s.seqs, SEQS, &plan, &calls, &totals, &err), 0, name);
    for (size_t i = 0; i < SEQS; i++)
        states += s.seen.emitted[i];
    ok(worst_cosine < 1e-5 && cosines_seen == states, "with every state, as the reference's states say (%.1e)",
       worst_cosine);
    tear_down(&s);
}

int main(void)
{
    kinds();
    exit_everywhere();
    cosines_of(AI_COSINE_MLP, "cosines of states and attention outputs");
    cosines_of(AI_COSINE_ATTENTION, "cosines of states and MLP outputs");
    return done_testing();
}
