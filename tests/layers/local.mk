TESTS += tests/layers/layers.sh
dist_check_SCRIPTS += tests/layers/layers.sh
