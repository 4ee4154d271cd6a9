check_PROGRAMS += tests/lens/lens.t tests/lens/conformance.t
TESTS += tests/lens/lens.t tests/lens/conformance.t tests/lens/features.sh
tests_lens_lens_t_SOURCES = tests/lens/lens.c tests/tap.h
tests_lens_conformance_t_SOURCES = tests/lens/conformance.c tests/tap.h
dist_check_SCRIPTS += tests/lens/features.sh
