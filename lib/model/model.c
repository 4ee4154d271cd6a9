#include "model/model.h"

#include "base/mem.h"
#include "model/arch.h"

#include <stdlib.h>
#include <string.h>

struct ai_linear ai_linear_group(const struct ai_linear *l, size_t g)
{
    struct ai_linear one = {.weight = l->weight, .bias = l->bias};

    AI_ASSERT(l->group && (g + 1) * l->group <= l->weight.rows);
    one.weight.data = (const uint8_t *)l->weight.data + g * l->stride * ai_tensor_row_bytes(&l->weight);
    one.weight.rows = l->group;
    if (l->bias.data) {
        one.bias.data = (const uint8_t *)l->bias.data + g * l->stride * ai_wtypes[l->bias.type].bytes;
        one.bias.cols = l->group;
    }
    return one;
}

/* Matrices that were quantised in a directory have other shapes, scales beside them,
 * and as many layouts as there are methods. */
static int refuse_quantised(const struct ai_json *config, struct ai_err *err)
{
    const struct ai_json *q = ai_json_get(config, "quantization_config");
    const char *method = "?";

    if (ai_json_type(q) != AI_JSON_OBJECT)
        return 0;
    if (ai_json_get_string(q, "quant_method", &method, err) < 0)
        return -1;
    return ai_fail(err, AI_EINPUT, "quantization_config: weights quantised by '%.40s' are not supported", method);
}

/* Models that also see have the numbers of their text part in an object of its own. */
static const struct ai_arch *identify(struct ai_model_files *f, struct ai_err *err)
{
    const struct ai_json *text = ai_json_get(f->config, "text_config");
    struct ai_gguf_string name = {"", 0};
    const char *type = NULL;
    int rc;

    if (f->gguf) {
        rc = ai_gguf_str(f->gguf, "general.architecture", &name, err);
    } else {
        rc = ai_json_get_string(f->config, "model_type", &type, err);
        if (rc == 0)
            name = (struct ai_gguf_string){type, strlen(type)};
        if (rc == 0)
            rc = refuse_quantised(f->config, err);
        if (ai_json_type(text) == AI_JSON_OBJECT)
            f->config = text;
    }
    if (rc == 1)
        ai_fail(err, AI_EINPUT, "no architecture is named (general.architecture, model_type)");
    return rc ? NULL : ai_arch_find(f->gguf != NULL, name.s, name.len, err);
}

struct ai_model *ai_model_open(const char *path, struct ai_err *err)
{
    struct ai_model *m = ai_calloc(1, sizeof *m, err);
    const struct ai_arch *arch;
    unsigned traits;

    if (!m)
        return NULL;
    m->files = ai_model_files_open(path, err);
    if (!m->files)
        goto fail;
    arch = identify(m->files, err);
    if (!arch || ai_arch_numbers(arch, m->files, &m->hp, &traits, err) ||
        ai_arch_rotary(arch, m->files, &m->hp, err)) {
        ai_err_at(err, "%s", path);
        goto fail;
    }
    m->arch = arch->name;
    if (ai_arch_load(arch, traits, m, err))
        goto fail;
    ai_model_digest(m);
    return m;
fail:
    ai_model_free(m);
    return NULL;
}

void ai_model_free(struct ai_model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_made; i++)
        free(m->made[i]);
    free(m->made);
    free(m->blocks);
    ai_model_files_free(m->files);
    free(m);
}
