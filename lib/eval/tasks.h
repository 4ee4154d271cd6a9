/* Which task a document belongs to, while a run is read. */
#ifndef AI_EVAL_TASKS_H
#define AI_EVAL_TASKS_H

#include "eval/run.h"

/* The task that the document's id names.  *grouped: false once there were too many
 * tasks; everything is task 0 from then on. */
int ai_eval_set_task(struct ai_eval_run *run, struct ai_eval_doc *doc, bool *grouped, struct ai_err *err) AI_CHECKED;
/* A RUN record behind its documents: one of documents of one task counts for that task too. */
void ai_eval_add_to_task(struct ai_eval_run *run, const struct ai_run *r);

#endif
