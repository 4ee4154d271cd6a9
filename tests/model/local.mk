model_tests = tests/model/advisories.t tests/model/containers.t tests/model/decode.t tests/model/families.t \
	tests/model/hostile.t tests/model/open.t tests/model/split.t tests/model/torch.t tests/model/unsupported.t
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)
tests_model_advisories_t_SOURCES = tests/model/advisories.c tests/model/place.h tests/tap.h $(GEN_MODEL)
tests_model_containers_t_SOURCES = tests/model/containers.c tests/model/place.h tests/tap.h $(GEN_MODEL)
tests_model_decode_t_SOURCES = tests/model/decode.c tests/model/slow.h tests/tap.h $(GEN_BLOCKS)
tests_model_families_t_SOURCES = tests/model/families.c tests/model/place.h tests/tap.h $(GEN_DENSE) $(GEN_MODEL)
tests_model_open_t_SOURCES = tests/model/open.c tests/model/place.h tests/tap.h $(GEN_MODEL)
tests_model_hostile_t_SOURCES = tests/model/hostile.c tests/model/place.h tests/tap.h $(GEN_MODEL)
tests_model_torch_t_SOURCES = tests/model/torch.c tests/model/place.h tests/tap.h $(GEN_MODEL)
tests_model_unsupported_t_SOURCES = tests/model/unsupported.c tests/model/place.h tests/tap.h $(GEN_FAMILY)
tests_model_split_t_SOURCES = tests/model/split.c tests/model/place.h tests/tap.h $(GEN_MODEL)
