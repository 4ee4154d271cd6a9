/* puts [-r] < TEXT > STREAM: a stream of any kind from lines of words, for tests; -r
 * is the way back.
 *
 *   kind K                     first line of a segment: hidden, features or decisions
 *   meta KEY VALUE             its header
 *   doc N ID LABEL TOKEN [CHOICE:TOKEN ...]   "-": none; the digest of its prompt is the ID's bytes'
 *                              in LABEL ~ is a space, | a line feed
 *   hidden DOC STEP POSITION LAYER VALUE ...
 *   features DOC STEP POSITION LAYER TOKEN VALUE ...
 *   decision DOC STEP LAYER TOKEN
 *   end DOC LAYERS MACS MACS_FULL
 *   run SECONDS SHARED SHARED_FULL
 *   cost PROGRAM ITEMS MACS SECONDS
 *   segment                    END; another segment follows */
#include "stream/records.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 9000 };
static char *word[MAX_WORDS];
static int words;
static struct ai_err err;
static struct ai_writer *writer;
static struct ai_meta meta;
static enum ai_kind kind;
static struct ai_buf payload;

static void must(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "puts: %s\n", err.msg);
    exit(99);
}

static uint64_t number(int i)
{
    return i < words ? strtoull(word[i], NULL, 10) : 0;
}

static void put(uint16_t type)
{
    if (!writer && !(writer = ai_writer_open(1, kind, &meta, 0, AI_FLUSH_AUTO, &err)))
        must(-1);
    must(ai_writer_put(writer, type, type > AI_REC_RUN ? AI_REC_IGNORABLE : 0, payload.data, payload.len, &err));
    payload.len = 0;
}

static void put_doc(void)
{
    struct ai_choice choices[16] = {{0}};
    struct ai_doc d = {.number = number(1), .tokens = 1, .label_token = AI_NO_TOKEN, .choices = choices};

    if (strcmp(word[2], "-")) {
        uint32_t bytes[256];
        size_t n = 0;

        for (d.id = word[2]; d.id[n] && n < 256; n++)
            bytes[n] = (unsigned char)d.id[n];
        d.prompt_digest = ai_prompt_digest(bytes, n);
    }
    if (strcmp(word[3], "-")) {
        d.label = word[3];
        for (char *s = d.label; *s; s++)
            *s = *s == '~' ? ' ' : *s == '|' ? '\n' : *s;
        for (char *s = d.label; *s; s++)
            *s = *s == '~' ? ' ' : *s == '|' ? '\n' : *s;
        d.label_token = (uint32_t)number(4);
    }
    for (int i = 5; i < words && i < 5 + 16; i++) {
        char *colon = strchr(word[i], ':');

        *colon = '\0';
        choices[d.n_choices].text = word[i];
        choices[d.n_choices++].token = (uint32_t)strtoul(colon + 1, NULL, 10);
    }
    must(ai_doc_encode(&d, &payload, &err));
    put(AI_REC_DOC);
}

static void put_hidden(void)
{
    static float state[MAX_WORDS];
    struct ai_hidden h = {.doc = number(1), .step = (uint32_t)number(2), .position = (uint32_t)number(3),
                          .layer = (uint16_t)number(4), .dtype = AI_F32, .width = (uint32_t)words - 5};

    for (int i = 5; i < words; i++)
        state[i - 5] = strtof(word[i], NULL);
    must(ai_hidden_encode(&h, state, &payload, &err));
    put(AI_REC_HIDDEN);
}

static void put_features(void)
{
    struct ai_features f = {.doc = number(1), .step = (uint32_t)number(2), .position = (uint32_t)number(3),
                            .layer = (uint16_t)number(4), .top = 1};

    f.top_token[0] = (uint32_t)number(5);
    f.top_prob[0] = 0.5f;
    for (int i = 6; i < words && f.n < AI_MAX_FEATURES; i++)
        f.value[f.n++] = strtof(word[i], NULL);
    must(ai_features_encode(&f, &payload, &err));
    put(AI_REC_FEATURES);
}

