/* Unicode's normal forms, by utf8proc. */
#include "tokenizer/internal.h"

#include <stdlib.h>
#include <utf8proc.h>

int tok_unicode(enum tok_normal_form form, const char *s, size_t n, struct ai_buf *out, struct ai_err *err)
{
    static const int options[] = {
        [TOK_NFC] = UTF8PROC_COMPOSE,
        [TOK_NFD] = UTF8PROC_DECOMPOSE,
        [TOK_NFKC] = UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [TOK_NFKD] = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    };
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t len;
    size_t ascii = 0;
    int rc;

    while (ascii < n && (unsigned char)s[ascii] < 0x80)
        ascii++;
    if (ascii == n)
        return ai_buf_put(out, s, n, err);
    len = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &normal, UTF8PROC_STABLE | options[form]);
    if (len == UTF8PROC_ERROR_NOMEM)
        return ai_fail(err, AI_ESYS, "out of memory");
    if (len < 0)
        return ai_fail(err, AI_EINPUT, "cannot normalise: %s", utf8proc_errmsg(len));
    rc = ai_buf_put(out, normal, (size_t)len, err);
    free(normal);
    return rc;
}
