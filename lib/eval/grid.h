/* Cells of text in aligned columns. */
#ifndef AI_EVAL_GRID_H
#define AI_EVAL_GRID_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AI_GRID_CELL = 64 };

struct ai_grid {
    int columns;
    size_t rows, cap;
    char (*cell)[AI_GRID_CELL];      /* [rows, columns] */
};

/* A row of empty cells at the end; its first cell, or NULL with err.  Valid until the next. */
char (*ai_grid_row(struct ai_grid *g, struct ai_err *err))[AI_GRID_CELL];
void ai_grid_free(struct ai_grid *g);

/* Columns of the set `left` (bit 0 is the first) are aligned left, the others right; columns
 * whose cells are all empty are left out.  Characters count, not bytes. */
int ai_grid_put(const struct ai_grid *g, uint32_t left, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

/* What cells hold; NAN is "-". */
void ai_cell_percent(char *cell, const char *prefix, double share);
void ai_cell_number(char *cell, int decimals, double v);
/* A name, cut to 40 bytes between characters, without control characters. */
void ai_cell_name(char *cell, const char *s);

#endif
