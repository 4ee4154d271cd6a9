/* The small operators, as loops that the compiler vectorises for the instruction
 * set of the file that includes this one (OPS_TABLE, OPS_ISA).  Sums run in a
 * fixed number of lanes, so that a row's result does not depend on other rows. */
#include "base/bytes.h"
#include "kernels/kernels.h"

#include <math.h>

extern const struct ai_ops OPS_TABLE;

/* e^x to about 1e-7 of the value: 2^k times a polynomial on [-ln2/2, ln2/2]
 * (the Taylor series to degree 7, whose remainder there is below 2^-27).  Below
 * -87 the result is 0, NaN stays NaN. */
static inline float exp_(float x)
{
    float c = x > -87.0f ? (x < 88.0f ? x : 88.0f) : -87.0f; /* also for NaN */
    float k = (c * 1.44269504f + 12582912.0f) - 12582912.0f; /* to the nearest whole number */
    float r = k * -0.693145752f + c;
    float p, two_k;

    r = k * -1.42860677e-6f + r;
    p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    two_k = ai_bits_f32((uint32_t)((int32_t)k + 127) << 23);
    p *= two_k;
    p = x < -87.0f ? 0.0f : p;
    return x != x ? x : p;
}

static float dot(const float *a, const float *b, size_t n)
{
    float sum = 0;

#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void rms_norm(const float *x, const float *weight, float eps, size_t n, float *out)
{
    float scale = 1.0f / sqrtf(dot(x, x, n) / (float)n + eps);

#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] * scale * weight[i];
}

static void layer_norm(const float *x, const float *weight, const float *bias, float eps, size_t n, float *out)
{
    float sum = 0, square = 0, mean, scale;

#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    mean = sum / (float)n;
#pragma omp simd reduction(+ : square)
    for (size_t i = 0; i < n; i++)
        square += (x[i] - mean) * (x[i] - mean);
    scale = 1.0f / sqrtf(square / (float)n + eps);
    if (bias) {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
    } else {
#pragma omp simd
        for (size_t i = 0; i < n; i++)
            out[i] = (x[i] - mean) * scale * weight[i];
    }
}

static float softmax_sum(float *x, size_t n)
{
    float max = -INFINITY, sum = 0;

#if !defined(__clang__) /* it will not reorder comparisons that a NaN may reach, and says so */
#pragma omp simd reduction(max : max)
#endif
    for (size_t i = 0; i < n; i++)
        max = x[i] > max ? x[i] : max;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        x[i] = exp_(x[i] - max);
        sum += x[i];
    }
    return sum;
}

static void scale(float *x, float s, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] *= s;
}

static void add(float *y, const float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void axpy(float a, const float *x, float *y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static void multiply(float *y, const float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] *= x[i];
}

static void soft_cap(float *x, float cap, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] = cap * (1.0f - 2.0f / (exp_(2.0f / cap * x[i]) + 1.0f));
}

static void silu(float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / (1.0f + exp_(-x[i]));
}

/* 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), with tanh u = 1 - 2 / (e^2u + 1). */
static void gelu_tanh(float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        float v = x[i], u = 0.797884561f * (v + 0.044715f * v * v * v);

        x[i] = v * (1.0f - 1.0f / (exp_(2.0f * u) + 1.0f));
    }
}

static void gelu_erf(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.707106781f));
}

static void relu(float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
}

const struct ai_ops OPS_TABLE = {
    .isa = OPS_ISA,
    .rms_norm = rms_norm,
    .layer_norm = layer_norm,
    .softmax_sum = softmax_sum,
    .scale = scale,
    .add = add,
    .axpy = axpy,
    .dot = dot,
    .multiply = multiply,
    .soft_cap = soft_cap,
    .silu = silu,
    .gelu_tanh = gelu_tanh,
    .gelu_erf = gelu_erf,
    .relu = relu,
};
