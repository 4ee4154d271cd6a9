check_PROGRAMS += tests/stream/stream.t tests/stream/live.t
TESTS += tests/stream/stream.t tests/stream/live.t tests/stream/container.sh
tests_stream_stream_t_SOURCES = tests/stream/stream.c tests/tap.h
tests_stream_live_t_SOURCES = tests/stream/live.c tests/tap.h
dist_check_SCRIPTS += tests/stream/container.sh
EXTRA_DIST += tests/stream/read_stream.py
