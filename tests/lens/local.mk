check_PROGRAMS += tests/lens/lens.t
TESTS += tests/lens/lens.t tests/lens/features.sh
tests_lens_lens_t_SOURCES = tests/lens/lens.c tests/tap.h
dist_check_SCRIPTS += tests/lens/features.sh
