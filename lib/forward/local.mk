lib_libai_a_SOURCES += \
	lib/forward/forward.c lib/forward/forward.h \
	lib/forward/attention.c \
	lib/forward/batch.c lib/forward/batch.h \
	lib/forward/block.c \
	lib/forward/cosines.c \
	lib/forward/experts.c \
	lib/forward/internal.h \
	lib/forward/lane.c \
	lib/forward/prefix.c \
	lib/forward/referee.c lib/forward/referee.h \
	lib/forward/rope.c
