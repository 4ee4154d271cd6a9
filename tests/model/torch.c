/* pytorch_model.bin that must be refused: pickles that want more than tensors, tensors
 * that reach out of their storage, archives that lie, every truncation, every flipped
 * bit.  Nothing but a refusal that names file and place may come of them. */
#include "../gen/gen_torch.h"
#include "model/files.h"
#include "place.h"

#include <fcntl.h>
#include <sys/stat.h>

static void write_model(const struct ai_buf *b)
{
    mkdir(in_place("m"), 0777);
    gen_write_file(in_place("m/config.json"), "{}", 2);
    gen_write_file(in_place("m/pytorch_model.bin"), b->data, b->len);
}

/* These bytes must be refused with both words in the message. */
static void refused(const struct ai_buf *b, const char *what, const char *word, const char *word2)
{
    struct ai_model_files *f;
    int good;

    write_model(b);
    err.msg[0] = '\0';
    f = ai_model_files_open(in_place("m"), &err);
    good = !f && err.code == AI_EINPUT && strstr(err.msg, in_place("m")) == err.msg && strstr(err.msg, word) &&
           strstr(err.msg, word2);
    if (!ok(good, "%s", what) || getenv("TEST_VERBOSE"))
        printf("# %s\n", f ? "it opened" : err.msg);
    ai_model_files_free(f);
}

