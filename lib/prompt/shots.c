#include "prompt/shots.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct answer {         /* of a template without choices all are one */
    unsigned want;
    uint64_t seen;
    struct ai_buf *shot; /* want of them */
};

struct ai_shots {
    const struct ai_template *t;
    unsigned k;
    struct ai_rng rng;
    struct answer *answer; /* one a choice */
    unsigned n;            /* of them, at least 1 */
};

struct ai_shots *ai_shots_new(const struct ai_template *t, unsigned k, uint64_t seed, struct ai_err *err)
{
    struct ai_shots *s = ai_calloc(1, sizeof *s, err);
    size_t order[AI_MAX_ANSWERS];

    if (!s)
        return NULL;
    *s = (struct ai_shots){.t = t, .k = k, .rng.state = seed, .n = t->n_choices ? t->n_choices : 1};
    if (!t->has_answer) {
        ai_fail(err, AI_EINPUT, "shots need a template with a line 'answer'");
        goto fail;
    }
    s->answer = ai_calloc(s->n, sizeof *s->answer, err);
    if (!s->answer)
        goto fail;
    for (unsigned i = 0; i < s->n; i++)
        order[i] = i;
    ai_rng_shuffle(&s->rng, order, s->n); /* who gets one more when k does not divide */
    for (unsigned i = 0; i < s->n; i++) {
        struct answer *a = &s->answer[order[i]];

        a->want = k / s->n + (i < k % s->n);
        a->shot = ai_calloc(a->want, sizeof *a->shot, err);
        if (!a->shot)
            goto fail;
    }
    return s;
fail:
    ai_shots_free(s);
    return NULL;
}

void ai_shots_free(struct ai_shots *s)
{
    if (!s)
        return;
    for (unsigned i = 0; s->answer && i < s->n; i++) {
        for (unsigned k = 0; s->answer[i].shot && k < s->answer[i].want; k++)
            ai_buf_free(&s->answer[i].shot[k]);
        free(s->answer[i].shot);
    }
    free(s->answer);
    free(s);
}

int ai_shots_offer(struct ai_shots *s, const struct ai_row *row, struct ai_err *err)
{
    struct answer *a;
    struct ai_buf *shot;
    unsigned choice = 0;
    uint64_t place;
    const char *text;

    if (!ai_template_answered(s->t, row))
        return 0;
    if (s->t->n_choices && ai_template_answer(s->t, row, &choice, err))
        return -1;
    a = &s->answer[choice];
    place = a->seen++;
    if (place >= a->want)
        place = ai_rng_below(&s->rng, place + 1);
    if (place >= a->want)
        return 0;
    shot = &a->shot[place];
    shot->len = 0;
    text = s->t->n_choices ? s->t->choice[choice].text : row->value[s->t->answer];
    if (ai_template_prompt(s->t, row, shot, err) || ai_buf_puts(shot, " ", err) ||
        ai_buf_put(shot, text, strcspn(text, "\n"), err) || /* of several right answers the first */
        ai_buf_puts(shot, s->t->separator ? s->t->separator : "\n", err))
        return -1;
    return 0;
}

int ai_shots_text(struct ai_shots *s, struct ai_buf *out, struct ai_err *err)
{
    const struct ai_buf **all = ai_calloc(s->k, sizeof *all, err);
    size_t *order = ai_calloc(s->k, sizeof *order, err);
    size_t n = 0;
    int rc = all && order ? 0 : -1;

    for (unsigned i = 0; i < s->n && rc == 0; i++) {
        if (s->answer[i].seen < s->answer[i].want)
            rc = ai_fail(err, AI_EINPUT, "%llu rows with the answer '%.60s' where %u are wanted",
                         (unsigned long long)s->answer[i].seen, s->t->n_choices ? s->t->choice[i].text : "any",
                         s->answer[i].want);
        for (unsigned k = 0; k < s->answer[i].want && rc == 0; k++) {
            order[n] = n;
            all[n++] = &s->answer[i].shot[k];
        }
    }
    if (rc == 0)
        ai_rng_shuffle(&s->rng, order, n);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = ai_buf_put(out, all[order[i]]->data, all[order[i]]->len, err);
    free(all);
    free(order);
    return rc;
}
