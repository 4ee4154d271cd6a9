#include "base/utf8.h"

static size_t length_of(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    if (lead >= 0xf0 && lead < 0xf5)
        return 4;
    return 0;
}

/* Is second a possible second byte after lead?  Excludes overlong forms,
 * surrogates and what lies above U+10FFFF. */
static int second_ok(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0: return second >= 0xa0 && second < 0xc0;
    case 0xed: return second >= 0x80 && second < 0xa0;
    case 0xf0: return second >= 0x90 && second < 0xc0;
    case 0xf4: return second >= 0x80 && second < 0x90;
    default: return second >= 0x80 && second < 0xc0;
    }
}

size_t ai_utf8_get(const uint8_t *p, size_t n, uint32_t *cp)
{
    size_t len = length_of(p[0]);

    if (len == 0 || len > n)
        return 0;
    if (len == 1) {
        *cp = p[0];
        return 1;
    }
    if (!second_ok(p[0], p[1]))
        return 0;
    *cp = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *cp = *cp << 6 | (p[i] & 0x3fu);
    }
    return len;
}

size_t ai_utf8_put(uint8_t *p, uint32_t cp)
{
    if (cp < 0x80) {
        p[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        p[0] = (uint8_t)(0xc0 | cp >> 6);
        p[1] = (uint8_t)(0x80 | (cp & 63));
        return 2;
    }
    if (cp < 0x10000) {
        if (cp >= 0xd800 && cp < 0xe000)
            return 0;
        p[0] = (uint8_t)(0xe0 | cp >> 12);
        p[1] = (uint8_t)(0x80 | (cp >> 6 & 63));
        p[2] = (uint8_t)(0x80 | (cp & 63));
        return 3;
    }
    if (cp > 0x10ffff)
        return 0;
    p[0] = (uint8_t)(0xf0 | cp >> 18);
    p[1] = (uint8_t)(0x80 | (cp >> 12 & 63));
    p[2] = (uint8_t)(0x80 | (cp >> 6 & 63));
    p[3] = (uint8_t)(0x80 | (cp & 63));
    return 4;
}

size_t ai_utf8_check(const void *data, size_t n)
{
    const uint8_t *p = data;
    size_t i = 0;
    uint32_t cp;

    while (i < n) {
        size_t len = p[i] < 0x80 ? 1 : ai_utf8_get(p + i, n - i, &cp);

        if (len == 0)
            break;
        i += len;
    }
    return i;
}

size_t ai_utf8_tail(const uint8_t *p, size_t n)
{
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        uint8_t lead = p[n - back];

        if ((lead & 0xc0) == 0x80)
            continue;
        if (length_of(lead) <= back)
            return 0;
        return back == 1 || second_ok(lead, p[n - back + 1]) ? back : 0;
    }
    return 0;
}
