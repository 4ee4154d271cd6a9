/* Hostile files: every bit of small tokenizer files flipped and every length of them,
 * and lengths that lie.  What still opens must work: a tokenizer is used, not only read. */
#include "make.h"

#include "tokenizer/chat.h"

static const char *const names[] = {"t.gguf", "b.gguf", "tokenizer.model", "tokenizer.json", "tokenizer_config.json",
                                    "added_tokens.json", "vocab.json", "merges.txt", "chat_template.jinja", NULL};

static void use(struct ai_tokenizer *t, const char *path)
{
    static const char text[] = " ab  <s> a\xc3\xa9<|im_end|>\n";
    struct ai_ids ids = {0};
    struct ai_buf out = {0};
    struct ai_err err;
    struct ai_turn turn = {AI_ROLE_USER, (char *)"ab", 2};
    struct ai_chat *c = ai_chat_open(path, t, &err);

    if (c && ai_chat_tokenize(c, &turn, 1, 0, &ids, &err))
        ids.n = 0;
    ai_chat_free(c);
    if (ai_tokenize(t, text, sizeof text - 1, AI_TOK_BEGIN, &ids, &err) ||
        ai_tokenize(t, text, sizeof text - 1, AI_TOK_SPECIAL, &ids, &err))
        ids.n = 0; /* a vocabulary may have no token for what is not in it */
    for (size_t i = 0; i < ids.n; i++)
        MUST(ai_detokenize(t, ids.id[i], i == 0, true, &out, &make_err));
    ai_ids_free(&ids);
    ai_buf_free(&out);
}

static bool opens(const char *path, struct ai_err *err)
{
    struct ai_tokenizer *t = ai_tokenizer_open(path, err);

    if (t)
        use(t, path);
    ai_tokenizer_free(t);
    return t != NULL;
}