static const float values[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* The archive of a pickle, with one storage "0" of 16 floats. */
static void wrap(const struct ai_buf *pickle, struct ai_buf *out)
{
    const struct gen_record r[] = {
        {"archive/data.pkl", pickle->data, pickle->len, NULL}, {"archive/data/0", values, sizeof values, NULL},
        {"archive/version", "3\n", 2, NULL},
    };

    out->len = 0;
    gen_zip(r, 3, false, out);
}

static void pickle_refused(const struct ai_buf *pickle, const char *what, const char *word)
{
    struct ai_buf b = {0};

    wrap(pickle, &b);
    refused(&b, what, "m/pytorch_model.bin: ", word);
    ai_buf_free(&b);
}

/* ---- what a pickle may not do ---- */

#define PICKLE(s) "\x80\x02" s, sizeof s + 1
#define OD "ccollections\nOrderedDict\n)R"
#define FLOATS "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" "0X\3\0\0\0cpuK\x10tQ"
#define TENSOR "ctorch._utils\n_rebuild_tensor_v2\n(" FLOATS "K\0K\x10\x85K\1\x85\x89" OD "tR"

static void pickles(void)
{
    static const struct { const char *what, *bytes; size_t n; const char *word; } bad[] = {
        {"os.system", PICKLE("cposix\nsystem\nX\4\0\0\0true\x85R."), "byte 2: refused: it names 'posix.system'"},
        {"os.system by another name", PICKLE("cos\nsystem\nX\4\0\0\0true\x85R."), "'os.system'"},
        {"eval", PICKLE("c__builtin__\neval\nX\1\0\0\0" "1\x85R."), "'__builtin__.eval'"},
        {"exec", PICKLE("cbuiltins\nexec\nX\1\0\0\0" "1\x85R."), "'builtins.exec'"},
        {"getattr", PICKLE("cbuiltins\ngetattr\n."), "'builtins.getattr'"},
        {"a call in a tensor's hooks", PICKLE("}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(" FLOATS
         "K\0K\x10\x85K\1\x85\x89" "csubprocess\nPopen\nX\4\0\0\0true\x85RtRs."), "'subprocess.Popen'"},
        {"another function of torch", PICKLE("ctorch._utils\n_rebuild_parameter_with_state\n."),
         "'torch._utils._rebuild_parameter_with_state'"},
        {"a function of torch that loads", PICKLE("ctorch.storage\n_load_from_bytes\n."), "'torch.storage._load_"},
        {"a global with dots", PICKLE("ccollections\nOrderedDict.fromkeys\n."), "'collections.OrderedDict.fromkeys'"},
        {"a global without its name's end", PICKLE("ccollections\nOrderedDict"), "truncated"},
        {"INST", PICKLE("(iposix\nsystem\n."), "opcode INST"},
        {"OBJ", PICKLE("(" OD "o."), "opcode OBJ"},
        {"NEWOBJ", PICKLE("ccollections\nOrderedDict\n)\x81."), "opcode NEWOBJ"},
        {"STACK_GLOBAL", PICKLE("\x8c\5posix\x8c\6system\x93."), "opcode SHORT_BINUNICODE"},
        {"BUILD of a tensor", PICKLE("}X\1\0\0\0w" TENSOR "}bs."), "BUILD"},
        {"BUILD of a list", PICKLE("]}b."), "BUILD"},
        {"BUILD from a tuple", PICKLE("})b."), "BUILD"},
        {"REDUCE of a text", PICKLE("X\1\0\0\0w)R."), "REDUCE"},
        {"REDUCE with a list", PICKLE("ccollections\nOrderedDict\n]R."), "REDUCE"},
        {"REDUCE of a storage type", PICKLE("ctorch\nFloatStorage\n)R."), "FloatStorage"},
        {"OrderedDict of something", PICKLE("ccollections\nOrderedDict\n]\x85R."), "OrderedDict"},
        {"a parameter of a number", PICKLE("ctorch._utils\n_rebuild_parameter\n(K\1\x88" OD "tR."), "parameter"},
        {"a tensor of a number", PICKLE("ctorch._utils\n_rebuild_tensor_v2\n(K\1K\0K\1\x85K\1\x85\x89" OD "tR."),
         "_rebuild_tensor_v2"},
        {"a tensor of a dictionary", PICKLE("ctorch._utils\n_rebuild_tensor_v2\n(}K\0K\1\x85K\1\x85\x89" OD "tR."),
         "_rebuild_tensor_v2"},
        {"a tensor of nothing", PICKLE("ctorch._utils\n_rebuild_tensor_v2\n)R."), "_rebuild_tensor_v2"},
        {"a conjugate tensor", PICKLE("ctorch._utils\n_rebuild_tensor_v2\n(" FLOATS "K\0K\x10\x85K\1\x85\x89" OD
         "}X\4\0\0\0conj\x88stR."), "conjugate"},
        {"protocol 4", PICKLE("\x80\4}."), "protocol 4"},
        {"nothing", PICKLE("."), "byte 2"},
        {"no end", PICKLE("}"), "truncated"},
        {"a text longer than the pickle", PICKLE("X\xff\xff\xff\xffw."), "truncated"},
        {"a number of 255 bytes", PICKLE("\x8a\xff" "0."), "255 bytes"},
        {"a value that was not kept", PICKLE("h\0."), "value 0"},
        {"a value kept under 2^32 - 1", PICKLE("}r\xff\xff\xff\xff."), "4294967295"},
        {"a value used under 2^32 - 1", PICKLE("}q\0j\xff\xff\xff\xff."), "4294967295"},
        {"a key without a value", PICKLE("}(NNNu."), "dictionary"},
        {"pairs for a list", PICKLE("](NNu."), "dictionary"},
        {"values for a dictionary", PICKLE("}(NNe."), "list"},
        {"pairs for a tensor", PICKLE(TENSOR "(NNu."), "dictionary"},
        {"two values at the end", PICKLE("}}."), "left"},
        {"a mark at the end", PICKLE("}(."), "byte 4"},
        {"a list", PICKLE("]."), "not a dictionary"},
        {"a tensor alone", PICKLE(TENSOR "."), "not a dictionary"},
        {"an empty dictionary", PICKLE("}."), "no tensors"},
        {"a dictionary without tensors", PICKLE("}X\1\0\0\0wK\1s."), "no tensors"},
        {"a dictionary in itself", PICKLE("}q\0X\1\0\0\0wh\0s."), "no tensors"},
        {"itself as a key", PICKLE("}q\0h\0" TENSOR "s."), "name is no text"},
        {"a list in itself", PICKLE("}X\1\0\0\0w]q\0h\0ah\0as."), "no tensors"},
        {"a number for a name", PICKLE("}K\1" TENSOR "s."), "name is no text"},
        {"a tensor twice", PICKLE("}X\1\0\0\0w" TENSOR "sX\1\0\0\0w" TENSOR "s."), "'w' is there twice"},
        {"no storage", PICKLE("NQ."), "persistent id"},
        {"a module outside", PICKLE("(X\6\0\0\0moduleNNNNtQ."), "persistent id"},
        {"a storage that is a dictionary",
         PICKLE("(X\7\0\0\0storageccollections\nOrderedDict\nX\1\0\0\0" "0X\3\0\0\0cpuK\x10tQ."), "persistent id"},
        {"a storage of a view", PICKLE("(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" "0X\3\0\0\0cpuK\x10NtQ."),
         "persistent id"},
    };
    struct ai_buf b = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        b.len = 0;
        if (ai_buf_put(&b, bad[i].bytes, bad[i].n, &err))
            exit(99);
        pickle_refused(&b, bad[i].what, bad[i].word);
    }
    ai_buf_free(&b);
}