static void put_line(void)
{
    if (strcmp(word[0], "kind") == 0) {
        for (kind = AI_KIND_TOKENS; kind < AI_KIND_DECISIONS && strcmp(ai_kind_name(kind), word[1]); kind++)
            ;
    } else if (strcmp(word[0], "meta") == 0) {
        must(ai_meta_add(&meta, word[1], word[2], &err));
    } else if (strcmp(word[0], "doc") == 0) {
        put_doc();
    } else if (strcmp(word[0], "hidden") == 0) {
        put_hidden();
    } else if (strcmp(word[0], "features") == 0) {
        put_features();
    } else if (strcmp(word[0], "decision") == 0) {
        struct ai_decision d = {.doc = number(1), .step = (uint32_t)number(2), .layer = (uint16_t)number(3),
                                .token = (uint32_t)number(4), .prob = 0.5f};

        must(ai_decision_encode(&d, &payload, &err));
        put(AI_REC_DECISION);
    } else if (strcmp(word[0], "end") == 0) {
        struct ai_doc_end e = {.doc = number(1), .layers = (uint16_t)number(2), .macs = number(3),
                               .macs_full = number(4)};

        must(ai_doc_end_encode(&e, &payload, &err));
        put(AI_REC_DOC_END);
    } else if (strcmp(word[0], "run") == 0) {
        struct ai_run r = {.seconds = strtod(word[1], NULL), .macs_shared = number(2), .macs_shared_full = number(3)};

        must(ai_run_encode(&r, &payload, &err));
        put(AI_REC_RUN);
    } else if (strcmp(word[0], "cost") == 0) {
        struct ai_cost c = {.items = number(2), .macs = number(3), .seconds = strtod(word[4], NULL)};

        snprintf(c.program, sizeof c.program, "%s", word[1]);
        must(ai_cost_encode(&c, &payload, &err));
        put(AI_REC_COST);
    } else if (strcmp(word[0], "segment") == 0) {
        must(ai_writer_end(writer, &err));
        ai_writer_free(writer);
        writer = NULL;
    } else {
        fprintf(stderr, "puts: what is '%s'?\n", word[0]);
        exit(99);
    }
}

static void show(const struct ai_record *rec)
{
    uint64_t doc = 0;
    struct ai_features f;

    if (rec->type != AI_REC_RUN)
        must(ai_record_doc(rec, &doc, &err));
    if (rec->type != AI_REC_FEATURES) {
        printf("record %u %" PRIu64 "\n", rec->type, doc);
        return;
    }
    must(ai_features_decode(rec, &f, &err));
    printf("features %" PRIu64 " %" PRIu32 " %" PRIu32 " %u", doc, f.step, f.position, f.layer);
    for (int i = 0; i < f.n; i++)
        printf(" %.6f", (double)f.value[i]);
    for (int i = 0; i < f.top; i++)
        printf(" %" PRIu32 ":%.6f", f.top_token[i], (double)f.top_prob[i]);
    printf("\n");
}

static void back(void)
{
    struct ai_reader *r = ai_reader_open(0, "standard input", AI_KIND_ANY, &err);
    const struct ai_meta *m;
    struct ai_record rec;
    int rc;

    if (!r)
        must(-1);
    m = ai_reader_meta(r);
    for (size_t i = 0; i < m->n; i++)
        printf("meta %s %s\n", m->lines[i].key, m->lines[i].value);
    while ((rc = ai_reader_next(r, &rec, &err)) == 1) {
        show(&rec);
        fflush(stdout);
    }
    must(rc);
    ai_reader_free(r);
}

int main(int argc, char **argv)
{
    static char line[1 << 17];

    if (argc > 1 && strcmp(argv[1], "-r") == 0) {
        back();
        return 0;
    }
    while (fgets(line, sizeof line, stdin)) {
        words = 0;
        for (char *s = strtok(line, " \n"); s && words < MAX_WORDS; s = strtok(NULL, " \n"))
            word[words++] = s;
        if (words)
            put_line();
    }
    if (!writer && !(writer = ai_writer_open(1, kind, &meta, 0, AI_FLUSH_AUTO, &err)))
        must(-1);
    must(ai_writer_end(writer, &err));
    ai_writer_free(writer);
    ai_meta_free(&meta);
    ai_buf_free(&payload);
    return 0;
}
