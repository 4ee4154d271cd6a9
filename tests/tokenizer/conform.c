/* Published vocabularies give the published tokens. */
#include "make.h"

#include "io/fd.h"
#include "io/json.h"

static const char *shared;

static const char *in_shared(const char *name)
{
    static char path[4][600];
    static unsigned k;
    char *p = path[k++ % 4];

    snprintf(p, 600, "%s/%s", shared, name);
    return p;
}

static struct ai_tokenizer *open_shared(const char *model)
{
    struct ai_tokenizer *t = ai_tokenizer_open(in_shared(model), &make_err);

    if (!ok(t != NULL, "%s opens", model))
        printf("# %s\n", make_err.msg);
    return t;
}

/* Cases: texts with a separating line behind each, and a line of tokens each. */
static void test_cases(const char *model, const char *cases)
{
    static const char separator[] = "\n__ggml_vocab_test__\n";
    struct ai_buf in = {0}, want = {0};
    struct ai_tokenizer *t = open_shared(model);
    unsigned n = 0, bad = 0;
    char name[300], *p, *q;

    if (!t)
        return;
    snprintf(name, sizeof name, "data/tokenizers/ggml-vocab/%s.inp", cases);
    MUST(ai_fd_slurp(in_shared(name), 1 << 20, &in, &make_err));
    snprintf(name, sizeof name, "data/tokenizers/ggml-vocab/%s.out", cases);
    MUST(ai_fd_slurp(in_shared(name), 1 << 20, &want, &make_err));
    MUST(ai_buf_put(&in, "", 1, &make_err));
    MUST(ai_buf_put(&want, "", 1, &make_err));
    p = (char *)in.data;
    q = (char *)want.data;
    for (char *end; (end = strstr(p, separator)); p = end + sizeof separator - 1, n++) {
        size_t line = strcspn(q, "\n");
        const char *got;

        *end = q[line] = '\0';
        got = encode(t, p, AI_TOK_BEGIN | AI_TOK_NO_BOS);
        while (*q == ' ')
            q++;
        if (strcmp(got, q) != 0 && bad++ < 3)
            printf("# '%s'\n# got  %s\n# want %s\n", p, got, q);
        q += strlen(q) + 1;
    }
    ok(bad == 0 && n >= 46, "%s: %u of %u cases", cases, n - bad, n);
    ai_tokenizer_free(t);
    ai_buf_free(&in);
    ai_buf_free(&want);
}

/* want is got, or (a sequence that was cut) its first ids; *whole is then not counted. */
static bool same_ids(const struct ai_json *want, const struct ai_ids *got, unsigned *whole)
{
    size_t k = 0;
    int64_t id;

    while (k < got->n && ai_json_int(ai_json_at(want, k), &id) == 0 && (uint64_t)id == got->id[k])
        k++;
    *whole += k == got->n;
    return k == ai_json_size(want);
}

static bool decodes_to(const struct ai_tokenizer *t, const struct ai_json *ids, const char *text)
{
    struct ai_buf out = {0};
    bool first = true, same;
    int64_t id;

    for (size_t k = 0; k < ai_json_size(ids); k++) {
        if (ai_json_int(ai_json_at(ids, k), &id))
            return false;
        MUST(ai_detokenize(t, (uint32_t)id, first, false, &out, &make_err));
        first = first && id == ai_tokenizer_bos(t);
    }
    same = out.len <= strlen(text) && (out.len == 0 || memcmp(out.data, text, out.len) == 0);
    ai_buf_free(&out);
    return same;
}

/* Sequences {"text" or "prompt", "input_ids" or "ids"}, BOS included as the model has
 * it; cut of them hold only the first tokens of their text. */
