#include "policy/calibrate.h"

#include "base/binomial.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "policy/rule.h"

#include <string.h>

void ai_calibration_free(struct ai_calibration *c)
{
    free(c->docs);
    free(c->rows);
    free(c->x);
    memset(c, 0, sizeof *c);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static bool trained(const struct ai_policy *p, uint64_t digest)
{
    return digest && p->n_trained && bsearch(&digest, p->trained, p->n_trained, sizeof digest, compare_u64);
}

/* Of layers, tokens and features: all that calibration knows of the document. */
static uint64_t features_digest(const struct ai_policy *p, const struct ai_gathered *doc)
{
    struct ai_sha256 sha;
    uint8_t bytes[32];
    uint64_t bits;

    ai_sha256_init(&sha);
    for (size_t r = 0; r < doc->n; r++) {
        ai_put_u16(bytes, doc->rows[r].layer);
        ai_put_u32(bytes + 2, doc->rows[r].token);
        ai_sha256_add(&sha, bytes, 6);
        for (size_t i = 0; i < p->n; i++) {
            memcpy(&bits, &doc->rows[r].x[i], sizeof bits);
            ai_put_u64(bytes, bits);
            ai_sha256_add(&sha, bytes, 8);
        }
    }
    ai_sha256_end(&sha, bytes);
    return ai_get_u64(bytes);
}

static int add_row(struct ai_calibration *c, struct ai_memory *m, const struct ai_gathered_row *row, struct ai_err *err)
{
    const struct ai_policy *p = c->policy;
    struct ai_calibration_row *to;

    if (ai_grow(&c->rows, &c->cap_rows, c->n_rows + 1, sizeof *c->rows, err))
        return -1;
    to = &c->rows[c->n_rows];
    to->layer = row->layer;
    to->token = row->token;
    if (p->classifier == AI_RULE) {
        if (ai_grow(&c->x, &c->cap_x, (c->n_rows + 1) * (p->n + 1), sizeof *c->x, err))
            return -1;
        memcpy(c->x + c->n_rows * p->n, row->x, p->n * sizeof *c->x);
    } else {
        to->value = ai_policy_decision(p, m, row->x);
    }
    c->n_rows++;
    return 0;
}

int ai_calibration_add(struct ai_calibration *c, const struct ai_gathered *doc, struct ai_err *err)
{
    struct ai_memory memory = {0};
    struct ai_calibration_doc *d;

    if (trained(c->policy, doc->prompt_digest))
        return 1;
    if (ai_grow(&c->docs, &c->cap_docs, c->n_docs + 1, sizeof *c->docs, err))
        return -1;
    d = &c->docs[c->n_docs];
    *d = (struct ai_calibration_doc){.begin = c->n_rows, .last_token = doc->rows[doc->n - 1].token,
                                     .label_token = doc->label_token, .number = doc->number,
                                     .prompt_digest = doc->prompt_digest,
                                     .features_digest = features_digest(c->policy, doc)};
    for (size_t r = 0; r + 1 < doc->n; r++) {
        if (c->policy->has_layers && !ai_layers_has(&c->policy->layers, doc->rows[r].layer))
            continue; /* the policy does not look there */
        if (add_row(c, &memory, &doc->rows[r], err))
            return -1;
    }
    c->n_docs++;
    c->unknown += doc->prompt_digest == 0;
    return 0;
}

static bool stops(const struct ai_calibration *c, size_t row, double threshold)
{
    const struct ai_calibration_row *r = &c->rows[row];

    if (c->policy->classifier == AI_RULE)
        return ai_rule_true(c->policy->rule, c->x + row * c->policy->n, r->layer, c->layers, threshold);
    return r->value > threshold;
}

void ai_calibration_exits(const struct ai_calibration *c, double threshold, struct ai_exits *out)
{
    double saved = 0;

    memset(out, 0, sizeof *out);
    for (size_t d = 0; d < c->n_docs; d++) {
        const struct ai_calibration_doc *doc = &c->docs[d];
        size_t end = d + 1 < c->n_docs ? doc[1].begin : c->n_rows, r = doc->begin;

        while (r < end && !stops(c, r, threshold))
            r++;
        if (r == end)
            continue;
        saved += c->layers - c->rows[r].layer;
        out->flips += c->rows[r].token != doc->last_token;
        out->losses += c->rows[r].token != doc->last_token && doc->last_token == doc->label_token;
    }
    out->skipped = c->n_docs ? saved / ((double)c->n_docs * c->layers) : 0;
}

size_t ai_ladder(const struct ai_policy *p, double **v, struct ai_err *err)
{
    enum { STEPS = 260 };
    bool rule = p->classifier == AI_RULE, fixed = rule && !ai_rule_has_threshold(p->rule);
    double top = rule ? 1 : 12, bottom = rule ? 0 : -1;

    *v = ai_calloc(p->n_ladder ? p->n_ladder : STEPS + 1, sizeof **v, err);
    if (!*v || fixed)
        return *v != NULL;
    if (p->n_ladder) {
        memcpy(*v, p->ladder, p->n_ladder * sizeof **v);
        return p->n_ladder;
    }
    for (int i = 0; i <= STEPS; i++)
        (*v)[i] = top + (bottom - top) * i / STEPS;
    return STEPS + 1;
}

/* Of numbers in any order. */
static int digest_of(const struct ai_calibration *c, size_t offset, char hex[AI_DIGEST_LEN + 1], struct ai_err *err)
{
    uint64_t *v = ai_calloc(c->n_docs, sizeof *v, err);
    struct ai_sha256 sha;
    uint8_t bytes[8];

    if (!v)
        return -1;
    for (size_t d = 0; d < c->n_docs; d++)
        memcpy(&v[d], (const char *)&c->docs[d] + offset, sizeof *v);
    qsort(v, c->n_docs, sizeof *v, compare_u64);
    ai_sha256_init(&sha);
    for (size_t d = 0; d < c->n_docs; d++) {
        ai_put_u64(bytes, v[d]);
        ai_sha256_add(&sha, bytes, sizeof bytes);
    }
    ai_sha256_end_hex(&sha, hex);
    free(v);
    return 0;
}

/* Is "this share is above the limit" refuted?  limit < 0: nothing was asked. */
static bool within(uint64_t k, uint64_t n, double limit, double confidence)
{
    return limit < 0 || ai_binomial_at_most(k, n, limit) <= 1 - confidence;
}

static int certify(const struct ai_calibration *c, const struct ai_calibrate_options *o, const struct ai_exits *x,
                   struct ai_certificate *out, struct ai_err *err)
{
    struct ai_certificate s = {.there = true, .confidence = o->confidence, .documents = (double)c->n_docs,
                               .skipped = x->skipped, .has_flips = o->max_flip >= 0, .has_losses = o->max_loss >= 0};

    if (s.has_flips) {
        s.flips = (double)x->flips;
        s.flip_limit = o->max_flip;
        s.flip_bound = ai_binomial_upper(x->flips, c->n_docs, o->confidence);
    }
    if (s.has_losses) {
        s.losses = (double)x->losses;
        s.loss_limit = o->max_loss;
        s.loss_bound = ai_binomial_upper(x->losses, c->n_docs, o->confidence);
    }
    if (digest_of(c, offsetof(struct ai_calibration_doc, prompt_digest), s.prompts, err) ||
        digest_of(c, offsetof(struct ai_calibration_doc, features_digest), s.features, err))
        return -1;
    *out = s;
    return 0;
}

int ai_calibrate(const struct ai_calibration *c, const struct ai_calibrate_options *o, struct ai_policy *p,
                 struct ai_err *err)
{
    double *ladder, threshold = 0;
    struct ai_exits taken, x;
    bool safe = false;
    size_t n;

    for (size_t d = 0; o->max_loss >= 0 && d < c->n_docs; d++)
        if (c->docs[d].label_token == AI_NO_TOKEN)
            return ai_fail(err, AI_EINPUT, "document %llu has no label, which a limit of losses needs",
                           (unsigned long long)c->docs[d].number);
    if (c->n_docs == 0)
        return 1;
    n = ai_ladder(p, &ladder, err);
    if (n == 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        ai_calibration_exits(c, ladder[i], &x);
        if (!within(x.flips, c->n_docs, o->max_flip, o->confidence) ||
            !within(x.losses, c->n_docs, o->max_loss, o->confidence))
            break;
        safe = true;
        taken = x;
        threshold = ladder[i];
    }
    free(ladder);
    if (!safe)
        return 1;
    if (certify(c, o, &taken, &p->certificate, err))
        return -1;
    if (p->classifier != AI_RULE || ai_rule_has_threshold(p->rule)) {
        p->threshold = threshold;
        p->has_threshold = true;
    }
    return 0;
}
