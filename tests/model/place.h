/* A folder for one test's models, and opening them. */
#ifndef PLACE_H
#define PLACE_H

#include "../gen/gen_model.h"
#include "model/model.h"

#include "../tap.h"

#include <dirent.h>
#include <unistd.h>

static struct ai_err err;
static char place[512];

__attribute__((unused)) static void make_place(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(place, sizeof place, "%s/ai-model.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(place))
        exit(99);
}

static const char *in_place(const char *name)
{
    static char path[4][1200];
    static unsigned k;
    char *p = path[k++ % 4];

    snprintf(p, 1200, "%s/%s", place, name);
    return p;
}

/* Removes a file, or a folder of files. */
__attribute__((unused)) static void remove_all(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char file[1600];

    while (d && (e = readdir(d))) {
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        unlink(file);
    }
    if (d)
        closedir(d);
    if (d ? rmdir(path) : unlink(path))
        return;
}

/* Writes g under `name`, opens it, and removes it; the mapping stays.  g is freed. */
__attribute__((unused)) static struct ai_model *open_made(struct gen_model *g, const char *name, unsigned shards)
{
    struct ai_model *m;

    gen_write(g, in_place(name), shards);
    gen_free(g);
    err.msg[0] = '\0';
    m = ai_model_open(in_place(name), &err);
    remove_all(in_place(name));
    return m;
}

#endif
