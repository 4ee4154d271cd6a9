check_PROGRAMS += tests/policy/policy.t tests/policy/chain.t tests/policy/calibrate.t tests/policy/hostile.t
dist_check_SCRIPTS += tests/policy/commands.sh tests/policy/calibrate.sh tests/policy/libsvm.sh
TESTS += tests/policy/policy.t tests/policy/chain.t tests/policy/calibrate.t tests/policy/hostile.t \
	tests/policy/commands.sh tests/policy/calibrate.sh tests/policy/libsvm.sh
tests_policy_policy_t_SOURCES = tests/policy/policy.c tests/policy/oracle.c tests/policy/oracle.h tests/tap.h
tests_policy_chain_t_SOURCES = tests/policy/chain.c tests/tap.h
tests_policy_calibrate_t_SOURCES = tests/policy/calibrate.c tests/tap.h
tests_policy_hostile_t_SOURCES = tests/policy/hostile.c tests/tap.h
