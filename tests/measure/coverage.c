/* Is the promise of ai-calibrate kept?
 *
 *     coverage [-r RUNS] [-n DOCUMENTS] [-t TRAINING] [-l LIMIT] [-c CONFIDENCE] [-k crf] [FEATURES]...
 *
 * Each run deals the documents of the streams anew: TRAINING of them train a policy, the
 * others are the population, whose share of changed answers at any threshold is known
 * exactly.  Of that population DOCUMENTS are drawn, each independently of the others, and
 * calibrate the policy.  Printed is in how many runs the population's share is above the
 * limit, which should be 1 - confidence at most, and what a threshold does that merely keeps
 * the limit on the same documents.  Without streams the documents are made up: 6000 with
 * features that mislead at times. */
#include "policy/calibrate.h"
#include "policy/train.h"

#include "base/binomial.h"
#include "base/mem.h"
#include "base/rng.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct ai_err err;
static struct ai_rng rng = {20261124};

static struct {
    uint64_t runs, documents, training;
    double limit, confidence;
    enum ai_classifier classifier;
} opt = {300, 500, 300, 0.02, 0.95, AI_LOGISTIC};

static void must(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "coverage: %s\n", err.msg);
    exit(1);
}

/* ---- documents ---- */

static struct ai_policy named;  /* whose features the rows have */
static struct ai_gathered *all;
static size_t n_all, cap_all;
static unsigned layers;

static int keep(void *arg, const struct ai_gathered *doc, struct ai_err *e)
{
    struct ai_gathered_row *rows = ai_calloc(doc->n, sizeof *rows, e);

    (void)arg;
    if (!rows || ai_grow(&all, &cap_all, n_all + 1, sizeof *all, e))
        return -1;
    memcpy(rows, doc->rows, doc->n * sizeof *rows);
    all[n_all] = *doc;
    all[n_all++].rows = rows;
    return 0;
}

static int names(void *arg, const struct ai_names *offered, struct ai_err *e)
{
    (void)arg;
    return ai_policy_choose(&named, NULL, offered, e);
}

static void read_streams(char **files, int n)
{
    struct ai_gather g = {.policy = &named, .started = names, .document = keep};

    for (int i = 0; i < n; i++) {
        int fd = open(files[i], O_RDONLY);

        if (fd < 0)
            must(ai_fail_errno(&err, "%s", files[i]));
        must(ai_gather_stream(&g, fd, files[i], &err));
        close(fd);
    }
    layers = g.layers;
    ai_gather_free(&g);
}

/* A document settles at some layer; gap rises there, noisily, and now and then before. */
static void make_up(size_t n)
{
    enum { LAYERS = 12 };

    named = (struct ai_policy){.n = 2, .names = {"gap", "depth"}};
    layers = LAYERS;
    for (size_t d = 0; d < n; d++) {
        struct ai_gathered_row rows[LAYERS] = {0};
        struct ai_gathered doc = {.rows = rows, .n = LAYERS, .prompt_digest = d + 1, .label_token = 7};
        unsigned settles = 1 + (unsigned)ai_rng_below(&rng, LAYERS);

        for (unsigned l = 1; l <= LAYERS; l++) {
            double u = ai_rng_unit(&rng), v = ai_rng_unit(&rng);

            rows[l - 1] = (struct ai_gathered_row){{l >= settles ? 0.5 + 0.5 * u : 0.5 * u + 0.5 * v * v * v,
                                                    (double)l / LAYERS}, (uint16_t)l, l >= settles ? 7 : 9};
        }
        must(keep(NULL, &doc, &err));
    }
}

/* ---- one run ---- */

/* Documents that stop at first sight train nothing: 1, another deal is needed. */
static int train(struct ai_policy *p, const size_t *order)
{
    struct ai_train_options o = {.classifier = opt.classifier, .l2 = 1, .max_rows = SIZE_MAX, .folds = 5, .max_flip = 0.05,
                                 .keep_layers = true};
    struct ai_training t = {.n = named.n, .layers = layers};
    struct ai_train_report report;
    int rc;

    p->n = named.n;
    memcpy(p->names, named.names, sizeof p->names);
    for (uint32_t d = 0; d < opt.training; d++) {
        const struct ai_gathered *doc = &all[order[d]];

        for (size_t i = 0; i + 1 < doc->n; i++)
            must(ai_training_add(&t, doc->rows[i].x, doc->rows[i].layer, d,
                                 doc->rows[i].token == doc->rows[doc->n - 1].token ? 1 : -1, &err));
    }
    rc = ai_policy_train(p, &t, &o, &report, &err);
    ai_training_free(&t);
    return rc || !report.exits;
}

