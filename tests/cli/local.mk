TESTS += tests/cli/all.sh
dist_check_SCRIPTS += tests/cli/all.sh