/* The file name of the folder, each bit flipped, then cut at each byte; path is opened. */
static void abuse(const char *name, const struct ai_buf *file, const char *path, bool cut_is_refused)
{
    struct ai_err err = {0};
    unsigned said = 0, refusals = 0, whole = 0;

    for (size_t i = 0; i < 8 * file->len; i++) {
        file->data[i / 8] ^= (uint8_t)(1u << i % 8);
        make_file(name, file->data, file->len);
        if (!opens(path, &err)) {
            refusals++;
            said += err.code == AI_EINPUT && strlen(err.msg) > strlen(path) + 5;
        }
        file->data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    ok(said == refusals, "%s: %zu flips, each taken or refused with a reason", name, 8 * file->len);
    for (size_t n = 0; n < file->len; n++) {
        make_file(name, file->data, n);
        whole += opens(path, &err);
    }
    ok(whole == 0 || !cut_is_refused, "%s: cut anywhere, it is %s", name, cut_is_refused ? "refused" : "survived");
    make_file(name, file->data, file->len);
    if (!ok(opens(path, &err), "%s: whole, it opens", name))
        printf("# %s\n", err.msg);
    unlink(make_path(name));
}

static void text_file(struct ai_buf *b, const char *text)
{
    b->len = 0;
    MUST(ai_buf_puts(b, text, &make_err));
}

static void test_sentencepiece(void)
{
    const struct make_piece p[] = {{"<unk>", 5, 2, 0}, {"<s>", 3, 3, 0},   {"</s>", 4, 3, 0}, {SPACE, 3, 1, -1},
                                   {"a", 1, 1, -2},    {"b", 1, 1, -2},    {"ab", 2, 1, -1},  {SPACE "ab", 5, 1, -3},
                                   {"<u>", 3, 4, 0}};
    struct ai_buf b = {0};

    make_gguf_more(&b, "llama", NULL, p, 9, NULL, "tokenizer.chat_template",
                   "{{'<|im_start|>'+message.role+'\\n'+message.content+'<|im_end|>\\n'}}{{'<|im_start|>assistant\\n'}}");
    abuse("t.gguf", &b, make_path("t.gguf"), true);
    make_spm(&b, 2, true, p, 9);
    abuse("tokenizer.model", &b, make_dir, false); /* a message may end behind any field */
    make_spm(&b, 1, false, p, 9);
    abuse("tokenizer.model", &b, make_path("tokenizer.model"), false);
    make_gguf_unigram(&b, true, "\x04\0\0\0\0\0\0\0", 9, p, 9);
    abuse("t.gguf", &b, make_path("t.gguf"), true);
    make_json_unigram(&b, "0", p, 9);
    abuse("tokenizer.json", &b, make_path("tokenizer.json"), true);
    ai_buf_free(&b);
}

static void test_byte_level(void)
{
    const struct make_piece p[] = {{"a", 1, 1, 0}, {"b", 1, 1, 0}, {"ab", 2, 1, 0}, {"\xc4\xa0", 2, 1, 0},
                                   {"<s>", 3, 3, 0}, {"<|im_end|>", 10, 4, 0}};
    const char *const merges[] = {"a b", NULL};
    struct ai_buf b = {0};

    make_gguf(&b, "gpt2", "llama-bpe", p, 6, merges);
    gguf_key(&b, "tokenizer.ggml.add_bos_token", 7);
    MUST(ai_buf_put(&b, "", 1, &make_err));
    b.data[16]++; /* one key more */
    abuse("b.gguf", &b, make_path("b.gguf"), true);
    text_file(&b, "{\"added_tokens\":[{\"id\":4,\"content\":\"<s>\",\"special\":true,\"rstrip\":true}],"
                  "\"normalizer\":{\"type\":\"NFKC\"},\"pre_tokenizer\":{\"type\":\"ByteLevel\"},"
                  "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},"
                  "{\"Sequence\":{\"id\":\"A\"}}]},\"model\":{\"type\":\"BPE\",\"ignore_merges\":false,"
                  "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"\xc4\xa0\":3},\"merges\":[\"a b\"]}}");
    abuse("tokenizer.json", &b, make_path("tokenizer.json"), true);
    make_text("vocab.json", "{\"a\":0,\"b\":1,\"ab\":2,\"<s>\":3}");
    make_text("merges.txt", "#version: 0.2\na b\n");
    text_file(&b, "{\"<|im_start|>\":4,\"<|im_end|>\":5}");
    abuse("added_tokens.json", &b, make_dir, true);
    text_file(&b, "{\"bos_token\":\"<s>\",\"add_bos_token\":true,\"added_tokens_decoder\":{\"3\":{\"content\":\"<s>\","
                  "\"lstrip\":true,\"special\":true},\"4\":{\"content\":\"<|im_end|>\"}},\"chat_template\":\"{{'<|im_start|>'"
                  "+message.role+'\\n'+message.content+'<|im_end|>\\n'}}{{'<|im_start|>assistant\\n'}}\"}");
    abuse("tokenizer_config.json", &b, make_dir, true);
    text_file(&b, "#version: 0.2\na b\n");
    abuse("merges.txt", &b, make_dir, false); /* fewer merges are a list of merges too */
    make_text("merges.txt", "a b\n");
    text_file(&b, "{\"a\":0,\"b\":1,\"ab\":2,\"\xc4\xa0\":3}");
    abuse("vocab.json", &b, make_dir, true);
    unlink(make_path("merges.txt"));
    ai_buf_free(&b);
}

/* Lengths that no memory can hold are refused for what they are. */
static void test_lengths(void)
{
    const struct make_piece p[] = {{"<unk>", 5, 2, 0}, {"a", 1, 1, -1}};
    struct make_piece nan[] = {{"<unk>", 5, 2, 0}, {"a", 1, 1, 0}}, empty[] = {{"<unk>", 5, 2, 0}, {"", 0, 1, 0}};
    struct ai_buf b = {0};

    make_gguf(&b, "llama", NULL, p, 2, NULL);
    for (size_t i = 0; i + 8 < b.len; i++)
        if (memcmp(b.data + i, "tokens", 6) == 0)
            memset(b.data + i + 14, 0x7f, 8); /* the number of tokens */
    refused(make_file("t.gguf", b.data, b.len), "tokenizer.ggml.tokens", "more tokens than the file has bytes");
    nan[1].score = strtof("nan", NULL);
    make_gguf(&b, "llama", NULL, nan, 2, NULL);
    refused(make_file("t.gguf", b.data, b.len), "not a number", "a score that is not a number");
    make_spm(&b, 2, true, nan, 2);
    refused(make_file("tokenizer.model", b.data, b.len), "not a number", "such a score in tokenizer.model");
    make_spm(&b, 2, true, empty, 2);
    refused(make_file("tokenizer.model", b.data, b.len), "has no text", "a piece of no length");
    refused(make_file("tokenizer.model", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10), "cut short",
            "a length beyond the file");
    unlink(make_path("tokenizer.model"));
    make_text("vocab.json", "{\"a\":0}");
    make_text("merges.txt", "");
    make_text("added_tokens.json", "{\"<x>\":16000000}");
    refused(make_dir, "added_tokens.json: '<x>' has number 16000000, but there are no more than 2", "a number far off");
    make_text("added_tokens.json", "{\"<x>\":0}");
    refused(make_dir, "which is another token's", "a number that is taken");
    make_text("added_tokens.json", "{\"<x>\":-1}");
    refused(make_dir, "has no number", "a number below zero");
    unlink(make_path("vocab.json"));
    unlink(make_path("merges.txt"));
    unlink(make_path("added_tokens.json"));
    make_text("vocab.txt", "[UNK]\n");
    refused(make_dir, "WordPiece", "WordPiece, by its name");
    unlink(make_path("vocab.txt"));
    ai_buf_free(&b);
}

static void test_unigram(void)
{
    struct make_piece p[] = {
        {"<unk>", 5, 2, 0}, {"<s>", 3, 3, 0}, {"</s>", 4, 3, 0}, {SPACE, 3, 1, -1}, {"a", 1, 1, 0}};
    static const char *const unk[] = {"5", "-1", "4294967296", "\"0\"", "0.5"};
    struct ai_buf b = {0};

    for (size_t i = 0; i < sizeof unk / sizeof *unk; i++) {
        make_json_unigram(&b, unk[i], p, 5);
        refused(make_file("tokenizer.json", b.data, b.len), "model.unk_id: not the number of one of the 5 tokens",
                unk[i]);
    }
    p[4].score = strtof("nan", NULL);
    make_gguf_unigram(&b, true, "", 0, p, 5);
    refused(make_file("t.gguf", b.data, b.len), "token 4: its score is not a number", "unigram: such a score");
    make_json_unigram(&b, "0", p, 5);
    refused(make_file("tokenizer.json", b.data, b.len), "tokenizer.json", "and in JSON");
    p[4] = (struct make_piece){"", 0, 1, -1};
    make_gguf_unigram(&b, true, "", 0, p, 5);
    refused(make_file("t.gguf", b.data, b.len), "token 4 has no text", "unigram: a piece of no length");
    make_json_unigram(&b, "0", p, 5);
    refused(make_file("tokenizer.json", b.data, b.len), "model.vocab: piece 4 has no text", "and in JSON");
    make_gguf_unigram(&b, true, "", 0, p, 4);
    for (size_t i = 0; i + 20 < b.len; i++)
        if (memcmp(b.data + i, "unknown_token_id", 16) == 0)
            b.data[i + 20] = 4; /* behind the key's type */
    refused(make_file("t.gguf", b.data, b.len), "unknown_token_id: 4, where there are 4 tokens",
            "an unknown token beyond them");
    text_file(&b, "{\"normalizer\":{\"type\":\"Prepend\",\"prepend\":\"" SPACE "\"},\"pre_tokenizer\":{\"type\":"
                  "\"Metaspace\",\"replacement\":\"" SPACE "\",\"split\":false},\"model\":{\"type\":\"Unigram\","
                  "\"vocab\":[[\"a\",-1],[\"b\"]]}}");
    refused(make_file("tokenizer.json", b.data, b.len), "model.vocab: piece 1 has no score", "a piece without a score");
    unlink(make_path("tokenizer.json"));
    unlink(make_path("t.gguf"));
    ai_buf_free(&b);
}

int main(void)
{
    make_folder();
    test_lengths();
    test_sentencepiece();
    test_unigram();
    test_byte_level();
    make_clean(names);
    return done_testing();
}
