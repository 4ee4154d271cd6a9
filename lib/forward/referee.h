/* Verdicts from the control pipe, matched with the states that were asked about. */
#ifndef AI_FORWARD_REFEREE_H
#define AI_FORWARD_REFEREE_H

#include "control/control.h"
#include "forward/batch.h"

struct ai_referee {
    struct ai_control *control;  /* borrowed */
    unsigned layers;             /* L */
    uint32_t vocab;
    /* of the present batch */
    const struct ai_batch *batch;
    unsigned *asked;             /* [n] layer whose verdict is awaited, 0: none */
    struct ai_verdict *answer;   /* [n] kind AI_EXIT/AI_CONTINUE when answered */
    bool *answered, *stopped;
    size_t cap;
    uint64_t documents;          /* seen so far: numbers below are not unknown */
};

/* Begins a batch (borrowed until the next). */
int ai_referee_batch(struct ai_referee *j, const struct ai_batch *batch, struct ai_err *err) AI_CHECKED;
/* The state of sequence seq after layer has been written. */
void ai_referee_ask(struct ai_referee *j, size_t seq, unsigned layer);
/* Waits for the verdicts about seqs [n] at layer; leave[i] true for exit and stop.
 * A verdict about something that was not asked fails (AI_EINPUT); one about the
 * last layer, which decides nothing, is passed over. */
int ai_referee_decide(struct ai_referee *j, unsigned layer, const size_t *seqs, size_t n, bool *leave,
                      struct ai_err *err) AI_CHECKED;
void ai_referee_free(struct ai_referee *j);

#endif
