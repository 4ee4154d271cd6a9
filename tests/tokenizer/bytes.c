/* Byte-level vocabularies: random merge lists against a plain implementation, the
 * file formats against each other, added tokens, and files that must be refused. */
#include "make.h"

enum { MERGES = 60 };

static struct make_piece piece[500];
static char text[500][64];
static size_t n_pieces;
static char merge_text[MERGES][130];
static const char *merges[MERGES + 1];
static unsigned merge_pair[MERGES][3];
static size_t n_merges;

static void add(const char *s, uint32_t type)
{
    snprintf(text[n_pieces], sizeof text[0], "%s", s);
    piece[n_pieces] = (struct make_piece){text[n_pieces], strlen(s), type, 0};
    n_pieces++;
}

static void random_vocabulary(struct ai_rng *rng)
{
    n_pieces = n_merges = 0;
    for (unsigned b = 0; b < 256; b++) {
        char s[4];

        make_byte(b, s);
        add(s, 1);
    }
    while (n_merges < MERGES) {
        static const char letters[] = "aaabbc1";
        unsigned l = (unsigned)(ai_rng_below(rng, 2) && n_pieces > 256 ? 256 + ai_rng_below(rng, n_pieces - 256)
                                                                       : (uint64_t)letters[ai_rng_below(rng, 7)]);
        unsigned r = (unsigned)(ai_rng_below(rng, 2) && n_pieces > 256 ? 256 + ai_rng_below(rng, n_pieces - 256)
                                                                       : (uint64_t)letters[ai_rng_below(rng, 7)]);
        char both[130];
        bool known = false;

        if (ai_rng_below(rng, 5) == 0)
            l = ' ';
        if (piece[l].len + piece[r].len > 20 || (r > 255 && (unsigned char)*piece[r].text == 0xc4))
            continue;
        snprintf(both, sizeof both, "%s%s", piece[l].text, piece[r].text);
        for (size_t i = 0; i < n_pieces; i++)
            known |= strcmp(piece[i].text, both) == 0;
        if (known)
            continue;
        snprintf(merge_text[n_merges], sizeof merge_text[0], "%s %s", piece[l].text, piece[r].text);
        merges[n_merges] = merge_text[n_merges];
        merge_pair[n_merges][0] = l;
        merge_pair[n_merges][1] = r;
        merge_pair[n_merges++][2] = (unsigned)n_pieces;
        add(both, 1);
    }
    merges[n_merges] = NULL;
    add("<|end|>", 3);
}

static void json_files(void)
{
    struct ai_buf v = {0}, m = {0}, j = {0};

    MUST(ai_buf_puts(&v, "{", &make_err));
    for (size_t i = n_pieces; i-- > 0;) {
        const char *s = piece[i].text;

        MUST(ai_buf_printf(&v, &make_err, "\"%s%s\":%zu%s",
                           *s == '"' || *s == '\\' ? "\\" : "", s, i, i ? ",\n" : "}"));
    }
    MUST(ai_buf_puts(&m, "#version: 0.2\n", &make_err));
    MUST(ai_buf_puts(&j, "{\"added_tokens\":[", &make_err));
    MUST(ai_buf_printf(&j, &make_err, "{\"id\":%zu,\"content\":\"<|end|>\",\"special\":true}],", n_pieces - 1));
    MUST(ai_buf_puts(&j, "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},"
                         "\"model\":{\"type\":\"BPE\",\"vocab\":", &make_err));
    MUST(ai_buf_put(&j, v.data, v.len, &make_err));
    MUST(ai_buf_puts(&j, ",\"merges\":[", &make_err));
    for (size_t i = 0; i < n_merges; i++) {
        MUST(ai_buf_printf(&m, &make_err, "%s\n", merges[i]));
        MUST(ai_buf_printf(&j, &make_err, i ? ",\"%s\"" : "\"%s\"", merges[i]));
    }
    MUST(ai_buf_puts(&j, "]}}", &make_err));
    make_file("vocab.json", v.data, v.len);
    make_file("merges.txt", m.data, m.len);
    make_file("tok.json", j.data, j.len);
    ai_buf_free(&v);
    ai_buf_free(&m);
    ai_buf_free(&j);
}