/* Every opcode that is not for tensors is refused, before its argument is looked at;
 * those that are, with nothing to work on. */
static void opcodes(void)
{
    static const char known[] = "\x80(N\x88\x89JKM\x8aGXU)\x85\x86\x87t]}aseuhjqrcRQb.";
    static const char alone[] = "(N\x88\x89JKM\x8aGXU)]}";
    size_t wrong = 0, unnamed = 0;
    struct ai_buf b = {0}, out = {0};

    for (int op = 0; op < 256; op++) {
        uint8_t pickle[80] = {0x80, 2, (uint8_t)op};
        struct ai_model_files *f;

        b.len = 0;
        if (ai_buf_put(&b, pickle, sizeof pickle, &err))
            exit(99);
        wrap(&b, &out);
        write_model(&out);
        f = ai_model_files_open(in_place("m"), &err);
        wrong += f || err.code != AI_EINPUT;
        if (!op || !strchr(known, op))
            unnamed += !strstr(err.msg, "data.pkl: byte 2: ") || !strstr(err.msg, "opcode");
        else if (!strchr(alone, op))
            unnamed += !strstr(err.msg, "data.pkl: byte 2: ") || !!strstr(err.msg, "opcode");
        ai_model_files_free(f);
    }
    ok(wrong == 0 && unnamed == 0, "each opcode alone is refused (%zu not, %zu without its place)", wrong, unnamed);
    ai_buf_free(&b);
    ai_buf_free(&out);
}

static void repeat(struct ai_buf *b, const char *ops, size_t n)
{
    while (n--)
        gen_op(b, ops);
}

static void bounds(void)
{
    struct ai_buf b = {0};

    repeat(&b, "N", 70000);
    gen_op(&b, ".");
    pickle_refused(&b, "70000 values on the stack", "65536 values");
    b.len = 0;
    repeat(&b, "](", 200);
    pickle_refused(&b, "200 lists in each other", "nested deeper than 128");
    b.len = 0;
    gen_op(&b, "}X");
    if (ai_buf_u32(&b, 1, &err))
        exit(99);
    gen_op(&b, "wN");
    repeat(&b, "\x85", 1000000);
    gen_op(&b, "s.");
    pickle_refused(&b, "a million tuples in each other", "no tensors");
    b.len = 0;
    gen_op(&b, "]");
    for (int i = 0; i < 200; i++) {
        gen_op(&b, "(");
        repeat(&b, "}", 60000);
        gen_op(&b, "ta");
    }
    gen_op(&b, ".");
    pickle_refused(&b, "twelve million dictionaries", "more than 256 MiB");
    ai_buf_free(&b);
}

/* ---- views ---- */

