/* Rotary positions (RoFormer): pairs of a head's dimensions turn by position times
 * base^(-2i/rope_dim), the frequency divided by the model's factors if it has any. */
#include "forward/internal.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* Cosines and sines of positions [from, to). */
static void fill_table(const struct ai_hparams *hp, const struct ai_rotary *rotary, size_t from, size_t to,
                       float *table)
{
    size_t half = hp->rope_dim / 2;
    double scale = rotary->scale > 0 ? rotary->scale : 1;

    for (size_t i = 0; i < half; i++) {
        /* the angle as the references have it: frequency in f32, product in f32 */
        float frequency = (float)(1.0 / pow(rotary->base, 2.0 * (double)i / hp->rope_dim));

        if (rotary->factors)
            frequency /= rotary->factors[i];
        for (size_t p = from; p < to; p++) {
            float angle = (float)p * frequency;

            table[(p * half + i) * 2] = (float)(cos(angle) * scale);
            table[(p * half + i) * 2 + 1] = (float)(sin(angle) * scale);
        }
    }
}

int rope_reserve(struct ai_forward *f, size_t n, struct ai_err *err)
{
    const struct ai_hparams *hp = &f->model->hp;
    size_t want = f->rope_positions ? f->rope_positions : 256;

    if (hp->position != AI_POS_ROPE || n <= f->rope_positions)
        return 0;
    while (want < n)
        want *= 2;
    for (int r = 0; r < AI_ROTARIES; r++) {
        float *table;

        if (!(hp->rotary[r].base > 0))
            continue;
        table = ai_realloc(f->rope[r], want, hp->rope_dim * sizeof *table, err);
        if (!table)
            return -1;
        f->rope[r] = table;
        fill_table(hp, &hp->rotary[r], f->rope_positions, want, table);
    }
    f->rope_positions = want;
    return 0;
}

static void turn_pairs(float *h, const float *table, size_t half)
{
    for (size_t i = 0; i < half; i++) {
        float a = h[2 * i], b = h[2 * i + 1], c = table[2 * i], s = table[2 * i + 1];

        h[2 * i] = a * c - b * s;
        h[2 * i + 1] = a * s + b * c;
    }
}

static void turn_halves(float *h, const float *table, size_t half)
{
    for (size_t i = 0; i < half; i++) {
        float a = h[i], b = h[half + i], c = table[2 * i], s = table[2 * i + 1];

        h[i] = a * c - b * s;
        h[half + i] = a * s + b * c;
    }
}

struct turn {
    struct ai_forward *f;
    const struct lane *l;
    unsigned block;
    size_t row;
    float *m;
    size_t heads, n;
};

enum { ROWS_A_TASK = 32 };

static void turn_some(void *arg, size_t i, unsigned thread)
{
    const struct turn *t = arg;
    const struct ai_hparams *hp = &t->f->model->hp;
    size_t half = hp->rope_dim / 2, width = t->heads * hp->head_dim;
    size_t end = (i + 1) * ROWS_A_TASK < t->n ? (i + 1) * ROWS_A_TASK : t->n;

    (void)thread;
    for (size_t r = i * ROWS_A_TASK; r < end; r++) {
        bool longer = t->l->seq[t->l->owner[t->row + r]].longer;
        const float *table = t->f->rope[longer ? 1 : t->f->model->blocks[t->block].rotary];

        table += t->l->position[t->row + r] * half * 2;
        for (size_t h = 0; h < t->heads; h++) {
            float *head = t->m + r * width + h * hp->head_dim;

            if (hp->rope == AI_ROPE_PAIRS)
                turn_pairs(head, table, half);
            else
                turn_halves(head, table, half);
        }
    }
}

void rope_rows(struct ai_forward *f, const struct lane *l, unsigned b, size_t row, float *m, size_t heads, size_t n)
{
    struct turn t = {f, l, b, row, m, heads, n};

    ai_pool_run(ai_kernels_pool(f->kernels), (n + ROWS_A_TASK - 1) / ROWS_A_TASK, turn_some, &t);
}
