#include "policy/ranks.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

void ai_sort(double *v, size_t n)
{
    qsort(v, n, sizeof *v, compare);
}

static size_t count_below(const double *sorted, size_t n, double v)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (sorted[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int ai_rank_in_groups(double *score, const unsigned *group, size_t n, unsigned groups, struct ai_err *err)
{
    double *sorted = ai_calloc(n, sizeof *sorted, err);

    if (!sorted)
        return -1;
    for (unsigned g = 0; g < groups; g++) {
        size_t m = 0;

        for (size_t i = 0; i < n; i++)
            if (group[i] == g)
                sorted[m++] = score[i];
        ai_sort(sorted, m);
        for (size_t i = 0; i < n; i++)
            if (group[i] == g && isfinite(score[i]))
                score[i] = (double)count_below(sorted, m, score[i]) / (double)m;
    }
    free(sorted);
    return 0;
}

double ai_value_at_rank(const double *sorted, size_t n, double rank)
{
    size_t k = (size_t)(rank * (double)n + 0.5);

    return sorted[k < n ? k : n - 1];
}
