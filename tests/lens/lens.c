/* lib/lens against naive loops in double, on models made here. */
#include "lens/extract.h"
#include "lens/softmax.h"

#include "base/bytes.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#include "../tap.h"

#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

enum { H = 24, V = 9001, ROWS = 7, L = 6 };

static struct ai_err err;
static struct ai_pool *pool;
static float head[V * H], head_bias[V], norm_weight[H], norm_bias[H], states[ROWS * H];

static void *must(void *p)
{
    if (!p) {
        printf("Bail out! %s\n", err.msg);
        exit(1);
    }
    return p;
}

static struct ai_tensor f32(const float *data, size_t rows, size_t cols)
{
    return (struct ai_tensor){.data = data, .type = AI_W_F32, .rows = rows, .cols = cols};
}

/* A model of nothing but a final norm and a head. */
static struct ai_model a_model(void)
{
    struct ai_model m = {.arch = "llama"};

    strcpy(m.digest, "0123456789abcdef0123456789abcdef");
    m.hp.layers = L;
    m.hp.width = H;
    m.hp.vocab = V;
    m.hp.norm = AI_NORM_RMS;
    m.hp.norm_eps = 1e-5f;
    m.head.weight = f32(head, V, H);
    m.final_norm.weight = f32(norm_weight, 1, H);
    return m;
}

static void fill(float *x, size_t n, double scale, uint64_t seed)
{
    uint64_t s = seed * 2654435761u + 1;

    for (size_t i = 0; i < n; i++) {
        s = s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        x[i] = (float)(scale * ((double)(s >> 40) / (1 << 23) - 1));
    }
}

static void naive_norm(const struct ai_model *m, const float *x, double *y)
{
    size_t n = m->hp.width;
    double mean = 0, square = 0;

    for (size_t i = 0; i < n; i++)
        mean += (double)x[i] / (double)n;
    if (m->hp.norm == AI_NORM_RMS)
        mean = 0;
    for (size_t i = 0; i < n; i++)
        square += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++) {
        y[i] = (double)x[i];
        if (m->final_norm.weight.data)
            y[i] = (y[i] - mean) / sqrt(square + (double)m->hp.norm_eps) * (double)norm_weight[i];
        if (m->final_norm.bias.data)
            y[i] += (double)norm_bias[i];
    }
}

/* Logits of one state, its softmax in p. */
static void naive(const struct ai_model *m, const float *x, double *logit, double *p)
{
    double y[H], max = -1e300, sum = 0;

    naive_norm(m, x, y);
    for (int v = 0; v < V; v++) {
        logit[v] = m->head.bias.data ? (double)head_bias[v] : 0;
        for (int i = 0; i < H; i++)
            logit[v] += y[i] * (double)head[v * H + i];
        max = fmax(max, logit[v]);
    }
    for (int v = 0; v < V; v++)
        sum += p[v] = exp(logit[v] - max);
    for (int v = 0; v < V; v++)
        p[v] /= sum;
}

/* The k best by p, equal ones by id, among n candidates (ids, or all where NULL). */
static void naive_top(const double *p, const uint32_t *ids, size_t n, unsigned k, uint32_t *best)
{
    for (unsigned j = 0; j < k; j++) {
        best[j] = UINT32_MAX;
        for (size_t i = 0; i < n; i++) {
            uint32_t v = ids ? ids[i] : (uint32_t)i;
            int taken = 0;

            for (unsigned q = 0; q < j; q++)
                taken |= best[q] == v;
            if (!taken && (best[j] == UINT32_MAX || p[v] > p[best[j]]))
                best[j] = v;
        }
    }
}

