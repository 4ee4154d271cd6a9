/* The tokenizer inside a GGUF file: keys tokenizer.ggml.*. */
#include "tokenizer/internal.h"

#include "base/bytes.h"
#include "model/split.h"

#include <string.h>

#define KEY "tokenizer.ggml."

/* An array of that element type, or of the unsigned one, with as many elements as there are tokens. */
static int array_of(const struct ai_gguf *g, const char *key, enum ai_gguf_type elem, uint64_t count,
                    const struct ai_gguf_value **out, struct ai_err *err)
{
    const struct ai_gguf_value *v = ai_gguf_find(g, key);

    *out = v;
    if (!v)
        return 1;
    if (v->type != AI_GGUF_ARRAY || (v->elem != elem && !(elem == AI_GGUF_I32 && v->elem == AI_GGUF_U32) &&
                                      !(elem == AI_GGUF_I8 && v->elem == AI_GGUF_U8)))
        return ai_fail(err, AI_EINPUT, "%s: not an array of the expected kind", key);
    if (count != UINT64_MAX && v->count != count)
        return ai_fail(err, AI_EINPUT, "%s: %llu entries for %llu tokens", key, (unsigned long long)v->count,
                       (unsigned long long)count);
    return 0;
}

/* The bytes of a byte-level token; one that merging cannot make keeps its text. */
static int add_byte_level(struct ai_tokenizer *t, struct ai_gguf_string s, enum piece_type type, struct ai_buf *bytes,
                          struct ai_err *err)
{
    int rc;

    if (type == PIECE_NORMAL || type == PIECE_UNUSED) {
        bytes->len = 0;
        rc = tok_alphabet_decode(s.s, s.len, bytes, err);
        if (rc < 0)
            return -1;
        if (rc == 0)
            return vocab_add(&t->v, bytes->data, bytes->len, type, 0, err);
        type = PIECE_OPAQUE;
    }
    return vocab_add(&t->v, s.s, s.len, type, 0, err);
}

static int add_tokens(struct ai_tokenizer *t, const struct ai_gguf *g, struct ai_err *err)
{
    const struct ai_gguf_value *tokens, *scores, *types;
    struct ai_gguf_string s;
    struct ai_buf bytes = {0};
    const uint8_t *at;
    int rc = array_of(g, KEY "tokens", AI_GGUF_STRING, UINT64_MAX, &tokens, err);

    if (rc)
        return rc < 0 ? -1 : ai_fail(err, AI_EINPUT, KEY "tokens: missing: the file has no tokenizer");
    if (array_of(g, KEY "token_type", AI_GGUF_I32, tokens->count, &types, err) < 0)
        return -1;
    rc = array_of(g, KEY "scores", AI_GGUF_F32, tokens->count, &scores, err);
    if (rc < 0)
        return -1;
    if (rc && !t->by_bytes)
        return ai_fail(err, AI_EINPUT, KEY "scores: missing");
    at = tokens->data;
    for (rc = 0; rc == 0 && ai_gguf_next_string(tokens, &at, &s);) {
        size_t i = t->v.n;
        uint32_t type = types ? ai_get_u32(types->data + 4 * i) : PIECE_NORMAL;

        if (type < PIECE_NORMAL || type > PIECE_BYTE)
            rc = ai_fail(err, AI_EINPUT, KEY "token_type: token %zu has type %u", i, type);
        else if (s.len == 0 && t->model == TOK_UNIGRAM)
            rc = ai_fail(err, AI_EINPUT, KEY "tokens: token %zu has no text", i);
        else if (t->by_bytes)
            rc = add_byte_level(t, s, (enum piece_type)type, &bytes, err);
        else
            rc = vocab_add(&t->v, s.s, s.len, (enum piece_type)type, ai_get_f32(scores->data + 4 * i), err);
    }
    ai_buf_free(&bytes);
    if (rc == 0 && t->v.n != tokens->count)
        return ai_fail(err, AI_EINPUT, KEY "tokens: cut short");
    return rc;
}

static int add_merges(struct ai_tokenizer *t, const struct ai_gguf *g, struct ai_err *err)
{
    const struct ai_gguf_value *merges;
    struct ai_gguf_string s;
    const uint8_t *at;
    size_t i = 0;
    int rc = array_of(g, KEY "merges", AI_GGUF_STRING, UINT64_MAX, &merges, err);

    if (rc)
        return rc < 0 ? -1 : ai_fail(err, AI_EINPUT, KEY "merges: missing");
    if (vocab_index(&t->v, err) || vocab_pairs_reserve(&t->v, merges->count, err))
        return -1;
    for (at = merges->data; ai_gguf_next_string(merges, &at, &s); i++) {
        const char *space = s.len > 1 ? memchr(s.s + 1, ' ', s.len - 1) : NULL; /* a piece is not empty */

        if (!space)
            return ai_fail(err, AI_EINPUT, KEY "merges: merge %zu has no two parts", i + 1);
        if (tok_add_merge(t, s.s, (size_t)(space - s.s), space + 1, s.len - (size_t)(space - s.s) - 1, err))
            return ai_err_at(err, KEY "merges: merge %zu", i + 1);
    }
    if (i != merges->count)
        return ai_fail(err, AI_EINPUT, KEY "merges: cut short");
    return 0;
}

