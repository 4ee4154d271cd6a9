/* Byte-level vocabularies write each byte as a printable character: the printable
 * ones of Latin-1 as themselves, the other 68 as U+0100 onwards, in order. */
#include "tokenizer/internal.h"

#include "base/utf8.h"

#include <string.h>

static bool printable(unsigned b)
{
    return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
}

/* The byte a character stands for, or -1. */
static int byte_of(uint32_t cp)
{
    unsigned k = 0x100;

    if (cp < 0x100)
        return printable(cp) ? (int)cp : -1;
    for (unsigned b = 0; b < 256; b++)
        if (!printable(b) && k++ == cp)
            return (int)b;
    return -1;
}

int tok_alphabet_decode(const char *text, size_t n, struct ai_buf *out, struct ai_err *err)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t start = out->len;

    while (n) {
        uint32_t cp;
        size_t k = ai_utf8_get(p, n, &cp);
        int b = k ? byte_of(cp) : -1;
        uint8_t byte = (uint8_t)b;

        if (b < 0) {
            out->len = start;
            return 1;
        }
        if (ai_buf_put(out, &byte, 1, err))
            return -1;
        p += k;
        n -= k;
    }
    return 0;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int tok_byte_piece(const uint8_t *text, size_t n, uint8_t *byte)
{
    if (n != 6 || memcmp(text, "<0x", 3) != 0 || text[5] != '>' || hex(text[3]) < 0 || hex(text[4]) < 0)
        return -1;
    *byte = (uint8_t)(hex(text[3]) << 4 | hex(text[4]));
    return 0;
}