static void views(void)
{
    static const struct { const char *what; struct gen_view v; const char *word; } bad[] = {
        {"more values than the storage", {"FloatStorage", "0", 16, 0, 1, {17}, {1}, false, false}, "w: 17 values"},
        {"a view that begins too late", {"FloatStorage", "0", 16, 1, 2, {4, 4}, {4, 1}, false, false}, "from 1 to 16"},
        {"a view that begins behind it", {"FloatStorage", "0", 16, 99, 0, {0}, {0}, false, false}, "w: "},
        {"a view that begins before it", {"FloatStorage", "0", 16, -1, 1, {4}, {1}, false, false}, "first value"},
        {"strides beyond it", {"FloatStorage", "0", 16, 0, 2, {4, 4}, {5, 1}, false, false}, "from 0 to 18"},
        {"a negative stride", {"FloatStorage", "0", 16, 15, 1, {16}, {-1}, false, false}, "strides"},
        {"a negative size", {"FloatStorage", "0", 16, 0, 2, {-4, -4}, {4, 1}, false, false}, "sizes"},
        {"sizes beyond 64 bits", {"FloatStorage", "0", 16, 0, 3, {1ll << 40, 1 << 20, 16}, {0, 0, 1}, false, false},
         "w: sizes"},
        {"sizes that multiply to 0", {"FloatStorage", "0", 16, 0, 4, {1ll << 32, 1ll << 32, 1, 1}, {0, 0, 0, 0},
                                      false, false}, "w: sizes"},
        {"strides beyond 64 bits", {"FloatStorage", "0", 16, 0, 2, {4, 4}, {INT64_MAX, INT64_MAX}, false, false},
         "w: "},
        {"a stride that comes round to the storage", {"FloatStorage", "0", 16, 0, 2, {3, 2}, {INT64_MAX, 2}, false,
                                                      false}, "w: "},
        {"one value a million times", {"FloatStorage", "0", 16, 0, 1, {1000000}, {0}, false, false},
         "w: 1000000 values"},
        {"five dimensions", {"FloatStorage", "0", 16, 0, 5, {1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}, false, false},
         "5 dimensions"},
        {"a storage that is not there", {"FloatStorage", "1", 16, 0, 1, {4}, {1}, false, false},
         "archive/data/1: this record is missing"},
        {"a storage outside", {"FloatStorage", "../../etc/passwd", 16, 0, 1, {4}, {1}, false, false},
         "archive/data/../../etc/passwd: this record is missing"},
        {"a storage of another length", {"FloatStorage", "0", 17, 0, 1, {4}, {1}, false, false}, "archive/data/0: 64"},
        {"a storage of another type", {"HalfStorage", "0", 16, 0, 1, {4}, {1}, false, false}, "archive/data/0: 64"},
        {"a storage of -1 values", {"FloatStorage", "0", -1, 0, 1, {4}, {1}, false, false}, "-1 values"},
        {"a storage whose bytes overflow", {"DoubleStorage", "0", 1ll << 61, 0, 1, {4}, {1}, false, false},
         "storage '0'"},
        {"a storage of 2^62 values", {"DoubleStorage", "0", (1ll << 61) + 8, 0, 1, {4}, {1}, false, false}, "'0'"},
    };
    struct ai_buf b = {0};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        b.len = 0;
        gen_op(&b, "\x80\2}");
        gen_text(&b, "w");
        gen_view(&b, &bad[i].v);
        gen_op(&b, "s.");
        pickle_refused(&b, bad[i].what, bad[i].word);
    }
    b.len = 0;
    gen_op(&b, "}");
    gen_text(&b, "w");
    gen_op(&b, "ctorch._utils\n_rebuild_tensor_v2\n(");
    if (ai_buf_put(&b, FLOATS "K\0K\x10\x85)\x89" OD "tRs.", sizeof FLOATS "K\0K\x10\x85)\x89" OD "tRs." - 1, &err))
        exit(99);
    pickle_refused(&b, "sizes without strides", "as many strides");
    ai_buf_free(&b);
}

/* ---- archives that lie ---- */

/* A model of two small tensors, one of them by columns. */
static void good_model(const struct gen_torch *how, struct ai_buf *out)
{
    struct gen_spec spec = gen_small;
    struct gen_model *g = gen_make(&spec);

    while (g->n_tensors)
        gen_remove(g, g->tensors[0].name);
    gen_add(g, "a", 3, 5, AI_W_F16);
    gen_add(g, "b", 0, 6, AI_W_F32);
    out->len = 0;
    gen_torch(g, 0, 2, how, out);
    gen_free(g);
}

enum place { FILE_AT, END, LOCATOR, END64, ENTRY0, ENTRY1, HEADER0, HEADER1, HEADER2 };