static void test_sequences(const char *model, const char *file, const char *list, const char *text_key,
                           const char *ids_key, unsigned cut)
{
    struct ai_tokenizer *t = open_shared(model);
    struct ai_json *root = ai_json_parse_file(in_shared(file), 1 << 24, &make_err);
    const struct ai_json *all = list ? ai_json_get(root, list) : root;
    unsigned n = 0, encoded = 0, decoded = 0, whole = 0;

    for (size_t i = 0; t && i < ai_json_size(all); i++) {
        const struct ai_json *ids = ai_json_get(ai_json_at(all, i), ids_key);
        const char *text = ai_json_string(ai_json_get(ai_json_at(all, i), text_key), NULL);
        struct ai_ids got = {0};

        if (!text || !ids)
            continue;
        n++;
        MUST(ai_tokenize(t, text, strlen(text), AI_TOK_BEGIN, &got, &make_err));
        encoded += same_ids(ids, &got, &whole);
        decoded += decodes_to(t, ids, text);
        ai_ids_free(&got);
    }
    ok(n > 0 && encoded == n && whole == n - cut, "%s: %u of %u sequences of %s encode", model, encoded, n,
       strrchr(file, '/') + 1);
    ok(n > 0 && decoded == n, "%s: %u of %u decode", model, decoded, n);
    ai_tokenizer_free(t);
    if (root)
        ai_json_free(root);
}

/* Characters of all planes, but for U+2581, which stands for a space; stable: only ASCII, for
 * vocabularies that change or lack some. */
static void random_characters(struct ai_rng *rng, struct ai_buf *b, bool stable)
{
    b->len = 0;
    random_text(rng, b, ai_rng_below(rng, 200), stable ? "ab \n\t1.'" : "ab \n\t\x01\x7f'");
    for (size_t i = 0; i < b->len; i++) {
        if (stable && b->data[i] >= 0x80)
            b->data[i] &= 0x7f;
        if (i + 3 <= b->len && memcmp(b->data + i, SPACE, 3) == 0)
            memcpy(b->data + i, "xyz", 3);
    }
}

/* A text comes back, whole and line by line, and so do random characters. */
static void test_round_trip(const char *model, const struct ai_buf *text, bool stable)
{
    struct ai_tokenizer *t = open_shared(model);
    struct ai_rng rng = {12};
    struct ai_buf random = {0};
    unsigned lines = 0, lost = 0;

    if (!t)
        return;
    for (size_t from = 0, to; from < text->len; from = to + 1) {
        const uint8_t *lf = memchr(text->data + from, '\n', text->len - from);
        struct ai_buf line = {.data = text->data + from};

        to = lf ? (size_t)(lf - text->data) : text->len;
        line.len = to - from;
        lost += !comes_back(t, &line);
        lines++;
    }
    ok(lost == 0, "%s: %u of %u lines come back byte for byte", model, lines - lost, lines);
    ok(comes_back(t, text), "all of them in one too");
    for (int i = 0, bad = 0; i <= 1000; i++) {
        if (i == 1000) {
            ok(bad == 0, "and 1000 random texts");
            break;
        }
        random_characters(&rng, &random, stable);
        bad += !comes_back(t, &random);
    }
    ai_tokenizer_free(t);
    ai_buf_free(&random);
}

/* Texts that quadratic time would not get through. */
static void test_monotony(const char *model)
{
    static const char *const patterns[] = {"a", " ", "\xf0\x9f\x98\x80", "\xc2\x80", "ab", "\n"};
    struct ai_tokenizer *t = open_shared(model);
    struct ai_buf text = {0};

    for (size_t i = 0; t && i < sizeof patterns / sizeof *patterns; i++) {
        text.len = 0;
        while (text.len < 1 << 20)
            MUST(ai_buf_puts(&text, patterns[i], &make_err));
        ok(comes_back(t, &text), "%s: a megabyte of pattern %zu comes back", model, i);
    }
    ai_tokenizer_free(t);
    ai_buf_free(&text);
}

static void same_digest(const char *one, const char *other)
{
    struct ai_tokenizer *a = open_shared(one), *b = open_shared(other);

    if (a && b)
        is_str(ai_tokenizer_digest(a), ai_tokenizer_digest(b), "the same vocabulary in two formats: the same digest");
    ai_tokenizer_free(a);
    ai_tokenizer_free(b);
}

