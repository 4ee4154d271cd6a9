#include "base/rng.h"

uint64_t ai_rng_u64(struct ai_rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t ai_rng_below(struct ai_rng *r, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, v;

    do
        v = ai_rng_u64(r);
    while (v >= limit);
    return v % n;
}

double ai_rng_unit(struct ai_rng *r)
{
    return (double)(ai_rng_u64(r) >> 11) * 0x1p-53;
}

void ai_rng_shuffle(struct ai_rng *r, size_t *index, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)ai_rng_below(r, i), t = index[i - 1];

        index[i - 1] = index[j];
        index[j] = t;
    }
}
