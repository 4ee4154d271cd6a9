#include "lens/softmax.h"

#include "kernels/kernels.h"

#include <float.h>
#include <math.h>

void ai_softmax_init(struct ai_softmax *s, unsigned k)
{
    s->finite = true;
    s->k = k;
    s->n = 0;
    s->seen = 0;
    s->max = -FLT_MAX;
    s->sum = 0;
}

/* Ids ascend, so that a later equal logit stays behind an earlier one. */
static void insert(struct ai_softmax *s, float logit, uint32_t token)
{
    unsigned i = s->n < s->k ? s->n++ : s->k - 1;

    for (; i > 0 && s->logit[i - 1] < logit; i--) {
        s->logit[i] = s->logit[i - 1];
        s->token[i] = s->token[i - 1];
    }
    s->logit[i] = logit;
    s->token[i] = token;
}

void ai_softmax_add(struct ai_softmax *s, float *logits, size_t n, uint32_t first, const uint32_t *tokens)
{
    float max = -FLT_MAX;
    double sum;

    for (size_t i = 0; i < n; i++) {
        float x = logits[i];

        if (!(fabsf(x) <= FLT_MAX)) {
            s->finite = false;
            return;
        }
        if (x > max)
            max = x;
        if (s->n < s->k || x > s->logit[s->k - 1])
            insert(s, x, tokens ? tokens[i] : first + (uint32_t)i);
    }
    sum = (double)ai_ops()->softmax_sum(logits, n);
    if (max > s->max) {
        s->sum *= exp((double)s->max - (double)max);
        s->max = max;
    }
    s->sum += sum * exp((double)max - (double)s->max);
    s->seen += n;
}

void ai_softmax_end(const struct ai_softmax *s, struct ai_lens_top *out)
{
    out->finite = s->finite;
    if (!s->finite)
        return;
    out->n = s->n;
    out->rest = s->seen > s->n;
    for (unsigned i = 0; i < s->n; i++) {
        out->token[i] = s->token[i];
        out->prob[i] = (float)(exp((double)s->logit[i] - (double)s->max) / s->sum);
    }
}
