#include "measure.h"

#include <math.h>

static double worse(double a, double b)
{
    return b > a || isnan(b) ? b : a;
}

size_t best_of(const float *x, size_t n)
{
    size_t at = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[at])
            at = i;
    return at;
}

void distance_add_best(struct distance *d, size_t got, size_t want, double lead)
{
    d->rows++;
    if (got == want)
        return;
    d->flips++;
    d->flip_lead = worse(d->flip_lead, lead);
}

static void add_logits(struct distance *d, const float *got, const struct npy *want, size_t first, size_t n)
{
    double mine = 0, theirs = 0, kl = 0, second = -INFINITY, top;
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (npy_real(want, first + i) > npy_real(want, first + best))
            best = i;
    top = npy_real(want, first + best);
    for (size_t i = 0; i < n; i++) {
        double w = npy_real(want, first + i);

        second = i != best && w > second ? w : second;
        mine += exp((double)got[i] - top);
        theirs += exp(w - top);
    }
    for (size_t i = 0; i < n; i++) {
        double w = npy_real(want, first + i);

        kl += exp(w - top) / theirs * (w - (double)got[i] - log(theirs / mine));
    }
    d->divergence = worse(d->divergence, kl);
    distance_add_best(d, best_of(got, n), best, top - second);
}

void distance_add(struct distance *d, const float *got, size_t n, const struct npy *want, size_t width)
{
    double square = 0, difference = 0, most = 0, rms;

    d->arrays++;
    if (n != want->count || want->kind != 'f') {
        d->strange++;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        double w = npy_real(want, i), e = (double)got[i] - w;

        square += w * w;
        difference += e * e;
        most = worse(most, fabs(e));
    }
    rms = sqrt(square / (double)n);
    d->rel_max = worse(d->rel_max, most / rms);
    d->rel_rms = worse(d->rel_rms, sqrt(difference / (double)n) / rms);
    for (size_t i = 0; width && i + width <= n; i += width)
        add_logits(d, got + i, want, i, width);
}

int distance_is_f32(const struct distance *d)
{
    return !d->strange && d->rel_max <= 1e-4 && d->rel_rms <= 2e-5 && d->divergence <= 1e-6 && d->flip_lead <= 1e-3;
}
