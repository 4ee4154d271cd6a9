/* For the tests beside it: small vocabularies in the published file formats. */
#ifndef MAKE_H
#define MAKE_H

#include "base/buf.h"
#include "base/rng.h"
#include "tokenizer/tokenizer.h"

#include "../tap.h"

#include <sys/stat.h>
#include <unistd.h>

#define SPACE "\xe2\x96\x81"

static struct ai_err make_err;
/* What cannot fail in a test unless memory is out. */
#define MUST(call) ((call) ? (printf("Bail out! %s: %s\n", #call, make_err.msg), exit(99)) : (void)0)

static char make_dir[200];

__attribute__((unused)) static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(make_dir, sizeof make_dir, "%s/ai-tok.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(make_dir))
        exit(99);
}

__attribute__((unused)) static const char *make_path(const char *name)
{
    static char path[4][300];
    static unsigned k;
    char *p = path[k++ % 4];

    snprintf(p, 300, "%s/%s", make_dir, name);
    return p;
}

__attribute__((unused)) static const char *make_file(const char *name, const void *data, size_t n)
{
    const char *path = make_path(name);
    FILE *f;

    unlink(path); /* some file systems wait for the disk when a file is written over */
    f = fopen(path, "wb");
    if (!f || (n && fwrite(data, 1, n, f) != n) || fclose(f))
        exit(99);
    return path;
}

__attribute__((unused)) static const char *make_text(const char *name, const char *text)
{
    return make_file(name, text, strlen(text));
}

__attribute__((unused)) static void make_clean(const char *const *names)
{
    for (; *names; names++)
        unlink(make_path(*names));
    rmdir(make_dir);
}

/* The printable character of a byte, as the alphabet of GPT-2 has it. */
__attribute__((unused)) static void make_byte(unsigned b, char *out)
{
    unsigned cp = b, k = 0;

    if (b < 0x21 || (b > 0x7e && b < 0xa1) || b == 0xad) {
        for (unsigned i = 0; i < b; i++)
            k += i < 0x21 || (i > 0x7e && i < 0xa1) || i == 0xad;
        cp = 0x100 + k;
    }
    if (cp < 0x80)
        snprintf(out, 4, "%c", (int)cp);
    else
        snprintf(out, 4, "%c%c", (int)(0xc0 | cp >> 6), (int)(0x80 | (cp & 63)));
}

struct make_piece {
    const char *text;
    size_t len;
    uint32_t type;
    float score;
};

/* ---- GGUF ---- */
static void gguf_string(struct ai_buf *b, const char *s, size_t n)
{
    MUST(ai_buf_u64(b, n, &make_err));
    MUST(ai_buf_put(b, s, n, &make_err));
}

static void gguf_key(struct ai_buf *b, const char *key, uint32_t type)
{
    gguf_string(b, key, strlen(key));
    MUST(ai_buf_u32(b, type, &make_err));
}

static void gguf_array(struct ai_buf *b, const char *key, uint32_t elem, uint64_t n)
{
    gguf_key(b, key, 9);
    MUST(ai_buf_u32(b, elem, &make_err));
    MUST(ai_buf_u64(b, n, &make_err));
}

__attribute__((unused)) static void gguf_text(struct ai_buf *b, const char *key, const char *value)
{
    gguf_key(b, key, 8);
    gguf_string(b, value, strlen(value));
}

/* merges: NULL-terminated, or NULL for a SentencePiece vocabulary.  key, value: one text more, or NULL. */
__attribute__((unused)) static void make_gguf_more(struct ai_buf *b, const char *model, const char *pre,
                                                   const struct make_piece *p, size_t n, const char *const *merges,
                                                   const char *key, const char *value)
{
    size_t m = 0;

    b->len = 0;
    while (merges && merges[m])
        m++;
    MUST(ai_buf_put(b, "GGUF", 4, &make_err));
    MUST(ai_buf_u32(b, 3, &make_err));
    MUST(ai_buf_u64(b, 0, &make_err));
    MUST(ai_buf_u64(b, (merges ? 6 : 5) + (key != NULL), &make_err));
    gguf_text(b, "general.architecture", "llama");
    gguf_text(b, "tokenizer.ggml.model", model);
    if (merges)
        gguf_text(b, "tokenizer.ggml.pre", pre);
    gguf_array(b, "tokenizer.ggml.tokens", 8, n);
    for (size_t i = 0; i < n; i++)
        gguf_string(b, p[i].text, p[i].len);
    if (merges) {
        gguf_array(b, "tokenizer.ggml.merges", 8, m);
        for (size_t i = 0; i < m; i++)
            gguf_string(b, merges[i], strlen(merges[i]));
    } else {
        gguf_array(b, "tokenizer.ggml.scores", 6, n);
        for (size_t i = 0; i < n; i++)
            MUST(ai_buf_f32(b, p[i].score, &make_err));
    }
    gguf_array(b, "tokenizer.ggml.token_type", 5, n);
    for (size_t i = 0; i < n; i++)
        MUST(ai_buf_u32(b, p[i].type, &make_err));
    if (key)
        gguf_text(b, key, value);
}

