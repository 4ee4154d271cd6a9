# For measurements, not run by make check.
EXTRA_DIST += tests/measure/tasks.sh tests/measure/time.sh
check_PROGRAMS += tests/measure/decode-speed
tests_measure_decode_speed_SOURCES = tests/measure/decode.c $(GEN_BLOCKS)
