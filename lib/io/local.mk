lib_libai_a_SOURCES += \
	lib/io/fd.c lib/io/fd.h \
	lib/io/json.c lib/io/json.h \
	lib/io/regex.c lib/io/regex.h \
	lib/io/lines.c lib/io/lines.h \
	lib/io/regex.c lib/io/regex.h \
	lib/io/zst.c lib/io/zst.h
