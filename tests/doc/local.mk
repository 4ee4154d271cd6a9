doc_tests = tests/doc/examples.sh tests/doc/options.sh tests/doc/pages.sh tests/doc/readme.sh tests/doc/shell.sh
TESTS += $(doc_tests)
dist_check_SCRIPTS += $(doc_tests)
