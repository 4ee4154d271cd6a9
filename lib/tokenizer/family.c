/* The families of chat templates: what each is known by, and what it writes. */
#include "tokenizer/family.h"

#include <string.h>

#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ROLE "'+message['role']+'"
#define CONTENT "'+message['content']+'"
#define CHATML_FORM                                                                                                    \
    .system_head = "<|im_start|>system\n", .system_tail = "<|im_end|>\n", .user_head = "<|im_start|>user\n",           \
    .user_tail = "<|im_end|>\n", .assistant_head = "<|im_start|>assistant\n", .assistant_tail = "<|im_end|>\n",        \
    .generation = "<|im_start|>assistant\n"
#define LLAMA3_HEAD(role) "<|start_header_id|>" role "<|end_header_id|>\n\n"
#define LLAMA3_FORM                                                                                                    \
    .system_head = LLAMA3_HEAD("system"), .system_tail = "<|eot_id|>", .user_head = LLAMA3_HEAD("user"),               \
    .user_tail = "<|eot_id|>", .assistant_head = LLAMA3_HEAD("assistant"), .assistant_tail = "<|eot_id|>",             \
    .generation = LLAMA3_HEAD("assistant"), .trim = true, .trim_assistant = true
#define LLAMA3_TURN "'<|start_header_id|>" ROLE "<|end_header_id|>\n\n'+message['content']|trim+'<|eot_id|>'"
#define LLAMA3_ANSWER "'" LLAMA3_HEAD("assistant") "'"
#define GEMMA_FORM                                                                                                     \
    .user_head = "<start_of_turn>user\n", .user_tail = "<end_of_turn>\n", .assistant_head = "<start_of_turn>model\n",  \
    .assistant_tail = "<end_of_turn>\n", .generation = "<start_of_turn>model\n", .alternate = true, .trim = true,      \
    .trim_assistant = true
#define PHI3_FORM                                                                                                      \
    .system_head = "<|system|>\n", .system_tail = "<|end|>\n", .user_head = "<|user|>\n", .user_tail = "<|end|>\n",    \
    .assistant_head = "<|assistant|>\n", .assistant_tail = "<|end|>\n", .generation = "<|assistant|>\n"

static const char date_line[] = "Cutting Knowledge Date: December 2023\n";

