# Programs and scripts that measure; `make check` builds the programs and runs none of them.
EXTRA_DIST += tests/measure/big-shapes.sh tests/measure/classifiers.sh tests/measure/coverage.sh \
	tests/measure/tasks.sh tests/measure/time.sh tests/measure/tokenize.sh tests/measure/transfer.sh
check_PROGRAMS += tests/measure/coverage tests/measure/decision tests/measure/decode-speed
tests_measure_coverage_SOURCES = tests/measure/coverage.c
tests_measure_decision_SOURCES = tests/measure/decision.c
tests_measure_decode_speed_SOURCES = tests/measure/decode.c $(GEN_BLOCKS)
