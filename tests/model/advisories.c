/* GGUF files as the public advisories on readers of the format describe them, and their
 * like: numbers that wrap around when they are multiplied or added, counts larger than
 * what is counted, more dimensions than there is room for.  Each is made from a good
 * file by changing the bytes in question; each must be refused by name, with nothing
 * taken on the number's word. */
#include "base/bytes.h"
#include "model/gguf.h"
#include "place.h"
#include "tokenizer/tokenizer.h"

#include <sys/resource.h>

#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
enum { KEEPS_FREED = 1 };
#else
enum { KEEPS_FREED = 0 };
#endif

static struct ai_buf file;      /* the good file, changed */
static const char *path;
static struct gen_spec spec;

/* What follows the name `text` in the file. */
static uint8_t *behind(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 8; i + n < file.len; i++)
        if (ai_get_u64(file.data + i - 8) == n && memcmp(file.data + i, text, n) == 0)
            return file.data + i + n;
    exit(99);
}

static void begin(struct gen_model *g)
{
    ai_buf_free(&file);
    file = (struct ai_buf){0};
    gen_gguf(g, 3, &file);
    gen_free(g);
}

static void good(void)
{
    begin(gen_make(&spec));
}

static void refused(const char *word, const char *word2, const char *what)
{
    struct ai_model *m;

    gen_write_file(path, file.data, file.len);
    err.msg[0] = '\0';
    m = ai_model_open(path, &err);
    if (!ok(!m && err.code == AI_EINPUT && strncmp(err.msg, path, strlen(path)) == 0 && strstr(err.msg, word) &&
            strstr(err.msg, word2) && !strchr(err.msg, '\n'), "%s", what))
        printf("# %s\n", m ? "it opened" : err.msg);
    ai_model_free(m);
}

/* Counts of the header, whose product with any record's size wraps around to something small. */
static void counts(void)
{
    static const uint64_t many[] = {UINT64_MAX, UINT64_MAX / 2 + 1, 0x0100000000000001, 0x0040000000000001,
                                    0x0555555555555556, 0x100000001, 0x7fffffff, 1000000};

    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        good();
        ai_put_u64(file.data + 8, many[i]);
        refused("tensors", "do not fit", "CVE-2024-21836: a number of tensors that wraps around");
        good();
        ai_put_u64(file.data + 16, many[i]);
        refused("metadata values", "do not fit", "CVE-2024-23605: a number of metadata values that wraps around");
    }
}

static void arrays(void)
{
    static const uint64_t many[] = {UINT64_MAX, 0x1000000000000001, 0x2000000000000001, 0x4000000000000001,
                                    0x8000000000000001, 0x10000000};

    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        good();
        ai_put_u64(behind("tokenizer.ggml.tokens") + 8, many[i]);
        refused("tokenizer.ggml.tokens", "truncated", "CVE-2024-21825: an array of more strings than can be");
        good();
        ai_put_u64(behind("tokenizer.ggml.scores") + 8, many[i]);
        refused("tokenizer.ggml.scores", "truncated", "CVE-2024-21825: an array of more numbers than can be");
    }
    good();
    ai_put_u32(behind("tokenizer.ggml.scores") + 4, AI_GGUF_ARRAY);
    refused("tokenizer.ggml.scores", "arrays of arrays", "an array of arrays");
    good();
    ai_put_u32(behind("tokenizer.ggml.scores") + 4, 13);
    refused("tokenizer.ggml.scores", "type 13", "an array of an unknown type");
    good();
    ai_put_u32(behind("tokenizer.ggml.scores"), 0xffffffff);
    refused("tokenizer.ggml.scores", "type 4294967295", "a value of an unknown type");
}

static void strings(void)
{
    static const uint64_t length[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2, 0x100000000, 0x7fffffff};

    for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
        good();
        ai_put_u64(behind("general.architecture") + 4, length[i]);
        refused("general.architecture", "truncated", "CVE-2024-23496: a string longer than the file");
        good();
        ai_put_u64(behind("general.architecture") - 28, length[i]);
        refused("truncated", "metadata key", "CVE-2024-23496: a key longer than the file");
        good();
        ai_put_u64(behind("blk.0.attn_q.weight") - 27, length[i]);
        refused("truncated", "tensor's name", "CVE-2024-23496: a tensor's name longer than the file");
        good();
        ai_put_u64(behind("tokenizer.ggml.tokens") + 16, length[i]);
        refused("tokenizer.ggml.tokens", "truncated", "CVE-2025-49847: a token longer than the file");
    }
}

static void dimensions(void)
{
    static const uint32_t many[] = {5, 6, 255, 0x7fffffff, 0x80000000, 0xffffffff};
    static const uint64_t shapes[][2] = {
        {0x8000000000000000, 1}, {0x4000000000000000, 4}, {0x100000000, 0x100000000}, {UINT64_MAX, UINT64_MAX},
        {0x2000000000000001, 8}, {0x8000000000000000, 2},
    };
    struct gen_model *g;

    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        good();
        ai_put_u32(behind("blk.1.ffn_up.weight"), many[i]);
        refused("blk.1.ffn_up.weight", "dimensions", "CVE-2024-21802: more dimensions than there is room for");
    }
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        good();
        ai_put_u64(behind("blk.1.ffn_up.weight") + 4, shapes[i][0]);
        ai_put_u64(behind("blk.1.ffn_up.weight") + 12, shapes[i][1]);
        refused("blk.1.ffn_up.weight", "shape", "dimensions whose product wraps around");
        g = gen_make(&spec);
        gen_add(g, "nobody.looks.for.this", 3, 5, AI_W_F32);
        begin(g);
        ai_put_u64(behind("nobody.looks.for.this") + 4, shapes[i][0]);
        ai_put_u64(behind("nobody.looks.for.this") + 12, shapes[i][1]);
        refused("nobody.looks.for.this", "shape", "also of a tensor that no model has");
    }
    /* two tensors whose sizes together wrap around, each within 64 bits */
    g = gen_make(&spec);
    gen_add(g, "large.1", 1, 32, AI_W_F32)->dims[0] = 1ull << 56;
    gen_add(g, "large.2", 1, 32, AI_W_F32)->dims[0] = 1ull << 56;
    begin(g);
    refused("large.1", "room for", "CVE-2025-53630: sizes whose sum wraps around");
}

