/* The same weights in other containers are the same bytes. */
#include "model/files.h"
#include "place.h"

static uint64_t count_of(const struct ai_named_tensor *t)
{
    uint64_t n = 1;

    for (unsigned i = 0; i < t->n_dims; i++)
        n *= t->dims[i];
    return n;
}

/* Is t, a tensor of f, in g with the same type, sizes and bytes?  0: not there, -1: another one. */
static int same_tensor(struct ai_model_files *f, const struct ai_named_tensor *t, struct ai_model_files *g)
{
    const struct ai_named_tensor *u;
    const void *a, *b;
    char name[200];

    snprintf(name, sizeof name, "%.*s", (int)t->name_len, t->name);
    u = ai_model_files_find(g, name);
    if (!u)
        return 0;
    if (u->type != t->type || u->n_dims != t->n_dims || memcmp(u->dims, t->dims, t->n_dims * sizeof *t->dims) != 0)
        return -1;
    if (t->type < 0)
        return 1;
    a = ai_model_files_data(f, t, &err);
    b = ai_model_files_data(g, u, &err);
    return a && b && memcmp(a, b, count_of(t) * ai_wtypes[t->type].bytes) == 0 ? 1 : -1;
}

/* Opens both; tensors that only one of them has must be what `extra` says. */
static void same_weights(const char *one, const char *other, const char *extra, size_t copies, const char *what)
{
    struct ai_model_files *f[2] = {ai_model_files_open(one, &err), NULL};
    size_t same = 0, differ = 0, alone = 0;

    f[1] = f[0] ? ai_model_files_open(other, &err) : NULL;
    if (!ok(f[0] && f[1], "%s: both open", what))
        printf("# %s\n", err.msg);
    for (int k = 0; k < 2 && f[0] && f[1]; k++)
        for (size_t i = 0; i < f[k]->n_tensors; i++) {
            const struct ai_named_tensor *t = &f[k]->tensors[i];
            int is = same_tensor(f[k], t, f[!k]);

            same += is == 1;
            differ += is == -1;
            alone += !is && (!extra || t->name_len < strlen(extra) ||
                             memcmp(t->name + t->name_len - strlen(extra), extra, strlen(extra)) != 0);
        }
    if (f[0] && f[1]) {
        ok(same > 20 && differ == 0 && alone == 0, "%s: %zu tensors are the same bytes (%zu differ, %zu only in one)",
           what, same / 2, differ, alone);
        is_int((long long)f[1]->n_copies, (long long)copies, "copied because of their strides");
    }
    ai_model_files_free(f[0]);
    ai_model_files_free(f[1]);
}

static void published(const char *folder, const char *other, const char *extra, size_t copies)
{
    const char *shared = getenv("AI_SHARED");
    char a[1300], b[1300], what[200];

    snprintf(a, sizeof a, "%s/conformance/hf/%s/model", shared ? shared : "", folder);
    snprintf(b, sizeof b, "%s/conformance/hf/%s/%s", shared ? shared : "", folder, other);
    snprintf(what, sizeof what, "%s/%s", folder, other);
    if (!shared || access(a, R_OK) != 0)
        skip(what, "no conformance files ($AI_SHARED)");
    else
        same_weights(a, b, extra, copies, what);
}

int main(void)
{
    published("opt_safetensors", "model_bin_views", "lm_head.weight", 1);
    published("gpt2_small_style", "model_bin", ".attn.bias", 0);
    published("gpt2_small_style", "model_bin_legacy_optional", ".attn.bias", 0);
    return done_testing();
}
