#include "lens/features.h"

#include <math.h>
#include <string.h>

static double prob(const struct ai_feature_input *in, unsigned i)
{
    return i < in->top->n ? (double)in->top->prob[i] : 0.0;
}

double ai_feature_top_prob(const struct ai_feature_input *in)
{
    return prob(in, 0);
}

double ai_feature_gap(const struct ai_feature_input *in)
{
    return prob(in, 0) - prob(in, 1);
}

static double delta_top_prob(const struct ai_feature_input *in)
{
    return in->before->any ? ai_feature_top_prob(in) - (double)in->before->top_prob : 0.0;
}

static double delta_gap(const struct ai_feature_input *in)
{
    return in->before->any ? ai_feature_gap(in) - (double)in->before->gap : 0.0;
}

static double minus_p_log_p(double p)
{
    return p > 0 ? -p * log(p) : 0.0;
}

static double entropy(const struct ai_feature_input *in)
{
    unsigned n = in->k < in->top->n ? in->k : in->top->n;
    bool rest = in->top->rest || n < in->top->n;
    double left = 1, sum = 0;

    for (unsigned i = 0; i < n; i++) {
        left -= prob(in, i);
        sum += minus_p_log_p(prob(in, i));
    }
    if (rest)
        sum += minus_p_log_p(left);
    return n + rest > 1 ? sum / log((double)(n + rest)) : 0.0;
}

double ai_feature_patience(const struct ai_feature_input *in)
{
    if (!in->before->any || in->before->token != in->top->token[0])
        return 0;
    return (double)in->before->patience + 1;
}

static double cosine(const struct ai_feature_input *in)
{
    double norms = in->norm * in->norm_before;

    return in->before->any && norms > 0 ? in->product / norms : 0.0;
}

static double norm_ratio(const struct ai_feature_input *in)
{
    return in->before->any && in->norm_before > 0 ? in->norm / in->norm_before : 0.0;
}

static double depth(const struct ai_feature_input *in)
{
    return (double)in->layer / in->layers;
}

static double state_cosine(const struct ai_feature_input *in)
{
    return (double)in->cosines[AI_COSINE_STATE];
}

static double attention_cosine(const struct ai_feature_input *in)
{
    return (double)in->cosines[AI_COSINE_ATTENTION];
}

static double mlp_cosine(const struct ai_feature_input *in)
{
    return (double)in->cosines[AI_COSINE_MLP];
}

const struct ai_feature ai_feature_table[] = {
    {"gap", "p1 - p2", "AdaInfer (arXiv 2403.02181); CALM (arXiv 2207.07061)", 0, ai_feature_gap},
    {"top_prob", "p1", "AdaInfer (arXiv 2403.02181)", 0, ai_feature_top_prob},
    {"entropy", "of the top k and the rest as one event, over its maximum", "DeeBERT (ACL 2020)", 0, entropy},
    {"delta_gap", "gap less gap at the previous checked layer", "SpecEE (arXiv 2504.08850)", 0, delta_gap},
    {"delta_top_prob", "top_prob less top_prob at the previous checked layer", "SpecEE (arXiv 2504.08850)", 0,
     delta_top_prob},
    {"patience", "checked layers directly before this one with the same argmax", "PABEE (NeurIPS 2020)", 0,
     ai_feature_patience},
    {"cosine", "of the state and the one at the previous checked layer", "CALM (arXiv 2207.07061)", AI_NEEDS_STATE,
     cosine},
    {"norm_ratio", "|state| / |state at the previous checked layer|", "this project", AI_NEEDS_STATE, norm_ratio},
    {"depth", "layer / layers", "this project", 0, depth},
    {"state_cosine", "of the states after this block and before it", "AdaInfer (arXiv 2403.02181), examined there",
     AI_NEEDS_COSINES, state_cosine},
    {"attention_cosine", "of the attention's output in this block and the one before",
     "AdaInfer (arXiv 2403.02181), examined there", AI_NEEDS_COSINES, attention_cosine},
    {"mlp_cosine", "of the MLP's output in this block and the one before",
     "AdaInfer (arXiv 2403.02181), examined there", AI_NEEDS_COSINES, mlp_cosine},
    {NULL, NULL, NULL, 0, NULL},
};

static const struct ai_feature *find(const char *name, size_t len)
{
    for (const struct ai_feature *f = ai_feature_table; f->name; f++)
        if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
            return f;
    return NULL;
}

static int unknown(const char *name, size_t len, struct ai_err *err)
{
    char all[256] = "";

    for (const struct ai_feature *f = ai_feature_table; f->name; f++) {
        strncat(all, f == ai_feature_table ? "" : ", ", sizeof all - strlen(all) - 1);
        strncat(all, f->name, sizeof all - strlen(all) - 1);
    }
    return ai_fail(err, AI_EUSAGE, "features: '%.*s' is none of: %s", len > 40 ? 40 : (int)len, name, all);
}

static void add(struct ai_feature_list *list, const struct ai_feature *f)
{
    list->feature[list->n++] = f;
    list->needs |= f->needs;
}

void ai_feature_list_without(struct ai_feature_list *list, unsigned needs)
{
    struct ai_feature_list kept = {.all = list->all};

    for (unsigned i = 0; i < list->n; i++)
        if (!(list->feature[i]->needs & needs))
            add(&kept, list->feature[i]);
    *list = kept;
}

int ai_feature_list_parse(const char *names, struct ai_feature_list *out, struct ai_err *err)
{
    memset(out, 0, sizeof *out);
    out->all = strcmp(names, "all") == 0;
    for (const struct ai_feature *f = ai_feature_table; out->all && f->name; f++)
        add(out, f);
    if (out->all)
        return 0;
    for (;;) {
        size_t len = strcspn(names, ",");
        const struct ai_feature *f = find(names, len);

        if (!f)
            return unknown(names, len, err);
        for (unsigned i = 0; i < out->n; i++)
            if (out->feature[i] == f)
                return ai_fail(err, AI_EUSAGE, "features: '%s' is named twice", f->name);
        add(out, f);
        if (!names[len])
            return 0;
        names += len + 1;
    }
}

int ai_feature_list_format(const struct ai_feature_list *list, struct ai_buf *out, struct ai_err *err)
{
    for (unsigned i = 0; i < list->n; i++)
        if ((i && ai_buf_puts(out, ",", err)) || ai_buf_puts(out, list->feature[i]->name, err))
            return -1;
    return ai_buf_put(out, "", 1, err);
}
