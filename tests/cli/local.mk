TESTS += tests/cli/all.sh tests/cli/infer.sh
dist_check_SCRIPTS += tests/cli/all.sh tests/cli/infer.sh
