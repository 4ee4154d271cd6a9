/* How fast products are: products [-t THREADS] [-w TYPE] [-n ROWS] [-i ISA] [-s SECONDS], for the
 * weight shapes of TinyLlama-1.1B and Llama-2-7B.  Weights rotate through more memory than the
 * caches hold; the best of many calls counts.  With one thread the processor's time is
 * taken, which other programs disturb least, else the clock on the wall. */
#include "base/mem.h"
#include "kernels/kernels.h"

#include "../gen/gen_blocks.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLD_BYTES = 96 << 20, MAX_ROWS = 512, MAX_WIDTH = 11008 };

static const size_t shapes[][2] = {{2048, 2048}, {5632, 2048}, {2048, 5632}, {4096, 4096}, {11008, 4096}, {4096, 11008}};
static const size_t counts[] = {1, 8, 32, 128, 512};

static struct {
    unsigned threads;
    const char *type, *isa;
    size_t n;
    double seconds;
} opt = {.threads = 1, .seconds = 0.3};

static double now(void)
{
    struct timespec t;

    clock_gettime(opt.threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void measure(struct ai_kernels *k, struct ai_tensor w, size_t copies, size_t n, const float *x, float *y)
{
    size_t bytes = w.rows * ai_tensor_row_bytes(&w);
    const uint8_t *data = w.data;
    double best = 1e9, start = now();
    char way[64];

    for (size_t i = 0; i < 4 || now() - start < opt.seconds; i++) {
        double t = now();

        w.data = data + i % copies * bytes;
        ai_matmul(k, &w, NULL, x, w.cols, n, y, w.rows);
        t = now() - t;
        best = i > 0 && t < best ? t : best;
    }
    ai_kernels_way(k, &w, way, sizeof way);
    printf("%-6s %-18s %5zu x %-5zu %3zu rows %10.1f us %7.1f Gop/s %6.1f GB/s\n", ai_wtypes[w.type].name, way, w.rows,
           w.cols, n, best * 1e6, 2e-9 * (double)(w.rows * w.cols * n) / best, 1e-9 * (double)bytes / best);
    fflush(stdout);
}

static void measure_type(struct ai_kernels *k, enum ai_wtype type, uint8_t *data, const float *x, float *y)
{
    struct ai_rng rng = {1};

    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        struct ai_tensor w = {.data = data, .type = type, .rows = shapes[s][0], .cols = shapes[s][1]};
        size_t bytes = w.rows * ai_tensor_row_bytes(&w), copies = COLD_BYTES / bytes + 1;

        gen_blocks(type, &rng, 0.05f, w.rows * w.cols, data);
        for (size_t c = 1; c < copies; c++)
            memcpy(data + c * bytes, data, bytes);
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            if (!opt.n || opt.n == counts[i])
                measure(k, w, copies, counts[i], x, y);
    }
}

int main(int argc, char **argv)
{
    struct ai_err err;
    struct ai_pool *pool;
    struct ai_kernels *k;
    struct ai_rng rng = {2};
    uint8_t *data = ai_alloc_aligned(COLD_BYTES + sizeof(float) * 2 * MAX_WIDTH * 4096, 1, &err);
    float *x = ai_calloc(MAX_ROWS * MAX_WIDTH, sizeof *x, &err), *y = ai_calloc(MAX_ROWS * MAX_WIDTH, sizeof *y, &err);

    for (int c; (c = getopt(argc, argv, "t:w:n:i:s:")) != -1;)
        switch (c) {
        case 't': opt.threads = (unsigned)atoi(optarg); break;
        case 'w': opt.type = optarg; break;
        case 'n': opt.n = (size_t)atoi(optarg); break;
        case 'i': opt.isa = optarg; break;
        case 's': opt.seconds = atof(optarg); break;
        default: return 2;
        }
    pool = ai_pool_new(opt.threads ? opt.threads : 1, &err);
    k = pool ? ai_kernels_new(pool, &err) : NULL;
    if (!data || !x || !y || !k)
        return 1;
    for (size_t i = 0; i < MAX_ROWS * MAX_WIDTH; i++)
        x[i] = (float)(ai_rng_unit(&rng) - 0.5);
    ai_kernels_compute(k, AI_COMPUTE_FAST);
    for (int i = 0; opt.isa && ai_isa_names[i]; i++)
        if (strcmp(ai_isa_names[i], opt.isa) == 0)
            ai_kernels_limit(k, (enum ai_isa)i);
    for (int type = 0; type < AI_W_COUNT; type++)
        if (!opt.type || strcmp(opt.type, ai_wtypes[type].name) == 0)
            measure_type(k, (enum ai_wtype)type, data, x, y);
    ai_kernels_free(k);
    ai_pool_free(pool);
    free(data);
    free(x);
    free(y);
    return 0;
}
