build_tests = tests/build/bootstrap.sh tests/build/install.sh
TESTS += $(build_tests)
dist_check_SCRIPTS += $(build_tests)