/* Where a part of the archive begins. */
static size_t find(const struct ai_buf *b, enum place part)
{
    static const char *const magic[] = {"", "PK\5\6", "PK\6\7", "PK\6\6", "PK\1\2", "PK\1\2", "PK\3\4", "PK\3\4",
                                        "PK\3\4"};
    int skip = part == ENTRY1 || part == HEADER1 ? 1 : part == HEADER2 ? 2 : 0;

    for (size_t i = 0; i + 4 <= b->len; i++)
        if (memcmp(b->data + i, magic[part], strlen(magic[part])) == 0 && skip-- == 0)
            return i;
    exit(99);
}

static void archives(void)
{
    static const struct edit { enum place place; size_t at, n; uint64_t v; } no = {FILE_AT, 0, 0, 0};
    const struct { const char *what; bool wide; struct edit e[3]; const char *word; } lies[] = {
        {"2^60 entries", false, {{END64, 24, 8, 1ull << 60}, {END64, 32, 8, 1ull << 60}, no}, "too small"},
        {"2^16 - 1 entries", false, {{END64, 24, 8, 65535}, {END64, 32, 8, 65535}, no}, "too small"},
        {"an entry too many", false, {{END64, 24, 8, 5}, {END64, 32, 8, 5}, no}, "entry 4"},
        {"an entry too few", false, {{END64, 24, 8, 3}, {END64, 32, 8, 3}, no}, "more than its entries"},
        {"one of several parts", false, {{END64, 16, 4, 1}, no, no}, "several parts"},
        {"entries in another part", false, {{END64, 32, 8, 5}, no, no}, "several parts"},
        {"a table beyond the file", false, {{END64, 48, 8, 1ull << 40}, no, no}, "table"},
        {"a table that ends beyond 64 bits", false, {{END64, 40, 8, UINT64_MAX - 8}, no, no}, "table"},
        {"an end record beyond the file", false, {{LOCATOR, 8, 8, 1ull << 63}, no, no}, "elsewhere"},
        {"an end record at the file's end", false, {{LOCATOR, 8, 8, UINT64_MAX - 40}, no, no}, "elsewhere"},
        {"no end record", false, {{END, 0, 4, 0}, no, no}, "no end record"},
        {"no locator, and a table elsewhere", false, {{LOCATOR, 0, 4, 0}, {END, 16, 4, 3}, no}, "table"},
        {"no locator, and several parts", false, {{LOCATOR, 0, 4, 0}, {END, 4, 2, 1}, no}, "several parts"},
        {"a comment longer than the file", false, {{END, 20, 2, 9}, no, no}, "no end record"},
        {"no entry in the table", false, {{ENTRY1, 0, 4, 0}, no, no}, "entry 1"},
        {"a name that leaves the table", false, {{ENTRY1, 28, 2, 65535}, no, no}, "entry 1"},
        {"a compressed entry", false, {{ENTRY1, 10, 2, 8}, no, no}, "archive/data/0': compressed"},
        {"compressed by its header", false, {{HEADER1, 8, 2, 8}, no, no}, "archive/data/0'"},
        {"compressed by its sizes", false, {{ENTRY1, 20, 4, 20}, no, no}, "archive/data/0': compressed"},
        {"a bomb", false, {{ENTRY1, 24, 4, 0xfffffff0}, {ENTRY1, 10, 2, 8}, no}, "archive/data/0': compressed"},
        {"an encrypted entry", false, {{ENTRY1, 8, 2, 1}, no, no}, "archive/data/0': encrypted"},
        {"an entry larger than the file", false, {{ENTRY1, 20, 4, 1 << 30}, {ENTRY1, 24, 4, 1 << 30}, no},
         "archive/data/0': its 1073741824 bytes"},
        {"an entry of 2^63 bytes", true, {{ENTRY1, 64, 8, 1ull << 63}, {ENTRY1, 72, 8, 1ull << 63}, no},
         "archive/data/0': its 9223372036854775808 bytes"},
        {"an entry at 2^64 - 1", true, {{ENTRY1, 80, 8, UINT64_MAX}, no, no}, "archive/data/0': no header"},
        {"64-bit sizes that are cut short", true, {{ENTRY1, 62, 2, 16}, no, no}, "archive/data/0': its 64-bit"},
        {"an entry beyond the file", false, {{ENTRY1, 42, 4, 1 << 30}, no, no}, "archive/data/0': no header"},
        {"an entry in the middle of another", false, {{ENTRY1, 42, 4, 7}, no, no}, "archive/data/0': no header"},
        {"an entry with another's header", false, {{ENTRY1, 42, 4, 0}, no, no}, "archive/data/0': the header"},
        {"another name in its header", false, {{HEADER1, 30, 1, 'x'}, no, no}, "archive/data/0': the header"},
        {"another size in its header", false, {{HEADER1, 22, 4, 31}, no, no}, "30 bytes by the table, 31"},
        {"a header that leaves the archive", false, {{HEADER1, 28, 2, 65535}, no, no}, "archive/data/0'"},
        {"an entry that reaches into the next", false,
         {{ENTRY1, 20, 8, 100ull << 32 | 100}, {HEADER1, 22, 4, 100}, no},
         "archive/data/1: it overlaps archive/data/0"},
        {"two entries of one name", false, {{ENTRY1, 46 + 13, 1, '1'}, {HEADER1, 30 + 13, 1, '1'}, no},
         "archive/data/1: it is there twice"},
        {"two entries in one place", false, {{ENTRY1, 46 + 13, 1, '1'}, {HEADER1, 30 + 13, 1, '1'},
                                             {HEADER2, 0, 4, 0}}, "no header"},
        {"no pickle", false, {{ENTRY0, 46 + 8, 1, 'x'}, {HEADER0, 30 + 8, 1, 'x'}, no}, "without the record data.pkl"},
        {"a pickle in a folder", false, {{ENTRY0, 46 + 2, 1, '/'}, {HEADER0, 30 + 2, 1, '/'}, no},
         "without the record data.pkl"},
    };
    struct ai_buf b = {0};

    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        good_model(&(struct gen_torch){.wide = lies[i].wide}, &b);
        for (size_t k = 3; k-- > 0;)
            for (size_t n = 0, at = find(&b, lies[i].e[k].place); n < lies[i].e[k].n; n++)
                b.data[at + lies[i].e[k].at + n] = (uint8_t)(lies[i].e[k].v >> (8 * n));
        refused(&b, lies[i].what, "m/pytorch_model.bin: ", lies[i].word);
    }
    good_model(&(struct gen_torch){.records = true}, &b);
    memcpy(b.data + find(&b, HEADER0), "pK", 2);
    refused(&b, "no archive at all", "not written by torch.save", "truncated");
    good_model(&(struct gen_torch){0}, &b);
    if (ai_buf_put(&b, "x", 1, &err))
        exit(99);
    refused(&b, "a byte behind the archive", "no end record", "");
    ai_buf_free(&b);
}

