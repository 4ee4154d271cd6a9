#include "model/zip.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <string.h>

enum { LOCAL = 30, CENTRAL = 46, END = 22, END64 = 56, LOCATOR = 20, COMMENT_MAX = 65535 };

struct directory {
    uint64_t begin, size, n; /* of the central directory: first byte, bytes, entries */
};

static int no_table(struct ai_err *err, const char *why)
{
    return ai_fail(err, AI_EINPUT, "truncated, or not a zip archive: %s", why);
}

/* The record at the end says where the table is; in large archives, the one that a
 * locator just before it points to. */
static int find_directory(const uint8_t *p, size_t size, struct directory *d, struct ai_err *err)
{
    size_t end, least = size > END + COMMENT_MAX ? size - END - COMMENT_MAX : 0;
    const uint8_t *e;
    uint64_t at;

    if (size < END)
        return no_table(err, "too short");
    for (end = size - END;; end--) {
        if (memcmp(p + end, "PK\5\6", 4) == 0 && ai_get_u16(p + end + 20) == size - END - end)
            break;
        if (end == least)
            return no_table(err, "it has no end record");
    }
    e = p + end;
    *d = (struct directory){ai_get_u32(e + 16), ai_get_u32(e + 12), ai_get_u16(e + 10)};
    if (end >= LOCATOR && memcmp(e - LOCATOR, "PK\6\7", 4) == 0) {
        at = ai_get_u64(e - LOCATOR + 8);
        end -= LOCATOR;
        if (at > end || end - at < END64 || memcmp(p + at, "PK\6\6", 4) != 0)
            return no_table(err, "its 64-bit end record is elsewhere");
        e = p + at;
        if (ai_get_u32(e + 16) || ai_get_u32(e + 20) || ai_get_u64(e + 24) != ai_get_u64(e + 32))
            return no_table(err, "it is one of several parts");
        *d = (struct directory){ai_get_u64(e + 48), ai_get_u64(e + 40), ai_get_u64(e + 32)};
        end = (size_t)at;
    } else if (ai_get_u16(e + 4) || ai_get_u16(e + 6) || ai_get_u16(e + 8) != d->n) {
        return no_table(err, "it is one of several parts");
    }
    if (d->begin > end || d->size != end - d->begin || d->n > d->size / CENTRAL)
        return no_table(err, "its table is not where the end record says, or too small for its entries");
    return 0;
}

/* Sizes and offsets beyond 32 bits are in an extra field, those that are needed only. */
static int read_wide(const uint8_t *extra, size_t n, uint64_t *wide[3], struct ai_err *err)
{
    while (n >= 4) {
        size_t len = ai_get_u16(extra + 2);

        if (len > n - 4)
            break;
        if (ai_get_u16(extra) == 1) {
            for (int i = 0; i < 3; i++) {
                if (*wide[i] != UINT32_MAX)
                    continue;
                if (len < 8)
                    return ai_fail(err, AI_EINPUT, "its 64-bit sizes are cut short");
                *wide[i] = ai_get_u64(extra + 4);
                extra += 8;
                len -= 8;
                n -= 8;
            }
            return 0;
        }
        extra += 4 + len;
        n -= 4 + len;
    }
    return 0;
}

/* The header before the data must say what the table says. */
static int check_local(const uint8_t *p, const struct directory *d, struct ai_zip_entry *e, struct ai_err *err)
{
    const uint8_t *h;
    uint64_t room = e->begin < d->begin ? d->begin - e->begin : 0, skip;

    if (room < LOCAL || memcmp(p + e->begin, "PK\3\4", 4) != 0)
        return ai_fail(err, AI_EINPUT, "no header at byte %llu", (unsigned long long)e->begin);
    h = p + e->begin;
    skip = LOCAL + (uint64_t)ai_get_u16(h + 26) + ai_get_u16(h + 28);
    if (skip > room || ai_get_u16(h + 26) != e->name_len || memcmp(h + LOCAL, e->name, e->name_len) != 0)
        return ai_fail(err, AI_EINPUT, "the header at byte %llu is another entry's", (unsigned long long)e->begin);
    if (ai_get_u16(h + 8) != 0)
        return ai_fail(err, AI_EINPUT, "its header says that it is compressed");
    if (e->size > room - skip)
        return ai_fail(err, AI_EINPUT, "its %llu bytes reach out of the archive", (unsigned long long)e->size);
    /* with bit 3 the sizes come behind the data */
    if (!(ai_get_u16(h + 6) & 8) && ai_get_u32(h + 22) != UINT32_MAX && ai_get_u32(h + 22) != e->size)
        return ai_fail(err, AI_EINPUT, "%llu bytes by the table, %u by its header", (unsigned long long)e->size,
                       ai_get_u32(h + 22));
    e->data = h + skip;
    return 0;
}

