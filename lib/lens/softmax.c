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

enum { LANES = 16, BLOCK = 8 * LANES };

/* The largest of n <= BLOCK logits, in lanes that a compiler makes vectors of; NAN
 * if one is NaN or infinite. */
static float block_max(const float *x, size_t n)
{
    float max[LANES], zero[LANES], m = -FLT_MAX, z = 0;

    for (size_t j = 0; j < LANES; j++) {
        max[j] = -FLT_MAX;
        zero[j] = 0;
    }
    for (; n >= LANES; n -= LANES, x += LANES)
        for (size_t j = 0; j < LANES; j++) {
            max[j] = x[j] > max[j] ? x[j] : max[j];
            zero[j] += x[j] * 0.0f; /* NaN for NaN and infinity */
        }
    for (size_t j = 0; j < n; j++) {
        max[j] = x[j] > max[j] ? x[j] : max[j];
        zero[j] += x[j] * 0.0f;
    }
    for (size_t j = 0; j < LANES; j++) {
        m = max[j] > m ? max[j] : m;
        z += zero[j];
    }
    return z == 0 ? m : NAN;
}

void ai_softmax_add(struct ai_softmax *s, float *logits, size_t n, uint32_t first, const uint32_t *tokens)
{
    float max = -FLT_MAX;
    double sum;

    for (size_t i = 0; i < n; i += BLOCK) {
        size_t end = n - i < BLOCK ? n : i + BLOCK;
        float here = block_max(logits + i, end - i);

        if (isnan(here)) {
            s->finite = false;
            return;
        }
        if (here > max)
            max = here;
        if (s->n == s->k && here <= s->logit[s->k - 1])
            continue; /* nothing for the list */
        for (size_t j = i; j < end; j++)
            if (s->n < s->k || logits[j] > s->logit[s->k - 1])
                insert(s, logits[j], tokens ? tokens[j] : first + (uint32_t)j);
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
