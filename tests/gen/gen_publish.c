#include "gen_publish.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ai_err err;
#define MUST(call) ((call) ? (fprintf(stderr, "%s: %s\n", #call, err.msg), exit(99)) : (void)0)

struct publisher publisher(const struct dense_model *m, bool gguf)
{
    struct publisher p = {.m = m, .g = ai_calloc(1, sizeof *p.g, &err), .gguf = gguf};

    MUST(!p.g);
    p.g->spec.kind = gguf ? GEN_GGUF : GEN_LLAMA; /* of which only "a directory" counts here */
    p.g->spec.type = m->s.type;
    return p;
}

struct gen_tensor *publish(struct publisher *p, const char *prefix, const char *name, size_t rows, size_t cols,
                           const float *x)
{
    enum ai_wtype type = p->gguf && rows == 0 ? AI_W_F32 : p->m->s.type; /* GGUF has vectors in F32 */
    char full[96];
    struct gen_tensor *t;

    snprintf(full, sizeof full, "%s%s", prefix, name);
    t = gen_add(p->g, full, rows, cols, type);
    for (size_t i = 0; i < (rows ? rows : 1) * cols; i++)
        if (type == AI_W_F32)
            ai_put_u32(t->data.data + 4 * i, ai_f32_bits(x[i]));
        else
            ai_put_u16(t->data.data + 2 * i, type == AI_W_F16 ? ai_f32_to_f16(x[i]) : ai_f32_to_bf16(x[i]));
    return t;
}

void publish_map(struct publisher *p, const char *prefix, const char *name, size_t rows, size_t cols,
                 const struct dense_map *m, const size_t *from)
{
    float *weight, *bias = ai_calloc(rows + 1, sizeof *bias, &err);
    char full[64];

    if (!m->weight) {
        free(bias);
        return;
    }
    MUST(!bias || !(weight = ai_calloc((rows ? rows : 1) * cols, sizeof *weight, &err)));
    for (size_t r = 0; r < (rows ? rows : 1); r++)
        memcpy(weight + r * cols, m->weight + (from ? from[r] : r) * cols, cols * sizeof *weight);
    snprintf(full, sizeof full, "%s.weight", name);
    publish(p, prefix, full, rows, cols, weight);
    for (size_t r = 0; m->bias && r < rows; r++)
        bias[r] = m->bias[from ? from[r] : r];
    snprintf(full, sizeof full, "%s.bias", name);
    if (m->bias)
        publish(p, prefix, full, 0, rows ? rows : cols, rows ? bias : m->bias);
    free(weight);
    free(bias);
}

void publish_turned(struct publisher *p, const char *name, size_t rows, size_t cols, const struct dense_map *m)
{
    struct dense_map turned = {ai_calloc(rows * cols, sizeof(float), &err), NULL};
    char full[64];

    MUST(!turned.weight);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            turned.weight[c * rows + r] = m->weight[r * cols + c];
    snprintf(full, sizeof full, "%s.weight", name);
    publish(p, p->block, full, cols, rows, turned.weight);
    snprintf(full, sizeof full, "%s.bias", name);
    publish(p, p->block, full, 0, rows, m->bias);
    free(turned.weight);
}

/* Q, K and V as one map, their rows one after the other. */
static struct dense_map join(const struct dense_model *m, const struct dense_block *w)
{
    const struct dense_spec *s = &m->s;
    size_t q = s->heads * s->head_dim, kv = s->kv_heads * s->head_dim, H = s->width;
    struct dense_map all = {ai_calloc((q + 2 * kv) * H, sizeof(float), &err), NULL};

    MUST(!all.weight);
    memcpy(all.weight, w->q.weight, q * H * sizeof(float));
    memcpy(all.weight + q * H, w->k.weight, kv * H * sizeof(float));
    memcpy(all.weight + (q + kv) * H, w->v.weight, kv * H * sizeof(float));
    if (w->q.bias) {
        MUST(!(all.bias = ai_calloc(q + 2 * kv, sizeof(float), &err)));
        memcpy(all.bias, w->q.bias, q * sizeof(float));
        memcpy(all.bias + q, w->k.bias, kv * sizeof(float));
        memcpy(all.bias + q + kv, w->v.bias, kv * sizeof(float));
    }
    return all;
}

void publish_fused(struct publisher *p, const char *name, const struct dense_block *w, bool turned, const size_t *from)
{
    const struct dense_spec *s = &p->m->s;
    size_t rows = (s->heads + 2 * s->kv_heads) * s->head_dim;
    struct dense_map all = join(p->m, w);

    if (turned)
        publish_turned(p, name, rows, s->width, &all);
    else
        publish_map(p, p->block, name, rows, s->width, &all, from);
    free(all.weight);
    free(all.bias);
}
