/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef AI_BASE_UTF8_H
#define AI_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at p (n > 0 bytes left) into *cp.
 * Returns its length 1..4, or 0 if the bytes are not UTF-8 or end inside it. */
size_t ai_utf8_get(const uint8_t *p, size_t n, uint32_t *cp);

/* Writes cp at p (room for 4).  Returns 1..4, or 0 if cp is no character. */
size_t ai_utf8_put(uint8_t *p, uint32_t cp);

/* The offset of the first byte that is not valid UTF-8; n if all is valid. */
size_t ai_utf8_check(const void *p, size_t n);

/* How many bytes at the end of p[0..n) are the valid beginning of a character
 * whose rest has not come yet (0..3): what a streaming printer must hold back. */
size_t ai_utf8_tail(const uint8_t *p, size_t n);

#endif
