/* The documents of a stream that have begun and not ended, each with what a program
 * keeps of it. */
#ifndef AI_STREAM_OPEN_H
#define AI_STREAM_OPEN_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* More than these at once are refused: a stream that never ends its documents must
 * not take all memory. */
enum { AI_MAX_OPEN = 1 << 20 };

struct ai_open;

/* size: bytes kept for each document.  release, if not NULL, gives back what such an
 * item owns, not the item itself.  NULL with err filled. */
struct ai_open *ai_open_new(size_t size, void (*release)(void *item), struct ai_err *err) AI_CHECKED;
void ai_open_free(struct ai_open *o);

/* A document begins.  Returns its item, zeroed, at an address that stays until its
 * end; NULL with err (AI_EINPUT: it begins twice, or too many are open). */
void *ai_open_begin(struct ai_open *o, uint64_t number, struct ai_err *err) AI_CHECKED;
/* NULL if it is not open. */
void *ai_open_find(const struct ai_open *o, uint64_t number);
/* NULL with err (AI_EINPUT) if it is not open. */
void *ai_open_get(const struct ai_open *o, uint64_t number, struct ai_err *err) AI_CHECKED;
/* It ends: releases the item.  Returns 0, or -1 with err if it was not open. */
int ai_open_end(struct ai_open *o, uint64_t number, struct ai_err *err) AI_CHECKED;

/* For the end of a stream: -1 with err (AI_EINPUT) naming a document that is still open. */
int ai_open_none(const struct ai_open *o, struct ai_err *err) AI_CHECKED;

#endif
