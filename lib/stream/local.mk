lib_libai_a_SOURCES += \
	lib/stream/format.h \
	lib/stream/meta.c \
	lib/stream/names.c lib/stream/names.h \
	lib/stream/open.c lib/stream/open.h \
	lib/stream/reader.c \
	lib/stream/records.c lib/stream/records.h \
	lib/stream/stream.h \
	lib/stream/text.c lib/stream/text.h \
	lib/stream/writer.c