static void places(void)
{
    static const uint64_t at[] = {UINT64_MAX - 31, UINT64_MAX - 63, 0x8000000000000000, 0x100000000};
    struct gen_model *g;

    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        good();
        ai_put_u64(behind("blk.0.attn_q.weight") + 24, at[i]);
        refused("blk.0.attn_q.weight", "offset", "an offset that wraps around, or is beyond the file");
    }
    for (unsigned i = 1; i < 32; i++) {
        good();
        ai_put_u64(behind("blk.0.attn_q.weight") + 24, ai_get_u64(behind("blk.0.attn_q.weight") + 24) + i);
        if (i % 8 == 1)
            refused("blk.0.attn_q.weight", "aligned", "an offset that is not aligned");
    }
    for (uint32_t i = 0; i < 40; i += 13) {
        g = gen_make(&spec);
        gen_set_u32(g, "general.alignment", i == 39 ? 0x80000000 : i);
        begin(g);
        refused("general.alignment", "", "an alignment of 0, an odd one, one beyond all files");
    }
    g = gen_make(&spec);
    gen_set_string(g, "general.alignment", "32");
    begin(g);
    refused("general.alignment", "whole number", "an alignment in words");
    g = gen_make(&spec);
    gen_set_u32(g, "general.alignment", 4096);
    begin(g);
    refused("not aligned to 4096", "offset", "an alignment that the tensors do not have");
    g = gen_make(&spec);
    gen_add(g, "nobody.looks.for.this", 3, 5, AI_W_F32)->dims[0] = 100;
    begin(g);
    refused("nobody.looks.for.this", "room for 60", "a tensor that the file ends in, though no model has it");
    g = gen_make(&spec);
    gen_add(g, "nobody.looks.for.this", 3, 32, AI_W_Q8_0)->dims[1] = 33;
    begin(g);
    refused("nobody.looks.for.this", "whole blocks of Q8_0", "a row that is no whole number of blocks");
}

static void names(void)
{
    good();
    memcpy(behind("tokenizer.ggml.bos_token_id") - 3, "\xff\xfe\xfd", 3);
    refused("metadata key", "UTF-8", "a key that is not UTF-8");
    good();
    memcpy(behind("blk.1.attn_v.weight") - 19, "blk.1.attn_k.weight", 19);
    refused("'blk.1.attn_k.weight'", "twice", "a tensor's name twice");
    good();
    memcpy(behind("tokenizer.ggml.eos_token_id") - 27, "tokenizer.ggml.bos_token_id", 27);
    refused("'tokenizer.ggml.bos_token_id'", "twice", "a key twice");
    good();
    ai_put_u64(behind("blk.1.attn_v.weight") - 27, 0);
    refused("tensor's name", "empty", "a tensor without a name");
}

/* Tables of a tokenizer that are shorter than what they are of, and numbers of tokens that are not there. */
static void vocabularies(void)
{
    static const struct { const char *key; uint32_t value; const char *word; } wrong[] = {
        {"tokenizer.ggml.bos_token_id", GEN_MIN_VOCAB, "bos_token_id"},
        {"tokenizer.ggml.eos_token_id", 0x7fffffff, "eos_token_id"},
        {"tokenizer.ggml.unknown_token_id", GEN_MIN_VOCAB + 1, "unknown_token_id"},
        {"tokenizer.ggml.scores", 3, "scores"}, {"tokenizer.ggml.token_type", 3, "token_type"},
        {"tokenizer.ggml.tokens", 3, "tokens"}, {"tokenizer.ggml.model", 3, "model"},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct gen_model *g = gen_make(&spec);
        struct ai_tokenizer *t;

        gen_set_u32(g, wrong[i].key, wrong[i].value);
        begin(g);
        gen_write_file(path, file.data, file.len);
        err.msg[0] = '\0';
        t = ai_tokenizer_open(path, &err);
        if (!ok(!t && strstr(err.msg, path) && strstr(err.msg, wrong[i].word), "%s: %u", wrong[i].key, wrong[i].value))
            printf("# %s\n", t ? "it opened" : err.msg);
        ai_tokenizer_free(t);
    }
}

int main(void)
{
    struct rusage use;
    long before;

    make_place();
    path = in_place("m.gguf");
    spec = gen_small;
    spec.vocab = GEN_MIN_VOCAB;
    spec.tokenizer = true;
    getrusage(RUSAGE_SELF, &use);
    before = use.ru_maxrss;
    counts();
    arrays();
    strings();
    dimensions();
    places();
    names();
    vocabularies();
    getrusage(RUSAGE_SELF, &use);
    if (KEEPS_FREED)
        skip("none of them took memory", "the sanitizer keeps what is freed");
    else
        ok(use.ru_maxrss - before < 32 * 1024, "none of them took memory (%ld KiB)", use.ru_maxrss - before);
    ai_buf_free(&file);
    remove_all(place);
    return done_testing();
}
