/* Models as published against reference results, where the conformance files lie
 * beside the tree ($AI_SHARED): every fixture of a format and architecture that is
 * supported, under the profile for exact weights and 32-bit arithmetic; and the fast
 * path against that.  One line of the report is one fixture. */
#include "digests.h"
#include "fast.h"
#include "measure.h"
#include "subject.h"

#include "../tap.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ai_err err;
static struct ai_pool *pool;
static char shared[1024];

/* What was compared of one fixture. */
struct report {
    struct distance states, normed, logits, lens, best;
    size_t tensors, tensors_same; /* decoded to the published digests; GGUF */
    size_t greedy, greedy_same;
    double greedy_lead;   /* of the reference where a continuation first differs */
    int wants_best;       /* the fixture has the best token of every layer and position */
    int missing;          /* an array that could not be read */
};

static void conclude(const char *name, const struct report *r)
{
    const struct distance *all[] = {&r->states, &r->normed, &r->logits, &r->lens, &r->best};
    static const char *const what[] = {"states", "normed", "logits", "lens", "best"};
    int good = r->states.arrays && r->lens.arrays && (r->best.arrays || !r->wants_best) && !r->missing && r->greedy &&
               r->greedy_lead <= 1e-3 && r->tensors_same == r->tensors;
    char weights[64] = "";

    if (r->tensors)
        snprintf(weights, sizeof weights, " tensors %zu/%zu", r->tensors_same, r->tensors);

    for (size_t i = 0; i < 5; i++)
        good = good && distance_is_f32(all[i]);
    ok(good, "%-38s%s states %.1e normed %.1e logits %.1e lens %.1e best %zu/%zu greedy %zu/%zu", name, weights,
       r->states.rel_max, r->normed.rel_max, r->logits.rel_max, r->lens.rel_max, r->best.rows - r->best.flips,
       r->best.rows, r->greedy_same, r->greedy);
    for (size_t i = 0; i < 5 && !good; i++)
        printf("# %s: %u arrays, rel_max %.2e, rel_rms %.2e, divergence %.2e, flips %zu (lead %.2g), strange %d\n",
               what[i], all[i]->arrays, all[i]->rel_max, all[i]->rel_rms, all[i]->divergence, all[i]->flips,
               all[i]->flip_lead, all[i]->strange);
    if (!good)
        printf("# greedy: differs where the reference leads by %.2g; arrays not read: %d (%s)\n", r->greedy_lead,
               r->missing, r->missing ? err.msg : "");
}

/* ---- one array ---- */

static int read_array(struct report *r, struct npy *a, const char *folder, const struct ai_json *entry)
{
    const char *file = ai_json_string(ai_json_get(entry, "file"), NULL);
    char path[2100];

    memset(a, 0, sizeof *a);
    if (!file)
        return -1; /* not among the fixture's arrays */
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (npy_read(a, path, &err) == 0)
        return 0;
    r->missing++;
    npy_free(a);
    return -1;
}

static void compare_logits(const struct subject *s, struct distance *d, const float *states, size_t rows,
                           const struct npy *want)
{
    size_t vocab = s->model->hp.vocab;
    float *got = calloc(rows * vocab, sizeof *got);

    ai_lens_logits(s->lens, states, rows, got);
    distance_add(d, got, rows * vocab, want, vocab);
    free(got);
}

static void compare_best(const struct subject *s, struct distance *d, const struct prompt *p, const struct npy *token,
                         const struct npy *lead)
{
    size_t rows = (s->model->hp.layers + 1) * (size_t)p->n, width = s->model->hp.width;
    struct ai_lens_top top;

    d->arrays++;
    if (token->count != rows || lead->count != rows || token->kind != 'i') {
        d->strange++;
        return;
    }
    for (size_t i = 0; i < rows; i++) {
        ai_lens_top(s->lens, p->states + i * width, 1, 1, &top);
        distance_add_best(d, top.token[0], (size_t)npy_int(token, i), npy_real(lead, i));
    }
}

