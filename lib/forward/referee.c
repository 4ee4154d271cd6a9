#include "forward/referee.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int ai_referee_batch(struct ai_referee *j, const struct ai_batch *batch, struct ai_err *err)
{
    if (batch->n > j->cap) {
        free(j->asked);
        free(j->answer);
        free(j->answered);
        free(j->stopped);
        j->cap = 0;
        j->asked = ai_calloc(batch->n, sizeof *j->asked, err);
        j->answer = ai_calloc(batch->n, sizeof *j->answer, err);
        j->answered = ai_calloc(batch->n, sizeof *j->answered, err);
        j->stopped = ai_calloc(batch->n, sizeof *j->stopped, err);
        if (!j->asked || !j->answer || !j->answered || !j->stopped)
            return -1;
        j->cap = batch->n;
    }
    for (size_t i = 0; i < batch->n; i++) {
        j->asked[i] = 0;
        j->answered[i] = j->stopped[i] = false;
        if (batch->docs[i].number >= j->documents)
            j->documents = batch->docs[i].number + 1;
    }
    j->batch = batch;
    return 0;
}

void ai_referee_free(struct ai_referee *j)
{
    free(j->asked);
    free(j->answer);
    free(j->answered);
    free(j->stopped);
}

void ai_referee_ask(struct ai_referee *j, size_t seq, unsigned layer)
{
    j->asked[seq] = layer < j->layers ? layer : 0;
    j->answered[seq] = false;
}

/* Index of the document in the batch, its size if it is not there. */
static size_t find(const struct ai_batch *b, uint64_t number)
{
    size_t lo = 0, hi = b->n;

    while (lo < hi) { /* numbers rise along a stream */
        size_t mid = (lo + hi) / 2;

        if (b->docs[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < b->n && b->docs[lo].number == number ? lo : b->n;
}

static int take(struct ai_referee *j, const struct ai_verdict *v, struct ai_err *err)
{
    size_t seq = find(j->batch, v->doc);

    if (v->doc >= j->documents)
        return ai_fail(err, AI_EINPUT, "control: a verdict about document %llu, which is unknown",
                       (unsigned long long)v->doc);
    if (v->kind == AI_STOP) {
        if (seq < j->batch->n)
            j->stopped[seq] = true;
        return 0;
    }
    if (v->layer == j->layers)
        return 0;
    if (v->kind == AI_EXIT && v->token >= j->vocab)
        return ai_fail(err, AI_EINPUT, "control: token %u for document %llu is outside the vocabulary of %u", v->token,
                       (unsigned long long)v->doc, j->vocab);
    if (seq == j->batch->n || j->asked[seq] != v->layer || j->answered[seq] || v->step != 0)
        return ai_fail(err, AI_EINPUT, "control: out of turn: a verdict about document %llu, step %u, layer %u",
                       (unsigned long long)v->doc, v->step, v->layer);
    j->answer[seq] = *v;
    j->answered[seq] = true;
    return 0;
}

int ai_referee_decide(struct ai_referee *j, unsigned layer, const size_t *seqs, size_t n, bool *leave,
                      struct ai_err *err)
{
    struct ai_verdict v;

    (void)layer;
    for (size_t i = 0; i < n; i++) {
        size_t s = seqs[i];

        while (!j->answered[s] && !j->stopped[s])
            if (ai_control_next(j->control, &v, true, err) < 0 || take(j, &v, err))
                return -1;
        leave[i] = j->stopped[s] || j->answer[s].kind == AI_EXIT;
        j->asked[s] = 0;
    }
    return 0;
}