/* One word: the pair of the lowest rank merges wherever it stands, from the left. */
static void plain_word(const unsigned char *s, size_t n, struct ai_ids *ids)
{
    uint32_t y[3000];
    size_t k = n;

    for (size_t i = 0; i < n; i++)
        y[i] = s[i];
    for (;;) {
        size_t best = n_merges, to = 0;

        for (size_t i = 0; i + 1 < k; i++)
            for (size_t m = 0; m < best; m++)
                if (merge_pair[m][0] == y[i] && merge_pair[m][1] == y[i + 1])
                    best = m;
        if (best == n_merges)
            break;
        for (size_t i = 0; i < k; i++) {
            if (i + 1 < k && y[i] == merge_pair[best][0] && y[i + 1] == merge_pair[best][1]) {
                y[to++] = merge_pair[best][2];
                i++;
            } else {
                y[to++] = y[i];
            }
        }
        k = to;
    }
    for (size_t i = 0; i < k; i++)
        ids->id[ids->n++] = y[i];
}

/* GPT-2's words in a text of letters, digits and single or several spaces. */
static void plain_text(const char *s, size_t n, struct ai_ids *ids)
{
    size_t i = 0;

    ids->n = 0;
    while (i < n) {
        size_t from = i, spaces = 0;
        bool digit;

        while (i < n && s[i] == ' ') {
            i++;
            spaces++;
        }
        if (i < n && spaces > 1) { /* the last space belongs to the word */
            plain_word((const unsigned char *)s + from, spaces - 1, ids);
            from = i - 1;
        }
        if (i < n) {
            digit = s[i] == '1';
            while (i < n && s[i] != ' ' && (s[i] == '1') == digit)
                i++;
        }
        plain_word((const unsigned char *)s + from, i - from, ids);
    }
}

static unsigned compare_random(const struct ai_tokenizer *t, struct ai_rng *rng)
{
    struct ai_ids got = {0}, want = {calloc(3000, sizeof(uint32_t)), 0, 3000};
    struct ai_buf s = {0};
    unsigned bad = 0;

    for (int k = 0; k < 60; k++) {
        size_t n = ai_rng_below(rng, k < 50 ? 40 : 400);

        s.len = 0;
        while (n--)
            MUST(ai_buf_put(&s, &"aaabbbc1 "[ai_rng_below(rng, k % 3 ? 9 : 7)], 1, &make_err));
        got.n = 0;
        MUST(ai_tokenize(t, (char *)s.data, s.len, AI_TOK_BEGIN, &got, &make_err));
        plain_text((char *)s.data, s.len, &want);
        bad += got.n != want.n || (got.n && memcmp(got.id, want.id, got.n * sizeof *got.id) != 0);
    }
    ai_ids_free(&got);
    ai_ids_free(&want);
    ai_buf_free(&s);
    return bad;
}

static void test_random(void)
{
    struct ai_buf file = {0};
    struct ai_rng rng = {11};
    unsigned bad = 0, differ = 0;

    for (int round = 0; round < 20; round++) {
        struct ai_tokenizer *t[3] = {0};

        random_vocabulary(&rng);
        json_files();
        make_gguf(&file, "gpt2", "gpt-2", piece, n_pieces, merges);
        t[0] = ai_tokenizer_open(make_file("b.gguf", file.data, file.len), &make_err);
        t[1] = ai_tokenizer_open(make_dir, &make_err);
        t[2] = ai_tokenizer_open(make_path("tok.json"), &make_err);
        if (!t[0] || !t[1] || !t[2]) {
            ok(0, "three formats open");
            printf("# %s\n", make_err.msg);
            exit(1);
        }
        differ += strcmp(ai_tokenizer_digest(t[0]), ai_tokenizer_digest(t[1])) != 0;
        differ += strcmp(ai_tokenizer_digest(t[0]), ai_tokenizer_digest(t[2])) != 0;
        for (int i = 0; i < 3; i++) {
            bad += i == round % 3 ? compare_random(t[i], &rng) : 0;
            ai_tokenizer_free(t[i]);
        }
    }
    is_int(bad, 0, "1200 random texts with 20 random lists of merges: as by the definition");
    is_int(differ, 0, "GGUF, vocab.json with merges.txt, tokenizer.json: the same digest");
    ai_buf_free(&file);
}