__attribute__((unused)) static void make_gguf(struct ai_buf *b, const char *model, const char *pre,
                                              const struct make_piece *p, size_t n, const char *const *merges)
{
    make_gguf_more(b, model, pre, p, n, merges, NULL, NULL);
}

/* ---- SentencePiece's message ---- */
static void proto_varint(struct ai_buf *b, uint64_t v)
{
    do {
        uint8_t byte = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));

        MUST(ai_buf_put(b, &byte, 1, &make_err));
        v >>= 7;
    } while (v);
}

static void proto_bytes(struct ai_buf *b, unsigned field, const void *p, size_t n)
{
    proto_varint(b, field << 3 | 2);
    proto_varint(b, n);
    MUST(ai_buf_put(b, p, n, &make_err));
}

static void proto_int(struct ai_buf *b, unsigned field, uint64_t v)
{
    proto_varint(b, field << 3);
    proto_varint(b, v);
}

/* model_type: 1 unigram, 2 BPE.  squeeze: remove_extra_whitespaces. */
__attribute__((unused)) static void make_spm(struct ai_buf *b, unsigned model_type, bool squeeze,
                                             const struct make_piece *p, size_t n)
{
    struct ai_buf m = {0};

    b->len = 0;
    for (size_t i = 0; i < n; i++) {
        m.len = 0;
        proto_bytes(&m, 1, p[i].text, p[i].len);
        proto_varint(&m, 2 << 3 | 5);
        MUST(ai_buf_f32(&m, p[i].score, &make_err));
        if (p[i].type != 1)
            proto_int(&m, 3, p[i].type);
        proto_bytes(b, 1, m.data, m.len);
    }
    m.len = 0;
    proto_int(&m, 3, model_type);
    proto_bytes(b, 2, m.data, m.len);
    m.len = 0;
    proto_int(&m, 4, squeeze);
    proto_bytes(b, 3, m.data, m.len);
    ai_buf_free(&m);
}

/* ---- unigram vocabularies, whose tokens 0, 1, 2 are unknown, BOS and EOS ---- */
static void gguf_flag(struct ai_buf *b, const char *key, bool value)
{
    gguf_key(b, key, 7);
    MUST(ai_buf_put(b, value ? "\1" : "", 1, &make_err));
}

static void gguf_number(struct ai_buf *b, const char *key, uint32_t value)
{
    gguf_key(b, key, 4);
    MUST(ai_buf_u32(b, value, &make_err));
}

/* map: its compiled character mapping, of map_n bytes. */
__attribute__((unused)) static void make_gguf_unigram(struct ai_buf *b, bool squeeze, const void *map, size_t map_n,
                                                      const struct make_piece *p, size_t n)
{
    make_gguf(b, "t5", NULL, p, n, NULL);
    gguf_flag(b, "tokenizer.ggml.add_space_prefix", true);
    gguf_flag(b, "tokenizer.ggml.remove_extra_whitespaces", squeeze);
    gguf_flag(b, "tokenizer.ggml.add_bos_token", true);
    gguf_flag(b, "tokenizer.ggml.add_eos_token", false);
    gguf_number(b, "tokenizer.ggml.bos_token_id", 1);
    gguf_number(b, "tokenizer.ggml.eos_token_id", 2);
    gguf_number(b, "tokenizer.ggml.unknown_token_id", 0);
    gguf_array(b, "tokenizer.ggml.precompiled_charsmap", 1, map_n);
    MUST(ai_buf_put(b, map, map_n, &make_err));
    b->data[16] += 8; /* keys more */
}