static void check_model(const struct ai_model *m, const char *what)
{
    static double logit[V], p[V];
    static float got[ROWS * V];
    struct ai_lens *lens = must(ai_lens_new(m, pool, 3, &err));
    struct ai_lens_top top[ROWS];
    double worst_logit = 0, worst_p = 0;
    int wrong = 0;

    ai_lens_logits(lens, states, ROWS, got);
    for (int r = 0; r < ROWS; r += 3)
        ai_lens_top(lens, states + r * H, r + 3 <= ROWS ? 3 : ROWS - (size_t)r, 9, top + r);
    for (int r = 0; r < ROWS; r++) {
        uint32_t best[9];

        naive(m, states + r * H, logit, p);
        naive_top(p, NULL, V, 9, best);
        for (int v = 0; v < V; v++)
            worst_logit = fmax(worst_logit, fabs((double)got[r * V + v] - logit[v]));
        wrong += !top[r].finite || top[r].n != 9 || !top[r].rest;
        for (int j = 0; j < 9; j++) {
            wrong += top[r].token[j] != best[j];
            worst_p = fmax(worst_p, fabs((double)top[r].prob[j] - p[best[j]]) / p[best[j]]);
        }
    }
    ok(worst_logit < 2e-5, "%s: logits (worst difference %.1e)", what, worst_logit);
    ok(worst_p < 2e-5, "%s: probabilities (worst relative difference %.1e)", what, worst_p);
    is_int(wrong, 0, what);
    ai_lens_free(lens);
}

static void test_models(void)
{
    struct ai_model m = a_model();
    static uint16_t half[V * H];

    check_model(&m, "RMS norm");
    m.hp.norm = AI_NORM_LAYER;
    m.final_norm.bias = f32(norm_bias, 1, H);
    m.head.bias = f32(head_bias, 1, V);
    check_model(&m, "layer norm, head with bias");
    m.final_norm.weight.data = m.final_norm.bias.data = NULL;
    check_model(&m, "no final norm");
    m = a_model();
    for (int i = 0; i < V * H; i++) {
        half[i] = ai_f32_to_f16(head[i]);
        head[i] = ai_f16_to_f32(half[i]);
    }
    m.head.weight.data = half;
    m.head.weight.type = AI_W_F16;
    check_model(&m, "F16 head");
}

static void test_ties(void)
{
    struct ai_model m = a_model();
    struct ai_lens *lens;
    struct ai_lens_top top;
    uint32_t few[3] = {4095, 4096, 9000};

    /* the same strongest row thrice, on both sides of a tile's edge and at the end */
    for (int i = 0; i < H; i++)
        head[4095 * H + i] = head[4096 * H + i] = head[9000 * H + i] = 9 * states[i] * norm_weight[i];
    lens = must(ai_lens_new(&m, pool, 2, &err));
    ai_lens_top(lens, states, 1, 4, &top);
    ok(top.token[0] == 4095 && top.token[1] == 4096 && top.token[2] == 9000, "equal tokens come in order of their ids");
    ok(top.prob[0] == top.prob[1] && top.prob[1] == top.prob[2], "with equal probabilities");
    ok(fabs((double)top.prob[0] - 1.0 / 3) < 1e-6, "of a third each");
    ai_lens_top(lens, states, 1, 1, &top);
    ok(top.n == 1 && top.token[0] == 4095 && top.rest, "the first of them alone");
    is_int(ai_lens_top_of(lens, states, few, 3, 5, &top, &err), 0, "a short list");
    ok(top.n == 3 && !top.rest && top.token[0] == 4095 && top.token[2] == 9000, "the whole of it");
    ai_lens_free(lens);
    fill(head, V * H, 1, 1);
}

static void test_choices(void)
{
    struct ai_model m = a_model();
    static double logit[V], p[V];
    uint32_t lists[2][4] = {{3, 77, 5000, 9000}, {0, 77, 4097, 8999}}, best[3];
    struct ai_lens *lens;
    struct ai_lens_top top;
    double worst = 0;
    int wrong = 0;

    m.head.bias = f32(head_bias, 1, V);
    lens = must(ai_lens_new(&m, pool, 1, &err));
    for (int r = 0; r < ROWS; r++) {
        const uint32_t *ids = lists[r % 3 == 2];
        double sum = 0;

        naive(&m, states + r * H, logit, p);
        for (int i = 0; i < 4; i++)
            sum += p[ids[i]];
        naive_top(p, ids, 4, 3, best);
        if (ai_lens_top_of(lens, states + r * H, ids, 4, 3, &top, &err))
            must(NULL);
        wrong += top.n != 3 || !top.rest || !top.finite;
        for (int j = 0; j < 3; j++) {
            wrong += top.token[j] != best[j];
            worst = fmax(worst, fabs((double)top.prob[j] - p[best[j]] / sum));
        }
    }
    is_int(wrong, 0, "choices: the right tokens, lists changing");
    ok(worst < 2e-6, "choices: probabilities among them (worst difference %.1e)", worst);
    ai_lens_free(lens);
}

