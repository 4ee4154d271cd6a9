/* Text in the form SentencePiece gives it before cutting: characters mapped by the
 * model's compiled table, white space squeezed and escaped, a space put in front. */
#include "tokenizer/internal.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <string.h>

static const char escaped_space[] = "\xe2\x96\x81"; /* U+2581 */

/* The compiled table: u32 size of a double-array trie, the trie's u32 units, then
 * NUL-terminated replacements that the trie's values point into.  A unit holds a
 * label (bits 0-7, bit 31 set for a value instead of a node), "a value follows"
 * (bit 8), and the offset of its children (bits 10-30, shifted by 8 if bit 9). */
static uint32_t unit_offset(uint32_t u)
{
    return (u >> 10) << ((u & 1u << 9) >> 6);
}

/* The longest prefix of s in the trie.  Returns its length (0: none) and *value. */
static size_t trie_longest(const struct ai_buf *map, const uint8_t *s, size_t n, uint32_t *value)
{
    const uint8_t *units = map->data + 4;
    uint32_t count = ai_get_u32(map->data) / 4, node, at;
    size_t found = 0;

    at = unit_offset(ai_get_u32(units));
    for (size_t i = 0; i < n; i++) {
        at ^= s[i];
        if (at >= count)
            break;
        node = ai_get_u32(units + 4 * (size_t)at);
        if ((node & (1u << 31 | 0xff)) != s[i])
            break;
        at ^= unit_offset(node);
        if (node & 1u << 8) {
            if (at >= count)
                break;
            *value = ai_get_u32(units + 4 * (size_t)at) & 0x7fffffff;
            found = i + 1;
        }
    }
    return found;
}

int tok_charsmap_check(const struct ai_buf *map, struct ai_err *err)
{
    uint32_t trie;

    if (map->len < 8)
        return ai_fail(err, AI_EINPUT, "character map: cut short");
    trie = ai_get_u32(map->data);
    if (trie < 4 || trie % 4 || trie > map->len - 5)
        return ai_fail(err, AI_EINPUT, "character map: its trie of %u bytes does not fit", trie);
    if (map->data[map->len - 1] != 0)
        return ai_fail(err, AI_EINPUT, "character map: the last replacement has no end");
    return 0;
}

/* What the text begins with, in normal form, and how many bytes of it that stands for. */
static size_t next_chunk(const struct ai_tokenizer *t, const uint8_t *s, size_t n, const uint8_t **out, size_t *out_n)
{
    uint32_t value = 0, id, cp;
    size_t used = tok_added_at(t, s, n, 1u << PIECE_USER, &id);

    *out = s;
    *out_n = used;
    if (used)
        return used;
    if (t->charsmap.len) {
        size_t base = 4 + (size_t)ai_get_u32(t->charsmap.data);

        used = trie_longest(&t->charsmap, s, n, &value);
        if (used && value < t->charsmap.len - base) {
            *out = t->charsmap.data + base + value;
            *out_n = strlen((const char *)*out); /* the map ends with NUL */
            return used;
        }
    }
    *out_n = ai_utf8_get(s, n, &cp);
    return *out_n ? *out_n : (*out_n = 1);
}

static int put_escaped(const struct ai_tokenizer *t, const uint8_t *s, size_t n, struct ai_buf *out, struct ai_err *err)
{
    while (n) {
        const uint8_t *space = t->spaces ? memchr(s, ' ', n) : NULL;
        size_t k = space ? (size_t)(space - s) : n;

        if (ai_buf_put(out, s, k, err) || (space && ai_buf_put(out, escaped_space, 3, err)))
            return -1;
        s += k + (space != NULL);
        n -= k + (space != NULL);
    }
    return 0;
}

static bool ends_with_space(const struct ai_tokenizer *t, const struct ai_buf *out, size_t from)
{
    if (!t->spaces)
        return out->len > from && out->data[out->len - 1] == ' ';
    return out->len >= from + 3 && memcmp(out->data + out->len - 3, escaped_space, 3) == 0;
}

static bool starts_with_space(const uint8_t *s, size_t n)
{
    return *s == ' ' || (n >= 3 && memcmp(s, escaped_space, 3) == 0);
}

int tok_normalize(const struct ai_tokenizer *t, const uint8_t *s, size_t n, bool begin, struct ai_buf *out,
                  struct ai_err *err)
{
    bool after_space = t->squeeze;
    const uint8_t *c;
    size_t start = out->len, used, k;

    while (n && t->squeeze && begin) {
        used = next_chunk(t, s, n, &c, &k);
        if (k != 1 || *c != ' ')
            break;
        s += used;
        n -= used;
    }
    if (n == 0)
        return 0;
    if (t->dummy_prefix && begin && !(t->prefix_missing && starts_with_space(s, n)) &&
        put_escaped(t, (const uint8_t *)" ", 1, out, err))
        return -1;
    if (!t->squeeze && !t->charsmap.len) /* the common case: nothing but spaces changes */
        return put_escaped(t, s, n, out, err);
    after_space = t->squeeze && begin;
    for (; n; s += used, n -= used) {
        used = next_chunk(t, s, n, &c, &k);
        for (; after_space && k && *c == ' '; c++, k--)
            ;
        if (k == 0)
            continue;
        if (put_escaped(t, c, k, out, err))
            return -1;
        after_space = t->squeeze && c[k - 1] == ' ';
    }
    if (t->squeeze)
        while (ends_with_space(t, out, start))
            out->len -= t->spaces ? 3 : 1;
    return 0;
}
