/* SentencePiece vocabularies: rules on a hand-made one, random texts against a plain
 * implementation, both file formats, and files that must be refused. */
#include "make.h"

enum { BYTES = 3, FIRST = BYTES + 256 };

static char byte_text[256][8];
static struct make_piece piece[400];
static size_t n_pieces;

static uint32_t add(const char *text, uint32_t type, float score)
{
    piece[n_pieces] = (struct make_piece){text, strlen(text), type, score};
    return (uint32_t)n_pieces++;
}

static void start_vocabulary(void)
{
    n_pieces = 0;
    add("<unk>", 2, 0);
    add("<s>", 3, 0);
    add("</s>", 3, 0);
    for (int b = 0; b < 256; b++) {
        snprintf(byte_text[b], sizeof byte_text[b], "<0x%02X>", b);
        add(byte_text[b], 6, 0);
    }
}

static void is_tokens(const struct ai_tokenizer *t, const char *text, unsigned flags, const uint32_t *want, size_t n,
                      const char *what)
{
    struct ai_ids ids = {(uint32_t *)want, n, n};
    char wanted[1000];

    snprintf(wanted, sizeof wanted, "%s", ids_text(&ids));
    is_str(encode(t, text, flags), wanted, what);
}
#define TOKENS(t, text, flags, what, ...) \
    is_tokens(t, text, flags, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4, what)

static void test_rules(void)
{
    struct ai_buf file = {0}, out = {0};
    struct ai_tokenizer *t, *u;
    uint32_t space, a, b, ab, ba, aba, sp_a, user, choice, best;

    start_vocabulary();
    space = add(SPACE, 1, -9);
    a = add("a", 1, -8);
    b = add("b", 1, -8);
    ab = add("ab", 1, -2);
    ba = add("ba", 1, -2);
    aba = add("aba", 1, -3);
    sp_a = add(SPACE "a", 1, -4);
    user = add("<sep>", 4, 0);
    best = add("bbb", 1, -1);
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    t = must_open(make_file("spm.gguf", file.data, file.len));
    is_int(ai_tokenizer_size(t), (long long)n_pieces, "all pieces are there");
    is_int(ai_tokenizer_bos(t), 1, "BOS");
    TOKENS(t, "", AI_TOK_BEGIN, "an empty text is BOS alone", 1);
    TOKENS(t, "a", AI_TOK_BEGIN, "a text begins with a space of its own", 1, sp_a);
    TOKENS(t, "a", AI_TOK_BEGIN | AI_TOK_NO_BOS, "without BOS", sp_a);
    TOKENS(t, "a", 0, "a continuation has neither", a);
    TOKENS(t, "bab", 0, "equal scores: the leftmost pair first", ba, b);
    TOKENS(t, "abab", 0, "and again", ab, ab);
    TOKENS(t, "aba", 0, "what merged merges on", aba);
    TOKENS(t, "aab", 0, "the best score first", a, ab);
    TOKENS(t, "bbb", 0, "a piece that no merges lead to is not taken", b, b, b);
    TOKENS(t, "a  a", 0, "spaces stay", a, space, sp_a);
    TOKENS(t, "z\xc3\xa9", 0, "bytes for characters without a piece", BYTES + 'z', BYTES + 0xc3, BYTES + 0xa9);
    TOKENS(t, "a<sep>a", 0, "user-defined pieces come first", a, user, a);
    TOKENS(t, "<s>", AI_TOK_BEGIN | AI_TOK_NO_BOS, "control tokens in text are text", space, BYTES + '<', BYTES + 's',
           BYTES + '>');
    TOKENS(t, "<s>a", AI_TOK_SPECIAL, "unless asked for", 1, sp_a);
    is_int(ai_tokenize_choice(t, "a", &choice, &make_err) == 0 && choice == sp_a, 1, "a choice follows a space");
    is_int(ai_tokenize_choice(t, "", &choice, &make_err), -1, "an empty choice is refused");
    is_str(encode(t, "ab\xff", 0), "byte 3: not UTF-8", "text that is not UTF-8 is refused with its place");
    (void)best;

    MUST(ai_detokenize(t, sp_a, true, false, &out, &make_err));
    MUST(ai_detokenize(t, sp_a, false, false, &out, &make_err));
    MUST(ai_detokenize(t, BYTES + 0xff, false, false, &out, &make_err));
    MUST(ai_detokenize(t, 2, false, false, &out, &make_err));
    MUST(ai_detokenize(t, 2, false, true, &out, &make_err));
    ok(out.len == 8 && memcmp(out.data, "a a\xff</s>", 8) == 0,
       "decoding: the first space goes, bytes are exact, control hidden");
    is_int(ai_detokenize(t, (uint32_t)n_pieces, false, false, &out, &make_err), -1, "a token beyond the vocabulary");

    make_spm(&file, 2, false, piece, n_pieces);
    u = must_open(make_file("tokenizer.model", file.data, file.len));
    is_str(ai_tokenizer_digest(u), ai_tokenizer_digest(t), "the same vocabulary from tokenizer.model: the same digest");
    ai_tokenizer_free(u);
    u = must_open(make_dir);
    is_str(ai_tokenizer_digest(u), ai_tokenizer_digest(t), "and from the folder");
    ai_tokenizer_free(u);
    ai_tokenizer_free(t);
    ai_buf_free(&file);
    ai_buf_free(&out);
}

