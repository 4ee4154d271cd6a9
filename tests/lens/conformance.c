/* The logit lens of reference states against reference logits, where the conformance
 * files lie beside the tree ($AI_SHARED). */
#include "lens/lens.h"

#include "base/bytes.h"
#include "io/fd.h"

#include "../tap.h"

#include <math.h>
#include <unistd.h>

static struct ai_err err;
static struct ai_pool *pool;
static char root[1024];

/* Reads a .npy of f32 in C order; dims [n_dims].  Returns the file's bytes, values at *x. */
static int read_npy(const char *file, struct ai_buf *b, unsigned n_dims, size_t *dims, const uint8_t **x)
{
    char path[1400], header[256], *shape;
    size_t n = 4;
    unsigned len;

    snprintf(path, sizeof path, "%s/%s", root, file);
    if (ai_fd_slurp(path, 1 << 28, b, &err) || b->len < 10)
        return -1;
    len = ai_get_u16(b->data + 8);
    if (memcmp(b->data, "\x93NUMPY\x01", 7) || b->len < 10 + len || len >= sizeof header)
        return -1;
    memcpy(header, b->data + 10, len);
    header[len] = '\0';
    shape = strstr(header, "'shape': (");
    if (!shape || !strstr(header, "'<f4'") || !strstr(header, "False"))
        return -1;
    shape += strlen("'shape': (");
    for (unsigned i = 0; i < n_dims; i++) {
        dims[i] = strtoul(shape, &shape, 10);
        n *= dims[i];
        shape += strspn(shape, ", ");
    }
    *x = b->data + 10 + len;
    return b->len == 10 + len + n ? 0 : -1;
}

static size_t best(const double *x, size_t n)
{
    size_t at = 0;

    for (size_t i = 1; i < n; i++)
        if (x[i] > x[at])
            at = i;
    return at;
}

/* All layers' states [L + 1, T, H] at the last position, against lens [L + 1, V]. */
static void check(const char *model_path, const char *hidden_file, const char *lens_file)
{
    struct ai_buf hidden = {0}, want = {0};
    const uint8_t *h, *w;
    size_t hd[3], wd[2], flips = 0;
    double worst = 0, square = 0;
    struct ai_model *m;
    struct ai_lens *lens;
    float *state, *got;
    double *reference;
    char path[1400];

    snprintf(path, sizeof path, "%s/%s", root, model_path);
    m = ai_model_open(path, &err);
    if (!m || read_npy(hidden_file, &hidden, 3, hd, &h) || read_npy(lens_file, &want, 2, wd, &w)) {
        ok(0, "%s: %s", model_path, err.msg);
        return;
    }
    ok(hd[0] == wd[0] && hd[2] == m->hp.width && wd[1] == m->hp.vocab, "%s: shapes", model_path);
    lens = ai_lens_new(m, pool, 4, &err);
    state = calloc(hd[2], sizeof *state);
    got = calloc(wd[1], sizeof *got);
    reference = calloc(wd[1], sizeof *reference);
    for (size_t l = 0; lens && l < hd[0]; l++) {
        struct ai_lens_top top;

        for (size_t i = 0; i < hd[2]; i++)
            state[i] = ai_get_f32(h + 4 * ((l * hd[1] + hd[1] - 1) * hd[2] + i));
        ai_lens_logits(lens, state, 1, got);
        ai_lens_top(lens, state, 1, 1, &top);
        for (size_t v = 0; v < wd[1]; v++) {
            reference[v] = (double)ai_get_f32(w + 4 * (l * wd[1] + v));
            square += reference[v] * reference[v];
            worst = fmax(worst, fabs((double)got[v] - reference[v]));
        }
        flips += top.token[0] != best(reference, wd[1]);
    }
    square = sqrt(square / (double)(wd[0] * wd[1]));
    ok(lens && worst < 1e-4 * square, "%s, %s: logits of every layer (worst difference %.1e of rms %.2g)", model_path,
       lens_file, worst, square);
    is_int((long long)flips, 0, "the same most probable token at every layer");
    free(state);
    free(got);
    free(reference);
    ai_lens_free(lens);
    ai_model_free(m);
    ai_buf_free(&hidden);
    ai_buf_free(&want);
}

int main(void)
{
    static const char *const hf[] = {"llama_mha_f32", "llama_f16", "llama_gqa_bf16_sharded", "gg_llama"};
    static const char *const gguf[] = {"F16", "BF16", "Q8_0"};
    const char *shared = getenv("AI_SHARED");

    snprintf(root, sizeof root, "%s/conformance", shared ? shared : "");
    if (!shared || access(root, R_OK) != 0)
        skip_all("no conformance files");
    pool = ai_pool_new(2, &err);
    for (size_t i = 0; i < sizeof hf / sizeof *hf; i++) {
        char model[200], hidden[200], lens[200];

        for (int s = 0; s < 4; s++) {
            snprintf(model, sizeof model, "hf/%s/model", hf[i]);
            snprintf(hidden, sizeof hidden, "hf/%s/ref/seq%d.hidden_raw.npy", hf[i], s);
            snprintf(lens, sizeof lens, "hf/%s/ref/seq%d.lens_last.npy", hf[i], s);
            check(model, hidden, lens);
        }
    }
    check("real/gptneo-3m-tinystories-chat/model", "real/gptneo-3m-tinystories-chat/ref/seq0.hidden_raw.npy",
          "real/gptneo-3m-tinystories-chat/ref/seq0.lens_last.npy");
    check("real/stories260K/model", "real/stories260K/ref/seq1.hidden_raw.npy",
          "real/stories260K/ref/seq1.lens_last.npy");
    for (size_t i = 0; i < sizeof gguf / sizeof *gguf; i++) {
        char model[200], hidden[200], lens[200];

        snprintf(model, sizeof model, "gguf/gg_llama/gg_llama-%s.gguf", gguf[i]);
        snprintf(hidden, sizeof hidden, "gguf/gg_llama/ref/%s.seq1.exact_hidden_raw.npy", gguf[i]);
        snprintf(lens, sizeof lens, "gguf/gg_llama/ref/%s.seq1.exact_lens_last.npy", gguf[i]);
        check(model, hidden, lens);
    }
    ai_pool_free(pool);
    return done_testing();
}
