tokenizer_tests = tests/tokenizer/spm.t tests/tokenizer/bytes.t tests/tokenizer/conform.t \
	tests/tokenizer/chat.t tests/tokenizer/hostile.t
check_PROGRAMS += $(tokenizer_tests)
TESTS += $(tokenizer_tests)
tests_tokenizer_spm_t_SOURCES = tests/tokenizer/spm.c tests/tokenizer/make.h tests/tap.h
tests_tokenizer_bytes_t_SOURCES = tests/tokenizer/bytes.c tests/tokenizer/make.h tests/tap.h
tests_tokenizer_conform_t_SOURCES = tests/tokenizer/conform.c tests/tokenizer/make.h tests/tap.h
tests_tokenizer_hostile_t_SOURCES = tests/tokenizer/hostile.c tests/tokenizer/make.h tests/tap.h
tests_tokenizer_chat_t_SOURCES = tests/tokenizer/chat.c tests/tokenizer/make.h tests/tap.h
dist_check_SCRIPTS += tests/tokenizer/ai-tokenize.sh tests/tokenizer/ai-prompt.sh tests/tokenizer/chat-jinja.sh
TESTS += tests/tokenizer/ai-tokenize.sh tests/tokenizer/ai-prompt.sh tests/tokenizer/chat-jinja.sh
