# Random models in the published formats: for the tests' own use (gen_model.h), and as a program.
check_PROGRAMS += tests/gen/gen-model
GEN_BLOCKS = tests/gen/gen_blocks.c tests/gen/gen_blocks.h
GEN_MODEL = $(GEN_BLOCKS) tests/gen/gen_model.c tests/gen/gen_model.h tests/gen/gen_write.c \
	tests/gen/gen_torch.c tests/gen/gen_torch.h
tests_gen_gen_model_SOURCES = tests/gen/main.c $(GEN_MODEL)
# The families with one MLP a block, each as it is published.
GEN_DENSE = tests/gen/gen_dense.c tests/gen/gen_dense.h tests/gen/gen_dense_gguf.c tests/gen/gen_dense_hf.c \
	tests/gen/gen_publish.c tests/gen/gen_publish.h
GEN_FAMILY = tests/gen/gen_family.h tests/gen/gen_family_parts.c tests/gen/gen_family_parts.h \
	tests/gen/gen_family_hf.c tests/gen/gen_family_gguf.c $(GEN_MODEL)