/* The first that fits is taken. */
static const struct chat_family families[] = {
    {.name = "chatml",
     .has = PARTS("{{'<|im_start|>" ROLE "\n" CONTENT "<|im_end|>\n'}}", "{{'<|im_start|>assistant\n'}}"),
     .lacks = PARTS("system_message", "<|im_sep|>", "think", "|trim", "macro", "strftime"),
     .form = {CHATML_FORM}},
    {.name = "chatml", /* the end of a turn apart from its beginning */
     .has = PARTS("{{'<|im_start|>" ROLE "\n'+message['content']}}", "{{'<|im_end|>\n'}}",
                  "{{'<|im_start|>assistant\n'}}"),
     .lacks = PARTS("system_message", "<|im_sep|>", "think", "|trim", "macro", "strftime"),
     .form = {CHATML_FORM}},
    {.name = "chatml", /* white space trimmed */
     .has = PARTS("{{'<|im_start|>" ROLE "\n'+message['content']|trim+'<|im_end|>\n'}}",
                  "{{'<|im_start|>assistant\n'}}"),
     .lacks = PARTS("system_message", "<|im_sep|>", "think", "macro", "strftime"),
     .form = {CHATML_FORM, .trim = true, .trim_assistant = true}},
    {.name = "chatml", /* Qwen3: earlier thoughts are dropped */
     .has = PARTS("'<|im_start|>" ROLE "\n'+content}}", "'</think>'in ", "content.split('</think>')[-1].lstrip('\n')",
                  "loop.index0>ns.last_query_index", "{{'<|im_end|>\n'}}", "{{'<|im_start|>assistant\n'}}"),
     .lacks = PARTS("system_message", "<|im_sep|>", "|trim", "macro", "strftime", "preserve_thinking",
                    "reasoning_effort"),
     .form = {CHATML_FORM, .no_thinking = true}},
    {.name = "llama-3", /* 3.1, 3.2, 3.3: dates in a system turn that is always there */
     .has = PARTS(LLAMA3_TURN, LLAMA3_ANSWER, "{{'" LLAMA3_HEAD("system") "'}}",
                  "{{'Cutting Knowledge Date: December 2023\n'}}", "{{'Today Date: '+date_string+'\n\n'}}",
                  "{{system_message}}{{'<|eot_id|>'}}", "set system_message=''", "set date_string='"),
     .form = {LLAMA3_FORM}},
    {.name = "llama-3",
     .has = PARTS(LLAMA3_TURN, LLAMA3_ANSWER),
     .lacks = PARTS("system_message", "Knowledge", "strftime"),
     .form = {LLAMA3_FORM}},
    {.name = "llama-2",
     .has = PARTS("{{bos_token+'[INST] '+content.strip()+' [/INST]'}}", "{{' '+content.strip()+' '+eos_token}}",
                  "'<<SYS>>\n'+system_message+'\n<</SYS>>\n\n'+message['content']"),
     .lacks = PARTS("true==true", "strftime"),
     .form = {.system = SYSTEM_FIRST, .system_head = "<<SYS>>\n", .system_tail = "\n<</SYS>>\n\n",
              .user_head = FAMILY_BOS "[INST] ", .user_tail = " [/INST]", .assistant_head = " ",
              .assistant_tail = " " FAMILY_EOS, .generation = "", .answer = " ", .alternate = true,
              .trim_joined = true, .trim_assistant = true, .own_bos = true}},
    {.name = "mistral", /* of 2024: a system turn goes to the first user turn */
     .has = PARTS("{{' [INST] '+system_message+'\n\n" CONTENT " [/INST]'}}", "{{' [INST] " CONTENT " [/INST]'}}",
                  "{{' '+message['content']+eos_token}}", "loop.first and system_message is defined"),
     .form = {.system = SYSTEM_FIRST, .system_head = "", .system_tail = "\n\n", .user_head = " [INST] ",
              .user_tail = " [/INST]", .assistant_head = " ", .assistant_tail = FAMILY_EOS, .generation = "",
              .answer = " ", .alternate = true}},
    {.name = "mistral", /* with tools: to the last */
     .has = PARTS("{{'[INST] '+system_message+'\n\n" CONTENT "[/INST]'}}", "{{'[INST] " CONTENT "[/INST]'}}",
                  "{{' '+message['content']+eos_token}}", "loop.last and system_message is defined"),
     .form = {.system = SYSTEM_LAST, .system_head = "", .system_tail = "\n\n", .user_head = "[INST] ",
              .user_tail = "[/INST]", .assistant_head = " ", .assistant_tail = FAMILY_EOS, .generation = "",
              .answer = " ", .alternate = true}},
    {.name = "mistral",
     .has = PARTS("{{'[INST] '+system_message+'\n\n" CONTENT "[/INST]'}}", "{{'[INST] " CONTENT "[/INST]'}}",
                  "{{' '+message['content']|trim+eos_token}}", "loop.last and system_message is defined"),
     .form = {.system = SYSTEM_LAST, .system_head = "", .system_tail = "\n\n", .user_head = "[INST] ",
              .user_tail = "[/INST]", .assistant_head = " ", .assistant_tail = FAMILY_EOS, .generation = "",
              .answer = " ", .alternate = true, .trim_assistant = true}},
    {.name = "mistral", /* with the tekken vocabulary: no spaces */
     .has = PARTS("{{'[INST]'+system_message+'\n\n" CONTENT "[/INST]'}}", "{{'[INST]" CONTENT "[/INST]'}}",
                  "{{message['content']+eos_token}}", "loop.last and system_message is defined"),
     .form = {.system = SYSTEM_LAST, .system_head = "", .system_tail = "\n\n", .user_head = "[INST]",
              .user_tail = "[/INST]", .assistant_head = "", .assistant_tail = FAMILY_EOS, .generation = "",
              .alternate = true}},
    {.name = "mistral", /* 0.1 */
     .has = PARTS("{{'[INST] " CONTENT " [/INST]'}}", "{{message['content']+eos_token+' '}}"),
     .lacks = PARTS("system_message", "<<SYS>>"),
     .form = {.system = SYSTEM_REFUSED, .user_head = "[INST] ", .user_tail = " [/INST]", .assistant_head = "",
              .assistant_tail = FAMILY_EOS " ", .generation = "", .answer = " ", .alternate = true}},
    {.name = "mistral", /* 0.2 */
     .has = PARTS("{{'[INST] " CONTENT " [/INST]'}}", "{{message['content']+eos_token}}"),
     .lacks = PARTS("system_message", "<<SYS>>"),
     .form = {.system = SYSTEM_REFUSED, .user_head = "[INST] ", .user_tail = " [/INST]", .assistant_head = "",
              .assistant_tail = FAMILY_EOS, .generation = "", .answer = " ", .alternate = true}},
    {.name = "gemma", /* 3 */
     .has = PARTS("{{'<start_of_turn>'+role+'\n'+(first_user_prefix if loop.first else'')}}",
                  "set first_user_prefix=messages[0]['content']+'\n\n'", "{{message['content']|trim}}",
                  "{{'<end_of_turn>\n'}}", "{{'<start_of_turn>model\n'}}"),
     .form = {.system = SYSTEM_FIRST, .system_head = "", .system_tail = "\n\n", GEMMA_FORM}},
    {.name = "gemma", /* 1 and 2 */
     .has = PARTS("{{'<start_of_turn>'+role+'\n'+message['content']|trim+'<end_of_turn>\n'}}",
                  "{{'<start_of_turn>model\n'}}", "raise_exception('System role not supported')"),
     .form = {.system = SYSTEM_REFUSED, GEMMA_FORM}},
    {.name = "phi-3",
     .has = PARTS("{{'<|system|>\n" CONTENT "<|end|>\n'}}", "{{'<|user|>\n" CONTENT "<|end|>\n'}}",
                  "{{'<|assistant|>\n" CONTENT "<|end|>\n'}}", "{{'<|assistant|>\n'}}"),
     .form = {PHI3_FORM}},
    {.name = "phi-3",
     .has = PARTS("{{'<|" ROLE "|>\n" CONTENT "<|end|>\n'}}", "{{'<|assistant|>\n'}}"),
     .form = {PHI3_FORM}},
    {.name = "phi-3", /* the first: no system turn */
     .has = PARTS("{{'<|user|>\n" CONTENT "<|end|>\n<|assistant|>\n'}}", "{{message['content']+'<|end|>\n'}}"),
     .form = {.system = SYSTEM_REFUSED, .user_head = "<|user|>\n", .user_tail = "<|end|>\n<|assistant|>\n",
              .assistant_head = "", .assistant_tail = "<|end|>\n", .generation = "", .alternate = true}},
};

