#include "base/binomial.h"

#include <math.h>

double ai_binomial_at_most(uint64_t k, uint64_t n, double p)
{
    double log_odds, term, top, sum = 0;

    if (k >= n || p <= 0)
        return 1;
    if (p >= 1)
        return 0;
    /* log P(X = i), from i = k down, scaled by the largest so that nothing underflows that counts */
    log_odds = log(p) - log1p(-p);
    term = lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) + (double)k * log(p) +
           (double)(n - k) * log1p(-p);
    top = term;
    for (uint64_t i = k;; i--) {
        if (term > top) {
            sum *= exp(top - term);
            top = term;
        }
        sum += exp(term - top);
        if (i == 0)
            break;
        term += log((double)i / (double)(n - i + 1)) - log_odds;
        if (term < top - 50 && (double)i < (double)n * p)
            break; /* falling from here on, and too small to count */
    }
    sum *= exp(top);
    return sum < 1 ? sum : 1;
}

double ai_binomial_upper(uint64_t k, uint64_t n, double confidence)
{
    double low = 0, high = 1;

    if (k >= n)
        return 1;
    for (int i = 0; i < 60; i++) {
        double p = (low + high) / 2;

        if (ai_binomial_at_most(k, n, p) > 1 - confidence)
            low = p;
        else
            high = p;
    }
    return high;
}

uint64_t ai_binomial_least(double p, double confidence)
{
    double n = p > 0 ? log(1 - confidence) / log1p(-p) : INFINITY;

    return n < 1e18 ? (uint64_t)ceil(n) : UINT64_MAX;
}
