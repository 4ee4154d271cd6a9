/* What each feature alone says about whether an answer is settled: for every row of a
 * feature stream of all layers, is its most probable token the last layer's? */
#ifndef AI_EVAL_RANK_H
#define AI_EVAL_RANK_H

#include "base/buf.h"
#include "stream/records.h"

struct ai_rank;

/* For a feature stream with this header, which names features and layers. */
struct ai_rank *ai_rank_new(const struct ai_meta *meta, struct ai_err *err) AI_CHECKED;
void ai_rank_free(struct ai_rank *r);

/* Takes a record of the stream.  Every document must come with its last layer. */
int ai_rank_put(struct ai_rank *r, const struct ai_record *rec, struct ai_err *err) AI_CHECKED;

/* Of rows with values v [n] and whether each is settled: the chance that a settled one has
 * the larger value than one that is not, ties half (the area under the ROC curve); NAN
 * where one of the two kinds is missing.  Sorts both. */
struct ai_rank_row { float value; bool settled; };
double ai_rank_auc(struct ai_rank_row *rows, size_t n);

/* Bits that the value tells of settled: values in up to AI_RANK_BINS classes of equally
 * many rows, equal ones never apart, less the bias of that estimate
 * (classes - 1) / (2 n ln 2) (Miller 1955), not below 0.  Sorts rows. */
enum { AI_RANK_BINS = 16 };
double ai_rank_information(struct ai_rank_row *rows, size_t n);
/* Bits that there are to be told. */
double ai_rank_entropy(const struct ai_rank_row *rows, size_t n);

/* Appends the table: a line a layer and one of all layers together. */
int ai_rank_table(struct ai_rank *r, struct ai_buf *out, struct ai_err *err) AI_CHECKED;

#endif
