/* zstd behind one file: compression and decompression of a byte stream as it comes. */
#ifndef AI_IO_ZST_H
#define AI_IO_ZST_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Do these first bytes (n >= 4) begin a zstd or skippable frame? */
bool ai_zst_probe(const void *p, size_t n);

struct ai_zst_writer;

/* level 1..19; frames carry a content checksum. */
struct ai_zst_writer *ai_zst_writer_new(int level, struct ai_err *err) AI_CHECKED;
/* Compresses n bytes; appends what comes out to out. */
int ai_zst_write(struct ai_zst_writer *z, const void *p, size_t n, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* Appends all that is inside, so that a reader can decompress every byte written so far. */
int ai_zst_flush(struct ai_zst_writer *z, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
/* Ends the frame; the next write begins a new one. */
int ai_zst_end(struct ai_zst_writer *z, struct ai_buf *out, struct ai_err *err) AI_CHECKED;
void ai_zst_writer_free(struct ai_zst_writer *z);

struct ai_zst_reader;

/* Frames with windows up to 128 MiB; skippable frames are skipped. */
struct ai_zst_reader *ai_zst_reader_new(struct ai_err *err) AI_CHECKED;
/* Takes compressed bytes from in[*at..n), appends at most `limit` decompressed ones to
 * out, moves *at.  Call again until neither moves. */
int ai_zst_read(struct ai_zst_reader *z, const void *in, size_t n, size_t *at, struct ai_buf *out, size_t limit,
                struct ai_err *err) AI_CHECKED;
/* True between frames: the input may end here. */
bool ai_zst_at_boundary(const struct ai_zst_reader *z);
void ai_zst_reader_free(struct ai_zst_reader *z);

#endif
