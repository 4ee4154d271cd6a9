lib_libai_a_SOURCES += \
	lib/tokenizer/answers.c lib/tokenizer/answers.h \
	lib/tokenizer/document.c lib/tokenizer/document.h \
	lib/tokenizer/alphabet.c \
	lib/tokenizer/bytelevel.c \
	lib/tokenizer/chat.c lib/tokenizer/chat.h \
	lib/tokenizer/config_hf.c \
	lib/tokenizer/detokenize.c \
	lib/tokenizer/entries.c \
	lib/tokenizer/family.c lib/tokenizer/family.h \
	lib/tokenizer/finish.c \
	lib/tokenizer/internal.h \
	lib/tokenizer/load_gguf.c \
	lib/tokenizer/load_hf.c \
	lib/tokenizer/load_json.c \
	lib/tokenizer/load_spm.c \
	lib/tokenizer/load_tiktoken.c \
	lib/tokenizer/merge.c \
	lib/tokenizer/normal.c \
	lib/tokenizer/pretok.c \
	lib/tokenizer/template_file.c \
	lib/tokenizer/template_form.c \
	lib/tokenizer/tokenizer.c lib/tokenizer/tokenizer.h \
	lib/tokenizer/unicode.c \
	lib/tokenizer/unigram.c \
	lib/tokenizer/vocab.c lib/tokenizer/vocab.h
