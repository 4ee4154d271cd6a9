/* Pre-tokenisers: how a byte-level vocabulary's text is cut before merging, by the
 * names GGUF uses.  Each pattern is the published one of its model family. */
#include "tokenizer/internal.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ENDINGS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define TAIL "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define LEAD "[^\\r\\n\\p{L}\\p{N}]?"

static const char gpt2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
static const char llama3[] = ENDINGS "|" LEAD "\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" TAIL;
static const char qwen2[] = ENDINGS "|" LEAD "\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" TAIL;
static const char gpt4o[] = LEAD UPPER "*" LOWER "+" ENDINGS "?|" LEAD UPPER "+" LOWER "*" ENDINGS
                            "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" TAIL;
static const char tekken[] = LEAD UPPER "*" LOWER "+|" LEAD UPPER "+" LOWER
                             "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" TAIL;

static const struct family {
    const char *name;
    const char *pattern[TOK_MAX_PRE];
    bool ignore_merges, add_bos, nfc;
} families[] = {
    {.name = "gpt-2", .pattern = {gpt2}},
    {.name = "phi-2", .pattern = {gpt2}},
    {.name = "mpt", .pattern = {gpt2}},
    {.name = "olmo", .pattern = {gpt2}, .nfc = true},
    {.name = "gpt-neox", .pattern = {gpt2}, .nfc = true},
    {.name = "llama-bpe", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "llama3", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "falcon3", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "dbrx", .pattern = {llama3}},
    {.name = "smaug-bpe", .pattern = {llama3}},
    {.name = "qwen2", .pattern = {qwen2}, .nfc = true},
    {.name = "deepseek-r1-qwen", .pattern = {qwen2}, .nfc = true},
    {.name = "stablelm2", .pattern = {qwen2}},
    {.name = "starcoder", .pattern = {"\\p{N}", gpt2}},
    {.name = "refact", .pattern = {"\\p{N}", gpt2}},
    {.name = "command-r", .pattern = {"\\p{N}", gpt2}, .nfc = true},
    {.name = "smollm", .pattern = {"\\p{N}", gpt2}},
    {.name = "codeshell", .pattern = {"\\p{N}", gpt2}},
    {.name = "gpt-4o", .pattern = {gpt4o}},
    {.name = "tekken", .pattern = {tekken}, .ignore_merges = true, .add_bos = true},
    {.name = "deepseek-coder",
     .pattern = {"[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+",
                 "[\\x{4e00}-\\x{9fa5}\\x{0800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+", "\\p{N}"}},
};

int tok_pre_add(struct ai_tokenizer *t, const char *pattern, struct ai_err *err)
{
    if (t->n_pre == TOK_MAX_PRE)
        return ai_fail(err, AI_EINPUT, "pre-tokeniser: more than %d patterns", TOK_MAX_PRE);
    t->pre[t->n_pre] = ai_regex_new(pattern, err);
    if (!t->pre[t->n_pre])
        return ai_err_at(err, "pre-tokeniser");
    t->n_pre++;
    return 0;
}

int tok_pre_named(struct ai_tokenizer *t, const char *name, size_t len, struct ai_err *err)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *f = &families[i];

        if (strlen(f->name) != len || memcmp(f->name, name, len) != 0)
            continue;
        t->ignore_merges = f->ignore_merges;
        t->add_bos = f->add_bos;
        t->nfc = f->nfc;
        for (int k = 0; k < TOK_MAX_PRE && f->pattern[k]; k++)
            if (tok_pre_add(t, f->pattern[k], err))
                return -1;
        return 0;
    }
    return ai_fail(err, AI_EINPUT, "pre-tokeniser '%.*s' is not known", len > 60 ? 60 : (int)len, name);
}

struct level {
    struct run *run;
    unsigned n; /* patterns already applied */
};

static int cut(void *arg, const char *part, size_t len, bool matched, struct ai_err *err)
{
    struct level *level = arg, next = {level->run, level->n + 1};

    (void)matched; /* what lies between matches is a word too */
    if (next.n >= level->run->t->n_pre)
        return tok_merge(level->run, (const uint8_t *)part, len, err);
    return ai_regex_split(level->run->t->pre[next.n], part, len, cut, &next, err);
}

int tok_pre_split(struct run *r, const char *s, size_t n, struct ai_err *err)
{
    struct level first = {r, 0};

    if (n == 0)
        return 0;
    if (r->t->n_pre == 0)
        return tok_merge(r, (const uint8_t *)s, n, err);
    return ai_regex_split(r->t->pre[0], s, n, cut, &first, err);
}
