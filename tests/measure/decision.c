/* What a decision costs: decision POLICY...
 *
 * Microseconds of processor time of one ai_policy_score, for each policy file or rule, on
 * rows drawn around the means that it was trained on.  The least of 20 rounds, so that what
 * else the machine does counts little. */
#include "policy/policy.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROWS = 1024, ROUNDS = 20 };

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double round_of(const struct ai_policy *p, float (*rows)[AI_POLICY_FEATURES], size_t n, double *sum)
{
    struct ai_memory memory = {0};
    double start = seconds();

    for (size_t i = 0; i < n; i++)
        *sum += ai_policy_score(p, &memory, rows[i % ROWS], 1 + (unsigned)(i % 11), 12);
    return (seconds() - start) / (double)n;
}

static int measure(const char *file)
{
    static float rows[ROWS][AI_POLICY_FEATURES];
    const char *names[AI_POLICY_FEATURES];
    struct ai_rng rng = {1};
    struct ai_err err;
    struct ai_policy *p = ai_policy_open(file, &err);
    double best = INFINITY, sum = 0;
    size_t n;

    if (!p) {
        fprintf(stderr, "decision: %s\n", err.msg);
        return 1;
    }
    for (size_t i = 0; i < p->n; i++)
        names[i] = p->names[i];
    if (ai_policy_bind(p, names, p->n, &err)) {
        fprintf(stderr, "decision: %s\n", err.msg);
        return 1;
    }
    p->has_layers = false; /* score every row */
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < p->n; i++)
            rows[r][i] = (float)(p->mean[i] + (2 * ai_rng_unit(&rng) - 1) * (p->sd[i] > 0 ? p->sd[i] : 1));
    n = p->n_sv ? 2000000 / p->n_sv + 1 : 1000000;
    for (int i = 0; i < ROUNDS; i++)
        best = fmin(best, round_of(p, rows, n, &sum));
    printf("%8.3f us  %s, %zu features, %zu support vectors: %s\n", 1e6 * best, ai_classifier_name(p->classifier), p->n,
           p->n_sv, file);
    ai_policy_free(p);
    return isnan(sum); /* and the sum is used */
}

int main(int argc, char **argv)
{
    int rc = 0;

    for (int i = 1; i < argc; i++)
        rc |= measure(argv[i]);
    return rc;
}
