/* Numbers of the container that reader and writer share; ai-stream(5) is normative. */
#ifndef AI_STREAM_FORMAT_H
#define AI_STREAM_FORMAT_H

#include "stream/stream.h"

#define AI_STREAM_MAGIC "\x89" "AIS\r\n\x1a\n"

enum {
    STREAM_MAGIC_LEN = 8,
    STREAM_MAJOR = 1,
    STREAM_MINOR = 1,
    STREAM_FIXED = 16,             /* magic, major, minor, header length */
    STREAM_MAX_META = 1 << 20,
    STREAM_MAX_RECORD = 256 << 20,
    STREAM_RECORD_HEAD = 8,        /* length, type, flags */
    STREAM_END_LEN = 20,           /* records, payload bytes, checksum */
    STREAM_FRAME = 4 << 20,        /* raw bytes after which a zstd frame ends at a record */
};

/* Zero bytes after a payload of len: records begin on multiples of 8. */
static inline size_t stream_padding(size_t len)
{
    return (8 - len % 8) % 8;
}

#endif
