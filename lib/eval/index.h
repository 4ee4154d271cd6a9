/* A hash table of indices into the caller's array. */
#ifndef AI_EVAL_INDEX_H
#define AI_EVAL_INDEX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ai_eval_index;

struct ai_eval_index *ai_eval_index_new(struct ai_err *err) AI_CHECKED;
void ai_eval_index_free(struct ai_eval_index *x);

/* The entry of that hash for which same(arg, entry) holds; SIZE_MAX if none. */
size_t ai_eval_index_find(const struct ai_eval_index *x, uint64_t hash, bool (*same)(const void *arg, size_t entry),
                          const void *arg);
/* Adds an entry; the caller has seen that it is not there. */
int ai_eval_index_add(struct ai_eval_index *x, uint64_t hash, size_t entry, struct ai_err *err) AI_CHECKED;

uint64_t ai_eval_hash_u64(uint64_t v);
uint64_t ai_eval_hash_bytes(const char *s, size_t n);

#endif
