check_PROGRAMS += tests/control/control.t
TESTS += tests/control/control.t
tests_control_control_t_SOURCES = tests/control/control.c tests/tap.h
