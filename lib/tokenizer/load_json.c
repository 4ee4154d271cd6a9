/* tokenizer.json of Hugging Face: byte-pair vocabularies, byte-level or with
 * SentencePiece's spaces, and unigram ones with such spaces.  What it says of text
 * before it is cut is either done as it says or refused by name (tok_json_supported). */
#include "tokenizer/internal.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct ai_json *v, const char *key)
{
    const char *s = ai_json_string(ai_json_get(v, key), NULL);

    return s ? s : "";
}

static bool flag_of(const struct ai_json *v, const char *key, bool otherwise)
{
    bool b = otherwise;

    return ai_json_bool(ai_json_get(v, key), &b) ? otherwise : b;
}

static bool is_null(const struct ai_json *v)
{
    return ai_json_type(v) <= AI_JSON_NULL;
}

static bool type_is(const struct ai_json *v, const char *type)
{
    return strcmp(text_of(v, "type"), type) == 0;
}

/* A step, or the steps of a Sequence: step i or NULL. */
static const struct ai_json *step(const struct ai_json *v, const char *list, size_t i)
{
    if (is_null(v))
        return NULL;
    if (type_is(v, "Sequence"))
        return ai_json_at(ai_json_get(v, list), i);
    return i == 0 ? v : NULL;
}

static const struct ai_json *pre_step(const struct ai_json *root, size_t i)
{
    return step(ai_json_get(root, "pre_tokenizer"), "pretokenizers", i);
}

static const struct ai_json *norm_step(const struct ai_json *root, size_t i)
{
    return step(ai_json_get(root, "normalizer"), "normalizers", i);
}

static bool is_byte_level(const struct ai_json *root)
{
    const struct ai_json *s;

    for (size_t i = 0; (s = pre_step(root, i)); i++)
        if (type_is(s, "ByteLevel"))
            return true;
    return false;
}

static bool is_unigram(const struct ai_json *root)
{
    return type_is(ai_json_get(root, "model"), "Unigram");
}

static bool is_metaspace(const struct ai_json *s)
{
    return type_is(s, "Metaspace") && strcmp(text_of(s, "replacement"), "\xe2\x96\x81") == 0;
}

/* Parts at spaces, of which escaping leaves none. */
static bool is_split_at_space(const struct ai_json *s)
{
    return type_is(s, "Split") && strcmp(text_of(ai_json_get(s, "pattern"), "String"), " ") == 0;
}

static const char *unsupported_pre(const struct ai_json *root)
{
    const struct ai_json *s;
    bool bytes = is_byte_level(root);

    for (size_t i = 0; (s = pre_step(root, i)); i++) {
        if (type_is(s, "ByteLevel"))
            continue;
        if (!bytes && is_metaspace(s) && flag_of(s, "split", true))
            return "a Metaspace that splits";
        if (!bytes && (is_metaspace(s) || is_split_at_space(s)))
            continue;
        if (!bytes)
            return "a pre-tokeniser that is not byte-level";
        if (type_is(s, "Digits"))
            continue;
        if (type_is(s, "Punctuation") && strcmp(text_of(s, "behavior"), "Contiguous") == 0)
            continue;
        if (!type_is(s, "Split") || !ai_json_string(ai_json_get(ai_json_get(s, "pattern"), "Regex"), NULL))
            return "a pre-tokeniser other than ByteLevel, Digits, Punctuation and Split by a regular expression";
        if (strcmp(text_of(s, "behavior"), "Isolated") != 0 &&
            !(strcmp(text_of(s, "behavior"), "Removed") == 0 && flag_of(s, "invert", false)))
            return "a Split that joins or drops parts";
    }
    return NULL;
}

static bool is_space_escape(const struct ai_json *s)
{
    return type_is(s, "Replace") && strcmp(text_of(ai_json_get(s, "pattern"), "String"), " ") == 0 &&
           strcmp(text_of(s, "content"), "\xe2\x96\x81") == 0;
}

static enum tok_normal_form normal_form(const struct ai_json *s)
{
    static const char *const names[] = {"", "NFC", "NFD", "NFKC", "NFKD"}; /* as tok_normal_form */
    unsigned i = 4;

    while (i > 0 && !type_is(s, names[i]))
        i--;
    return (enum tok_normal_form)i;
}

static const char *unsupported_normalizer(const struct ai_json *root)
{
    const struct ai_json *s;
    bool bytes = is_byte_level(root), escapes = false;

    for (size_t i = 0; (s = norm_step(root, i)); i++) {
        if (bytes && normal_form(s))
            continue;
        if (!bytes && type_is(s, "Prepend") && strcmp(text_of(s, "prepend"), "\xe2\x96\x81") == 0)
            continue;
        if (type_is(s, "Precompiled")) /* that library cuts text for the map otherwise than SentencePiece */
            return "a Precompiled normaliser";
        if (bytes || !is_space_escape(s))
            return "a normaliser other than Unicode's forms (byte-level) or Prepend and Replace of spaces";
        escapes = true;
    }
    for (size_t i = 0; (s = pre_step(root, i)); i++)
        escapes |= is_metaspace(s);
    return bytes || escapes ? NULL : "text that is neither byte-level nor with escaped spaces";
}