static void test_round_trip(void)
{
    struct ai_tokenizer *t = must_open(make_dir);
    struct ai_rng rng = {5};
    struct ai_buf s = {0};
    unsigned bad = 0;

    for (int k = 0; k < 1000; k++) {
        s.len = 0;
        random_text(&rng, &s, ai_rng_below(&rng, 100), "abc 1\n\t'");
        bad += !comes_back(t, &s);
    }
    is_int(bad, 0, "1000 random texts come back byte for byte");
    s.len = 0;
    for (int i = 0; i < 1000000; i++)
        MUST(ai_buf_put(&s, &"ab"[ai_rng_below(&rng, 2)], 1, &make_err));
    ok(comes_back(t, &s), "so does a word of a million letters");
    ai_tokenizer_free(t);
    ai_buf_free(&s);
}

static void test_special(void)
{
    struct ai_tokenizer *t = must_open(make_dir);
    struct ai_buf out = {0};
    struct ai_ids ids = {0};
    uint32_t end = (uint32_t)n_pieces - 1;

    is_str(encode(t, "", AI_TOK_BEGIN), "", "no BOS where the files name none");
    MUST(ai_tokenize(t, "<|end|>", 7, AI_TOK_BEGIN, &ids, &make_err));
    ok(ids.n == 7 && ids.id[0] == '<', "a piece that no merge makes is special: its text is text");
    ids.n = 0;
    MUST(ai_tokenize(t, "<|end|>", 7, AI_TOK_SPECIAL, &ids, &make_err));
    ok(ids.n == 1 && ids.id[0] == end, "unless asked for");
    MUST(ai_detokenize(t, end, false, false, &out, &make_err));
    is_int((long long)out.len, 0, "and hidden in text");
    ai_tokenizer_free(t);
    ai_ids_free(&ids);
    ai_buf_free(&out);

    make_text("tokenizer_config.json", "{\"add_bos_token\":true,\"bos_token\":{\"content\":\"<|end|>\"}}");
    t = must_open(make_dir);
    is_int(ai_tokenizer_bos(t), end, "tokenizer_config.json names BOS");
    is_int(atoi(encode(t, "", AI_TOK_BEGIN)), end, "and has it put before the text");
    ai_tokenizer_free(t);
    unlink(make_path("tokenizer_config.json"));
    make_text("config.json", "{\"model_type\":\"opt\",\"bos_token_id\":65}");
    t = must_open(make_dir);
    is_str(encode(t, "", AI_TOK_BEGIN), "65", "OPT begins with BOS though no file says so");
    ai_tokenizer_free(t);
    unlink(make_path("config.json"));
}

/* Tokens that the files beside the vocabulary add. */
static void test_added(void)
{
    struct ai_tokenizer *t;
    uint32_t n = (uint32_t)n_pieces;
    char want[60];

    make_text("added_tokens.json", "{\"<x>\":317,\"<y>\":318}");
    make_text("special_tokens_map.json", "{\"additional_special_tokens\":[\"<y>\"]}");
    t = must_open(make_dir);
    is_int(n, 317, "the numbers follow on the vocabulary's");
    is_str(encode(t, "<x>1<y>", 0), "317 49 60 121 62", "one that is not special is found, one that is stays text");
    is_str(encode(t, "<y>", AI_TOK_SPECIAL), "318", "unless asked for");
    ai_tokenizer_free(t);
    unlink(make_path("special_tokens_map.json"));
    make_text("tokenizer_config.json",
              "{\"added_tokens_decoder\":{\"317\":{\"content\":\"<x>\",\"lstrip\":true,\"special\":false},"
              "\"318\":{\"content\":\"<y>\",\"rstrip\":true,\"special\":false},"
              "\"319\":{\"content\":\"<z>\",\"special\":true}},\"eos_token\":\"<z>\",\"add_eos_token\":true}");
    t = must_open(make_dir);
    is_str(encode(t, "1 \n<x> <y> \t1", 0), "49 317 32 318 49", "white space goes as added_tokens_decoder says");
    snprintf(want, sizeof want, "49 %u", n + 2);
    is_str(encode(t, "1", AI_TOK_BEGIN), want, "EOS behind a text where the files want it");
    is_str(encode(t, "1", AI_TOK_BEGIN | AI_TOK_NO_BOS), "49", "and not if not asked for");
    ai_tokenizer_free(t);
    unlink(make_path("added_tokens.json"));
    unlink(make_path("tokenizer_config.json"));
}

