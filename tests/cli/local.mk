TESTS += tests/cli/all.sh tests/cli/infer.sh tests/cli/probe.sh tests/cli/signals.sh tests/cli/hostile.sh
dist_check_SCRIPTS += tests/cli/all.sh tests/cli/infer.sh tests/cli/probe.sh tests/cli/signals.sh tests/cli/hostile.sh
