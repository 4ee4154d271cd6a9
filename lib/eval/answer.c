#include "eval/answer.h"

#include "base/buf.h"
#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Words of a text, sorted; they point into text. */
struct words {
    struct ai_buf text;
    const char **word;
    size_t n, cap;
};

static void words_free(struct words *w)
{
    ai_buf_free(&w->text);
    free(w->word);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_punctuation(char c)
{
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static bool is_article(const char *s)
{
    return strcmp(s, "a") == 0 || strcmp(s, "an") == 0 || strcmp(s, "the") == 0;
}

static int add_word(struct words *w, size_t at, struct ai_err *err)
{
    if (is_article((const char *)w->text.data + at))
        return 0;
    if (ai_grow(&w->word, &w->cap, w->n + 1, sizeof *w->word, err))
        return -1;
    w->word[w->n++] = (const char *)w->text.data + at;
    return 0;
}

/* The words of s in their order. */
static int split(const char *s, size_t n, struct words *w, struct ai_err *err)
{
    size_t begin = 0;

    w->n = w->text.len = 0;
    if (ai_buf_reserve(&w->text, n + 1, err)) /* the words point into it: it must not move */
        return -1;
    for (size_t i = 0; i <= n; i++) {
        char c = i < n ? s[i] : ' ';

        if (is_blank(c)) {
            w->text.data[w->text.len++] = '\0';
            if (w->text.len - 1 > begin && add_word(w, begin, err))
                return -1;
            begin = w->text.len;
        } else if (!is_punctuation(c)) {
            w->text.data[w->text.len++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Words that both have, each as often as the one that has it less often. */
static size_t in_common(struct words *a, struct words *b)
{
    size_t i = 0, j = 0, n = 0;

    if (a->n)
        qsort(a->word, a->n, sizeof *a->word, compare);
    if (b->n)
        qsort(b->word, b->n, sizeof *b->word, compare);
    while (i < a->n && j < b->n) {
        int c = strcmp(a->word[i], b->word[j]);

        n += c == 0;
        i += c <= 0;
        j += c >= 0;
    }
    return n;
}

static void score(struct words *answer, struct words *gold, double *exact, double *f1)
{
    bool equal = answer->n == gold->n;
    size_t common;

    for (size_t i = 0; equal && i < gold->n; i++)
        equal = strcmp(answer->word[i], gold->word[i]) == 0;
    common = in_common(answer, gold);
    *exact = equal;
    *f1 = answer->n + gold->n ? 2 * (double)common / (double)(answer->n + gold->n) : 1;
}

int ai_eval_text_scores(const char *answer, size_t n, const char *gold, double *exact, double *f1, struct ai_err *err)
{
    struct words a = {.n = 0}, g = {.n = 0};
    int rc = 0;

    *exact = *f1 = 0;
    for (;;) {
        size_t len = strcspn(gold, "\n");
        double e, f;

        /* the answer again, too: scoring sorted its words */
        rc = split(answer, n, &a, err) || split(gold, len, &g, err) ? -1 : 0;
        if (rc)
            break;
        score(&a, &g, &e, &f);
        *exact = fmax(*exact, e);
        *f1 = fmax(*f1, f);
        if (!gold[len])
            break;
        gold += len + 1;
    }
    words_free(&a);
    words_free(&g);
    return rc;
}
