# tests/eval/puts also serves tests/lens and tests/policy.
check_PROGRAMS += tests/eval/puts
tests_eval_puts_SOURCES = tests/eval/puts.c
dist_check_SCRIPTS += tests/eval/eval.sh tests/eval/rank.sh tests/eval/layerwise.sh
TESTS += tests/eval/eval.sh tests/eval/rank.sh tests/eval/layerwise.sh