/* arrays: the fixture's table; prefix: of the names in it ("" or "seq0.exact_"). */
static void compare_prompt(const struct subject *s, struct report *r, const struct prompt *p, const char *folder,
                           const struct ai_json *arrays, const char *prefix)
{
    size_t layers = s->model->hp.layers, width = s->model->hp.width;
    const float *final = p->states + layers * p->n * width;
    struct npy a, b;
    char name[64];

#define ARRAY(x) (snprintf(name, sizeof name, "%s%s", prefix, x), ai_json_get(arrays, name))
    if (read_array(r, &a, folder, ARRAY("hidden_raw")) == 0)
        distance_add(&r->states, p->states, (layers + 1) * p->n * width, &a, 0), npy_free(&a);
    if (read_array(r, &a, folder, ARRAY("final_normed")) == 0) {
        float *normed = calloc(p->n * (width + s->model->embed.cols), sizeof *normed);

        distance_add(&r->normed, normed, subject_normed(s, final, p->n, normed), &a, 0);
        free(normed);
        npy_free(&a);
    }
    if (read_array(r, &a, folder, ARRAY("logits")) == 0)
        compare_logits(s, &r->logits, final, p->n, &a), npy_free(&a);
    if (p->n >= 4 && read_array(r, &a, folder, ARRAY("logits_last4")) == 0)
        compare_logits(s, &r->logits, final + (p->n - 4) * width, 4, &a), npy_free(&a);
    if (read_array(r, &a, folder, ARRAY("lens_last")) == 0) {
        float *last = calloc((layers + 1) * width, sizeof *last);

        for (size_t l = 0; l <= layers; l++)
            memcpy(last + l * width, p->states + (l * p->n + p->n - 1) * width, width * sizeof *last);
        compare_logits(s, &r->lens, last, layers + 1, &a);
        free(last);
        npy_free(&a);
    }
    if (read_array(r, &a, folder, ARRAY("lens_top1")) == 0) {
        if (read_array(r, &b, folder, ARRAY("lens_margin")) == 0)
            compare_best(s, &r->best, p, &a, &b), npy_free(&b);
        npy_free(&a);
    }
#undef ARRAY
}

/* ---- continuations ---- */

/* greedy[i]: {tokens, margins} of prompt i. */
static void compare_greedy(struct subject *s, struct report *r, const struct ai_json *const *greedy)
{
    static uint32_t more[MAX_PROMPTS][MAX_TOKENS];
    size_t steps[MAX_PROMPTS];

    for (size_t i = 0; i < s->n; i++)
        steps[i] = ai_json_size(ai_json_get(greedy[i], "tokens"));
    if (subject_greedy(s, steps, more, &err)) {
        r->missing++;
        return;
    }
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < steps[i]; k++) {
            int64_t want = -1;
            double lead = INFINITY;

            r->greedy++;
            if (ai_json_int(ai_json_at(ai_json_get(greedy[i], "tokens"), k), &want) == 0 && want == more[i][k]) {
                r->greedy_same++;
                continue;
            }
            if (ai_json_number(ai_json_at(ai_json_get(greedy[i], "margins"), k), &lead) || lead > r->greedy_lead)
                r->greedy_lead = lead;
            break; /* from here on they continue different texts */
        }
}

/* ---- the fast path ---- */

static void check_mode(const char *name, const char *path, const struct subject *exact, enum ai_compute compute,
                       unsigned agreement)
{
    char report[600];
    enum fast_result result = fast_check(path, exact, compute, agreement, pool, report, sizeof report);

    if (result != FAST_SAME)
        ok(result == FAST_GOOD, "%-38s %s", name, report);
}

/* Random models have near ties everywhere, trained ones few: those must agree on 99.5 %.
 * The rows of these are short, so that `fast` is f32 and int8 has to be asked for. */
static void check_fast(const char *name, const char *path, const struct subject *exact, bool trained)
{
    check_mode(name, path, exact, AI_COMPUTE_FAST, trained ? 995 : 0);
    if (trained)
        check_mode(name, path, exact, AI_COMPUTE_INT8, 990);
}

/* ---- fixtures ---- */