static void records(void)
{
    struct gen_record r[] = {
        {"archive/data.pkl", PICKLE("}X\1\0\0\0w" TENSOR "s."), NULL},
        {"archive/data/0", values, sizeof values, NULL}, {"archive/byteorder", "big", 3, NULL},
    };
    struct ai_buf b = {0};

    gen_zip(r, 3, false, &b);
    refused(&b, "big-endian", "archive/byteorder", "not 'little'");
    snprintf(r[2].name, sizeof r[2].name, "other/data.pkl");
    b.len = 0;
    gen_zip(r, 3, false, &b);
    refused(&b, "two pickles", "archive/data.pkl", "other/data.pkl");
    memset(r[0].name, 'x', 280);
    snprintf(r[0].name + 280, sizeof r[0].name - 280, "/data.pkl");
    b.len = 0;
    gen_zip(r, 2, false, &b);
    refused(&b, "a root of 280 bytes", "250 bytes", "");
    ai_buf_free(&b);
}

/* ---- files from before torch 1.6 ---- */

static void legacy(void)
{
    static const struct { const char *what, *from, *to; const char *word; } edits[] = {
        {"another version", "M\xe9\3.", "M\xea\3.", "not written by torch.save"},
        {"big-endian", "\x88u.", "\x89u.", "little-endian"},
        {"a view of a storage", "NtQ", "\x88tQ", "storage '0'"},
        {"keys that are no list", "\x80\2](", "\x80\2}(", "pickle at byte"},
        {"a storage that nothing uses", "e.\6", "e.\7", "storage '1'"},
    };
    struct ai_buf b = {0};

    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        size_t n = strlen(edits[i].from), at = 0;

        good_model(&(struct gen_torch){.legacy = true}, &b);
        while (at + n < b.len && memcmp(b.data + at, edits[i].from, n) != 0)
            at++;
        if (at + n >= b.len)
            exit(99);
        memcpy(b.data + at, edits[i].to, n);
        refused(&b, edits[i].what, "m/pytorch_model.bin: ", edits[i].word);
    }
    good_model(&(struct gen_torch){.legacy = true}, &b);
    if (ai_buf_put(&b, "x", 1, &err))
        exit(99);
    refused(&b, "a byte behind the last storage", "1 bytes behind", "");
    ai_buf_free(&b);
}