/* Merging as the definition says it, one pair at a time over the whole text. */
static void plain_merge(const char *text, size_t n, struct ai_ids *ids)
{
    size_t from[2000], len[2000], k = 0;

    for (size_t i = 0; i < n; k++) {
        from[k] = i;
        len[k] = (unsigned char)text[i] == 0xe2 ? 3 : 1;
        i += len[k];
    }
    for (;;) {
        size_t best = SIZE_MAX;
        float score = 0;

        for (size_t i = 0; i + 1 < k; i++)
            for (size_t p = FIRST; p < n_pieces; p++)
                if (piece[p].len == len[i] + len[i + 1] && memcmp(piece[p].text, text + from[i], piece[p].len) == 0 &&
                    (best == SIZE_MAX || piece[p].score > score)) {
                    best = i;
                    score = piece[p].score;
                }
        if (best == SIZE_MAX)
            break;
        len[best] += len[best + 1];
        k--;
        for (size_t i = best + 1; i < k; i++) {
            from[i] = from[i + 1];
            len[i] = len[i + 1];
        }
    }
    ids->n = 0;
    for (size_t i = 0; i < k; i++) {
        uint32_t id = BYTES + (unsigned char)text[from[i]];

        for (size_t p = FIRST; p < n_pieces; p++)
            if (piece[p].len == len[i] && memcmp(piece[p].text, text + from[i], len[i]) == 0)
                id = (uint32_t)p;
        ids->id[ids->n++] = id;
    }
}

/* A random vocabulary over a, b, c and the space; scores repeat, so ties abound. */
static void random_vocabulary(struct ai_rng *rng, bool across_words, char (*text)[40])
{
    size_t at = 0;

    start_vocabulary();
    add(SPACE, 1, -50);
    for (const char *c = "abc"; *c; c++) {
        snprintf(text[at], 40, "%c", *c);
        add(text[at++], 1, -50);
    }
    while (n_pieces < FIRST + 60) {
        const struct make_piece *l = &piece[FIRST + ai_rng_below(rng, n_pieces - FIRST)];
        const struct make_piece *r = &piece[FIRST + ai_rng_below(rng, n_pieces - FIRST)];
        bool known = false;

        if (l->len + r->len > 30 || (!across_words && *r->text == *SPACE && !(l->len == 3 && *l->text == *SPACE)))
            continue;
        snprintf(text[at], 40, "%s%s", l->text, r->text);
        for (size_t p = FIRST; p < n_pieces; p++)
            known |= strcmp(piece[p].text, text[at]) == 0;
        if (!known)
            add(text[at++], 1, -(float)ai_rng_below(rng, 12));
    }
}

