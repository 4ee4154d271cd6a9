#include "io/lines.h"

#include "base/buf.h"
#include "base/mem.h"
#include "io/fd.h"

#include <string.h>

struct ai_lines {
    int fd;
    const char *name;
    char end;
    bool eof;
    struct ai_buf buf;
    size_t at;       /* the next line begins here */
    size_t searched; /* no end between at and here */
    uint64_t number;
    int (*on_wait)(void *arg, struct ai_err *err);
    void *on_wait_arg;
};

struct ai_lines *ai_lines_open(int fd, const char *name, char end, struct ai_err *err)
{
    struct ai_lines *l = ai_calloc(1, sizeof *l, err);

    if (!l)
        return NULL;
    l->fd = fd;
    l->name = name;
    l->end = end;
    return l;
}

void ai_lines_free(struct ai_lines *l)
{
    if (!l)
        return;
    ai_buf_free(&l->buf);
    free(l);
}

void ai_lines_on_wait(struct ai_lines *l, int (*fn)(void *arg, struct ai_err *err), void *arg)
{
    l->on_wait = fn;
    l->on_wait_arg = arg;
}

/* Reads more behind what is there. */
static int fill(struct ai_lines *l, struct ai_err *err)
{
    enum { CHUNK = 65536 };
    long got;

    ai_buf_consume(&l->buf, l->at);
    l->searched -= l->at;
    l->at = 0;
    if (l->buf.len > AI_MAX_LINE)
        return ai_fail(err, AI_EINPUT, "%s: line %llu: longer than %d MiB", l->name, (unsigned long long)l->number + 1,
                       AI_MAX_LINE >> 20);
    if (ai_buf_reserve(&l->buf, CHUNK, err))
        return -1;
    if (l->on_wait) {
        int ready = ai_fd_wait(l->fd, 0, err);

        if (ready < 0)
            return ai_err_at(err, "%s", l->name);
        if (ready == 0 && l->on_wait(l->on_wait_arg, err))
            return -1;
    }
    got = ai_fd_read(l->fd, l->buf.data + l->buf.len, l->buf.cap - l->buf.len, err);
    if (got < 0)
        return err->code == AI_ESIGNAL ? -1 : ai_err_at(err, "%s", l->name);
    l->eof = got == 0;
    l->buf.len += (size_t)got;
    return 0;
}

int ai_lines_next(struct ai_lines *l, const char **line, size_t *n, struct ai_err *err)
{
    for (;;) {
        const uint8_t *from = l->buf.data + l->at, *end = NULL;

        if (l->buf.len > l->searched)
            end = memchr(l->buf.data + l->searched, l->end, l->buf.len - l->searched);
        if (end || (l->eof && l->buf.len > l->at)) {
            *n = end ? (size_t)(end - from) : l->buf.len - l->at;
            *line = (const char *)from;
            l->at += *n + (end != NULL);
            l->searched = l->at;
            l->number++;
            return 1;
        }
        if (l->eof)
            return 0;
        l->searched = l->buf.len;
        if (fill(l, err))
            return -1;
    }
}

int ai_lines_peek(struct ai_lines *l, struct ai_err *err)
{
    while (l->at == l->buf.len && !l->eof)
        if (fill(l, err))
            return -2;
    return l->at < l->buf.len ? l->buf.data[l->at] : -1;
}

uint64_t ai_lines_number(const struct ai_lines *l)
{
    return l->number;
}

int ai_lines_err_at(const struct ai_lines *l, struct ai_err *err)
{
    return ai_err_at(err, "%s: line %llu", l->name, (unsigned long long)l->number);
}
