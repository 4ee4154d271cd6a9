examples_tests = tests/examples/demo.sh tests/examples/examples.sh tests/examples/paper.sh
TESTS += $(examples_tests)
dist_check_SCRIPTS += $(examples_tests)