/* The number of a token that there is, or AI_NO_TOKEN; *id stays when the key is absent. */
static int token_id(const struct ai_tokenizer *t, const struct ai_gguf *g, const char *key, uint32_t *id,
                    struct ai_err *err)
{
    if (ai_gguf_u32(g, key, id, err) < 0)
        return -1;
    if (*id >= t->v.n && *id != AI_NO_TOKEN)
        return ai_fail(err, AI_EINPUT, "%s: %u, where there are %u tokens", key, *id, t->v.n);
    return 0;
}

static int special_tokens(struct ai_tokenizer *t, const struct ai_gguf *g, struct ai_err *err)
{
    uint32_t unk = t->model == TOK_UNIGRAM ? 2 : 0;

    if (token_id(t, g, KEY "bos_token_id", &t->bos, err) || token_id(t, g, KEY "eos_token_id", &t->eos, err) ||
        token_id(t, g, KEY "unknown_token_id", &unk, err) ||
        ai_gguf_bool(g, KEY "add_bos_token", &t->add_bos, err) < 0 ||
        ai_gguf_bool(g, KEY "add_eos_token", &t->add_eos, err) < 0)
        return -1;
    if (!t->by_bytes)
        t->unk = unk;
    return 0;
}

static int load_spm(struct ai_tokenizer *t, const struct ai_gguf *g, struct ai_err *err)
{
    t->spaces = t->dummy_prefix = t->add_bos = true;
    t->bos = 1;
    t->eos = 2;
    if (ai_gguf_bool(g, KEY "add_space_prefix", &t->dummy_prefix, err) < 0)
        return -1;
    return add_tokens(t, g, err) || special_tokens(t, g, err) ? -1 : 0;
}

/* Vocabularies of T5, with its defaults for what a file leaves out. */
static int load_unigram(struct ai_tokenizer *t, const struct ai_gguf *g, struct ai_err *err)
{
    const struct ai_gguf_value *map;
    int rc = array_of(g, KEY "precompiled_charsmap", AI_GGUF_I8, UINT64_MAX, &map, err);

    t->model = TOK_UNIGRAM;
    t->spaces = t->add_eos = true;
    t->eos = 1;
    if (rc < 0 || ai_gguf_bool(g, KEY "add_space_prefix", &t->dummy_prefix, err) < 0 ||
        ai_gguf_bool(g, KEY "remove_extra_whitespaces", &t->squeeze, err) < 0)
        return -1;
    if (rc == 0 && map->count && ai_buf_put(&t->charsmap, map->data, map->count, err))
        return -1;
    if (t->charsmap.len && tok_charsmap_check(&t->charsmap, err))
        return ai_err_at(err, KEY "precompiled_charsmap");
    return add_tokens(t, g, err) || special_tokens(t, g, err) ? -1 : 0;
}

/* Files older than the key tokenizer.ggml.pre: known by their architecture. */
static bool is_gpt2_like(const struct ai_gguf_string *arch)
{
    static const char *const names[] = {"gpt2", "gptneox", "gptneo", "gptj", "phi2"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (arch->len == strlen(names[i]) && memcmp(arch->s, names[i], arch->len) == 0)
            return true;
    return false;
}

static int load_byte_level(struct ai_tokenizer *t, const struct ai_gguf *g, struct ai_err *err)
{
    struct ai_gguf_string pre = {0}, arch = {0};
    int rc;

    t->by_bytes = t->by_pair = true;
    if (ai_gguf_str(g, "general.architecture", &arch, err) < 0)
        return -1;
    rc = ai_gguf_str(g, KEY "pre", &pre, err);
    if (rc < 0)
        return -1;
    if (rc && !is_gpt2_like(&arch))
        return ai_fail(err, AI_EINPUT, KEY "pre: missing: cannot know how text is cut");
    if (rc)
        pre = (struct ai_gguf_string){"gpt-2", 5};
    if (tok_pre_named(t, pre.s, pre.len, err))
        return ai_err_at(err, KEY "pre");
    return add_tokens(t, g, err) || add_merges(t, g, err) || special_tokens(t, g, err) ? -1 : 0;
}

int tok_load_gguf(struct ai_tokenizer *t, const char *path, struct ai_err *err)
{
    struct ai_gguf *g = ai_gguf_open_first(path, err);
    struct ai_gguf_string model = {0};
    int rc;

    if (!g)
        return -1;
    rc = ai_gguf_str(g, KEY "model", &model, err);
    if (rc > 0)
        rc = ai_fail(err, AI_EINPUT, KEY "model: missing: the file has no tokenizer");
    else if (rc == 0 && model.len == 5 && memcmp(model.s, "llama", 5) == 0)
        rc = load_spm(t, g, err);
    else if (rc == 0 && model.len == 2 && memcmp(model.s, "t5", 2) == 0)
        rc = load_unigram(t, g, err);
    else if (rc == 0 && model.len == 4 && memcmp(model.s, "gpt2", 4) == 0)
        rc = load_byte_level(t, g, err);
    else if (rc == 0)
        rc = ai_fail(err, AI_EINPUT, KEY "model: '%.*s' is not supported", model.len > 40 ? 40 : (int)model.len,
                     model.s);
    ai_gguf_free(g);
    return rc ? ai_err_at(err, "%s", path) : 0;
}
