/* The small operators of lib/kernels against plain double loops: every instruction set
 * that this machine runs, odd sizes included. */
#include "base/bytes.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#include "../tap.h"

#include <math.h>

extern const struct ai_ops ai_ops_generic;
#if defined(__x86_64__)
extern const struct ai_ops ai_ops_avx2, ai_ops_avx512;
#endif

enum { MAX = 700 };
static const size_t sizes[] = {1, 2, 3, 7, 15, 16, 17, 31, 33, 64, 100, 129, 700};
static struct ai_rng rng = {42};

static float uniform(float scale)
{
    return (float)(ai_rng_unit(&rng) * 2 - 1) * scale;
}

static void fill(float *x, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = uniform(scale);
}

/* Largest |a - b| over the largest |b|, which counts as 1 at least: inputs are of that size. */
static double distance(const float *a, const double *b, size_t n)
{
    double worst = 0, top = 1;

    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - b[i]);

        worst = d > worst || isnan(d) ? d : worst;
        top = fabs(b[i]) > top ? fabs(b[i]) : top;
    }
    return worst / top;
}

static double norms(const struct ai_ops *ops, size_t n)
{
    float x[MAX] = {0}, w[MAX] = {0}, b[MAX] = {0}, y[MAX];
    double want[MAX], sum = 0, square = 0, mean, worst, d;

    fill(x, n, 3);
    fill(w, n, 1);
    fill(b, n, 1);
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        square += (double)x[i] * x[i];
    }
    for (size_t i = 0; i < n; i++)
        want[i] = x[i] / sqrt(square / (double)n + 1e-5) * w[i];
    ops->rms_norm(x, w, 1e-5f, n, y);
    worst = distance(y, want, n);
    mean = sum / (double)n;
    square = 0;
    for (size_t i = 0; i < n; i++)
        square += (x[i] - mean) * (x[i] - mean);
    for (size_t i = 0; i < n; i++)
        want[i] = (x[i] - mean) / sqrt(square / (double)n + 1e-5) * w[i] + b[i];
    ops->layer_norm(x, w, b, 1e-5f, n, y);
    d = distance(y, want, n);
    return d > worst ? d : worst;
}

static double softmax(const struct ai_ops *ops, size_t n)
{
    float x[MAX], sum;
    double want[MAX], max = -INFINITY, total = 0, d;

    fill(x, n, 40);
    for (size_t i = 0; i < n; i++)
        max = x[i] > max ? x[i] : max;
    for (size_t i = 0; i < n; i++)
        total += want[i] = exp(x[i] - max);
    sum = ops->softmax_sum(x, n);
    d = distance(x, want, n);
    return fmax(d, fabs(sum - total) / total);
}

static double activations(const struct ai_ops *ops, size_t n)
{
    float x[MAX], up[MAX], y[MAX];
    double want[MAX], worst = 0;

    fill(x, n, 9);
    fill(up, n, 2);
    for (size_t i = 0; i < n; i++)
        want[i] = x[i] / (1 + exp(-(double)x[i])) * up[i];
    memcpy(y, x, n * sizeof *x);
    ops->silu(y, n);
    ops->multiply(y, up, n);
    worst = fmax(worst, distance(y, want, n));
    for (size_t i = 0; i < n; i++)
        want[i] = 3 * tanh(x[i] / 3.0);
    memcpy(y, x, n * sizeof *x);
    ops->soft_cap(y, 3, n);
    worst = fmax(worst, distance(y, want, n));
    for (size_t i = 0; i < n; i++)
        want[i] = 0.5 * x[i] * (1 + tanh(sqrt(2 / M_PI) * (x[i] + 0.044715 * pow(x[i], 3))));
    memcpy(y, x, n * sizeof *x);
    ops->gelu_tanh(y, n);
    worst = fmax(worst, distance(y, want, n));
    for (size_t i = 0; i < n; i++)
        want[i] = 0.5 * x[i] * (1 + erf(x[i] / sqrt(2)));
    memcpy(y, x, n * sizeof *x);
    ops->gelu_erf(y, n);
    worst = fmax(worst, distance(y, want, n));
    for (size_t i = 0; i < n; i++)
        want[i] = x[i] > 0 ? x[i] : 0;
    memcpy(y, x, n * sizeof *x);
    ops->relu(y, n);
    return fmax(worst, distance(y, want, n));
}

static double vectors(const struct ai_ops *ops, size_t n)
{
    float x[MAX] = {0}, y[MAX] = {0}, z[MAX], got;
    double want[MAX], dot = 0, size = 0, worst;

    fill(x, n, 1);
    fill(y, n, 1);
    for (size_t i = 0; i < n; i++) {
        dot += (double)x[i] * y[i];
        size += fabs((double)x[i] * y[i]);
        want[i] = y[i] + 0.7f * (double)x[i];
    }
    got = ops->dot(x, y, n);
    worst = fabs(got - dot) / size;
    memcpy(z, y, n * sizeof *y);
    ops->axpy(0.7f, x, z, n);
    worst = fmax(worst, distance(z, want, n));
    for (size_t i = 0; i < n; i++)
        want[i] = (double)x[i] + y[i];
    ops->add(y, x, n);
    worst = fmax(worst, distance(y, want, n));
    for (size_t i = 0; i < n; i++)
        want[i] = x[i] * 0.3f;
    ops->scale(x, 0.3f, n);
    return fmax(worst, distance(x, want, n));
}

static void test_ops(const struct ai_ops *ops)
{
    double norm = 0, soft = 0, act = 0, vec = 0;
    float nan_row[17] = {0};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int round = 0; round < 20; round++) {
            norm = fmax(norm, norms(ops, sizes[s]));
            soft = fmax(soft, softmax(ops, sizes[s]));
            act = fmax(act, activations(ops, sizes[s]));
            vec = fmax(vec, vectors(ops, sizes[s]));
        }
    ok(norm < 5e-6, "%s: norms are right to 5e-6 (%.1e)", ops->isa, norm);
    ok(soft < 1e-6, "%s: softmax is right to 1e-6 (%.1e)", ops->isa, soft);
    ok(act < 1e-6, "%s: activations are right to 1e-6 (%.1e)", ops->isa, act);
    ok(vec < 3e-6, "%s: vector sums are right to 3e-6 (%.1e)", ops->isa, vec);
    nan_row[5] = NAN;
    ok(isnan(ops->softmax_sum(nan_row, 17)), "%s: a NaN score does not vanish", ops->isa);
}

int main(void)
{
    test_ops(&ai_ops_generic);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        test_ops(&ai_ops_avx2);
    else
        skip("avx2", "not on this processor");
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
        test_ops(&ai_ops_avx512);
    else
        skip("avx512", "not on this processor");
#endif
    return done_testing();
}
