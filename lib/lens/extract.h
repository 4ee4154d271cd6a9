/* A hidden stream into a feature stream.  States are collected and multiplied with
 * the head together; all records keep their order. */
#ifndef AI_LENS_EXTRACT_H
#define AI_LENS_EXTRACT_H

#include "kernels/kernels.h"
#include "lens/features.h"
#include "stream/stream.h"

enum ai_head { AI_HEAD_FULL, AI_HEAD_CHOICES };

struct ai_extract_options {
    struct ai_feature_list features;
    enum ai_head head;
    enum ai_compute compute; /* of the product with the head */
    unsigned top;           /* most probable tokens in a record, 1..AI_MAX_TOP */
};

enum { AI_EXTRACT_ROWS = 256 }; /* states in one product at most */

struct ai_extract;

/* model and pool are borrowed. */
struct ai_extract *ai_extract_new(const struct ai_model *model, struct ai_pool *pool,
                                  const struct ai_extract_options *options, struct ai_err *err) AI_CHECKED;
void ai_extract_free(struct ai_extract *e);

/* The feature stream's header from the hidden stream's: checks that it is of this
 * model, leaves out of "all" features what it cannot give, and adds "features", "head"
 * and "top".  out: owned by the caller. */
int ai_extract_header(struct ai_extract *e, const struct ai_meta *hidden, struct ai_meta *out,
                      struct ai_err *err) AI_CHECKED;

/* Takes one record of the hidden stream, and checks it; writes nothing. */
int ai_extract_put(struct ai_extract *e, const struct ai_record *rec, struct ai_err *err) AI_CHECKED;

/* True when as much has been taken as goes into one product: time for ai_extract_flush. */
bool ai_extract_full(const struct ai_extract *e);

/* Computes and writes all that has been taken: also before the program waits, and at the end. */
int ai_extract_flush(struct ai_extract *e, struct ai_writer *w, struct ai_err *err) AI_CHECKED;

/* Weights of the head that each product reads, however few its states are. */
uint64_t ai_extract_weights(const struct ai_extract *e);

/* Multiply-adds of the head so far. */
uint64_t ai_extract_macs(const struct ai_extract *e);

/* Documents done and states seen so far. */
uint64_t ai_extract_documents(const struct ai_extract *e);
uint64_t ai_extract_states(const struct ai_extract *e);

#endif