/* A folder of model directories with one index of sequences. */
static void check_directory(const char *folder, const char *model, const struct ai_json *index, bool required)
{
    const struct ai_json *sequences = ai_json_get(index, "sequences"), *greedy[MAX_PROMPTS] = {0};
    struct report r = {.wants_best = 1};
    struct subject s;
    char path[1700], ref[1700], name[640];
    int rc;

    snprintf(path, sizeof path, "%s/%s/%s", shared, folder, model);
    snprintf(ref, sizeof ref, "%s/%s/ref", shared, folder);
    snprintf(name, sizeof name, "%s/%s", folder, model);
    rc = subject_open(&s, path, AI_COMPUTE_F32, pool, &err);
    if (rc && !required) {
        skip(name, err.msg + (strncmp(err.msg, path, strlen(path)) == 0 ? strlen(path) + 2 : 0));
        subject_close(&s);
        return;
    }
    for (size_t i = 0; rc == 0 && i < ai_json_size(sequences) && i < MAX_PROMPTS; i++) {
        rc = subject_prompt(&s, ai_json_get(ai_json_at(sequences, i), "input_ids"), &err);
        greedy[i] = ai_json_get(ai_json_at(sequences, i), "greedy");
    }
    if (rc || subject_run(&s, &err)) {
        ok(0, "%s: %s", name, err.msg);
        subject_close(&s);
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        compare_prompt(&s, &r, &s.prompts[i], ref, ai_json_get(ai_json_at(sequences, i), "arrays"), "");
    check_fast(name, path, &s, strstr(folder, "/real/") != NULL);
    compare_greedy(&s, &r, greedy);
    conclude(name, &r);
    subject_close(&s);
}

/* One GGUF file of a family. */
static void check_gguf(const char *folder, const struct ai_json *index, const struct ai_json *file, bool required)
{
    const char *base = ai_json_string(ai_json_get(file, "file"), NULL);
    const struct ai_json *ids = ai_json_get(index, "input_ids"), *greedy[MAX_PROMPTS] = {0};
    struct report r = {0};
    struct subject s;
    char path[2100], dir[1700], list[1900], name[640], prefix[32];
    int rc;

    snprintf(dir, sizeof dir, "%s/%s", shared, folder);
    snprintf(path, sizeof path, "%s/%s", dir, base);
    snprintf(name, sizeof name, "%s/%s", folder, base);
    snprintf(list, sizeof list, "%s/%.150s", dir, ai_json_string(ai_json_get(file, "tensors"), NULL));
    if (digests_compare(path, list, &r.tensors_same, &r.tensors, &err) || r.tensors_same != r.tensors) {
        ok(0, "%s: %zu of %zu tensors decode to the published digests %s", name, r.tensors_same, r.tensors,
           r.tensors ? "" : err.msg);
        return;
    }
    rc = subject_open(&s, path, AI_COMPUTE_F32, pool, &err);
    if (rc && !required) {
        snprintf(name + strlen(name), sizeof name - strlen(name), " tensors %zu/%zu", r.tensors_same, r.tensors);
        skip(name, err.msg + (strncmp(err.msg, path, strlen(path)) == 0 ? strlen(path) + 2 : 0));
        subject_close(&s);
        return;
    }
    for (size_t i = 0; rc == 0 && i < ai_json_size(ids) && i < MAX_PROMPTS; i++) {
        rc = subject_prompt(&s, ai_json_at(ids, i), &err);
        greedy[i] = ai_json_at(ai_json_get(file, "greedy_exact"), i);
    }
    if (rc || subject_run(&s, &err)) {
        ok(0, "%s: %s", name, err.msg);
        subject_close(&s);
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        snprintf(prefix, sizeof prefix, "seq%zu.exact_", i);
        compare_prompt(&s, &r, &s.prompts[i], dir, ai_json_get(file, "arrays"), prefix);
    }
    check_fast(name, path, &s, strstr(folder, "/real/") != NULL);
    compare_greedy(&s, &r, greedy);
    conclude(name, &r);
    subject_close(&s);
}

static struct ai_json *read_index(const char *folder, const char *file)
{
    char path[1700];

    snprintf(path, sizeof path, "%s/%s/%s", shared, folder, file);
    return access(path, R_OK) == 0 ? ai_json_parse_file(path, 64 << 20, &err) : NULL;
}

static bool is_one_of(const char *name, const char *const *list)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list;
}

static void check_folder(const char *folder, const char *base)
{
    static const char *const directories[] = {"llama_mha_f32", "llama_gqa_bf16_sharded", "llama_f16", "gg_llama",
                                              "stories260K", "gptneo-3m-tinystories-chat", NULL};
    static const char *const families[] = {"gg_llama", "stories260K", NULL};
    struct ai_json *index = read_index(folder, "ref/index.json");
    const struct ai_json *dirs = ai_json_get(index, "model_dirs"), *files;
    char inner[320];

    for (size_t i = 0; i < ai_json_size(dirs); i++) {
        const char *model = ai_json_string(ai_json_at(dirs, i), NULL);

        check_directory(folder, model, index, is_one_of(base, directories) && strcmp(model, "model") == 0);
    }
    ai_json_free(index);
    snprintf(inner, sizeof inner, "%s%s", folder, strstr(folder, "/real/") ? "/gguf" : "");
    index = read_index(inner, "index.json");
    files = ai_json_get(index, "files");
    for (size_t i = 0; i < ai_json_size(files); i++) {
        const struct ai_json *file = ai_json_at(files, i);

        if (ai_json_string(ai_json_get(file, "file"), NULL))
            check_gguf(inner, index, file, is_one_of(base, families));
    }
    ai_json_free(index);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void check_group(const char *group)
{
    char path[1400], folder[300], *names[64];
    struct dirent *e;
    size_t n = 0;
    DIR *d;

    snprintf(path, sizeof path, "%s/conformance/%s", shared, group);
    d = opendir(path);
    while (d && n < 64 && (e = readdir(d)))
        if (*e->d_name != '.')
            names[n++] = strdup(e->d_name);
    if (d)
        closedir(d);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        snprintf(folder, sizeof folder, "conformance/%s/%.200s", group, names[i]);
        check_folder(folder, names[i]);
        free(names[i]);
    }
}