static void test_extremes(void)
{
    struct ai_softmax s;
    struct ai_lens_top top;
    float big[4] = {-3e38f, 3e38f, 3e38f, -3e38f}, bad[2] = {0, NAN}, low[2] = {-1e30f, -1e30f};

    ai_softmax_init(&s, 2);
    ai_softmax_add(&s, big, 2, 0, NULL);
    ai_softmax_add(&s, big + 2, 2, 2, NULL);
    ai_softmax_end(&s, &top);
    ok(top.finite && top.token[0] == 1 && top.token[1] == 2 && top.prob[0] == 0.5f, "logits near the largest float");
    ai_softmax_init(&s, 2);
    ai_softmax_add(&s, low, 2, 10, NULL);
    ai_softmax_end(&s, &top);
    ok(top.n == 2 && top.token[0] == 10 && top.prob[1] == 0.5f && !top.rest, "very low logits");
    ai_softmax_init(&s, 2);
    ai_softmax_add(&s, bad, 2, 0, NULL);
    ai_softmax_end(&s, &top);
    ok(!top.finite, "NaN is seen");
    bad[1] = INFINITY;
    ai_softmax_init(&s, 2);
    ai_softmax_add(&s, bad, 2, 0, NULL);
    ai_softmax_end(&s, &top);
    ok(!top.finite, "infinity is seen");
}

/* Every length around the block size, in two pieces, a NaN at every place. */
static void test_lengths(void)
{
    static float x[300], copy[300];
    struct ai_softmax s;
    struct ai_lens_top top;
    int wrong = 0, missed = 0;

    fill(x, 300, 5, 11);
    for (size_t n = 1; n <= 300; n++) {
        size_t first = 0, cut = n / 3;

        for (size_t i = 1; i < n; i++)
            if (x[i] > x[first])
                first = i;
        memcpy(copy, x, sizeof copy);
        ai_softmax_init(&s, 3);
        if (cut)
            ai_softmax_add(&s, copy, cut, 0, NULL);
        ai_softmax_add(&s, copy + cut, n - cut, (uint32_t)cut, NULL);
        ai_softmax_end(&s, &top);
        wrong += !top.finite || top.token[0] != first || top.n != (n < 3 ? n : 3);
        for (unsigned j = 1; j < top.n; j++)
            wrong += x[top.token[j]] > x[top.token[j - 1]];
        memcpy(copy, x, sizeof copy);
        copy[n - 1] = n & 1 ? NAN : -INFINITY;
        ai_softmax_init(&s, 3);
        ai_softmax_add(&s, copy, 300, 0, NULL);
        ai_softmax_end(&s, &top);
        missed += top.finite;
    }
    is_int(wrong, 0, "every length up to 300");
    is_int(missed, 0, "a logit that is not finite, at every place");
}

static void test_memory(void)
{
    enum { BIG_V = 262144, BIG_H = 4, BIG_ROWS = 256 };
    float *weights = must(calloc((size_t)BIG_V * BIG_H, sizeof *weights));
    float *x = must(calloc(BIG_ROWS * BIG_H, sizeof *x));
    struct ai_lens_top *top = must(calloc(BIG_ROWS, sizeof *top));
    struct ai_model m = a_model();
    struct rusage before, after;
    struct ai_lens *lens;

    fill(weights, (size_t)BIG_V * BIG_H, 1, 5);
    fill(x, BIG_ROWS * BIG_H, 1, 6);
    m.hp.vocab = BIG_V;
    m.hp.width = BIG_H;
    m.head.weight = f32(weights, BIG_V, BIG_H);
    m.final_norm.weight.data = NULL;
    getrusage(RUSAGE_SELF, &before);
    lens = must(ai_lens_new(&m, pool, BIG_ROWS, &err));
    ai_lens_top(lens, x, BIG_ROWS, 5, top);
    getrusage(RUSAGE_SELF, &after);
    ok(after.ru_maxrss - before.ru_maxrss < 64 << 10, "256 states, 262144 tokens: %ld KiB more memory (below 64 MiB)",
       after.ru_maxrss - before.ru_maxrss);
    ai_lens_free(lens);
    free(weights);
    free(x);
    free(top);
}

