/* The programs give the states that the library gives: token numbers through
 * ai-tokenize, ai-forward and ai-view, compared value for value. */
#include "subject.h"

#include "base/bytes.h"

#include "../tap.h"

#include <unistd.h>

enum { THREADS = 2 };

static struct ai_err err;
static struct ai_pool *pool;
static char shared[1024], folder[200];

static const char *in_folder(const char *name)
{
    static char path[4][300];
    static unsigned k;
    char *p = path[k++ % 4];

    snprintf(p, 300, "%s/%s", folder, name);
    return p;
}

static int write_ids(const struct subject *s)
{
    FILE *f = fopen(in_folder("ids.txt"), "w");

    if (!f)
        return -1;
    for (size_t i = 0; i < s->n; i++)
        for (uint32_t k = 0; k < s->prompts[i].n; k++)
            fprintf(f, "%u%c", s->prompts[i].ids[k], k + 1 < s->prompts[i].n ? ' ' : '\n');
    return fclose(f);
}

/* One line of ai-view --values: doc, step, layer, position, norm, the values.
 * Returns 0 if it is the library's state, bit for bit. */
static int same_state(const struct subject *s, char *line)
{
    unsigned long key[4];
    size_t width = s->model->hp.width;
    const float *want;

    for (int i = 0; i < 4; i++)
        key[i] = strtoul(line, &line, 10);
    strtod(line, &line);
    if (key[0] >= s->n || key[1] != 0 || key[2] > s->model->hp.layers || key[3] >= s->prompts[key[0]].n)
        return -1;
    want = s->prompts[key[0]].states + (key[2] * s->prompts[key[0]].n + key[3]) * width;
    for (size_t i = 0; i < width; i++) {
        float got = strtof(line, &line);

        if (ai_f32_bits(got) != ai_f32_bits(want[i]))
            return -1;
    }
    return *line == '\n' ? 0 : -1;
}

static void compare(const struct subject *s, const char *name)
{
    FILE *f = fopen(in_folder("states.tsv"), "r");
    size_t lines = 0, wrong = 0, want = 0, cap = 0;
    char *line = NULL;

    for (size_t i = 0; i < s->n; i++)
        want += (size_t)(s->model->hp.layers + 1) * s->prompts[i].n;
    while (f && getline(&line, &cap, f) > 0) {
        lines++;
        wrong += same_state(s, line) != 0;
    }
    ok(f && lines == want && wrong == 0, "%s: %zu of %zu states, %zu of them different", name, lines, want, wrong);
    free(line);
    if (f)
        fclose(f);
}

static const struct ai_json *ids_of(const struct ai_json *index, size_t i)
{
    const struct ai_json *sequence = ai_json_at(ai_json_get(index, "sequences"), i);

    return sequence ? ai_json_get(sequence, "input_ids") : ai_json_at(ai_json_get(index, "input_ids"), i);
}

static void check(const char *model, const char *index_file, enum ai_compute compute)
{
    char path[1400], command[4000];
    const struct ai_json *ids;
    struct ai_json *index;
    struct subject s;
    int rc;

    snprintf(path, sizeof path, "%s/conformance/%s", shared, index_file);
    index = ai_json_parse_file(path, 64 << 20, &err);
    snprintf(path, sizeof path, "%s/conformance/%s", shared, model);
    rc = subject_open(&s, path, compute, pool, &err) || !index;
    for (size_t i = 0; rc == 0 && (ids = ids_of(index, i)); i++)
        rc = subject_prompt(&s, ids, &err);
    if (rc || subject_run(&s, &err) || write_ids(&s)) {
        ok(0, "%s: %s", model, err.msg);
    } else {
        snprintf(command, sizeof command,
                 "cd '%s' && ai-tokenize --from=ids -m '%s' -o tokens.ait ids.txt && "
                 "ai-forward -T %d --compute=%s --layers=0-%u --positions=all -m '%s' -o states.aih tokens.ait && "
                 "ai-view --no-header --values -o states.tsv states.aih",
                 folder, path, THREADS, ai_compute_names[compute], s.model->hp.layers, path);
        rc = system(command);
        if (rc)
            ok(0, "%s: the programs end with status %d", model, rc >> 8);
        else
            compare(&s, model);
    }
    subject_close(&s);
    ai_json_free(index);
}

int main(void)
{
    static const char *const directories[] = {
        "hf/llama_mha_f32", "hf/llama_gqa_bf16_sharded", "hf/llama_f16", "hf/gg_llama", "real/stories260K",
        "real/gptneo-3m-tinystories-chat",
    };
    static const char *const files[][2] = {
        {"gguf/gg_llama/gg_llama-F16.gguf", "gguf/gg_llama/index.json"},
        {"gguf/gg_llama/gg_llama-BF16.gguf", "gguf/gg_llama/index.json"},
        {"gguf/gg_llama/gg_llama-Q8_0.gguf", "gguf/gg_llama/index.json"},
        {"gguf/gg_llama/gg_llama-Q5_1.gguf", "gguf/gg_llama/index.json"},
        {"gguf/gg_llama/gg_llama-Q4_K_M.gguf", "gguf/gg_llama/index.json"},
        {"real/stories260K/gguf/stories260K-F32.gguf", "real/stories260K/gguf/index.json"},
        {"real/stories260K/gguf/stories260K-F16.gguf", "real/stories260K/gguf/index.json"},
        {"real/stories260K/gguf/stories260K-Q8_0.gguf", "real/stories260K/gguf/index.json"},
    };
    const char *root = getenv("AI_SHARED"), *tmp = getenv("TMPDIR");
    char model[100], index[100];

    snprintf(shared, sizeof shared, "%s/conformance", root ? root : "");
    if (!root || access(shared, R_OK) != 0)
        skip_all("no conformance files ($AI_SHARED)");
    snprintf(shared, sizeof shared, "%s", root);
    snprintf(folder, sizeof folder, "%.150s/ai-programs.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return 99;
    pool = ai_pool_new(THREADS, &err);
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        snprintf(model, sizeof model, "%s/model", directories[i]);
        snprintf(index, sizeof index, "%s/ref/index.json", directories[i]);
        check(model, index, AI_COMPUTE_F32);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        check(files[i][0], files[i][1], AI_COMPUTE_FAST);
    ai_pool_free(pool);
    for (int i = 0; i < 4; i++)
        unlink(in_folder((const char *[]){"ids.txt", "tokens.ait", "states.aih", "states.tsv"}[i]));
    rmdir(folder);
    return done_testing();
}
