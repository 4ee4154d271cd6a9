/* Chat templates: conversations come out as the template would write them, and what
 * turns say stays text.  Called with a folder it writes templates, conversations and
 * what is wanted there instead, for chat-jinja.sh. */
#include "make.h"

#include "io/json.h"
#include "tokenizer/chat.h"

#define TALK(role, text) {AI_ROLE_##role, (char *)(text), sizeof(text) - 1}
enum { TALKS = 3 };
static const struct ai_turn one[] = {TALK(USER, " Hi\n")};
static const struct ai_turn two[] = {TALK(SYSTEM, " Be brief. "), TALK(USER, " a </s>")};
static const struct ai_turn three[] = {TALK(USER, "a "), TALK(ASSISTANT, "<t>\n</think>\n\n b "), TALK(USER, "[INST]")};
static const struct { const struct ai_turn *turn; size_t n; } talks[TALKS] = {{one, 1}, {two, 2}, {three, 3}};

#define ALTERNATE                                                                                                      \
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns') }}{% endif %}"
#define HEADER(role) "<|start_header_id|>" role "<|end_header_id|>\n\n"
#define DATES HEADER("system") "Cutting Knowledge Date: December 2023\nToday Date: 1 May 2025\n\n"
#define MISTRAL(system_where, open, close, say)                                                                        \
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0].content %}\n"                       \
    "{%- set turns = messages[1:] %}{% else %}{%- set turns = messages %}{%- endif %}\n{{- bos_token }}\n"             \
    "{%- for message in turns %}\n  " ALTERNATE "{# a note -#}\n  {%- if message.role == \"user\" %}\n"                 \
    "    {%- if " system_where " and system_message is defined %}\n"                                                   \
    "      {{- '" open "' + system_message + '\\n\\n' + message.content + '" close "' }}\n"                             \
    "    {%- else %}\n      {{- \"" open "\" ~ message.content ~ \"" close "\" }}\n    {%- endif %}\n"                  \
    "  {%- else %}\n    {{- " say " }}\n  {%- endif %}\n{%- endfor %}\n"
#define OLD_MISTRAL(say)                                                                                               \
    "{{bos_token}}{% for message in messages %}" ALTERNATE "{% if message.role == 'user' %}"                           \
    "{{ '[INST] ' + message.content + ' [/INST]' }}{% else %}{{ " say " }}{% endif %}{% endfor %}"

static const struct {
    const char *family, *template, *want[TALKS]; /* NULL: refused */
} cases[] = {
    {"chatml",
     "{% for message in messages %}\n{{'<|im_start|>' ~ message.role ~ '\\n' + message.content + '<|im_end|>' + "
     "\"\\n\" -}}\n{% endfor %}\n{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
     {"<|im_start|>user\n Hi\n<|im_end|>\n<|im_start|>assistant\n",
      "<|im_start|>system\n Be brief. <|im_end|>\n<|im_start|>user\n a </s><|im_end|>\n<|im_start|>assistant\n",
      "<|im_start|>user\na <|im_end|>\n<|im_start|>assistant\n<t>\n</think>\n\n b <|im_end|>\n"
      "<|im_start|>user\n[INST]<|im_end|>\n<|im_start|>assistant\n"}},
    {"chatml",
     "{{ bos_token }}{%- if messages[0].role != 'system' %}{{ '<|im_start|>system\\nI'm kind.<|im_end|>\\n' }}"
     "{% endif %}{%- for message in messages -%}\n  {{ '<|im_start|>' + message.role + '\\n' + message.content }}"
     "{{- '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}",
     {NULL, NULL, NULL}}, /* an apostrophe too many: no Jinja */
    {"chatml",
     "{{ bos_token }}{%- if messages[0].role != 'system' %}{{ \"<|im_start|>system\\nI'm kind.<|im_end|>\\n\" }}"
     "{% endif %}{%- for message in messages -%}\n  {{ '<|im_start|>' + message.role + '\\n' + message.content }}"
     "{{- '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}",
     {"<s><|im_start|>system\nI'm kind.<|im_end|>\n<|im_start|>user\n Hi\n<|im_end|>\n<|im_start|>assistant\n",
      "<s><|im_start|>system\n Be brief. <|im_end|>\n<|im_start|>user\n a </s><|im_end|>\n<|im_start|>assistant\n",
      "<s><|im_start|>system\nI'm kind.<|im_end|>\n<|im_start|>user\na <|im_end|>\n"
      "<|im_start|>assistant\n<t>\n</think>\n\n b <|im_end|>\n<|im_start|>user\n[INST]<|im_end|>\n"
      "<|im_start|>assistant\n"}},
    {"chatml",
     "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] | trim + "
     "'<|im_end|>\n'}}{% endfor %}{{ '<|im_start|>assistant\n' }}",
     {"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\na </s><|im_end|>\n<|im_start|>assistant\n",
      "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n<t>\n</think>\n\n b<|im_end|>\n"
      "<|im_start|>user\n[INST]<|im_end|>\n<|im_start|>assistant\n"}},
    {"chatml", /* as Qwen3 */
     "{% set ns = namespace(last_query_index=messages|length - 1) %}{% for message in messages %}"
     "{% set content = message.content %}{% if message.role == 'assistant' %}{% if '</think>' in content %}"
     "{% set content = content.split('</think>')[-1].lstrip('\\n') %}{% endif %}"
     "{% if loop.index0 > ns.last_query_index %}{{ '<think>' }}{% endif %}{% endif %}"
     "{{ '<|im_start|>' + message.role + '\\n' + content }}{{ '<|im_end|>\\n' }}{% endfor %}"
     "{{ '<|im_start|>assistant\\n' }}",
     {"<|im_start|>user\n Hi\n<|im_end|>\n<|im_start|>assistant\n",
      "<|im_start|>system\n Be brief. <|im_end|>\n<|im_start|>user\n a </s><|im_end|>\n<|im_start|>assistant\n",
      "<|im_start|>user\na <|im_end|>\n<|im_start|>assistant\n b <|im_end|>\n"
      "<|im_start|>user\n[INST]<|im_end|>\n<|im_start|>assistant\n"}},
    {"llama-3",
     "{{- bos_token }}\n{%- for message in messages %}\n    {{- '<|start_header_id|>' + message['role'] + "
     "'<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}\n{%- endfor %}\n"
     "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}\n",
     {"<s>" HEADER("user") "Hi<|eot_id|>" HEADER("assistant"),
      "<s>" HEADER("system") "Be brief.<|eot_id|>" HEADER("user") "a </s><|eot_id|>" HEADER("assistant"),
      "<s>" HEADER("user") "a<|eot_id|>" HEADER("assistant") "<t>\n</think>\n\n b<|eot_id|>" HEADER("user")
      "[INST]<|eot_id|>" HEADER("assistant")}},
    {"llama-3", /* as 3.1 */
     "{{- bos_token }}{% set date_string = \"1 May 2025\" %}{%- if messages[0].role == 'system' %}"
     "{%- set system_message = messages[0].content | trim %}{%- set messages = messages[1:] %}{%- else %}"
     "{%- set system_message = '' %}{%- endif %}{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}"
     "{{- 'Cutting Knowledge Date: December 2023\\n' }}{{- 'Today Date: ' + date_string + '\\n\\n' }}"
     "{{- system_message }}{{- '<|eot_id|>' }}{%- for message in messages %}{{- '<|start_header_id|>' + "
     "message.role + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
     "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
     {"<s>" DATES "<|eot_id|>" HEADER("user") "Hi<|eot_id|>" HEADER("assistant"),
      "<s>" DATES "Be brief.<|eot_id|>" HEADER("user") "a </s><|eot_id|>" HEADER("assistant"),
      "<s>" DATES "<|eot_id|>" HEADER("user") "a<|eot_id|>" HEADER("assistant")
      "<t>\n</think>\n\n b<|eot_id|>" HEADER("user") "[INST]<|eot_id|>" HEADER("assistant")}},
    {"llama-2",
     "{% set turns = messages %}{% set system_message = false %}{% if messages[0].role == 'system' %}"
     "{% set system_message = messages[0].content %}{% set turns = messages[1:] %}{% endif %}"
     "{% for message in turns %}" ALTERNATE "{% set content = message.content %}"
     "{% if loop.first and system_message != false %}"
     "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message.content %}{% endif %}"
     "{% if message.role == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
     "{% else %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
     {"<s>[INST] Hi [/INST]", "<s>[INST] <<SYS>>\n Be brief. \n<</SYS>>\n\n a </s> [/INST]",
      "<s>[INST] a [/INST] <t>\n</think>\n\n b </s><s>[INST] [INST] [/INST]"}},
    {"mistral", OLD_MISTRAL("message.content + eos_token + ' '"),
     {"<s>[INST]  Hi\n [/INST]", NULL, "<s>[INST] a  [/INST]<t>\n</think>\n\n b </s> [INST] [INST] [/INST]"}},
    {"mistral", OLD_MISTRAL("message.content + eos_token"),
     {"<s>[INST]  Hi\n [/INST]", NULL, "<s>[INST] a  [/INST]<t>\n</think>\n\n b </s>[INST] [INST] [/INST]"}},
    {"mistral", MISTRAL("loop.first", " [INST] ", " [/INST]", "' ' + message.content + eos_token"),
     {"<s> [INST]  Hi\n [/INST]", "<s> [INST]  Be brief. \n\n a </s> [/INST]",
      "<s> [INST] a  [/INST] <t>\n</think>\n\n b </s> [INST] [INST] [/INST]"}},
    {"mistral", MISTRAL("loop.last", "[INST] ", "[/INST]", "' ' + message.content + eos_token"),
     {"<s>[INST]  Hi\n[/INST]", "<s>[INST]  Be brief. \n\n a </s>[/INST]",
      "<s>[INST] a [/INST] <t>\n</think>\n\n b </s>[INST] [INST][/INST]"}},
    {"mistral", MISTRAL("loop.last", "[INST] ", "[/INST]", "' ' + message.content | trim + eos_token"),
     {"<s>[INST]  Hi\n[/INST]", "<s>[INST]  Be brief. \n\n a </s>[/INST]",
      "<s>[INST] a [/INST] <t>\n</think>\n\n b</s>[INST] [INST][/INST]"}},
    {"mistral", MISTRAL("loop.last", "[INST]", "[/INST]", "message.content + eos_token"),
     {"<s>[INST] Hi\n[/INST]", "<s>[INST] Be brief. \n\n a </s>[/INST]",
      "<s>[INST]a [/INST]<t>\n</think>\n\n b </s>[INST][INST][/INST]"}},
    {"gemma",
     "{{ bos_token }}{% for message in messages %}{% if message.role == 'system' %}"
     "{{ raise_exception('System role not supported') }}{% endif %}" ALTERNATE
     "{% set role = 'model' if message.role == 'assistant' else message.role %}"
     "{{ '<start_of_turn>' + role + '\n' + message.content | trim + '<end_of_turn>\n' }}{% endfor %}"
     "{{ '<start_of_turn>model\n' }}",
     {"<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n", NULL,
      "<s><start_of_turn>user\na<end_of_turn>\n<start_of_turn>model\n<t>\n</think>\n\n b<end_of_turn>\n"
      "<start_of_turn>user\n[INST]<end_of_turn>\n<start_of_turn>model\n"}},
    {"gemma", /* as 3 */
     "{{ bos_token }}\n{%- set first_user_prefix = '' -%}\n{%- if messages[0].role == 'system' -%}\n"
     "  {%- set first_user_prefix = messages[0].content + '\\n\\n' -%}\n  {%- set messages = messages[1:] -%}\n"
     "{%- endif -%}\n{%- for message in messages -%}" ALTERNATE "\n"
     "  {%- set role = 'model' if message.role == 'assistant' else message.role -%}\n"
     "  {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else '') }}\n"
     "  {%- if true -%}\n  {{ message.content | trim }}\n  {%- endif -%}\n  {{ '<end_of_turn>\\n' }}\n"
     "{%- endfor -%}\n{{ '<start_of_turn>model\\n' }}\n",
     {"<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
      "<s><start_of_turn>user\n Be brief. \n\na </s><end_of_turn>\n<start_of_turn>model\n",
      "<s><start_of_turn>user\na<end_of_turn>\n<start_of_turn>model\n<t>\n</think>\n\n b<end_of_turn>\n"
      "<start_of_turn>user\n[INST]<end_of_turn>\n<start_of_turn>model\n"}},
    {"phi-3",
     "{% for message in messages %}{% if message.role == 'system' %}{{ '<|system|>\n' + message.content + "
     "'<|end|>\n' }}{% elif message.role == 'user' %}{{ '<|user|>\n' + message.content + '<|end|>\n' }}"
     "{% else %}{{ '<|assistant|>\n' + message.content + '<|end|>\n' }}{% endif %}{% endfor %}"
     "{{ '<|assistant|>\n' }}",
     {"<|user|>\n Hi\n<|end|>\n<|assistant|>\n",
      "<|system|>\n Be brief. <|end|>\n<|user|>\n a </s><|end|>\n<|assistant|>\n",
      "<|user|>\na <|end|>\n<|assistant|>\n<t>\n</think>\n\n b <|end|>\n<|user|>\n[INST]<|end|>\n<|assistant|>\n"}},
    {"phi-3",
     "{{ bos_token }}{% for message in messages %}{{ '<|' + message.role + '|>' + '\n' + message.content + "
     "'<|end|>\n' }}{% endfor %}{{ '<|assistant|>\n' }}",
     {"<s><|user|>\n Hi\n<|end|>\n<|assistant|>\n",
      "<s><|system|>\n Be brief. <|end|>\n<|user|>\n a </s><|end|>\n<|assistant|>\n",
      "<s><|user|>\na <|end|>\n<|assistant|>\n<t>\n</think>\n\n b <|end|>\n<|user|>\n[INST]<|end|>\n<|assistant|>\n"}},
    {"phi-3", /* the first */
     "{{ bos_token }}{% for message in messages %}" ALTERNATE "{% if message.role == 'user' %}{{ '<|user|>' + '\n' + "
     "message.content + '<|end|>' + '\n' + '<|assistant|>' + '\n' }}{% else %}{{ message.content + '<|end|>' + '\n' }}"
     "{% endif %}{% endfor %}",
     {"<s><|user|>\n Hi\n<|end|>\n<|assistant|>\n", NULL,
      "<s><|user|>\na <|end|>\n<|assistant|>\n<t>\n</think>\n\n b <|end|>\n<|user|>\n[INST]<|end|>\n<|assistant|>\n"}},
};
enum { CASES = sizeof cases / sizeof *cases };

/* A byte-level vocabulary without merges, and the tokens that part turns. */
static void make_vocabulary(void)
{
    static const char *const special[] = {"<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>",
                                          "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>", "<end_of_turn>",
                                          "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"};
    struct ai_buf j = {0};

    MUST(ai_buf_puts(&j, "{\"added_tokens\":[", &make_err));
    for (unsigned i = 0; i < sizeof special / sizeof *special; i++)
        MUST(ai_buf_printf(&j, &make_err, "%s{\"id\":%u,\"content\":\"%s\",\"special\":%s}", i ? "," : "", 256 + i,
                           special[i], i == 7 ? "false" : "true")); /* some files have Gemma's so */
    MUST(ai_buf_puts(&j, "],\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},"
                         "\"model\":{\"type\":\"BPE\",\"merges\":[],\"vocab\":{", &make_err));
    for (unsigned b = 0; b < 256; b++) {
        char s[4];

        make_byte(b, s);
        MUST(ai_buf_printf(&j, &make_err, "%s\"%s%s\":%u", b ? "," : "", *s == '"' || *s == '\\' ? "\\" : "", s, b));
    }
    MUST(ai_buf_puts(&j, "}}}", &make_err));
    make_file("tokenizer.json", j.data, j.len);
    make_text("tokenizer_config.json", "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}");
    ai_buf_free(&j);
}

static struct ai_chat *open_template(const char *template, struct ai_tokenizer **t)
{
    make_text("chat_template.jinja", template);
    *t = must_open(make_dir);
    return ai_chat_open(make_dir, *t, &make_err);
}

/* Tokens of text alone spell what they are of; the marks are as many as the form has. */
static bool tokens_fit(const struct ai_chat *c, const struct ai_tokenizer *t, size_t i, const struct ai_buf *text)
{
    struct ai_ids ids = {0};
    struct ai_buf out = {0};
    size_t marks = 0;
    bool same;

    MUST(ai_chat_tokenize(c, talks[i].turn, talks[i].n, 0, &ids, &make_err));
    for (size_t k = 0; k < ids.n; k++) {
        marks += ids.id[k] >= 256;
        MUST(ai_detokenize(t, ids.id[k], false, true, &out, &make_err));
    }
    same = out.len == text->len && memcmp(out.data, text->data, out.len) == 0;
    if (same && i == 1) { /* the "</s>" that the user wrote is four bytes */
        struct ai_turn quiet[2] = {two[0], TALK(USER, " a ....")};
        size_t n = ids.n, quiet_marks = 0;

        ids.n = 0;
        MUST(ai_chat_tokenize(c, quiet, 2, 0, &ids, &make_err));
        for (size_t k = 0; k < ids.n; k++)
            quiet_marks += ids.id[k] >= 256;
        same = marks == quiet_marks && n == ids.n;
    }
    ai_ids_free(&ids);
    ai_buf_free(&out);
    return same;
}

static void test_case(size_t i)
{
    struct ai_tokenizer *t;
    struct ai_chat *c = open_template(cases[i].template, &t);
    struct ai_buf out = {0};

    if (!cases[i].want[0]) {
        ok(!c && make_err.code == AI_EINPUT, "case %zu is refused", i);
    } else if (ok(c != NULL, "case %zu is recognised", i)) {
        is_str(ai_chat_family(c), cases[i].family, "as its family");
        for (size_t k = 0; k < TALKS; k++) {
            const char *want = cases[i].want[k];
            int rc;

            out.len = 0;
            rc = ai_chat_text(c, talks[k].turn, talks[k].n, &out, &make_err);
            MUST(ai_buf_put(&out, "", 1, &make_err));
            if (!want) {
                ok(rc && make_err.code == AI_EINPUT && strstr(make_err.msg, "no place"), "its system turn is refused");
                continue;
            }
            out.len--;
            is_str(rc ? make_err.msg : (char *)out.data, want, "conversation as the template writes it");
            ok(rc == 0 && tokens_fit(c, t, k, &out), "and its tokens");
        }
    } else {
        printf("# %s\n", make_err.msg);
    }
    ai_chat_free(c);
    ai_tokenizer_free(t);
    ai_buf_free(&out);
}

static void refused_turns(const struct ai_chat *c, const struct ai_turn *turn, size_t n, const char *words)
{
    struct ai_ids ids = {0};
    int rc = ai_chat_tokenize(c, turn, n, 0, &ids, &make_err);

    ok(rc && make_err.code == AI_EINPUT && strstr(make_err.msg, words), "refused: %s", words);
    ai_ids_free(&ids);
}

static void test_turns(void)
{
    const struct ai_turn answered[] = {TALK(USER, "a"), TALK(ASSISTANT, "b")};
    const struct ai_turn twice[] = {TALK(USER, "a"), TALK(USER, "b")};
    const struct ai_turn late[] = {TALK(USER, "a"), TALK(SYSTEM, "b"), TALK(USER, "c")};
    const struct ai_turn bytes[] = {TALK(USER, "ab\xff")};
    struct ai_tokenizer *t;
    struct ai_chat *c = open_template(cases[CASES - 1].template, &t);
    struct ai_ids ids = {0};
    uint32_t token;

    refused_turns(c, answered, 2, "the last turn is not the user's");
    refused_turns(c, answered, 0, "the last turn is not the user's");
    refused_turns(c, twice, 2, "turn 2: user and assistant must take turns");
    refused_turns(c, late, 3, "turn 2: a system turn that is not the first");
    refused_turns(c, bytes, 1, "byte 3: not UTF-8");
    MUST(ai_chat_choice(c, "yes", &token, &make_err));
    is_int(token, 'y', "an answer begins right behind the template's last line end");
    MUST(ai_chat_tokenize(c, one, 1, AI_TOK_NO_BOS, &ids, &make_err));
    ok(ids.n > 0 && ids.id[0] == 265, "without BOS if that is asked for");
    ai_chat_free(c);
    ai_tokenizer_free(t);
    c = open_template(cases[9].template, &t);
    MUST(ai_chat_choice(c, "yes", &token, &make_err));
    is_int(token, ' ', "behind [/INST] it begins with a space");
    is_int(ai_chat_choice(c, "", &token, &make_err), -1, "an empty choice is refused");
    ai_chat_free(c);
    ai_tokenizer_free(t);
    ai_ids_free(&ids);
}

static void refused_template(const char *template, const char *words)
{
    struct ai_tokenizer *t;
    struct ai_chat *c = open_template(template, &t);

    if (!ok(!c && make_err.code == AI_EINPUT && strstr(make_err.msg, words), "refused: %s", words))
        printf("# %s\n", c ? "opened" : make_err.msg);
    ai_chat_free(c);
    ai_tokenizer_free(t);
}

static void test_templates(void)
{
    const char *chatml = cases[0].template;
    struct ai_buf b = {0};
    struct ai_tokenizer *t;
    struct ai_chat *c;

    refused_template("{{ messages }}", "nor any like it");
    refused_template("{{ '<|START_OF_TURN_TOKEN|>' }}", "Command-R");
    refused_template("{{ '<|im_start|>' }}", "another form of ChatML");
    refused_template("{{ '<|im_start|>", "without its end");
    refused_template("{% for ", "'%}' is missing");
    refused_template("{# ", "a comment without");
    MUST(ai_buf_printf(&b, &make_err, "%sbare", chatml));
    MUST(ai_buf_put(&b, "", 1, &make_err));
    refused_template((char *)b.data, "another form of ChatML");
    for (size_t n = strlen(chatml) - 1; n > 0; n--) { /* nothing cut short is taken for whole but the closing tag */
        b.len = 0;
        MUST(ai_buf_put(&b, chatml, n, &make_err));
        MUST(ai_buf_put(&b, "", 1, &make_err));
        make_text("chat_template.jinja", (char *)b.data);
        t = ai_tokenizer_open(make_dir, &make_err);
        c = ai_chat_open(make_dir, t, &make_err);
        if (c && n < strlen(chatml) - strlen("{% endif %}"))
            ok(0, "cut at byte %zu", n);
        ai_chat_free(c);
        ai_tokenizer_free(t);
    }
    unlink(make_path("chat_template.jinja"));

    b.len = 0;
    MUST(ai_buf_puts(&b, "{\"bos_token\":\"<s>\",\"chat_template\":[{\"name\":\"rag\",\"template\":\"x\"},"
                         "{\"name\":\"default\",\"template\":", &make_err));
    MUST(ai_json_put_string(&b, chatml, strlen(chatml), &make_err));
    MUST(ai_buf_puts(&b, "}]}", &make_err));
    make_file("tokenizer_config.json", b.data, b.len);
    t = must_open(make_dir);
    c = ai_chat_open(make_dir, t, &make_err);
    ok(c != NULL, "tokenizer_config.json with a list of templates: the one named default");
    ai_chat_free(c);
    make_text("tokenizer_config.json", "{\"chat_template\":[{\"name\":\"rag\",\"template\":\"x\"}]}");
    c = ai_chat_open(make_dir, t, &make_err);
    ok(!c && strstr(make_err.msg, "named 'default'"), "a list without it is refused");
    make_text("tokenizer_config.json", "{}");
    c = ai_chat_open(make_dir, t, &make_err);
    ok(!c && strstr(make_err.msg, "no chat template"), "no template");
    ai_tokenizer_free(t);
    c = open_template(cases[7].template, &t);
    if (c) {
        struct ai_ids ids = {0};

        ok(ai_chat_tokenize(c, one, 1, 0, &ids, &make_err) && strstr(make_err.msg, "beginning-of-sequence"),
           "a template with BOS for a tokenizer without it");
        ai_ids_free(&ids);
    }
    ai_chat_free(c);
    ai_tokenizer_free(t);
    ai_buf_free(&b);
}

static void test_gguf(void)
{
    struct make_piece p[] = {{"<unk>", 5, 2, 0}, {"<s>", 3, 3, 0}, {"</s>", 4, 3, 0}, {"[INST]", 6, 3, 0},
                             {SPACE, 3, 1, -1}, {"x", 1, 1, -2}, {"[", 1, 1, -2}};
    struct ai_buf file = {0};
    struct ai_tokenizer *t;
    struct ai_chat *c;
    struct ai_ids ids = {0};
    const struct ai_turn x[] = {TALK(USER, "x[INST]")};

    make_gguf_more(&file, "llama", NULL, p, sizeof p / sizeof *p, NULL, "tokenizer.chat_template", cases[8].template);
    t = must_open(make_file("spm.gguf", file.data, file.len));
    c = ai_chat_open(make_path("spm.gguf"), t, &make_err);
    if (ok(c != NULL, "a template from GGUF")) {
        MUST(ai_chat_tokenize(c, x, 1, 0, &ids, &make_err));
        /* BOS [INST] and " x": behind the token a space of its own, then the template's */
        ok(ids.n > 5 && ids.id[0] == 1 && ids.id[1] == 3 && ids.id[2] == 4 && ids.id[3] == 4 && ids.id[4] == 5 &&
               ids.id[5] == 6,
           "[INST] is a token where the vocabulary has one, but not in what the user says");
        printf("# %s\n", ids_text(&ids));
    }
    ai_chat_free(c);
    ai_tokenizer_free(t);
    ai_ids_free(&ids);
    ai_buf_free(&file);
}

static void dump(const char *folder)
{
    static const char *const roles[] = {"system", "user", "assistant"};
    struct ai_buf b = {0};
    char name[30];

    snprintf(make_dir, sizeof make_dir, "%s", folder);
    for (size_t k = 0; k < TALKS; k++) {
        b.len = 0;
        for (size_t i = 0; i < talks[k].n; i++) {
            MUST(ai_buf_printf(&b, &make_err, "%s{\"role\":\"%s\",\"content\":", i ? "," : "[",
                               roles[talks[k].turn[i].role]));
            MUST(ai_json_put_string(&b, talks[k].turn[i].text, talks[k].turn[i].n, &make_err));
            MUST(ai_buf_puts(&b, "}", &make_err));
        }
        MUST(ai_buf_puts(&b, "]", &make_err));
        snprintf(name, sizeof name, "%zu.json", k);
        make_file(name, b.data, b.len);
    }
    for (size_t i = 0; i < CASES; i++) {
        if (!cases[i].want[0])
            continue;
        snprintf(name, sizeof name, "%zu.jinja", i);
        make_text(name, cases[i].template);
        for (size_t k = 0; k < TALKS; k++) {
            snprintf(name, sizeof name, "%zu.%zu.want", i, k);
            if (cases[i].want[k])
                make_text(name, cases[i].want[k]);
        }
    }
    ai_buf_free(&b);
}

int main(int argc, char **argv)
{
    static const char *const files[] = {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "spm.gguf",
                                        NULL};

    if (argc > 1) {
        dump(argv[1]);
        return 0;
    }
    make_folder();
    make_vocabulary();
    for (size_t i = 0; i < CASES; i++)
        test_case(i);
    test_turns();
    test_templates();
    test_gguf();
    make_clean(files);
    return done_testing();
}
