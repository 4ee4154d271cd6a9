#include "forward/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int lane_init(struct lane *l, struct ai_forward *f, const struct lane_seq *seqs, size_t n, bool last,
              struct ai_err *err)
{
    size_t rows, row = 0;

    memset(l, 0, sizeof *l);
    l->n = n;
    l->last = last;
    l->seq = ai_calloc(n, sizeof *l->seq, err);
    if (!l->seq)
        return -1;
    memcpy(l->seq, seqs, n * sizeof *seqs);
    for (size_t i = 0; i < n; i++) {
        l->seq[i].first = l->rest;
        l->rest += l->seq[i].rest;
    }
    rows = lane_rows(l);
    l->x = ai_alloc_aligned(rows * f->model->hp.width, sizeof *l->x, err);
    l->k = ai_alloc_aligned(rows * f->kv_width, sizeof *l->k, err);
    l->v = ai_alloc_aligned(rows * f->kv_width, sizeof *l->v, err);
    l->position = ai_calloc(rows, sizeof *l->position, err);
    l->owner = ai_calloc(rows, sizeof *l->owner, err);
    if (!l->x || !l->k || !l->v || !l->position || !l->owner) {
        lane_free(l);
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < l->seq[i].rest; r++, row++) {
            l->position[row] = l->seq[i].start + (uint32_t)r;
            l->owner[row] = i;
        }
    for (size_t i = 0; last && i < n; i++) {
        l->position[row + i] = l->seq[i].start + (uint32_t)l->seq[i].rest;
        l->owner[row + i] = i;
    }
    return 0;
}

void lane_free(struct lane *l)
{
    free(l->seq);
    free(l->x);
    free(l->k);
    free(l->v);
    free(l->position);
    free(l->owner);
    cosines_free(l);
    memset(l, 0, sizeof *l);
}

/* Rows [from, from + n) move down to row `to`. */
static void move_rows(struct ai_forward *f, struct lane *l, size_t to, size_t from, size_t n)
{
    size_t width = f->model->hp.width;

    if (to == from || n == 0)
        return;
    memmove(l->x + to * width, l->x + from * width, n * width * sizeof *l->x);
    memmove(l->k + to * f->kv_width, l->k + from * f->kv_width, n * f->kv_width * sizeof *l->k);
    memmove(l->v + to * f->kv_width, l->v + from * f->kv_width, n * f->kv_width * sizeof *l->v);
    memmove(l->position + to, l->position + from, n * sizeof *l->position);
}

void lane_compact(struct ai_forward *f, struct lane *l, const bool *leave)
{
    size_t rest = 0, kept = 0, old_rest = l->rest, old_n = l->n;

    for (size_t i = 0; i < old_n; i++) {
        if (leave[i])
            continue;
        move_rows(f, l, rest, l->seq[i].first, l->seq[i].rest);
        rest += l->seq[i].rest;
    }
    for (size_t i = 0; i < old_n; i++) {
        if (leave[i])
            continue;
        move_rows(f, l, rest + kept, old_rest + i, 1);
        cosines_move(l, f, kept, i);
        l->seq[kept++] = l->seq[i];
    }
    l->n = kept;
    l->rest = 0;
    for (size_t i = 0; i < kept; i++) {
        l->seq[i].first = l->rest;
        for (size_t r = 0; r < l->seq[i].rest; r++)
            l->owner[l->rest++] = i;
    }
    for (size_t i = 0; i < kept; i++)
        l->owner[l->rest + i] = i;
}
