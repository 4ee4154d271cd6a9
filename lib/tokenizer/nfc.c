/* Unicode normal form C, by utf8proc. */
#include "tokenizer/internal.h"

#include <stdlib.h>
#include <utf8proc.h>

int tok_nfc(const char *s, size_t n, struct ai_buf *out, struct ai_err *err)
{
    utf8proc_uint8_t *nfc = NULL;
    utf8proc_ssize_t len;
    size_t ascii = 0;
    int rc;

    while (ascii < n && (unsigned char)s[ascii] < 0x80)
        ascii++;
    if (ascii == n)
        return ai_buf_put(out, s, n, err);
    len = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &nfc, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (len == UTF8PROC_ERROR_NOMEM)
        return ai_fail(err, AI_ESYS, "out of memory");
    if (len < 0)
        return ai_fail(err, AI_EINPUT, "cannot normalise: %s", utf8proc_errmsg(len));
    rc = ai_buf_put(out, nfc, (size_t)len, err);
    free(nfc);
    return rc;
}
