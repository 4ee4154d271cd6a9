TESTS += tests/ring/ring.sh tests/ring/faults.sh
dist_check_SCRIPTS += tests/ring/ring.sh tests/ring/faults.sh
