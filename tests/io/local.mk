io_tests = tests/io/json.t tests/io/regex.t
check_PROGRAMS += $(io_tests)
TESTS += $(io_tests)
tests_io_json_t_SOURCES = tests/io/json.c tests/tap.h
tests_io_regex_t_SOURCES = tests/io/regex.c tests/tap.h