/* The table's entry at c, with left bytes there; *used is its length. */
static int read_entry(const uint8_t *p, const struct directory *d, const uint8_t *c, uint64_t left, uint64_t *used,
                      struct ai_zip_entry *e, struct ai_err *err)
{
    uint64_t packed, *wide[3] = {&e->size, &packed, &e->begin};
    size_t extra;

    if (left < CENTRAL || memcmp(c, "PK\1\2", 4) != 0)
        return ai_fail(err, AI_EINPUT, "no entry of the table");
    e->name = (const char *)c + CENTRAL;
    e->name_len = ai_get_u16(c + 28);
    extra = ai_get_u16(c + 30);
    *used = CENTRAL + (uint64_t)e->name_len + extra + ai_get_u16(c + 32);
    if (*used > left) {
        e->name_len = 0;
        return ai_fail(err, AI_EINPUT, "it reaches out of the table");
    }
    e->size = ai_get_u32(c + 24);
    packed = ai_get_u32(c + 20);
    e->begin = ai_get_u32(c + 42);
    if (read_wide(c + CENTRAL + e->name_len, extra, wide, err))
        return -1;
    if (ai_get_u16(c + 8) & 1)
        return ai_fail(err, AI_EINPUT, "encrypted");
    if (ai_get_u16(c + 10) != 0 || packed != e->size)
        return ai_fail(err, AI_EINPUT, "compressed (method %u), which cannot be mapped", ai_get_u16(c + 10));
    return check_local(p, d, e, err);
}

static int by_name(const void *a, const void *b)
{
    const struct ai_zip_entry *x = a, *y = b;
    int d = memcmp(x->name, y->name, x->name_len < y->name_len ? x->name_len : y->name_len);

    return d ? d : x->name_len < y->name_len ? -1 : x->name_len > y->name_len;
}

static int by_place(const void *a, const void *b)
{
    const struct ai_zip_entry *x = a, *y = b;

    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* Entries share neither bytes nor names; they end sorted by name. */
static int check_entries(struct ai_zip *z, const uint8_t *p, struct ai_err *err)
{
    struct ai_zip_entry *e = z->entries;

    if (z->n)
        qsort(e, z->n, sizeof *e, by_place);
    for (size_t i = 1; i < z->n; i++)
        if ((uint64_t)(e[i - 1].data - p) + e[i - 1].size > e[i].begin)
            return ai_fail(err, AI_EINPUT, "%.*s: it overlaps %.*s", ai_clip(e[i].name_len), e[i].name,
                           ai_clip(e[i - 1].name_len), e[i - 1].name);
    if (z->n)
        qsort(e, z->n, sizeof *e, by_name);
    for (size_t i = 1; i < z->n; i++)
        if (by_name(&e[i - 1], &e[i]) == 0)
            return ai_fail(err, AI_EINPUT, "%.*s: it is there twice", ai_clip(e[i].name_len), e[i].name);
    return 0;
}

int ai_zip_open(struct ai_zip *z, const uint8_t *p, size_t size, struct ai_err *err)
{
    struct directory d = {0};
    uint64_t at, used = 0;

    *z = (struct ai_zip){0};
    if (find_directory(p, size, &d, err))
        return -1;
    z->entries = ai_calloc((size_t)d.n, sizeof *z->entries, err);
    if (!z->entries)
        return -1;
    for (at = 0; z->n < d.n; at += used, z->n++) {
        struct ai_zip_entry *e = &z->entries[z->n];

        if (read_entry(p, &d, p + d.begin + at, d.size - at, &used, e, err)) {
            ai_err_at(err, "entry %zu '%.*s'", z->n, ai_clip(e->name_len), e->name_len ? e->name : "");
            goto fail;
        }
    }
    if (at != d.size) {
        no_table(err, "its table has more than its entries");
        goto fail;
    }
    if (check_entries(z, p, err))
        goto fail;
    return 0;
fail:
    ai_zip_close(z);
    return -1;
}

void ai_zip_close(struct ai_zip *z)
{
    free(z->entries);
    *z = (struct ai_zip){0};
}

const struct ai_zip_entry *ai_zip_find(const struct ai_zip *z, const char *name, size_t len)
{
    struct ai_zip_entry key = {.name = name, .name_len = len};

    return z->n ? bsearch(&key, z->entries, z->n, sizeof key, by_name) : NULL;
}
