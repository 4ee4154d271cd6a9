conformance_tests = tests/conformance/conformance.t tests/conformance/programs.t
check_PROGRAMS += $(conformance_tests)
TESTS += $(conformance_tests)
conformance_subject = tests/conformance/subject.c tests/conformance/subject.h tests/conformance/measure.h \
	tests/conformance/npy.h tests/tap.h
tests_conformance_conformance_t_SOURCES = tests/conformance/conformance.c tests/conformance/digests.c \
	tests/conformance/digests.h tests/conformance/fast.c tests/conformance/fast.h tests/conformance/measure.c \
	tests/conformance/npy.c $(conformance_subject)
tests_conformance_programs_t_SOURCES = tests/conformance/programs.c $(conformance_subject)

# The table of fixtures and results.
conformance: $(conformance_tests)
	@$(AM_TESTS_ENVIRONMENT) tests/conformance/conformance.t && tests/conformance/programs.t
.PHONY: conformance
