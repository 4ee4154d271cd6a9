#include "lens/documents.h"

#include "base/mem.h"

#include <inttypes.h>
#include <string.h>

/* Open addressing with linear probing; a removal moves later entries back, so that
 * there are no tombstones. */
struct ai_lens_documents {
    size_t width;
    struct ai_lens_doc **table;
    size_t size;            /* a power of two, more than twice n */
    size_t n, tokens;       /* open documents, and tokens of all of them */
};

static size_t place(const struct ai_lens_documents *d, uint64_t number)
{
    uint64_t h = number * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(h >> 32) & (d->size - 1);
}

struct ai_lens_documents *ai_lens_documents_new(size_t width, struct ai_err *err)
{
    struct ai_lens_documents *d = ai_calloc(1, sizeof *d, err);

    if (!d)
        return NULL;
    d->width = width;
    d->size = 64;
    d->table = ai_calloc(d->size, sizeof(struct ai_lens_doc *), err);
    if (!d->table) {
        free(d);
        return NULL;
    }
    return d;
}

static void forget_tokens(struct ai_lens_documents *d, struct ai_lens_doc *doc)
{
    for (size_t i = 0; i < doc->n_tokens; i++)
        free(doc->tokens[i].before.state);
    d->tokens -= doc->n_tokens;
    doc->n_tokens = 0;
}

static void free_doc(struct ai_lens_documents *d, struct ai_lens_doc *doc)
{
    if (!doc)
        return;
    forget_tokens(d, doc);
    free(doc->tokens);
    free(doc->choices);
    free(doc);
}

void ai_lens_documents_free(struct ai_lens_documents *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->size; i++)
        free_doc(d, d->table[i]);
    free(d->table);
    free(d);
}

/* The entry of number, or the empty one where it would go. */
static size_t slot_of(const struct ai_lens_documents *d, uint64_t number)
{
    size_t i = place(d, number);

    while (d->table[i] && d->table[i]->number != number)
        i = (i + 1) & (d->size - 1);
    return i;
}

struct ai_lens_doc *ai_lens_documents_find(struct ai_lens_documents *d, uint64_t number)
{
    return d->table[slot_of(d, number)];
}

static int make_room(struct ai_lens_documents *d, struct ai_err *err)
{
    struct ai_lens_doc **old = d->table;
    size_t old_size = d->size;

    if (2 * (d->n + 1) < d->size)
        return 0;
    d->table = ai_calloc(2 * old_size, sizeof(struct ai_lens_doc *), err);
    if (!d->table) {
        d->table = old;
        return -1;
    }
    d->size = 2 * old_size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i])
            d->table[slot_of(d, old[i]->number)] = old[i];
    free(old);
    return 0;
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
    struct ai_lens_doc *new;

    if (ai_lens_documents_find(d, doc->number))
        return ai_fail(err, AI_EINPUT, "it begins twice");
    if (d->n == AI_LENS_MAX_DOCUMENTS)
        return ai_fail(err, AI_EINPUT, "more than %d documents are open at once", AI_LENS_MAX_DOCUMENTS);
    if (make_room(d, err))
        return -1;
    new = ai_calloc(1, sizeof *new, err);
    if (!new)
        return -1;
    new->number = doc->number;
    if (keep_choices && copy_choices(new, doc, vocab, err)) {
        free_doc(d, new);
        return -1;
    }
    d->table[slot_of(d, new->number)] = new;
    d->n++;
    return 0;
}

int ai_lens_documents_close(struct ai_lens_documents *d, uint64_t number, struct ai_err *err)
{
    size_t hole = slot_of(d, number), mask = d->size - 1;

    if (!d->table[hole])
        return ai_fail(err, AI_EINPUT, "it ends without having begun");
    free_doc(d, d->table[hole]);
    d->table[hole] = NULL;
    d->n--;
    for (size_t i = (hole + 1) & mask; d->table[i]; i = (i + 1) & mask) {
        size_t home = place(d, d->table[i]->number);

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            d->table[hole] = d->table[i];
            d->table[i] = NULL;
            hole = i;
        }
    }
    return 0;
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
        forget_tokens(d, doc);
        doc->step = step;
    }
    i = token_at(doc, position);
    if ((i == doc->n_tokens || doc->tokens[i].position != position) && add_token(d, doc, i, position, err))
        return NULL;
    return &doc->tokens[i].before;
}