static void refused_json(const char *json, const char *words, const char *what)
{
    refused(make_file("tok.json", json, strlen(json)), words, what);
}

static void test_refusals(void)
{
#define PRE "\"pre_tokenizer\":{\"type\":\"ByteLevel\"},"
    struct ai_buf file = {0};
    struct ai_err err;
    unsigned opened = 0;

    make_gguf(&file, "gpt2", "never-heard-of", piece, n_pieces, merges);
    refused(make_file("b.gguf", file.data, file.len), "'never-heard-of'", "a pre-tokeniser that is not known, by name");
    merges[3] = "a zz";
    make_gguf(&file, "gpt2", "gpt-2", piece, n_pieces, merges);
    refused(make_file("b.gguf", file.data, file.len), "merge 4", "a merge of pieces that are not there");
    merges[3] = "aa";
    make_gguf(&file, "gpt2", "gpt-2", piece, n_pieces, merges);
    refused(make_file("b.gguf", file.data, file.len), "merge 4", "a merge without two parts");
    merges[3] = merges[2];
    make_gguf(&file, "gpt2", "gpt-2", piece, n_pieces, merges);
    refused(make_file("b.gguf", file.data, file.len), "the same as merge 3", "a merge twice");
    make_text("merges.txt", "#version: 0.2\na b c d\n");
    refused(make_dir, "merges.txt: line 2", "a bad line of merges.txt");
    refused_json("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}", "type 'WordPiece' is not supported", "WordPiece");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}}",
                 "both have number 0", "a number twice");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":2},\"merges\":[]}}",
                 "'b' has number 2, but there are no more than 2 tokens", "a number missing");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"a\":1},\"merges\":[]}}", "duplicate",
                 "a piece twice");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":99999999999},\"merges\":[]}}", "no more than 1 tokens",
                 "a huge number");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "'a' has no number",
                 "a number below zero");
    refused_json("{" PRE "\"added_tokens\":[{\"id\":0,\"content\":\"a\"},{\"id\":0,\"content\":\"b\"}],"
                 "\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}", "both have number 0", "an added number twice");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"\":1},\"merges\":[[\"a\",\"\"]]}}",
                 "the right part is not", "a merge that makes one of its parts");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}}", "empty vocabulary", "no pieces");
    refused_json("{" PRE "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":\"0\"},\"merges\":[]}}", "no number",
                 "a number in quotes");
    refused_json("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"},"
                 "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}", "not supported",
                 "a pre-tokeniser of another kind");
    refused_json("{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":["
                 "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},"
                 "\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\"}]},"
                 "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
                 "regular expression", "a regular expression that is none");
    merges[3] = merge_text[3];
    make_gguf(&file, "gpt2", "gpt-2", piece, n_pieces, merges);
    for (size_t n = 0; n < file.len; n += 1 + n / 40) {
        struct ai_tokenizer *t = ai_tokenizer_open(make_file("b.gguf", file.data, n), &err);

        opened += t != NULL;
        ai_tokenizer_free(t);
    }
    is_int(opened, 0, "a GGUF file cut anywhere is refused");
    ai_buf_free(&file);
    unlink(make_path("merges.txt"));
    refused(make_dir, "no tokenizer", "a folder without a tokenizer");
}

int main(void)
{
    static const char *const files[] = {"b.gguf", "vocab.json", "merges.txt", "tok.json", NULL};

    make_folder();
    test_random();
    test_round_trip();
    test_special();
    test_added();
    test_refusals();
    make_clean(files);
    return done_testing();
}
