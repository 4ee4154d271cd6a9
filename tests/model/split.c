/* Models in several GGUF files: opened by any of them, and refused when one is missing
 * or is not what its name says. */
#include "place.h"
#include "tokenizer/tokenizer.h"

enum { PARTS = 3 };

static const char *part(unsigned no, unsigned count)
{
    static char name[40];

    snprintf(name, sizeof name, "m-%05u-of-%05u.gguf", no + 1, count);
    return in_place(name);
}

/* Part `no` of what was written by gen_write, once more, saying what split says. */
static void rewrite(const struct gen_model *g, unsigned no, struct gen_split split)
{
    size_t first = g->n_tensors * no / PARTS, end = g->n_tensors * (no + 1) / PARTS;
    struct ai_buf b = {0};

    gen_gguf_part(g, &split, first, end - first, &b);
    gen_write_file(part(no, PARTS), b.data, b.len);
    ai_buf_free(&b);
}

/* Opening path fails with one line that begins with the name of the file at fault. */
static void refused(const char *path, const char *file, const char *word, const char *what)
{
    struct ai_model *m;

    err.msg[0] = '\0';
    m = ai_model_open(path, &err);
    if (!ok(!m && strncmp(err.msg, file, strlen(file)) == 0 && strstr(err.msg, word) && !strchr(err.msg, '\n'), "%s",
            what))
        printf("# %s\n", m ? "it opened" : err.msg);
    ai_model_free(m);
}

static void any_part_opens(const struct gen_model *g)
{
    struct ai_model *whole, *m;
    struct ai_tokenizer *t;

    gen_write(g, in_place("one.gguf"), 1);
    whole = ai_model_open(in_place("one.gguf"), &err);
    for (unsigned i = 0; whole && i < PARTS; i++) {
        m = ai_model_open(part(i, PARTS), &err);
        if (ok(m != NULL, "part %u opens the model", i + 1))
            is_str(m->digest, whole->digest, "it is the same model");
        else
            printf("# %s\n", err.msg);
        ai_model_free(m);
        t = ai_tokenizer_open(part(i, PARTS), &err);
        ok(t && ai_tokenizer_size(t) == g->spec.vocab, "its tokenizer is found");
        ai_tokenizer_free(t);
    }
    ai_model_free(whole);
    unlink(in_place("one.gguf"));
}

static void wrong_parts(struct gen_model *g)
{
    const struct gen_split second = {1, PARTS, (unsigned)g->n_tensors};
    struct gen_tensor last;
    struct gen_split s;

    unlink(part(1, PARTS));
    refused(part(0, PARTS), part(1, PARTS), "No such file", "a missing part");
    gen_write_file(part(1, PARTS), "GGUF", 4);
    refused(part(0, PARTS), part(1, PARTS), "truncated", "a part cut short");
    s = second;
    s.no = 2;
    rewrite(g, 1, s);
    refused(part(0, PARTS), part(1, PARTS), "part 3 of 3, its name says 2 of 3", "another part under that name");
    refused(part(1, PARTS), part(1, PARTS), "-00003-of-00003.gguf", "opened itself");
    s = second;
    s.count = 4;
    rewrite(g, 1, s);
    refused(part(0, PARTS), part(1, PARTS), "part 2 of 4", "a part of a larger set");
    s.count = 1;
    rewrite(g, 1, s);
    refused(part(0, PARTS), part(1, PARTS), "part 1 of 1", "a part that is a whole model");
    s = second;
    s.no = 3;
    rewrite(g, 1, s);
    refused(part(0, PARTS), part(1, PARTS), "split.no: 3", "a part behind the last");
    s = second;
    s.tensors--;
    rewrite(g, 1, s);
    refused(part(0, PARTS), part(1, PARTS), "split.tensors.count", "parts that count differently");
    for (unsigned i = 0; i < PARTS; i++)
        rewrite(g, i, (struct gen_split){i, PARTS, (unsigned)g->n_tensors + 1});
    refused(part(0, PARTS), part(0, PARTS), "tensors in all parts", "a tensor too few");
    last = g->tensors[g->n_tensors - 1];
    g->tensors[g->n_tensors - 1] = g->tensors[0];
    gen_write(g, in_place("m.gguf"), PARTS);
    refused(part(0, PARTS), part(0, PARTS), "twice", "a tensor in two parts");
    g->tensors[g->n_tensors - 1] = last;
}

static void wrong_names(struct gen_model *g)
{
    struct gen_split s = {0, PARTS, (unsigned)g->n_tensors};
    struct ai_buf b = {0};
    struct ai_model *m;

    gen_gguf_part(g, &s, 0, 4, &b);
    gen_write_file(in_place("m.gguf"), b.data, b.len);
    ai_buf_free(&b);
    refused(in_place("m.gguf"), in_place("m.gguf"), "-00001-of-00003.gguf", "a part under a name without its number");
    unlink(in_place("m.gguf"));
    gen_set_u32(g, "split.count", PARTS);
    gen_write(g, in_place("m.gguf"), 1);
    refused(in_place("m.gguf"), in_place("m.gguf"), "split.no is not given", "a part without its number");
    gen_set_string(g, "split.count", "three");
    gen_write(g, in_place("m.gguf"), 1);
    refused(in_place("m.gguf"), in_place("m.gguf"), "split.count", "a number of parts in words");
    gen_set_u32(g, "split.count", 1);
    gen_write(g, in_place("m.gguf"), 1);
    m = ai_model_open(in_place("m.gguf"), &err);
    ok(m != NULL, "a set of one is one file");
    ai_model_free(m);
    unlink(in_place("m.gguf"));
}

int main(void)
{
    struct gen_spec spec = gen_small;
    struct gen_model *g;

    spec.vocab = GEN_MIN_VOCAB;
    spec.tokenizer = true;
    make_place();
    g = gen_make(&spec);
    gen_write(g, in_place("m.gguf"), PARTS);
    any_part_opens(g);
    wrong_parts(g);
    wrong_names(g);
    gen_free(g);
    remove_all(place);
    return done_testing();
}