static void test_random(void)
{
    static char text[100][40];
    struct ai_rng rng = {7};
    struct ai_ids got = {0}, want = {0};
    struct ai_buf file = {0}, s = {0}, escaped = {0};
    unsigned bad = 0;

    want.id = calloc(2000, sizeof *want.id);
    for (int round = 0; round < 30; round++) {
        struct ai_tokenizer *t;

        random_vocabulary(&rng, round & 1, text);
        make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
        t = ai_tokenizer_open(make_file("spm.gguf", file.data, file.len), &make_err);
        if (!t)
            break;
        for (int k = 0; k < 60; k++) {
            size_t n = ai_rng_below(&rng, k < 50 ? 30 : 300);

            s.len = escaped.len = 0;
            while (n--) {
                char c = "aabbc "[ai_rng_below(&rng, 6)];

                MUST(ai_buf_put(&s, &c, 1, &make_err));
                MUST(ai_buf_puts(&escaped, c == ' ' ? SPACE : (char[]){c, 0}, &make_err));
            }
            got.n = 0;
            MUST(ai_tokenize(t, (char *)s.data, s.len, 0, &got, &make_err));
            plain_merge((char *)escaped.data, escaped.len, &want);
            bad += got.n != want.n || (got.n && memcmp(got.id, want.id, got.n * sizeof *got.id) != 0);
        }
        ai_tokenizer_free(t);
    }
    is_int(bad, 0, "1800 random texts in 30 random vocabularies: as by the definition");
    ai_ids_free(&got);
    ai_ids_free(&want);
    ai_buf_free(&file);
    ai_buf_free(&s);
    ai_buf_free(&escaped);
}

static void test_round_trip(void)
{
    struct ai_buf file = {0}, s = {0};
    struct ai_rng rng = {3};
    struct ai_tokenizer *t;
    static char text[100][40];
    unsigned bad = 0;

    random_vocabulary(&rng, false, text);
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    t = must_open(make_file("spm.gguf", file.data, file.len));
    for (int k = 0; k < 500; k++) {
        s.len = 0;
        random_text(&rng, &s, ai_rng_below(&rng, 100), "abc  d");
        for (size_t i = 0; i + 3 <= s.len; i++) /* U+2581 itself cannot be told from a space */
            if (memcmp(s.data + i, SPACE, 3) == 0)
                memcpy(s.data + i, "xyz", 3);
        bad += !comes_back(t, &s);
    }
    is_int(bad, 0, "500 random texts come back byte for byte");
    ai_tokenizer_free(t);
    ai_buf_free(&file);
    ai_buf_free(&s);
}

static void test_long(void)
{
    struct ai_buf file = {0}, s = {0};
    struct ai_rng rng = {9};
    static char text[100][40];
    struct ai_tokenizer *t;

    random_vocabulary(&rng, true, text);
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    t = must_open(make_file("spm.gguf", file.data, file.len));
    for (int i = 0; i < 1000000; i++)
        MUST(ai_buf_put(&s, &"abc"[ai_rng_below(&rng, 3)], 1, &make_err));
    ok(comes_back(t, &s), "a word of a million letters (quadratic time would not end)");
    ai_tokenizer_free(t);
    ai_buf_free(&file);
    ai_buf_free(&s);
}

/* Probabilities 0.5 a, 0.3 ab, 0.1 b and so on as logarithms. */
static void test_unigram(void)
{
    struct ai_buf file = {0};
    struct ai_tokenizer *t;
    uint32_t space, a, b, ab, bc;

    n_pieces = 0;
    add("<unk>", 2, 0);
    add("<s>", 3, 0);
    add("</s>", 3, 0);
    space = add(SPACE, 1, -2);
    a = add("a", 1, -1);
    b = add("b", 1, -2.5f);
    ab = add("ab", 1, -3);
    bc = add("bc", 1, -1);
    make_spm(&file, 1, true, piece, n_pieces);
    t = must_open(make_file("tokenizer.model", file.data, file.len));
    TOKENS(t, "ab", 0, "unigram: the most probable cut", ab);
    TOKENS(t, "abc", 0, "even when a longer piece begins it", a, bc);
    TOKENS(t, "aba", 0, "sums decide", ab, a);
    TOKENS(t, "xyzb", 0, "a run of unknown characters is one token", 0, b);
    TOKENS(t, "  a   b  ", AI_TOK_BEGIN, "extra spaces go where the model says so", 1, space, a, space, b);
    TOKENS(t, " \xe2\x96\x81 ", AI_TOK_BEGIN, "nothing is left of spaces", 1);
    ai_tokenizer_free(t);
    ai_buf_free(&file);
}

