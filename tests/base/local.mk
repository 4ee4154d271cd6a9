check_PROGRAMS += tests/base/base.t
TESTS += tests/base/base.t
tests_base_base_t_SOURCES = tests/base/base.c tests/tap.h
