/* Between the files of gen_family: what tensors each family has. */
#ifndef GEN_FAMILY_PARTS_H
#define GEN_FAMILY_PARTS_H

#include "gen_family.h"

/* Sets of families. */
#define G1 (1u << GEN_GEMMA)
#define G23 (1u << GEN_GEMMA2 | 1u << GEN_GEMMA3)
#define G3 (1u << GEN_GEMMA3)
#define P2 (1u << GEN_PHI)
#define P3 (1u << GEN_PHI3)
#define MX (1u << GEN_MIXTRAL)
#define Q2 (1u << GEN_QWEN2_MOE)
#define Q3 (1u << GEN_QWEN3_MOE)
#define OL (1u << GEN_OLMOE)
#define ALL (~0u)

/* Sizes of a model: vocabulary, width, Q, K or V, all three, a head, MLP, gate and up,
 * experts, an expert's MLP, the shared expert's. */
enum dim { NONE, V, H, Q, K, QKV, D, F, FF, E, EF, SF };

/* A tensor of a block: its name behind the block's prefix (%u is the expert). */
struct part {
    unsigned kinds;          /* the families that have it; 0 ends a list */
    const char *hf, *gguf;
    enum dim rows, cols;     /* rows NONE: a vector */
    bool norm;
};

/* Of every block, of one with experts, of one without in a model that has some, of each expert. */
extern const struct part gen_parts[], gen_sparse[], gen_dense[], gen_expert[];

bool gen_is(const struct gen_family *s, unsigned kinds);
uint64_t gen_size_of(const struct gen_family *s, enum dim d);
const char *gen_family_gguf_name(enum gen_family_kind kind);
/* "model.layers.BLOCK." and a part's name. */
void gen_part_name(char *out, size_t size, unsigned block, const char *name, unsigned expert);
struct gen_model *gen_new(enum gen_kind kind);

#endif