bool tok_json_supported(const struct ai_json *root, struct ai_err *err)
{
    const struct ai_json *model = ai_json_get(root, "model");
    const char *why = NULL;

    if (ai_json_type(model) != AI_JSON_OBJECT) {
        why = "no model";
    } else if (is_unigram(root)) {
        why = is_byte_level(root) ? "a byte-level unigram vocabulary" : NULL;
    } else if (!type_is(model, "BPE") && (ai_json_get(model, "type") || !ai_json_get(model, "merges"))) {
        ai_fail(err, AI_EINPUT, "a model of type '%.40s' is not supported: BPE and Unigram are",
                text_of(model, "type"));
        return false;
    } else if (*text_of(model, "continuing_subword_prefix") || *text_of(model, "end_of_word_suffix")) {
        why = "marks at the inside or end of words";
    }
    if (!why)
        why = unsupported_pre(root);
    if (!why)
        why = unsupported_normalizer(root);
    if (why)
        ai_fail(err, AI_EINPUT, "%s is not supported", why);
    return !why;
}

static int read_added(const struct ai_json *added, struct tok_entries *list, struct ai_err *err)
{
    for (size_t i = 0; i < ai_json_size(added); i++) {
        const struct ai_json *a = ai_json_at(added, i);
        struct tok_entry e = {.text = ai_json_string(ai_json_get(a, "content"), &e.len)};
        int64_t id;

        if (ai_json_int(ai_json_get(a, "id"), &id) || id < 0 || !e.text)
            return ai_fail(err, AI_EINPUT, "added_tokens: entry %zu has no content or id", i);
        e.type = flag_of(a, "special", false) ? PIECE_CONTROL : PIECE_USER;
        e.lstrip = flag_of(a, "lstrip", false);
        e.rstrip = flag_of(a, "rstrip", false);
        if ((uint64_t)id < list->n && list->e[id].text) {
            if (list->e[id].len != e.len || memcmp(list->e[id].text, e.text, e.len) != 0)
                return ai_fail(err, AI_EINPUT, "added_tokens: '%.40s' and '%.40s' both have number %lld", e.text,
                               list->e[id].text, (long long)id);
            e.mergeable = list->e[id].mergeable;
            e.score = list->e[id].score;
            list->e[id] = e;
        } else if (tok_entries_put(list, (uint64_t)id, e, err)) {
            return ai_err_at(err, "added_tokens");
        }
    }
    return 0;
}

static int mark_bytes_and_unknown(struct ai_tokenizer *t, const struct ai_json *model, struct ai_err *err)
{
    const char *unk = text_of(model, "unk_token");               /* BPE */
    const struct ai_json *unk_id = ai_json_get(model, "unk_id"); /* Unigram */
    bool bytes = !t->by_bytes && flag_of(model, "byte_fallback", false);
    uint32_t id = t->by_pair && *unk ? tok_find_text(t, unk) : VOCAB_NONE;
    int64_t number;

    for (uint32_t i = 0; i < t->v.n; i++) {
        struct piece *p = &t->v.piece[i];
        uint8_t byte;

        if (bytes && p->type == PIECE_NORMAL && tok_byte_piece(vocab_text(&t->v, i), p->len, &byte) == 0)
            p->type = PIECE_BYTE;
    }
    if (!t->by_pair && !is_null(unk_id)) {
        if (ai_json_int(unk_id, &number) || number < 0 || number >= t->v.n)
            return ai_fail(err, AI_EINPUT, "model.unk_id: not the number of one of the %u tokens", t->v.n);
        id = (uint32_t)number;
    }
    if (id == VOCAB_NONE)
        return 0;
    t->unk = id;
    if (!t->by_bytes) {
        t->v.piece[id].type = PIECE_UNKNOWN;
        t->v.piece[id].mergeable = false;
    }
    return 0;
}

/* "left right", or the two parts in an array. */
static int add_merge(struct ai_tokenizer *t, const struct ai_json *m, struct ai_err *err)
{
    const char *left, *right;
    size_t left_n, right_n, n;

    if (ai_json_type(m) == AI_JSON_ARRAY && ai_json_size(m) == 2) {
        left = ai_json_string(ai_json_at(m, 0), &left_n);
        right = ai_json_string(ai_json_at(m, 1), &right_n);
    } else {
        left = ai_json_string(m, &n);
        right = left && n > 1 ? memchr(left + 1, ' ', n - 1) : NULL;
        if (right) {
            left_n = (size_t)(right++ - left);
            right_n = n - left_n - 1;
        }
    }
    if (!left || !right)
        return ai_fail(err, AI_EINPUT, "not two parts");
    return tok_add_merge(t, left, left_n, right, right_n, err);
}

