# Tests speak TAP.  C tests: tests/<area>/*.c, names in check_PROGRAMS and TESTS as
# tests/<area>/<name>.t; shell tests: *.sh.
EXTRA_DIST += tests/tap.h tests/tap.sh

include tests/base/local.mk
include tests/gen/local.mk
include tests/io/local.mk
include tests/layers/local.mk
include tests/cli/local.mk
include tests/doc/local.mk
include tests/examples/local.mk
include tests/build/local.mk
include tests/model/local.mk
include tests/kernels/local.mk
include tests/bench/local.mk
include tests/forward/local.mk
include tests/lens/local.mk
include tests/eval/local.mk
include tests/tokenizer/local.mk
include tests/stream/local.mk
include tests/control/local.mk
include tests/policy/local.mk
include tests/measure/local.mk
include tests/ring/local.mk
include tests/conformance/local.mk