/* What one would do: the boldest threshold that keeps the limit where it is chosen. */
static double naive(const struct ai_calibration *c)
{
    double *ladder, threshold = INFINITY;
    size_t n = ai_ladder(c->policy, &ladder, &err);

    for (size_t i = 0; i < n; i++) {
        struct ai_exits x;

        ai_calibration_exits(c, ladder[i], &x);
        if ((double)x.flips > opt.limit * (double)c->n_docs)
            break;
        threshold = ladder[i];
    }
    free(ladder);
    return threshold;
}

struct tally {
    uint64_t runs, broken;
    double skipped, flips;
};

static void count(struct tally *t, const struct ai_calibration *population, double threshold)
{
    struct ai_exits x;
    double share;

    ai_calibration_exits(population, threshold, &x);
    share = (double)x.flips / (double)population->n_docs;
    t->runs++;
    t->broken += share > opt.limit;
    t->skipped += x.skipped;
    t->flips += share;
}

static bool run(struct tally *calibrated, struct tally *plain)
{
    struct ai_calibrate_options o = {opt.limit, -1, opt.confidence};
    struct ai_policy *p = ai_calloc(1, sizeof *p, &err);
    size_t *order = ai_calloc(n_all, sizeof *order, &err);
    struct ai_calibration population = {.policy = p, .layers = layers}, drawn = population;
    bool trained;

    for (size_t d = 0; d < n_all; d++)
        order[d] = d;
    ai_rng_shuffle(&rng, order, n_all);
    trained = train(p, order) == 0;
    for (size_t d = opt.training; trained && d < n_all; d++)
        must(ai_calibration_add(&population, &all[order[d]], &err));
    for (size_t d = 0; trained && d < opt.documents; d++)
        must(ai_calibration_add(&drawn, &all[order[opt.training + ai_rng_below(&rng, n_all - opt.training)]], &err));
    if (trained) {
        /* where no threshold is safe, none is used */
        count(calibrated, &population, ai_calibrate(&drawn, &o, p, &err) == 0 ? p->threshold : INFINITY);
        count(plain, &population, naive(&drawn));
    }
    ai_calibration_free(&population);
    ai_calibration_free(&drawn);
    ai_policy_free(p);
    free(order);
    return trained;
}

static void tell(const char *what, const struct tally *t)
{
    double n = (double)t->runs;

    printf("%-12s above the limit in %3llu of %llu runs (%.1f %%), mean share %.2f %%, %.1f %% of the layers skipped\n", what,
           (unsigned long long)t->broken, (unsigned long long)t->runs, 100 * (double)t->broken / n, 100 * t->flips / n,
           100 * t->skipped / n);
}

int main(int argc, char **argv)
{
    struct tally calibrated = {0}, plain = {0};
    int c;

    while ((c = getopt(argc, argv, "r:n:t:l:c:k:")) != -1)
        switch (c) {
        case 'r': opt.runs = strtoull(optarg, NULL, 10); break;
        case 'n': opt.documents = strtoull(optarg, NULL, 10); break;
        case 't': opt.training = strtoull(optarg, NULL, 10); break;
        case 'l': opt.limit = atof(optarg); break;
        case 'c': opt.confidence = atof(optarg); break;
        case 'k': opt.classifier = strcmp(optarg, "crf") == 0 ? AI_CRF : AI_LOGISTIC; break;
        default: return 2;
        }
    if (optind < argc)
        read_streams(argv + optind, argc - optind);
    else
        make_up(6000);
    if (n_all <= opt.training) {
        fprintf(stderr, "coverage: %zu documents are too few\n", n_all);
        return 1;
    }
    printf("%zu documents, of which %llu train and %llu calibrate; limit %g %% with %g %% confidence\n", n_all,
           (unsigned long long)opt.training, (unsigned long long)opt.documents, 100 * opt.limit, 100 * opt.confidence);
    for (uint64_t tries = 0; calibrated.runs < opt.runs && tries < 2 * opt.runs; tries++)
        run(&calibrated, &plain);
    tell("calibrated", &calibrated);
    tell("naive", &plain);
    /* more than the promise, by more than chance gives once in 100 times? */
    return calibrated.broken > 0 &&
           1 - ai_binomial_at_most(calibrated.broken - 1, calibrated.runs, 1 - opt.confidence) < 0.01;
}