/* Texts with the tokens that the SentencePiece library (0.1.97) gives. */
static void test_unigram(void)
{
    struct ai_tokenizer *t = open_shared("data/tokenizers/sentencepiece-test/test_model.model");

    if (!t)
        return;
    is_str(encode(t, "It was not until the third evening.", AI_TOK_BEGIN | AI_TOK_NO_BOS),
           "225 22 43 684 31 7 4 95 158 17 235 18 6", "unigram, letters");
    is_str(encode(t, "  \xef\xbc\xa8\xef\xbd\x85llo \xe2\x91\xa0  \xe3\x88\xb1 ... ", AI_TOK_BEGIN | AI_TOK_NO_BOS),
           "151 88 21 4 357 420 0 394 4 6 6 6",
           "unigram, characters that the model's table maps");
    ai_tokenizer_free(t);
}

#define VOCAB "data/tokenizers/ggml-vocab/ggml-vocab-"
int main(void)
{
    static const char *const all[] = {
        "data/tokenizers/llama2", "data/tokenizers/llama3", "data/tokenizers/gpt2",
        "data/tokenizers/opt", "data/tokenizers/neox", "data/tokenizers/mistral/tokenizer.model.v3",
        VOCAB "baichuan.gguf", VOCAB "deepseek-coder.gguf", VOCAB "gpt-2.gguf", VOCAB "gpt-neox.gguf",
        VOCAB "llama-spm.gguf", VOCAB "starcoder.gguf", "conformance/real/stories260K/model",
        "data/models/gptneo-3m-tinystories-chat"};
    struct ai_buf text = {0};

    shared = getenv("AI_SHARED");
    if (!shared || access(in_shared("data/tokenizers"), R_OK))
        skip_all("no published vocabularies here ($AI_SHARED)");
    test_cases(VOCAB "llama-spm.gguf", "ggml-vocab-llama-spm.gguf");
    test_cases("data/tokenizers/llama2", "ggml-vocab-llama-spm.gguf");
    test_cases(VOCAB "gpt-2.gguf", "ggml-vocab-gpt-2.gguf");
    test_cases("data/tokenizers/gpt2", "ggml-vocab-gpt-2.gguf");
    test_cases("data/tokenizers/llama3", "ggml-vocab-llama-bpe.gguf");
    test_cases(VOCAB "deepseek-coder.gguf", "ggml-vocab-deepseek-coder.gguf");
    test_cases(VOCAB "starcoder.gguf", "ggml-vocab-starcoder.gguf");
    test_sequences("conformance/real/stories260K/model", "conformance/real/stories260K/ref/index.json", "sequences",
                   "text",
                   "input_ids", 1);
    test_sequences("conformance/real/stories260K/gguf/stories260K-F16.gguf",
                   "conformance/real/stories260K/ref/index.json",
                   "sequences", "text", "input_ids", 1);
    test_sequences("conformance/real/gptneo-3m-tinystories-chat/model",
                   "conformance/real/gptneo-3m-tinystories-chat/ref/index.json", "sequences", "text", "input_ids", 0);
    test_sequences("data/models/gptneo-3m-tinystories-chat", "data/models/gptneo-3m-tinystories-chat/golden.json", NULL,
                   "prompt", "ids", 0);
    same_digest(VOCAB "llama-spm.gguf", "data/tokenizers/llama2");
    same_digest(VOCAB "gpt-2.gguf", "data/tokenizers/gpt2/tokenizer.json");
    MUST(ai_fd_slurp(in_shared("data/wikitext/train.txt"), 1 << 26, &text, &make_err));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        test_round_trip(all[i], &text, strstr(all[i], "neo") || strstr(all[i], "starcoder"));
    test_monotony("data/tokenizers/llama2");
    test_monotony("data/tokenizers/gpt2");
    test_monotony("data/tokenizers/llama3");
    test_unigram();
    ai_buf_free(&text);
    return done_testing();
}
