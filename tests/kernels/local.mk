check_PROGRAMS += tests/kernels/kernels.t tests/kernels/products.t
TESTS += tests/kernels/kernels.t tests/kernels/products.t
tests_kernels_kernels_t_SOURCES = tests/kernels/kernels.c tests/tap.h
tests_kernels_products_t_SOURCES = tests/kernels/products.c tests/tap.h $(GEN_BLOCKS)
