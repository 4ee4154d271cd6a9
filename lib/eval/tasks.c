#include "eval/tasks.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* All documents become one task, named "". */
static void forget_tasks(struct ai_eval_run *run)
{
    for (size_t i = 0; i < run->n_tasks; i++)
        free(run->tasks[i].name);
    run->n_tasks = 0;
    for (size_t i = 0; i < run->n_docs; i++)
        run->docs[i].task = 0;
}

/* Index of the task in *out; a full table leaves SIZE_MAX there. */
static int find_task(struct ai_eval_run *run, const char *name, size_t len, size_t *out, struct ai_err *err)
{
    struct ai_eval_task new = {.seconds = NAN};

    for (size_t i = 0; i < run->n_tasks; i++)
        if (strncmp(run->tasks[i].name, name, len) == 0 && run->tasks[i].name[len] == '\0') {
            *out = i;
            return 0;
        }
    *out = SIZE_MAX;
    if (run->n_tasks == AI_EVAL_MAX_TASKS)
        return 0;
    if (!(new.name = ai_strndup(name, len, err)))
        return -1;
    if (ai_grow(&run->tasks, &run->cap_tasks, run->n_tasks + 1, sizeof *run->tasks, err)) {
        free(new.name);
        return -1;
    }
    run->tasks[run->n_tasks] = new;
    *out = run->n_tasks++;
    return 0;
}

int ai_eval_set_task(struct ai_eval_run *run, struct ai_eval_doc *doc, bool *grouped, struct ai_err *err)
{
    const char *dash = doc->id ? strrchr(doc->id, '-') : NULL;
    size_t task;

    if (find_task(run, dash && *grouped ? doc->id : "", dash && *grouped ? (size_t)(dash - doc->id) : 0, &task, err))
        return -1;
    if (task == SIZE_MAX) {
        *grouped = false;
        forget_tasks(run);
        if (find_task(run, "", 0, &task, err))
            return -1;
    }
    doc->task = (uint32_t)task;
    run->tasks[task].present = true;
    return 0;
}

void ai_eval_add_to_task(struct ai_eval_run *run, const struct ai_run *r)
{
    size_t n = 0;

    for (size_t i = 0; i < run->n_tasks; i++)
        n += run->tasks[i].present;
    for (size_t i = 0; i < run->n_tasks; i++) {
        struct ai_eval_task *t = &run->tasks[i];

        if (!t->present)
            continue;
        t->present = false;
        t->mixed |= n > 1;
        t->seconds = isnan(t->seconds) ? r->seconds : t->seconds + r->seconds;
        t->macs_shared += r->macs_shared;
        t->macs_shared_full += r->macs_shared_full;
    }
}