static void test_list(void)
{
    struct ai_feature_list list;
    struct ai_buf b = {0};

    is_int(ai_feature_list_parse("depth,gap,cosine", &list, &err), 0, "a list of features");
    ok(list.n == 3 && list.needs == AI_NEEDS_STATE, "of three, one of which needs the state before");
    is_int(ai_feature_list_format(&list, &b, &err), 0, "is written");
    is_str((char *)b.data, "depth,gap,cosine", "as it was");
    ok(ai_feature_list_parse("gap,,depth", &list, &err) && err.code == AI_EUSAGE, "an empty name: %s", err.msg);
    ok(ai_feature_list_parse("gap,gap", &list, &err) && err.code == AI_EUSAGE, "a name twice: %s", err.msg);
    ok(ai_feature_list_parse("gaps", &list, &err) && err.code == AI_EUSAGE, "an unknown name: %s", err.msg);
    ai_buf_free(&b);
}

/* ---- features of two documents, through records ---- */

static struct ai_buf payload;

static void feed(struct ai_extract *e, uint16_t type)
{
    struct ai_record rec = {.type = type, .data = payload.data, .len = payload.len};

    if (ai_extract_put(e, &rec, &err))
        must(NULL);
    payload.len = 0;
}

static void feed_doc(struct ai_extract *e, uint64_t number)
{
    struct ai_doc d = {.number = number, .tokens = 1, .label_token = AI_NO_TOKEN};

    if (ai_doc_encode(&d, &payload, &err))
        must(NULL);
    feed(e, AI_REC_DOC);
}

static void feed_state(struct ai_extract *e, uint64_t number, unsigned layer, const float *state)
{
    struct ai_hidden h = {.doc = number, .position = 4, .layer = (uint16_t)layer, .dtype = AI_F32, .width = H};

    if (ai_hidden_encode(&h, state, &payload, &err))
        must(NULL);
    feed(e, AI_REC_HIDDEN);
}

static void feed_end(struct ai_extract *e, uint64_t number)
{
    struct ai_doc_end d = {.doc = number, .layers = L, .macs = 1, .macs_full = 1};

    if (ai_doc_end_encode(&d, &payload, &err))
        must(NULL);
    feed(e, AI_REC_DOC_END);
}

/* State of document d at layer l; layers 3 and 4 agree, so that patience has something to count. */
static const float *state_of(int d, int l)
{
    static float x[H];
    double scale = 0.5 + 0.25 * l;
    int seed = d * 4 + (l == 4 ? 3 : l);

    fill(x, H, 1, (uint64_t)(100 + seed));
    for (int i = 0; i < H; i++)
        x[i] *= (float)scale;
    return x;
}

struct expect { double value[9]; uint32_t token; float state[H]; };

/* The definitions once more, in the table's order; before NULL: first layer. */
static void naive_features(const struct ai_model *m, int l, unsigned k, const float *x, const struct expect *before,
                           struct expect *out)
{
    static double logit[V], p[V];
    double rest = 1, entropy = 0, xx = 0, xy = 0, yy = 0, *f = out->value;
    uint32_t best[AI_MAX_TOP];

    naive(m, x, logit, p);
    naive_top(p, NULL, V, k, best);
    for (unsigned i = 0; i < k; i++) {
        rest -= p[best[i]];
        entropy -= p[best[i]] * log(p[best[i]]);
    }
    entropy -= rest > 0 ? rest * log(rest) : 0;
    memcpy(out->state, x, sizeof out->state);
    out->token = best[0];
    memset(f, 0, sizeof out->value);
    f[0] = p[best[0]] - p[best[1]];
    f[1] = p[best[0]];
    f[2] = entropy / log(k + 1.0);
    f[8] = (double)l / L;
    if (!before)
        return;
    for (int i = 0; i < H; i++) {
        xx += (double)x[i] * (double)x[i];
        xy += (double)x[i] * (double)before->state[i];
        yy += (double)before->state[i] * (double)before->state[i];
    }
    f[3] = f[0] - before->value[0];
    f[4] = f[1] - before->value[1];
    f[5] = before->token == out->token ? before->value[5] + 1 : 0;
    f[6] = xy / sqrt(xx * yy);
    f[7] = sqrt(xx / yy);
}

