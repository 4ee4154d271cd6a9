check_PROGRAMS += tests/kernels/kernels.t
TESTS += tests/kernels/kernels.t
tests_kernels_kernels_t_SOURCES = tests/kernels/kernels.c tests/tap.h $(GEN_BLOCKS)
