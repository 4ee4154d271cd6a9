#include "lens/lens.h"

#include "base/mem.h"
#include "kernels/kernels.h"
#include "lens/softmax.h"

#include <math.h>
#include <string.h>

/* Columns of logits in memory at once; a whole number of blocks of every weight format. */
enum { TILE = 4096 };
/* A head of at most so many bytes as f32 is decoded once, not for every batch: in the
 * ring batches have few rows.  F16 costs nothing to decode and half to read. */
enum { HEAD_COPY = 32 << 20 };
/* Rows of the head gathered at once for a short list of tokens, in floats. */
enum { GATHER = 4 << 20 };

struct ai_lens {
    const struct ai_model *model;
    struct ai_kernels *kernels;
    size_t max_rows;
    float *norm_weight, *norm_bias; /* [H] each, or NULL */
    float *head_bias;               /* [V], or NULL */
    struct ai_tensor head;          /* [V, E]: the model's, or the copy; E is H without a projection */
    float *head_copy;               /* [V, E] as f32, or NULL */
    float *normed;                  /* [max_rows, H] */
    float *input;                   /* [max_rows, E] of the head: normed itself, or its projection */
    float *tile;                    /* [max_rows, TILE] */
    struct ai_softmax *softmax;     /* [max_rows] */
    struct {
        uint32_t *tokens;           /* whose rows are in weight */
        size_t n, cap;
        float *weight;              /* [n, E] */
        size_t weight_cap;
    } gathered;
};

static int take_head(struct ai_lens *l, struct ai_err *err)
{
    const struct ai_tensor *head = &l->model->head.weight;

    l->head = *head;
    if (head->type == AI_W_F32 || head->type == AI_W_F16 || head->rows * head->cols > HEAD_COPY / sizeof(float))
        return 0;
    l->head_copy = ai_alloc_aligned(head->rows * head->cols, sizeof(float), err);
    if (!l->head_copy)
        return -1;
    ai_tensor_rows(head, 0, head->rows, l->head_copy);
    l->head.type = AI_W_F32;
    l->head.data = l->head_copy;
    return 0;
}

static int check_shapes(const struct ai_model *m, struct ai_err *err)
{
    size_t width = m->hp.width, vocab = m->hp.vocab;
    size_t input = m->project_out.weight.data ? m->project_out.weight.rows : width;

    if (!m->head.weight.data || m->head.weight.rows != vocab || m->head.weight.cols != input)
        return ai_fail(err, AI_EINPUT, "model: the head is not %zu x %zu", vocab, input);
    if (m->project_out.weight.data && m->project_out.weight.cols != width)
        return ai_fail(err, AI_EINPUT, "model: the projection before the head takes another width than %zu", width);
    if ((m->head.bias.data && m->head.bias.cols != vocab) ||
        (m->final_norm.weight.data && m->final_norm.weight.cols != width) ||
        (m->final_norm.bias.data && m->final_norm.bias.cols != width))
        return ai_fail(err, AI_EINPUT, "model: the final norm or the head's bias has another width");
    return 0;
}

struct ai_lens *ai_lens_new(const struct ai_model *model, struct ai_pool *pool, size_t max_rows, struct ai_err *err)
{
    struct ai_lens *l;

    AI_ASSERT(max_rows > 0);
    if (check_shapes(model, err))
        return NULL;
    l = ai_calloc(1, sizeof *l, err);
    if (!l)
        return NULL;
    l->model = model;
    l->max_rows = max_rows;
    if (!(l->kernels = ai_kernels_new(pool, err)) ||
        ai_tensor_vector(&model->final_norm.weight, &l->norm_weight, err) ||
        ai_tensor_vector(&model->final_norm.bias, &l->norm_bias, err) ||
        ai_tensor_vector(&model->head.bias, &l->head_bias, err) || take_head(l, err) ||
        !(l->normed = ai_alloc_aligned(max_rows, model->hp.width * sizeof(float), err)) ||
        (model->project_out.weight.data &&
         !(l->input = ai_alloc_aligned(max_rows, l->head.cols * sizeof(float), err))) ||
        !(l->tile = ai_alloc_aligned(max_rows, TILE * sizeof(float), err)) ||
        !(l->softmax = ai_calloc(max_rows, sizeof *l->softmax, err))) {
        ai_lens_free(l);
        return NULL;
    }
    if (!l->input)
        l->input = l->normed;
    return l;
}

void ai_lens_compute(struct ai_lens *l, enum ai_compute compute)
{
    ai_kernels_compute(l->kernels, compute);
}

void ai_lens_free(struct ai_lens *l)
{
    if (!l)
        return;
    ai_kernels_free(l->kernels);
    free(l->norm_weight);
    free(l->norm_bias);
    free(l->head_bias);
    free(l->head_copy);
    if (l->input != l->normed)
        free(l->input);
    free(l->normed);
    free(l->tile);
    free(l->softmax);
    free(l->gathered.tokens);
    free(l->gathered.weight);
    free(l);
}

/* input[0..n) = what the head takes of the states: their final norm, and its
 * projection.  A model without one passes them on (OPT-350m has no norm). */
