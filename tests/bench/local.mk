# Measurements of the kernels; not tests.
EXTRA_PROGRAMS += tests/bench/products
CLEANFILES += tests/bench/products
tests_bench_products_SOURCES = tests/bench/products.c $(GEN_BLOCKS)
bench: tests/bench/products
	tests/bench/products
.PHONY: bench