/* A vocabulary with bytes has the same tokens in all three formats, and texts come back. */
static void test_unigram_formats(void)
{
    static char text[100][40];
    struct ai_tokenizer *t[3];
    struct ai_rng rng = {11};
    struct ai_buf file = {0}, s = {0};
    unsigned differ = 0, lost = 0;

    random_vocabulary(&rng, true, text);
    add("<sep>", 4, 0);
    make_spm(&file, 1, false, piece, n_pieces);
    t[0] = must_open(make_file("tokenizer.model", file.data, file.len));
    make_gguf_unigram(&file, false, "", 0, piece, n_pieces);
    t[1] = must_open(make_file("spm.gguf", file.data, file.len));
    make_json_unigram(&file, "0", piece, n_pieces);
    t[2] = must_open(make_file("tokenizer.json", file.data, file.len));
    unlink(make_path("tokenizer.json"));
    for (int k = 0; k < 500; k++) {
        char want[4000];

        s.len = 0;
        random_text(&rng, &s, 1 + ai_rng_below(&rng, 100), "aabbc  ");
        for (size_t i = 0; i + 3 <= s.len; i++) /* U+2581 itself cannot be told from a space */
            if (memcmp(s.data + i, SPACE, 3) == 0)
                memcpy(s.data + i, "xyz", 3);
        MUST(ai_buf_puts(&s, k % 5 ? "" : "<s> <sep>", &make_err));
        for (int i = 0; i < 3; i++)
            lost += !comes_back(t[i], &s);
        MUST(ai_buf_put(&s, "", 1, &make_err));
        for (unsigned flags = 0; flags < 4; flags++) {
            snprintf(want, sizeof want, "%s", encode(t[0], (char *)s.data, flags));
            for (int i = 1; i < 3; i++)
                differ += strcmp(encode(t[i], (char *)s.data, flags), want) != 0;
        }
    }
    is_int(differ, 0, "unigram: 500 random texts, the same tokens from tokenizer.model, GGUF and tokenizer.json");
    is_int(lost, 0, "and they come back byte for byte");
    is_str(ai_tokenizer_digest(t[1]), ai_tokenizer_digest(t[0]), "the same digest from GGUF");
    is_str(ai_tokenizer_digest(t[2]), ai_tokenizer_digest(t[0]), "and from tokenizer.json");
    for (int i = 0; i < 3; i++)
        ai_tokenizer_free(t[i]);
    ai_buf_free(&file);
    ai_buf_free(&s);
}

/* A character mapping with one row, A to a: the trie's units, then the replacement. */
static void test_charsmap(void)
{
    struct ai_buf file = {0}, map = {0}, m = {0};
    struct ai_tokenizer *t, *u;

    MUST(ai_buf_u32(&map, 66 * 4, &make_err));
    for (unsigned i = 0; i < 66; i++) /* the root's child is unit 'A', whose value is unit 'A' ^ 1 */
        MUST(ai_buf_u32(&map, i == 'A' ? 1u << 10 | 1u << 8 | 'A' : i == ('A' ^ 1) ? 1u << 31 : 0, &make_err));
    MUST(ai_buf_put(&map, "a", 2, &make_err));
    n_pieces = 0;
    add("<unk>", 2, 0);
    add("<s>", 3, 0);
    add("</s>", 3, 0);
    add(SPACE, 1, -2);
    add("a", 1, -1);
    proto_bytes(&m, 2, map.data, map.len);
    make_spm(&file, 1, true, piece, n_pieces);
    proto_bytes(&file, 3, m.data, m.len);
    t = must_open(make_file("tokenizer.model", file.data, file.len));
    make_gguf_unigram(&file, true, map.data, map.len, piece, n_pieces);
    u = must_open(make_file("spm.gguf", file.data, file.len));
    TOKENS(t, " A  B", AI_TOK_BEGIN, "unigram: characters are mapped, extra spaces go", 1, 3, 4, 3, 0);
    TOKENS(u, " A  B", AI_TOK_BEGIN, "as GGUF too", 1, 3, 4, 3, 0);
    is_str(ai_tokenizer_digest(u), ai_tokenizer_digest(t), "the same digest");
    make_gguf_unigram(&file, true, map.data, map.len - 2, piece, n_pieces);
    refused(make_file("spm.gguf", file.data, file.len), "precompiled_charsmap: character map: its trie",
            "a character mapping cut short");
    ai_tokenizer_free(t);
    ai_tokenizer_free(u);
    ai_buf_free(&file);
    ai_buf_free(&map);
    ai_buf_free(&m);
}

