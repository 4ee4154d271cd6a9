check_PROGRAMS += tests/io/json.t
TESTS += tests/io/json.t
tests_io_json_t_SOURCES = tests/io/json.c tests/tap.h