static void prepare(struct ai_lens *l, const float *states, size_t n)
{
    const struct ai_hparams *hp = &l->model->hp;
    const struct ai_linear *out = &l->model->project_out;
    const struct ai_ops *ops = ai_ops();

    for (size_t i = 0; i < n; i++) {
        const float *x = states + i * hp->width;
        float *y = l->normed + i * hp->width;

        if (!l->norm_weight)
            memcpy(y, x, hp->width * sizeof *y);
        else if (hp->norm == AI_NORM_RMS)
            ops->rms_norm(x, l->norm_weight, hp->norm_eps, hp->width, y);
        else
            ops->layer_norm(x, l->norm_weight, l->norm_bias, hp->norm_eps, hp->width, y);
    }
    if (out->weight.data)
        ai_matmul(l->kernels, &out->weight, &out->bias, l->normed, hp->width, n, l->input, out->weight.rows);
}

/* Logits of some models are capped. */
static void cap(const struct ai_lens *l, float *logits, size_t n)
{
    if (l->model->hp.head_cap > 0)
        ai_ops()->soft_cap(logits, l->model->hp.head_cap, n);
}

/* y[n, width]: logits of the vocabulary's columns [from, from + width), from a multiple of TILE. */
static void tile_logits(struct ai_lens *l, size_t n, size_t from, size_t width, float *y, size_t ldy)
{
    const struct ai_tensor *head = &l->head;
    struct ai_tensor w = *head, bias = {.type = AI_W_F32, .rows = 1, .cols = width};

    w.data = (const char *)head->data + from * ai_tensor_row_bytes(head);
    w.rows = width;
    bias.data = l->head_bias ? l->head_bias + from : NULL;
    ai_matmul(l->kernels, &w, &bias, l->input, head->cols, n, y, ldy);
    for (size_t i = 0; i < n; i++)
        cap(l, y + i * ldy, width);
}

static size_t tile_width(const struct ai_lens *l, size_t from)
{
    size_t left = l->model->hp.vocab - from;

    return left < TILE ? left : TILE;
}

void ai_lens_logits(struct ai_lens *l, const float *states, size_t n, float *logits)
{
    size_t vocab = l->model->hp.vocab;

    for (size_t row = 0; row < n; row += l->max_rows) {
        size_t rows = n - row < l->max_rows ? n - row : l->max_rows;

        prepare(l, states + row * l->model->hp.width, rows);
        for (size_t from = 0; from < vocab; from += TILE)
            tile_logits(l, rows, from, tile_width(l, from), logits + row * vocab + from, vocab);
    }
}

void ai_lens_top(struct ai_lens *l, const float *states, size_t n, unsigned k, struct ai_lens_top *out)
{
    size_t vocab = l->model->hp.vocab;

    AI_ASSERT(n <= l->max_rows && k >= 1 && k <= AI_MAX_TOP);
    prepare(l, states, n);
    for (size_t i = 0; i < n; i++)
        ai_softmax_init(&l->softmax[i], k);
    for (size_t from = 0; from < vocab; from += TILE) {
        size_t width = tile_width(l, from);

        tile_logits(l, n, from, width, l->tile, TILE);
        for (size_t i = 0; i < n; i++)
            ai_softmax_add(&l->softmax[i], l->tile + i * TILE, width, (uint32_t)from, NULL);
    }
    for (size_t i = 0; i < n; i++)
        ai_softmax_end(&l->softmax[i], &out[i]);
}

/* Decodes the head's rows of tokens [0, n), unless they are those of the last call. */
static int gather(struct ai_lens *l, const uint32_t *tokens, size_t n, struct ai_err *err)
{
    const struct ai_tensor *head = &l->head;

    if (l->gathered.n == n && memcmp(l->gathered.tokens, tokens, n * sizeof *tokens) == 0)
        return 0;
    l->gathered.n = 0;
    if (ai_grow(&l->gathered.tokens, &l->gathered.cap, n, sizeof *tokens, err) ||
        ai_grow(&l->gathered.weight, &l->gathered.weight_cap, n, head->cols * sizeof(float), err))
        return -1;
    for (size_t i = 0; i < n; i++)
        ai_tensor_rows(head, tokens[i], 1, l->gathered.weight + i * head->cols);
    memcpy(l->gathered.tokens, tokens, n * sizeof *tokens);
    l->gathered.n = n;
    return 0;
}

int ai_lens_top_of(struct ai_lens *l, const float *state, const uint32_t *tokens, size_t n_tokens, unsigned k,
                   struct ai_lens_top *out, struct ai_err *err)
{
    size_t width = l->head.cols, most = GATHER / width;

    AI_ASSERT(n_tokens >= 1 && k >= 1 && k <= AI_MAX_TOP);
    if (most > TILE)
        most = TILE;
    if (most < 1)
        most = 1;
    prepare(l, state, 1);
    ai_softmax_init(&l->softmax[0], k);
    for (size_t from = 0; from < n_tokens; from += most) {
        size_t n = n_tokens - from < most ? n_tokens - from : most;

        if (gather(l, tokens + from, n, err))
            return -1;
        for (size_t i = 0; i < n; i++) {
            l->tile[i] = ai_ops()->dot(l->gathered.weight + i * width, l->input, width);
            if (l->head_bias)
                l->tile[i] += l->head_bias[tokens[from + i]];
        }
        cap(l, l->tile, n);
        ai_softmax_add(&l->softmax[0], l->tile, n, 0, tokens + from);
    }
    ai_softmax_end(&l->softmax[0], out);
    return 0;
}
