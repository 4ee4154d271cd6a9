check_PROGRAMS += tests/conformance/conformance.t
TESTS += tests/conformance/conformance.t
tests_conformance_conformance_t_SOURCES = tests/conformance/conformance.c tests/conformance/measure.c \
	tests/conformance/measure.h tests/conformance/npy.c tests/conformance/npy.h tests/conformance/subject.c \
	tests/conformance/subject.h tests/tap.h

# The table of fixtures and results.
conformance: tests/conformance/conformance.t
	@$(AM_TESTS_ENVIRONMENT) tests/conformance/conformance.t
.PHONY: conformance
