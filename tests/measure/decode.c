/* How fast weights become f32: for every format and instruction set, bytes of the
 * file and values a second on one thread, from memory (not from a cache) into a panel
 * that stays in the cache, as a matrix product reads them.  The first line is a plain
 * sum over the same memory, for comparison.
 *
 * Usage: decode-speed [FORMAT]...        not run by make check */
#include "base/mem.h"
#include "model/decode.h"

#include "../gen/gen_blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BYTES = 64 << 20, PANEL = 128 * 1024, ROUNDS = 15 };

static struct ai_err err;

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* the machine may be busy */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double best_of(double best, double s)
{
    return best == 0 || s < best ? s : best;
}

static void read_memory(const uint8_t *src)
{
    volatile uint64_t keep;
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        uint64_t sum[8] = {0}, word[8];

        for (size_t i = 0; i < BYTES; i += sizeof word) {
            memcpy(word, src + i, sizeof word);
            for (int k = 0; k < 8; k++)
                sum[k] += word[k];
        }
        keep = sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
        best = best_of(best, seconds() - start);
    }
    (void)keep;
    printf("%-8s %-8s %6.1f GB/s\n", "read", "", BYTES / best / 1e9);
}

static void decode(const struct ai_decoders *set, enum ai_wtype type, const uint8_t *src, float *panel)
{
    const struct ai_wtype_info *info = &ai_wtypes[type];
    size_t panels = BYTES / info->bytes * info->block / PANEL;
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();

        for (size_t i = 0; i < panels; i++)
            set->of[type](src + i * (PANEL / info->block * info->bytes), panel, PANEL);
        best = best_of(best, seconds() - start);
    }
    printf("%-8s %-8s %6.1f GB/s %6.2f G values/s\n", info->name, set->isa,
           (double)panels * PANEL / info->block * info->bytes / best / 1e9, (double)panels * PANEL / best / 1e9);
}

int main(int argc, char **argv)
{
    uint8_t *src = ai_alloc_aligned(BYTES, 1, &err);
    float *panel = ai_alloc_aligned(PANEL, sizeof *panel, &err);

    if (!src || !panel)
        return 1;
    memset(src, 1, BYTES);
    read_memory(src);
    for (int type = 0; type < AI_W_COUNT; type++) {
        const struct ai_wtype_info *info = &ai_wtypes[type];
        struct ai_rng rng = {1};
        int wanted = argc < 2;

        for (int i = 1; i < argc; i++)
            wanted |= strcmp(argv[i], info->name) == 0;
        if (!wanted)
            continue;
        gen_blocks((enum ai_wtype)type, &rng, 0.02f, BYTES / info->bytes * info->block, src);
        for (unsigned i = 0; ai_decoders_at(i); i++)
            decode(ai_decoders_at(i), (enum ai_wtype)type, src, panel);
    }
    free(src);
    free(panel);
    return 0;
}
