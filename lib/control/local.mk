lib_libai_a_SOURCES += \
	lib/control/control.c lib/control/control.h \
	lib/control/layers.c \
	lib/control/protocol.c