/* ---- golden.json: an independent implementation's continuations and lens ---- */

static void check_golden_lens(const struct subject *s, const struct prompt *p, const struct ai_json *layers,
                              double *worst, size_t *wrong)
{
    size_t width = s->model->hp.width;

    for (unsigned l = 1; l <= s->model->hp.layers; l++) {
        const struct ai_json *want = ai_json_at(layers, l - 1);
        struct ai_lens_top top;
        double p1, gap;
        int64_t first, second;

        ai_lens_top(s->lens, p->states + ((size_t)l * p->n + p->n - 1) * width, 1, 2, &top);
        if (ai_json_int(ai_json_get(want, "top1"), &first) || ai_json_int(ai_json_get(want, "top2"), &second) ||
            ai_json_number(ai_json_get(want, "p1"), &p1) || ai_json_number(ai_json_get(want, "gap"), &gap)) {
            ++*wrong;
            continue;
        }
        *wrong += top.token[0] != first || top.token[1] != second;
        *worst = fmax(*worst, fmax(fabs((double)top.prob[0] - p1), fabs((double)(top.prob[0] - top.prob[1]) - gap)));
    }
}

static void check_golden(const char *model, const char *golden)
{
    static uint32_t more[MAX_PROMPTS][MAX_TOKENS];
    struct ai_json *root = read_index(golden, "golden.json");
    const struct ai_json *greedy;
    size_t steps[MAX_PROMPTS] = {0}, wrong = 0, same = 0, total = 0;
    struct subject s;
    char path[1400];
    double worst = 0;
    int rc;

    snprintf(path, sizeof path, "%s/%s", shared, model);
    rc = subject_open(&s, path, AI_COMPUTE_F32, pool, &err);
    for (size_t i = 0; rc == 0 && i < ai_json_size(root) && i < MAX_PROMPTS; i++) {
        rc = subject_prompt(&s, ai_json_get(ai_json_at(root, i), "ids"), &err);
        steps[i] = ai_json_size(ai_json_get(ai_json_at(root, i), "greedy")) - s.prompts[i].n;
    }
    if (rc || !root || subject_run(&s, &err) || subject_greedy(&s, steps, more, &err)) {
        ok(0, "%s/golden.json: %s", golden, err.msg);
    } else {
        for (size_t i = 0; i < s.n; i++) {
            check_golden_lens(&s, &s.prompts[i], ai_json_get(ai_json_at(root, i), "layers"), &worst, &wrong);
            greedy = ai_json_get(ai_json_at(root, i), "greedy");
            for (size_t k = 0; k < steps[i]; k++) {
                int64_t want = -1;

                total++;
                same += ai_json_int(ai_json_at(greedy, s.prompts[i].n + k), &want) == 0 && want == more[i][k];
            }
        }
        ok(wrong == 0 && worst < 2e-5 && total && same == total,
           "%s/golden.json: p1 and gap within %.1e, top tokens wrong %zu, greedy %zu/%zu", golden, worst, wrong, same,
           total);
    }
    subject_close(&s);
    ai_json_free(root);
}

int main(void)
{
    const char *root = getenv("AI_SHARED");

    snprintf(shared, sizeof shared, "%s/conformance", root ? root : "");
    if (!root || access(shared, R_OK) != 0)
        skip_all("no conformance files ($AI_SHARED)");
    snprintf(shared, sizeof shared, "%s", root);
    pool = ai_pool_new(2, &err);
    check_group("hf");
    check_group("gguf");
    check_group("real");
    check_golden("data/models/gptneo-3m-tinystories-chat", "data/models/gptneo-3m-tinystories-chat");
    check_golden("conformance/real/stories260K/model", "data/models/stories260K");
    ai_pool_free(pool);
    return done_testing();
}