/* ---- all truncations, all flipped bits ---- */

/* Do all tensors lie in the file? */
static bool inside(struct ai_model_files *f)
{
    const uint8_t *begin = f->files[0].map.data, *end = begin + f->files[0].map.size;
    bool good = true;
    double sum = 0;

    for (size_t i = 0; i < f->n_tensors; i++) {
        struct ai_named_tensor *t = &f->tensors[i];
        struct ai_tensor m = {NULL, (enum ai_wtype)t->type, 1, 1};

        good = good && t->data >= begin && t->data <= end && (t->strided || t->room <= (uint64_t)(end - t->data));
        for (unsigned d = 0; d < t->n_dims; d++)
            m.rows *= t->dims[d];
        if (t->type < 0 || !good)
            continue;
        m.data = ai_model_files_data(f, t, &err);
        for (size_t k = 0; m.data && k < m.rows; k++) {
            float x;

            ai_tensor_rows(&m, k, 1, &x);
            sum += x;
        }
    }
    return good && (sum <= 0 || sum > 0 || sum != sum);
}

struct outcome {
    size_t tries, opened, outside, strange;
};

static void try(struct outcome *o)
{
    struct ai_model_files *f = ai_model_files_open(in_place("m"), &err);

    o->tries++;
    o->opened += f != NULL;
    o->outside += f && !inside(f);
    o->strange += !f && (err.code != AI_EINPUT || !strstr(err.msg, in_place("m")));
    ai_model_files_free(f);
}

static void put_byte(int fd, size_t at, uint8_t byte)
{
    if (pwrite(fd, &byte, 1, (off_t)at) != 1)
        exit(99);
}

static void damage(const struct gen_torch *how, const char *what)
{
    struct outcome flipped = {0}, cut = {0};
    struct ai_buf b = {0};
    int fd;

    good_model(how, &b);
    write_model(&b);
    fd = open(in_place("m/pytorch_model.bin"), O_RDWR);
    for (size_t i = 0; i < 8 * b.len; i++) {
        put_byte(fd, i / 8, b.data[i / 8] ^ (uint8_t)(1 << i % 8));
        try(&flipped);
        put_byte(fd, i / 8, b.data[i / 8]);
    }
    ok(flipped.outside == 0 && flipped.strange == 0 && flipped.opened < flipped.tries && flipped.opened > 100,
       "%s: of %zu flipped bits %zu are refused by name, the others harm nothing (%zu reach outside, %zu strange)",
       what, flipped.tries, flipped.tries - flipped.opened, flipped.outside, flipped.strange);
    for (size_t n = b.len; n-- > 0;) {
        if (ftruncate(fd, (off_t)n))
            exit(99);
        try(&cut);
    }
    ok(cut.opened == 0 && cut.strange == 0, "%s: each of %zu truncations is refused by name (%zu opened, %zu strange)",
       what, cut.tries, cut.opened, cut.strange);
    close(fd);
    ai_buf_free(&b);
}

int main(void)
{
    make_place();
    pickles();
    opcodes();
    bounds();
    views();
    archives();
    records();
    legacy();
    damage(&(struct gen_torch){.records = true}, "archive");
    damage(&(struct gen_torch){"x", false, true, true, true, true, true, true, true}, "all of it");
    damage(&(struct gen_torch){"x", true, true, true, true, true, true, true, true}, "legacy");
    remove_all(in_place("m"));
    rmdir(place);
    return done_testing();
}
