/* One run as its decision stream tells it, in memory: about 150 bytes a document. */
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
    uint32_t label_token;          /* AI_NO_TOKEN: unknown */
    uint32_t task;                 /* index in tasks */
    struct ai_eval_answer *answers; /* one a generation step; none: nothing was decided */
    size_t n_answers, cap_answers;
    uint64_t macs, macs_full;      /* both 0: not known */
    uint16_t layers;               /* blocks that it ran, from its DOC_END; 0: not known */
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

struct ai_eval_run {
    char *name;                    /* of the stream, for messages and tables */
    char model[65];                /* digest, "" where the header has none */
    unsigned layers;               /* L */
    struct ai_eval_doc *docs;
    size_t n_docs, cap_docs;
    struct ai_eval_task *tasks;
    size_t n_tasks, cap_tasks;
    double seconds;                /* of all runs together; NAN: no RUN record */
    uint64_t macs_shared, macs_shared_full;
    struct ai_eval_index *by_number;
};

/* Reads a decision stream to its end.  fd and name are borrowed. */
struct ai_eval_run *ai_eval_run_read(int fd, const char *name, struct ai_err *err) AI_CHECKED;
void ai_eval_run_free(struct ai_eval_run *run);

/* True if the answers come from recorded states: less deep than what was computed.
 * The run's arithmetic and wall clock are then those of the recording. */
bool ai_eval_doc_replayed(const struct ai_eval_doc *doc);

/* For each document of run the index of the same one in dense: by number where the
 * ids there are the same too, else by id.  map [run->n_docs].  Fails where the runs
 * are of other models, or of other documents. */
int ai_eval_match(const struct ai_eval_run *run, const struct ai_eval_run *dense, size_t *map,
                  struct ai_err *err) AI_CHECKED;

#endif
