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
static const char bloom[] = " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{ff0c}\\x{3001}\\x{964}\\x{6d4}\\x{60c})]+";
static const char gpt4o[] = LEAD UPPER "*" LOWER "+" ENDINGS "?|" LEAD UPPER "+" LOWER "*" ENDINGS
                            "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" TAIL;
static const char tekken[] = LEAD UPPER "*" LOWER "+|" LEAD UPPER "+" LOWER
                             "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" TAIL;

/* cased letters, as the published pattern of DeepSeek's first models lists them */
#define CASED                                                                                                          \
    "A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}\\x{1c4}-\\x{293}"                    \
    "\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37b}-\\x{37d}\\x{37f}\\x{386}\\x{388}-\\x{38a}\\x{38c}"     \
    "\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}\\x{531}-\\x{556}\\x{10a0}-\\x{10c5}"         \
    "\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}\\x{1cbd}-\\x{1cbf}\\x{1d00}-\\x{1d2b}"                  \
    "\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}"                  \
    "\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}\\x{1f5d}\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}"          \
    "\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}"         \
    "\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}"          \
    "\\x{2119}-\\x{211d}\\x{2124}\\x{2126}\\x{2128}\\x{212a}-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}"                    \
    "\\x{213c}-\\x{213f}\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}"          \
    "\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}"                   \
    "\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}"                  \
    "\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}\\x{104d8}-\\x{104fb}"            \
    "\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}\\x{1e900}-\\x{1e943}"
#define CHINESE "[\\x{4e00}-\\x{9fa5}\\x{0800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+"

static const struct family {
    const char *name;
    const char *pattern[TOK_MAX_PRE];
    bool ignore_merges, add_bos;
    enum tok_normal_form normal_form;
} families[] = {
    {.name = "gpt-2", .pattern = {gpt2}},
    {.name = "phi-2", .pattern = {gpt2}},
    {.name = "mpt", .pattern = {gpt2}},
    {.name = "jais", .pattern = {gpt2}},
    {.name = "gigachat", .pattern = {gpt2}},
    {.name = "roberta-bpe", .pattern = {gpt2}},
    {.name = "default", .pattern = {"[\\p{P}$+<=>^~|]+", gpt2, "\\p{N}+", "[0-9][0-9][0-9]"}},
    {.name = "falcon", .pattern = {"[\\p{P}$+<=>^~|`]+", gpt2, "[0-9][0-9][0-9]"}},
    {.name = "olmo", .pattern = {gpt2}, .normal_form = TOK_NFC},
    {.name = "gpt-neox", .pattern = {gpt2}, .normal_form = TOK_NFC},
    {.name = "llama-bpe", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "llama3", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "falcon3", .pattern = {llama3}, .ignore_merges = true, .add_bos = true},
    {.name = "dbrx", .pattern = {llama3}},
    {.name = "smaug-bpe", .pattern = {llama3}},
    {.name = "chatglm-bpe", .pattern = {llama3}},
    {.name = "qwen2", .pattern = {qwen2}, .normal_form = TOK_NFC},
    {.name = "deepseek-r1-qwen", .pattern = {qwen2}, .normal_form = TOK_NFC},
    {.name = "megrez", .pattern = {qwen2}},
    {.name = "stablelm2", .pattern = {qwen2}},
    {.name = "starcoder", .pattern = {"\\p{N}", gpt2}},
    {.name = "refact", .pattern = {"\\p{N}", gpt2}},
    {.name = "command-r", .pattern = {"\\p{N}", gpt2}, .normal_form = TOK_NFC},
    {.name = "smollm", .pattern = {"\\p{N}", gpt2}},
    {.name = "codeshell", .pattern = {"\\p{N}", gpt2}},
    {.name = "exaone", .pattern = {"\\p{N}", gpt2}},
    {.name = "minerva-7b", .pattern = {"\\p{N}", gpt2}},
    {.name = "bloom", .pattern = {bloom}},
    {.name = "poro-chat", .pattern = {bloom}},
    {.name = "gpt3-finnish", .pattern = {bloom}},
    {.name = "viking", .pattern = {bloom, "\\p{N}"}},
    {.name = "gpt-4o", .pattern = {gpt4o}},
    {.name = "llama4", .pattern = {gpt4o}},
    {.name = "tekken", .pattern = {tekken}, .ignore_merges = true, .add_bos = true},
    {.name = "pixtral", .pattern = {tekken}, .ignore_merges = true, .add_bos = true},
    {.name = "deepseek-coder", .pattern = {"[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", CHINESE, "\\p{N}"}},
    {.name = "deepseek-llm",
     .pattern = {"[\\r\\n]", "\\s?[" CASED "]+",
                 "\\s?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3000}-\\x{3002}]+", "\\s+$",
                 CHINESE, "\\p{N}+"}},
    {.name = "deepseek-v3",
     .pattern = {"\\p{N}{1,3}", "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+",
                 "[!-/:-@\\[-`{-~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*"
                 TAIL}},
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
        t->normal_form = f->normal_form;
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