static void check_stream(const struct ai_model *m, int fd)
{
    struct ai_reader *r = must(ai_reader_open(fd, "features", AI_KIND_FEATURES, &err));
    struct expect last[2];
    int seen[2] = {0}, records = 0, rc, wrong = 0, order = 0;
    struct ai_record rec;
    double worst = 0, patience = 0;

    is_str(ai_meta_get(ai_reader_meta(r), "features"),
           "gap,top_prob,entropy,delta_gap,delta_top_prob,patience,cosine,norm_ratio,depth", "header: features");
    is_str(ai_meta_get(ai_reader_meta(r), "top"), "6", "header: top");
    is_str(ai_meta_get(ai_reader_meta(r), "head"), "full", "header: head");
    is_str(ai_meta_get(ai_reader_meta(r), "other"), "kept", "header: what was there stays");
    while ((rc = ai_reader_next(r, &rec, &err)) == 1) {
        struct ai_features f;
        struct expect want;

        records++;
        order += (records <= 2) != (rec.type == AI_REC_DOC);
        if (rec.type != AI_REC_FEATURES)
            continue;
        if (ai_features_decode(&rec, &f, &err))
            must(NULL);
        naive_features(m, f.layer, 6, state_of((int)f.doc, f.layer), seen[f.doc] ? &last[f.doc] : NULL, &want);
        wrong += f.n != 9 || f.top != 6 || f.top_token[0] != want.token || f.position != 4;
        for (int i = 0; i < 9; i++)
            worst = fmax(worst, fabs((double)f.value[i] - want.value[i]));
        patience = fmax(patience, want.value[5]);
        last[f.doc] = want;
        seen[f.doc]++;
    }
    is_int(rc, 0, "the feature stream ends as it should");
    is_int(records, 2 + 2 * L + 2, "every record is there");
    is_int(order, 0, "the documents' beginnings first");
    is_int(wrong, 0, "tokens and counts");
    ok(patience >= 1, "two layers agree, so that patience counts (%g)", patience);
    ok(worst < 5e-6, "all features as their definitions say (worst difference %.1e)", worst);
    ai_reader_free(r);
}

static void test_extract(void)
{
    struct ai_extract_options o = {.top = 6};
    struct ai_model m = a_model();
    struct ai_meta hidden = {0}, out;
    struct ai_extract *e;
    struct ai_writer *w;
    FILE *file = must(tmpfile());

    if (ai_feature_list_parse("gap,top_prob,entropy,delta_gap,delta_top_prob,patience,cosine,norm_ratio,depth",
                              &o.features, &err) ||
        ai_meta_add(&hidden, "model", m.digest, &err) || ai_meta_add(&hidden, "other", "kept", &err))
        must(NULL);
    e = must(ai_extract_new(&m, pool, &o, &err));
    is_int(ai_extract_header(e, &hidden, &out, &err), 0, "a header");
    w = must(ai_writer_open(fileno(file), AI_KIND_FEATURES, &out, 0, AI_FLUSH_AUTO, &err));
    feed_doc(e, 0);
    feed_doc(e, 1);
    for (int l = 1; l <= L; l++) {
        feed_state(e, 0, (unsigned)l, state_of(0, l));
        if (l == 2 && ai_extract_flush(e, w, &err))
            must(NULL);
        feed_state(e, 1, (unsigned)l, state_of(1, l));
    }
    feed_end(e, 1);
    feed_end(e, 0);
    is_int(ai_extract_flush(e, w, &err), 0, "the rest is written");
    is_int((long long)ai_extract_documents(e), 2, "two documents");
    is_int((long long)ai_extract_states(e), 2 * L, "all states");
    is_int(ai_writer_end(w, &err), 0, "the end is written");
    ai_writer_free(w);
    if (lseek(fileno(file), 0, SEEK_SET) == 0)
        check_stream(&m, fileno(file));
    fclose(file);
    ai_extract_free(e);
    ai_meta_free(&hidden);
    ai_meta_free(&out);
}

int main(void)
{
    pool = must(ai_pool_new(2, &err));
    fill(head, V * H, 1, 1);
    fill(head_bias, V, 0.5, 2);
    fill(norm_weight, H, 1, 3);
    fill(norm_bias, H, 0.5, 4);
    fill(states, ROWS * H, 2, 7);
    test_models();
    test_ties();
    test_choices();
    test_extremes();
    test_lengths();
    test_list();
    test_extract();
    test_memory();
    ai_buf_free(&payload);
    ai_pool_free(pool);
    return done_testing();
}