/* tokenizer.json as converters write it for such vocabularies: a list of merges. */
static void test_json(void)
{
    struct ai_buf j = {0};
    struct ai_tokenizer *t;

    start_vocabulary();
    add(SPACE, 1, 0);
    add("a", 1, 0);
    add("b", 1, 0);
    add("ab", 1, 0);
    add(SPACE "ab", 1, 0);
    MUST(ai_buf_puts(&j, "{\"added_tokens\":[{\"id\":1,\"content\":\"<s>\",\"special\":true},"
                         "{\"id\":264,\"content\":\"<sep>\",\"special\":false}],"
                         "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":["
                         "{\"type\":\"Prepend\",\"prepend\":\"" SPACE
                         "\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"" SPACE "\"}]},"
                         "\"pre_tokenizer\":null,\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
                         "{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},"
                         "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}]},"
                         "\"model\":{\"type\":\"BPE\",\"unk_token\":\"<unk>\",\"byte_fallback\":true,\"vocab\":{",
                             &make_err));
    for (size_t i = 0; i < n_pieces; i++)
        MUST(ai_buf_printf(&j, &make_err, "%s\"%s\":%zu", i ? "," : "", piece[i].text, i));
    MUST(ai_buf_puts(&j, "},\"merges\":[\"a b\",[\"" SPACE "\",\"ab\"]]}}", &make_err));
    t = must_open(make_file("tokenizer.json", j.data, j.len));
    TOKENS(t, "ab", AI_TOK_BEGIN, "tokenizer.json: merges, the space in front, BOS by the template", 1, FIRST + 4);
    TOKENS(t, "aab c", 0, "and bytes for the rest", FIRST + 1, FIRST + 3, FIRST, BYTES + 'c');
    TOKENS(t, "a<sep>", 0, "and added tokens", FIRST + 1, 264);
    ai_tokenizer_free(t);
    make_text("tokenizer.model", "nothing");
    t = must_open(make_dir);
    is_int(ai_tokenizer_size(t), 265, "in a folder tokenizer.json comes first");
    ai_tokenizer_free(t);
    make_text("tokenizer.json", "{\"normalizer\":{\"type\":\"Precompiled\"},\"model\":{\"type\":\"Unigram\"}}");
    refused(make_path("tokenizer.json"), "a Precompiled normaliser is not supported", "what is not done, by name");
    make_spm(&j, 2, false, piece, n_pieces);
    make_file("tokenizer.model", j.data, j.len);
    t = must_open(make_dir);
    is_int(ai_tokenizer_size(t), 264, "unless it asks for what is not done here");
    ai_tokenizer_free(t);
    unlink(make_path("tokenizer.json"));
    ai_buf_free(&j);
}

/* The same with spaces escaped before merging, as newer converters write it. */
static void test_metaspace(void)
{
    struct ai_buf j = {0};
    struct ai_tokenizer *t;

    MUST(ai_buf_puts(&j, "{\"added_tokens\":[{\"id\":1,\"content\":\"<s>\",\"special\":true}],\"normalizer\":null,"
                         "\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"" SPACE "\","
                         "\"prepend_scheme\":\"first\",\"split\":false},\"model\":{\"type\":\"BPE\",\"vocab\":{"
                         "\"<unk>\":0,\"<s>\":1,\"" SPACE "\":2,\"a\":3,\"" SPACE "a\":4},"
                         "\"merges\":[\"" SPACE " a\"]}}", &make_err));
    t = must_open(make_file("tokenizer.json", j.data, j.len));
    is_str(encode(t, "a", AI_TOK_BEGIN), "4", "Metaspace: a space before the text");
    is_str(encode(t, " a", AI_TOK_BEGIN), "4", "where there is none");
    is_str(encode(t, "a<s>a", AI_TOK_BEGIN | AI_TOK_SPECIAL), "4 1 3", "and none behind a special token");
    ai_tokenizer_free(t);
    unlink(make_path("tokenizer.json"));
    ai_buf_free(&j);
}

static void test_refusals(void)
{
    struct ai_buf file = {0};
    struct ai_err err;
    unsigned opened = 0;
    size_t whole;

    start_vocabulary();
    add("a", 1, -1);
    add("a", 1, -2);
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    refused(make_file("spm.gguf", file.data, file.len), "tokens 259 and 260 have the same text 'a'", "a piece twice");
    make_spm(&file, 2, true, piece, n_pieces);
    refused(make_file("tokenizer.model", file.data, file.len), "have the same text",
            "a piece twice in tokenizer.model");
    n_pieces--;
    piece[BYTES + 7].text = "<0x08>";
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    refused(make_file("spm.gguf", file.data, file.len), "are the same byte", "a byte twice");
    piece[BYTES + 7].text = "<0xZZ>";
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    refused(make_file("spm.gguf", file.data, file.len), "<0xHH>", "a byte that is none");
    piece[BYTES + 7] = (struct make_piece){"q", 1, 1, 0};
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    refused(make_file("spm.gguf", file.data, file.len), "255 of the 256", "a byte missing");
    start_vocabulary();
    piece[5].type = 99;
    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    refused(make_file("spm.gguf", file.data, file.len), "type 99", "an unknown type of piece");
    start_vocabulary();
    make_gguf(&file, "bert", NULL, piece, n_pieces, NULL);
    refused(make_file("spm.gguf", file.data, file.len), "'bert' is not supported",
            "another kind of tokenizer, by name");
    make_spm(&file, 3, true, piece, n_pieces);
    refused(make_file("tokenizer.model", file.data, file.len), "type 3", "a word model");
    make_spm(&file, 2, true, piece + 1, n_pieces - 1);
    refused(make_file("tokenizer.model", file.data, file.len), "unknown", "no unknown piece");

    make_gguf(&file, "llama", NULL, piece, n_pieces, NULL);
    whole = file.len;
    for (size_t n = 0; n < whole; n += 1 + n / 40) {
        struct ai_tokenizer *t = ai_tokenizer_open(make_file("spm.gguf", file.data, n), &err);

        opened += t != NULL;
        ai_tokenizer_free(t);
    }
    is_int(opened, 0, "a GGUF file cut anywhere is refused");
    make_spm(&file, 2, true, piece, n_pieces);
    whole = file.len;
    for (size_t n = 0; n < whole; n += 1 + n / 40) { /* a cut between two fields can be a message */
        struct ai_tokenizer *t = ai_tokenizer_open(make_file("tokenizer.model", file.data, n), &err);

        opened += t && ai_tokenizer_size(t) == n_pieces && n < whole - 8;
        ai_tokenizer_free(t);
    }
    is_int(opened, 0, "tokenizer.model cut anywhere is never taken for whole");
    ai_buf_free(&file);
}

int main(void)
{
    static const char *const files[] = {"spm.gguf", "tokenizer.model", NULL};

    make_folder();
    test_rules();
    test_random();
    test_round_trip();
    test_long();
    test_unigram();
    test_unigram_formats();
    test_charsmap();
    test_json();
    test_metaspace();
    test_refusals();
    make_clean(files);
    return done_testing();
}
