lib_libai_a_SOURCES += \
	lib/prompt/row.c \
	lib/prompt/shots.c lib/prompt/shots.h \
	lib/prompt/template.c lib/prompt/template.h
