check_PROGRAMS += tests/forward/forward.t
TESTS += tests/forward/forward.t
tests_forward_forward_t_SOURCES = tests/forward/forward.c tests/forward/reference.c tests/forward/reference.h tests/tap.h
