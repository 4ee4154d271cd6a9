#include "policy/file.h"

#include <string.h>

void ai_certificate_lines(struct ai_certificate *c, struct ai_certificate_line lines[AI_CERTIFICATE_LINES])
{
    const struct ai_certificate_line all[AI_CERTIFICATE_LINES] = {
        {.key = "certified_confidence", .number = &c->confidence},
        {.key = "certified_documents", .number = &c->documents},
        {.key = "certified_layers_skipped", .number = &c->skipped},
        {.key = "certified_flips", .number = &c->flips, .of_flips = true},
        {.key = "certified_flip_limit", .number = &c->flip_limit, .of_flips = true},
        {.key = "certified_flip_bound", .number = &c->flip_bound, .of_flips = true},
        {.key = "certified_losses", .number = &c->losses, .of_losses = true},
        {.key = "certified_loss_limit", .number = &c->loss_limit, .of_losses = true},
        {.key = "certified_loss_bound", .number = &c->loss_bound, .of_losses = true},
        {.key = "certified_model", .word = c->model, .size = sizeof c->model},
        {.key = "certified_tokenizer", .word = c->tokenizer, .size = sizeof c->tokenizer},
        {.key = "certified_prompts", .word = c->prompts, .size = sizeof c->prompts},
        {.key = "certified_features", .word = c->features, .size = sizeof c->features},
    };

    memcpy(lines, all, sizeof all);
}

int ai_certificate_check(struct ai_certificate *c, uint64_t has, struct ai_err *err)
{
    struct ai_certificate_line lines[AI_CERTIFICATE_LINES];
    uint64_t flips = 0, losses = 0, always = 0;

    ai_certificate_lines(c, lines);
    for (size_t i = 0; i < AI_CERTIFICATE_LINES; i++) {
        uint64_t *set = lines[i].of_flips ? &flips : lines[i].of_losses ? &losses : &always;

        if (lines[i].word != c->tokenizer) /* models that take token numbers have none */
            *set |= (uint64_t)1 << i;
    }
    if (!has)
        return 0;
    c->there = true;
    c->has_flips = has & flips;
    c->has_losses = has & losses;
    if ((has & always) != always || (c->has_flips && (has & flips) != flips) ||
        (c->has_losses && (has & losses) != losses) || !(c->has_flips || c->has_losses))
        return ai_fail(err, AI_EINPUT, "lines of the certificate are missing");
    return 0;
}
