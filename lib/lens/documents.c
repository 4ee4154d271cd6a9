#include "lens/documents.h"

#include "base/mem.h"
#include "stream/open.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct ai_lens_documents {
    size_t width;
    struct ai_open *open;   /* of struct ai_lens_doc */
    size_t tokens;          /* of all open documents */
};

static void forget_tokens(struct ai_lens_doc *doc)
{
    for (size_t i = 0; i < doc->n_tokens; i++)
        free(doc->tokens[i].before.state);
    doc->n_tokens = 0;
}

static void release(void *item)
{
    struct ai_lens_doc *doc = item;

    forget_tokens(doc);
    free(doc->tokens);
    free(doc->choices);
}

struct ai_lens_documents *ai_lens_documents_new(size_t width, struct ai_err *err)
{
    struct ai_lens_documents *d = ai_calloc(1, sizeof *d, err);

    if (!d)
        return NULL;
    d->width = width;
    d->open = ai_open_new(sizeof(struct ai_lens_doc), release, err);
    if (!d->open) {
        free(d);
        return NULL;
    }
    return d;
}

void ai_lens_documents_free(struct ai_lens_documents *d)
{
    if (!d)
        return;
    ai_open_free(d->open);
    free(d);
}

struct ai_lens_doc *ai_lens_documents_find(struct ai_lens_documents *d, uint64_t number)
{
    return ai_open_find(d->open, number);
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int copy_choices(struct ai_lens_doc *to, const struct ai_doc *doc, uint32_t vocab, struct ai_err *err)
{
    size_t n = 0;

    if (doc->n_choices == 0)
        return ai_fail(err, AI_EINPUT, "it has no choices to compare (--head=full needs none)");
    to->choices = ai_calloc(doc->n_choices, sizeof *to->choices, err);
    if (!to->choices)
        return -1;
    for (uint32_t i = 0; i < doc->n_choices; i++) {
        if (doc->choices[i].token >= vocab)
            return ai_fail(err, AI_EINPUT, "choice %" PRIu32 " is token %" PRIu32 ", and the model has %" PRIu32, i + 1,
                           doc->choices[i].token, vocab);
        to->choices[i] = doc->choices[i].token;
    }
    qsort(to->choices, doc->n_choices, sizeof *to->choices, by_id);
    for (uint32_t i = 0; i < doc->n_choices; i++)
        if (n == 0 || to->choices[n - 1] != to->choices[i])
            to->choices[n++] = to->choices[i];
    to->n_choices = n;
    return 0;
}

int ai_lens_documents_open(struct ai_lens_documents *d, const struct ai_doc *doc, bool keep_choices, uint32_t vocab,
                           struct ai_err *err)
{
    struct ai_lens_doc *new = ai_open_begin(d->open, doc->number, err);

    if (!new)
        return -1;
    if (keep_choices && copy_choices(new, doc, vocab, err))
        return ai_err_at(err, "document %" PRIu64, doc->number);
    return 0;
}

int ai_lens_documents_close(struct ai_lens_documents *d, uint64_t number, struct ai_err *err)
{
    const struct ai_lens_doc *doc = ai_open_find(d->open, number);

    if (doc)
        d->tokens -= doc->n_tokens;
    return ai_open_end(d->open, number, err);
}

/* Index of position among the document's tokens, or of where it would go. */
static size_t token_at(const struct ai_lens_doc *doc, uint32_t position)
{
    size_t low = 0, high = doc->n_tokens;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (doc->tokens[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int add_token(struct ai_lens_documents *d, struct ai_lens_doc *doc, size_t i, uint32_t position,
                     struct ai_err *err)
{
    struct ai_lens_token new = {.position = position};

    if (d->tokens == AI_LENS_MAX_TOKENS)
        return ai_fail(err, AI_EINPUT, "more than %d tokens are open at once", AI_LENS_MAX_TOKENS);
    if (ai_grow(&doc->tokens, &doc->cap_tokens, doc->n_tokens + 1, sizeof *doc->tokens, err))
        return -1;
    if (d->width && !(new.before.state = ai_calloc(d->width, sizeof(float), err)))
        return -1;
    memmove(doc->tokens + i + 1, doc->tokens + i, (doc->n_tokens - i) * sizeof *doc->tokens);
    doc->tokens[i] = new;
    doc->n_tokens++;
    d->tokens++;
    return 0;
}

struct ai_lens_before *ai_lens_documents_before(struct ai_lens_documents *d, struct ai_lens_doc *doc, uint32_t step,
                                                uint32_t position, struct ai_err *err)
{
    size_t i;

    if (doc->step != step) {
        d->tokens -= doc->n_tokens;
        forget_tokens(doc);
        doc->step = step;
    }
    i = token_at(doc, position);
    if ((i == doc->n_tokens || doc->tokens[i].position != position) && add_token(d, doc, i, position, err))
        return NULL;
    return &doc->tokens[i].before;
}