static int add_merges(struct ai_tokenizer *t, const struct ai_json *merges, struct ai_err *err)
{
    if (ai_json_type(merges) != AI_JSON_ARRAY)
        return ai_fail(err, AI_EINPUT, "model.merges: %s where an array was expected", ai_json_type_name(merges));
    if (vocab_index(&t->v, err) || vocab_pairs_reserve(&t->v, ai_json_size(merges), err))
        return -1;
    for (size_t i = 0; i < ai_json_size(merges); i++)
        if (add_merge(t, ai_json_at(merges, i), err))
            return ai_err_at(err, "model.merges: merge %zu", i + 1);
    return 0;
}

static int read_steps(struct ai_tokenizer *t, const struct ai_json *root, struct ai_err *err)
{
    const struct ai_json *s;

    for (size_t i = 0; (s = norm_step(root, i)); i++) {
        if (normal_form(s))
            t->normal_form = normal_form(s);
        else if (type_is(s, "Prepend"))
            t->dummy_prefix = true;
        else
            t->spaces = true;
    }
    for (size_t i = 0; (s = pre_step(root, i)); i++) {
        const char *pattern = NULL;

        if (is_metaspace(s)) {
            t->spaces = t->prefix_missing = true;
            t->dummy_prefix =
                strcmp(text_of(s, "prepend_scheme"), "never") != 0 && flag_of(s, "add_prefix_space", true);
            t->prefix_once = strcmp(text_of(s, "prepend_scheme"), "first") == 0;
        } else if (type_is(s, "Digits")) {
            pattern = flag_of(s, "individual_digits", false) ? "\\p{N}" : "\\p{N}+";
        } else if (type_is(s, "Punctuation")) {
            pattern = "[\\p{P}$+<=>^`|~]+";
        } else if (type_is(s, "Split")) {
            pattern = ai_json_string(ai_json_get(ai_json_get(s, "pattern"), "Regex"), NULL);
        } else {
            t->prefix_space = flag_of(s, "add_prefix_space", true);
        }
        if (pattern && tok_pre_add(t, pattern, err))
            return -1;
        if (type_is(s, "ByteLevel") && flag_of(s, "use_regex", true) && tok_pre_named(t, "gpt-2", 5, err))
            return -1;
    }
    return 0;
}

/* The special token that is piece i of a template; VOCAB_NONE. */
static uint32_t template_token(const struct ai_tokenizer *t, const struct ai_json *pieces, size_t i)
{
    const char *id = text_of(ai_json_get(ai_json_at(pieces, i), "SpecialToken"), "id");

    return *id ? tok_find_text(t, id) : VOCAB_NONE;
}

/* BOS and EOS, if the template for one text begins and ends with a special token. */
static void read_template(struct ai_tokenizer *t, const struct ai_json *root)
{
    const struct ai_json *post = ai_json_get(root, "post_processor"), *s;

    for (size_t i = 0; (s = step(post, "processors", i)); i++) {
        const struct ai_json *pieces = ai_json_get(s, "single");
        uint32_t first = template_token(t, pieces, 0), last = template_token(t, pieces, ai_json_size(pieces) - 1);

        if (!type_is(s, "TemplateProcessing"))
            continue;
        t->add_bos = first != VOCAB_NONE;
        t->add_eos = last != VOCAB_NONE;
        if (t->add_bos)
            t->bos = first;
        if (t->add_eos)
            t->eos = last;
    }
}

int tok_load_json(struct ai_tokenizer *t, const struct ai_json *root, struct ai_err *err)
{
    const struct ai_json *model = ai_json_get(root, "model");
    const struct ai_json *vocab = ai_json_get(model, "vocab");
    struct tok_entries list = {0};
    int rc;

    if (!tok_json_supported(root, err))
        return -1;
    t->model = is_unigram(root) ? TOK_UNIGRAM : TOK_MERGE;
    t->by_pair = t->model == TOK_MERGE;
    t->by_bytes = is_byte_level(root);
    list.limit = ai_json_size(ai_json_get(root, "added_tokens"));
    rc = t->by_pair ? tok_entries_vocab(&list, vocab, err) : tok_entries_scored(&list, vocab, err);
    if (rc)
        rc = ai_err_at(err, "model.vocab");
    else
        rc = read_added(ai_json_get(root, "added_tokens"), &list, err);
    if (rc == 0)
        rc = tok_entries_add(t, &list, err);
    free(list.e);
    if (rc)
        return rc;
    if (mark_bytes_and_unknown(t, model, err) ||
        (t->by_pair && add_merges(t, ai_json_get(model, "merges"), err)) || read_steps(t, root, err))
        return -1;
    t->ignore_merges = flag_of(model, "ignore_merges", false);
    t->add_bos = false;
    read_template(t, root);
    return 0;
}
