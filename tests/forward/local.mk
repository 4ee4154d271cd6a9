# tests/forward/peak serves memory.sh.
check_PROGRAMS += tests/forward/dense.t tests/forward/families.t tests/forward/forward.t tests/forward/peak
TESTS += tests/forward/dense.t tests/forward/families.t tests/forward/forward.t \
	tests/forward/memory.sh tests/forward/refusals.sh
tests_forward_forward_t_SOURCES = tests/forward/forward.c tests/forward/reference.c tests/forward/reference.h tests/tap.h
tests_forward_dense_t_SOURCES = tests/forward/dense.c tests/forward/against.c tests/forward/against.h \
	tests/forward/plain_dense.c tests/forward/plain_dense.h $(GEN_DENSE) $(GEN_MODEL) tests/tap.h
tests_forward_families_t_SOURCES = tests/forward/families.c tests/forward/against.c tests/forward/against.h \
	tests/forward/plain.c tests/forward/plain.h \
	tests/forward/plain_experts.c tests/forward/plain_gemma.c tests/forward/plain_phi.c \
	$(GEN_FAMILY) tests/tap.h
tests_forward_peak_SOURCES = tests/forward/peak.c
dist_check_SCRIPTS += tests/forward/memory.sh tests/forward/refusals.sh
