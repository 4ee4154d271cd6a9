/* What products with sums in f32 share, whatever a packed word holds.  The including
 * file defines WORD (its type, 4 bytes), STEP (columns in it), TOKENS, UP_TO_TOKENS
 * and add_product(w, x, sum): sum + the products of each lane's word with one of x. */
enum { ROWS = 2 * LANES };

INLINE void tile(const int tokens, size_t k, const WORD *w, const WORD *x, float *y, size_t ldy, bool add)
{
    vecf low[TOKENS], high[TOKENS];

    UNROLLED
    for (int t = 0; t < tokens; t++)
        low[t] = high[t] = spread(0);
    for (k = (k + STEP - 1) / STEP; k; k--, w += ROWS, x += tokens) {
        vecu a = LOAD(vecu, w), b = LOAD(vecu, w + LANES);

        UNROLLED
        for (int t = 0; t < tokens; t++) {
            low[t] = add_product(a, x[t], low[t]);
            high[t] = add_product(b, x[t], high[t]);
        }
    }
    UNROLLED
    for (int t = 0; t < tokens; t++, y += ldy) {
        STORE(vecf, y, add ? LOAD(vecf, y) + low[t] : low[t]);
        STORE(vecf, y + LANES, add ? LOAD(vecf, y + LANES) + high[t] : high[t]);
    }
}

#define TILE(n)                                                                                             \
    static void tile_##n(size_t k, const void *w, const void *x, float *y, size_t ldy, bool add)            \
    {                                                                                                       \
        tile(n, k, w, x, y, ldy, add);                                                                      \
    }
#define NAME(n) tile_##n,
UP_TO_TOKENS(TILE)
static ai_way_tile *const tiles[] = {UP_TO_TOKENS(NAME)};

/* LANES words of LANES rows from row `half` on, from a byte of them on, transposed.  Whole
 * lines of a row at once: rows often lie a power of two apart and then evict each other
 * from the first cache. */
INLINE void words_of_rows(const struct ai_way_rows *rows, size_t half, size_t byte, vecu v[LANES])
{
    UNROLLED
    for (size_t r = 0; r < LANES; r++) {
        const uint8_t *p = rows->row[half + r] + byte;

        v[r] = LOAD(vecu, p);
        FETCH(p + rows->ahead);
    }
    transpose(v);
}