/* What else is about, for the message. */
static const struct { const char *part, *name; } others[] = {
    {"<|START_OF_TURN_TOKEN|>", "Command-R"},
    {"<|im_sep|>", "Phi-4"},
    {"\xef\xbd\x9c" "User\xef\xbd\x9c", "DeepSeek"},
    {"[gMASK]", "ChatGLM"},
    {"[SYSTEM_PROMPT]", "Mistral with [SYSTEM_PROMPT]"},
    {"GPT4 Correct", "OpenChat"},
    {"<|channel|>", "gpt-oss"},
    {"### Instruction", "Alpaca"},
    {"'USER: ", "Vicuna"},
    {"<|im_start|>", "another form of ChatML"},
    {"<|start_header_id|>", "another form of Llama 3's"},
    {"[INST]", "another form of Llama 2's or Mistral's"},
    {"<start_of_turn>", "another form of Gemma's"},
    {"<|assistant|>", "Zephyr or another with <|assistant|>"},
};

static const uint8_t *find(const struct ai_buf *in, const char *part)
{
    size_t n = strlen(part);

    for (size_t i = 0; i + n <= in->len; i++)
        if (memcmp(in->data + i, part, n) == 0)
            return in->data + i;
    return NULL;
}

static bool fits(const struct chat_family *f, const struct ai_buf *form)
{
    for (const char *const *p = f->has; *p; p++)
        if (!find(form, *p))
            return false;
    for (const char *const *p = f->lacks; p && *p; p++)
        if (find(form, *p))
            return false;
    return true;
}