/* unk_id as it is to stand there. */
__attribute__((unused)) static void make_json_unigram(struct ai_buf *b, const char *unk_id, const struct make_piece *p,
                                                      size_t n)
{
    const char *comma = "";

    b->len = 0;
    MUST(ai_buf_puts(b, "{\"added_tokens\":[", &make_err));
    for (size_t i = 0; i < n; i++) {
        if (p[i].type < 2 || p[i].type > 4)
            continue;
        MUST(ai_buf_printf(b, &make_err, "%s{\"id\":%zu,\"content\":\"%s\",\"special\":%s}", comma, i, p[i].text,
                           p[i].type == 4 ? "false" : "true"));
        comma = ",";
    }
    MUST(ai_buf_printf(b, &make_err,
                       "],\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\""
                       SPACE "\"},{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"" SPACE "\"}]},"
                       "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":"
                       "\"%s\"}},{\"Sequence\":{\"id\":\"A\"}}]},"
                       "\"model\":{\"type\":\"Unigram\",\"unk_id\":%s,\"byte_fallback\":true,\"vocab\":[",
                       p[1].text, unk_id));
    for (size_t i = 0; i < n; i++)
        MUST(ai_buf_printf(b, &make_err, "%s[\"%s\",%#.9g]", i ? "," : "", p[i].text, (double)p[i].score));
    MUST(ai_buf_puts(b, "]}}", &make_err));
}

/* ---- checks ---- */
__attribute__((unused)) static struct ai_tokenizer *must_open(const char *path)
{
    struct ai_tokenizer *t = ai_tokenizer_open(path, &make_err);

    if (!ok(t != NULL, "%s opens", strrchr(path, '/') + 1)) {
        printf("# %s\n", make_err.msg);
        exit(1);
    }
    return t;
}

/* The file or folder is refused as input, and the message has the words. */
__attribute__((unused)) static void refused(const char *path, const char *words, const char *what)
{
    struct ai_err err = {0};
    struct ai_tokenizer *t = ai_tokenizer_open(path, &err);

    if (!ok(!t && err.code == AI_EINPUT && strstr(err.msg, words), "refused: %s", what))
        printf("# %s\n", t ? "opened" : err.msg);
    ai_tokenizer_free(t);
}

/* ids as "1 2 3", static. */
__attribute__((unused)) static const char *ids_text(const struct ai_ids *ids)
{
    static char text[4000];
    size_t n = 0;

    *text = '\0';
    for (size_t i = 0; i < ids->n && n + 12 < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, i ? " %u" : "%u", ids->id[i]);
    return text;
}

__attribute__((unused)) static const char *encode(const struct ai_tokenizer *t, const char *s, unsigned flags)
{
    static struct ai_ids ids;

    ids.n = 0;
    if (ai_tokenize(t, s, strlen(s), flags, &ids, &make_err))
        return make_err.msg;
    return ids_text(&ids);
}

/* Random text: mostly of few letters, some of any characters.  Appends n characters. */
__attribute__((unused)) static void random_text(struct ai_rng *rng, struct ai_buf *b, size_t n, const char *letters)
{
    while (n--) {
        uint32_t cp = (uint32_t)letters[ai_rng_below(rng, strlen(letters))];
        uint8_t p[4];
        unsigned k = 1;

        if (ai_rng_below(rng, 10) == 0)
            cp = (uint32_t)(ai_rng_below(rng, 4) ? ai_rng_below(rng, 0x300) : ai_rng_below(rng, 0x110000));
        if (cp >= 0xd800 && cp < 0xe000)
            cp = 'x';
        if (cp < 0x80) {
            p[0] = (uint8_t)cp;
        } else if (cp < 0x800) {
            k = 2;
            p[0] = (uint8_t)(0xc0 | cp >> 6);
        } else if (cp < 0x10000) {
            k = 3;
            p[0] = (uint8_t)(0xe0 | cp >> 12);
        } else {
            k = 4;
            p[0] = (uint8_t)(0xf0 | cp >> 18);
        }
        for (unsigned i = 1; i < k; i++)
            p[i] = (uint8_t)(0x80 | (cp >> 6 * (k - 1 - i) & 63));
        MUST(ai_buf_put(b, p, k, &make_err));
    }
}

/* The text comes back from its tokens, byte for byte. */
__attribute__((unused)) static bool comes_back(const struct ai_tokenizer *t, const struct ai_buf *text)
{
    struct ai_ids ids = {0};
    struct ai_buf out = {0};
    bool same;

    MUST(ai_tokenize(t, (const char *)text->data, text->len, AI_TOK_BEGIN, &ids, &make_err));
    for (size_t i = 0, first = 1; i < ids.n; i++) {
        MUST(ai_detokenize(t, ids.id[i], first, false, &out, &make_err));
        first = first && ids.id[i] == ai_tokenizer_bos(t);
    }
    same = out.len == text->len && (out.len == 0 || memcmp(out.data, text->data, out.len) == 0);
    ai_ids_free(&ids);
    ai_buf_free(&out);
    return same;
}

#endif
