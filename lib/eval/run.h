/* One run as its decision stream tells it, in memory: about 200 bytes a document. */
#ifndef AI_EVAL_RUN_H
#define AI_EVAL_RUN_H

#include "base/err.h"
#include "stream/records.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ai_eval_answer {
    uint32_t token;
    uint16_t layer;                /* blocks run for it */
};

struct ai_eval_doc {
    uint64_t number;
    char *id;                      /* or NULL */
    char *label;                   /* its text where that was asked for: right answers, a line each; or NULL */
    bool choices;                  /* it had some */
    double exact, f1;              /* of the answer's text, ai_eval_text_scores; NAN: not known */
    uint32_t label_token;          /* AI_NO_TOKEN: unknown */
    uint32_t task;                 /* index in tasks */
    struct ai_eval_answer *answers; /* one a generation step; none: nothing was decided */
    size_t n_answers, cap_answers;
    uint64_t macs, macs_full;      /* both 0: not known */
    uint16_t layers;               /* blocks that it ran, from its DOC_END; 0: not known */
    uint32_t *by_layer;            /* [n_answers][L + 1] what each layer would answer, from a feature
                                      stream; AI_NO_TOKEN where it does not say; or NULL */
};

/* The documents whose ids are equal up to the last '-'; "" where there is none. */
struct ai_eval_task {
    char *name;
    double seconds;                /* wall clock of the runs of its documents alone; NAN: not known */
    uint64_t macs_shared, macs_shared_full;
    bool mixed;                    /* a run computed documents of this and other tasks */
    bool present;                  /* while reading: in the present run */
};

/* Ids that make more tasks than this are no task names: all documents are one task then. */
enum { AI_EVAL_MAX_TASKS = 64 };

enum { AI_EVAL_COSTS = 8 };

struct ai_eval_run {
    char *name;                    /* of the stream, for messages and tables */
    char model[65];                /* digest, "" where the header has none */
    char head[16];                 /* "full", "choices", or "": the header does not say */
    unsigned layers;               /* L */
    struct ai_eval_doc *docs;
    size_t n_docs, cap_docs;
    struct ai_eval_task *tasks;
    size_t n_tasks, cap_tasks;
    double seconds;                /* of all runs together; NAN: no RUN record */
    uint64_t macs_shared, macs_shared_full;
    struct ai_cost costs[AI_EVAL_COSTS]; /* what each program behind the forward pass spent, summed */
    size_t n_costs;
    struct ai_eval_index *by_number;
};

/* Reads a stream to its end: decisions, or features, of which the last layer's are the
 * answers and all of them by_layer.  labels: keep their texts.  fd and name are borrowed. */
struct ai_eval_run *ai_eval_run_read(int fd, const char *name, enum ai_kind kind, bool labels,
                                     struct ai_err *err) AI_CHECKED;
void ai_eval_run_free(struct ai_eval_run *run);

/* Index of the document of that number, SIZE_MAX if there is none. */
size_t ai_eval_find(const struct ai_eval_run *run, uint64_t number);

/* True if the answers come from recorded states: less deep than what was computed.
 * The run's arithmetic and wall clock are then those of the recording. */
bool ai_eval_doc_replayed(const struct ai_eval_doc *doc);

/* What that program spent, or NULL: nobody says. */
const struct ai_cost *ai_eval_cost(const struct ai_eval_run *run, const char *program);

/* For each document of run the index of the same one in dense: by number where the
 * ids there are the same too, else by id.  map [run->n_docs].  Fails where the runs
 * are of other models, or of other documents. */
int ai_eval_match(const struct ai_eval_run *run, const struct ai_eval_run *dense, size_t *map,
                  struct ai_err *err) AI_CHECKED;

#endif
