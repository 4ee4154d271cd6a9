check_PROGRAMS += tests/policy/policy.t
TESTS += tests/policy/policy.t tests/policy/commands.sh
dist_check_SCRIPTS += tests/policy/commands.sh
tests_policy_policy_t_SOURCES = tests/policy/policy.c tests/policy/oracle.c tests/policy/oracle.h tests/tap.h