/* What stands between `head` and `tail`, if any; no expression may be in it.
 * Returns 1 and appends it; 0: nothing stands there. */
static int text_between(const struct ai_buf *form, const char *head, const char *tail, struct ai_buf *out,
                        struct ai_err *err)
{
    struct ai_buf rest = *form;
    const uint8_t *from, *to;

    while ((from = find(&rest, head))) {
        from += strlen(head);
        rest = (struct ai_buf){.data = (uint8_t *)from, .len = (size_t)(form->data + form->len - from)};
        to = find(&rest, tail);
        if (!to || to == from || *from == '\'')
            continue;
        rest.len = (size_t)(to - from);
        if (find(&rest, "'+"))
            return ai_fail(err, AI_EINPUT, "a system text that depends on variables is not supported");
        return ai_buf_put(out, from, rest.len, err) ? -1 : 1;
    }
    return 0;
}

static int default_texts(const struct ai_buf *form, struct chat_recipe *r, struct ai_err *err)
{
    int rc;

    if (find(form, date_line)) {
        r->has_default = true; /* an empty one */
        if (ai_buf_puts(&r->head, r->form.system_head, err) || ai_buf_puts(&r->head, date_line, err) ||
            ai_buf_puts(&r->head, "Today Date: ", err))
            return -1;
        rc = text_between(form, "set date_string='", "'%}", &r->head, err);
        if (rc <= 0)
            return rc < 0 ? -1 : ai_fail(err, AI_EINPUT, "a date is missing");
        return ai_buf_put(&r->head, "\n\n", 3, err);
    }
    if (r->form.system != SYSTEM_TURN)
        return 0;
    if (ai_buf_puts(&r->head, "'", err) ||
        ai_buf_put(&r->head, r->form.system_head, strlen(r->form.system_head) + 1, err))
        return -1;
    rc = text_between(form, (const char *)r->head.data, r->form.system_tail, &r->default_system, err);
    r->has_default = rc > 0;
    r->head.len = 0;
    return rc < 0 ? -1 : 0;
}

static int refuse(const struct ai_buf *form, struct ai_err *err)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (find(form, others[i].part))
            return ai_fail(err, AI_EINPUT, "this chat template is not supported: %s", others[i].name);
    return ai_fail(err, AI_EINPUT, "this chat template is not supported, nor any like it known");
}

int chat_recognise(const char *template, size_t n, struct chat_recipe *r, struct ai_err *err)
{
    struct ai_buf form = {0};
    bool bare;
    int rc = chat_normal_form(template, n, &form, &bare, err);

    *r = (struct chat_recipe){0};
    for (size_t i = 0; rc == 0 && !bare && i < sizeof families / sizeof *families && !r->family; i++)
        if (fits(&families[i], &form))
            r->family = &families[i];
    if (rc == 0 && !r->family)
        rc = refuse(&form, err);
    if (rc == 0) {
        r->form = r->family->form;
        r->bos = !r->form.own_bos && find(&form, "bos_token");
        rc = default_texts(&form, r, err);
    }
    ai_buf_free(&form);
    if (rc)
        chat_recipe_free(r);
    else if (r->head.len)
        r->form.system_head = (const char *)r->head.data;
    return rc;
}

void chat_recipe_free(struct chat_recipe *r)
{
    ai_buf_free(&r->default_system);
    ai_buf_free(&r->head);
    *r = (struct chat_recipe){0};
}
