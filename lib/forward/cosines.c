/* How far each block turns the last token's state, its attention's and its MLP's
 * output against those of the block before. */
#include "forward/internal.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int cosines_init(struct lane *l, const struct ai_forward *f, struct ai_err *err)
{
    for (int w = 0; w < AI_COSINES; w++)
        if (!(l->cosines.before[w] = ai_calloc(l->n, f->model->hp.width * sizeof(float), err)))
            return -1;
    l->cosines.value = ai_calloc(l->n, sizeof *l->cosines.value, err);
    return l->cosines.value ? 0 : -1;
}

void cosines_free(struct lane *l)
{
    for (int w = 0; w < AI_COSINES; w++)
        free(l->cosines.before[w]);
    free(l->cosines.value);
}

void cosines_move(struct lane *l, const struct ai_forward *f, size_t to, size_t from)
{
    size_t width = f->model->hp.width;

    if (!l->cosines.value || to == from)
        return;
    for (int w = 0; w < AI_COSINES; w++)
        memmove(l->cosines.before[w] + to * width, l->cosines.before[w] + from * width, width * sizeof(float));
    memmove(l->cosines.value + to, l->cosines.value + from, sizeof *l->cosines.value);
}

static float cosine(const float *a, const float *b, size_t n)
{
    double aa = 0, bb = 0, ab = 0;

    for (size_t i = 0; i < n; i++) {
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
        ab += (double)a[i] * b[i];
    }
    return aa > 0 && bb > 0 ? (float)fmax(-1, fmin(1, ab / sqrt(aa * bb))) : 0;
}

void cosines_note(const struct ai_forward *f, struct lane *l, int which, size_t row, size_t n, const float *out)
{
    size_t width = f->model->hp.width;

    if (!l->cosines.value)
        return;
    for (size_t r = row < l->rest ? l->rest : row; r < row + n; r++) {
        float *before = l->cosines.before[which] + (r - l->rest) * width;
        const float *now = out + (r - row) * width;

        l->cosines.value[r - l->rest][which] = cosine(before, now, width);
        memcpy(before, now, width * sizeof *before);
    }
}
