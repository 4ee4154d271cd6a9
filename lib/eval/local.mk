lib_libai_a_SOURCES += \
	lib/eval/index.c lib/eval/index.h \
	lib/eval/json.c \
	lib/eval/rank.c lib/eval/rank.h \
	lib/eval/report.h \
	lib/eval/run.c lib/eval/run.h \
	lib/eval/score.c lib/eval/score.h \
	lib/eval/svg.c \
	lib/eval/table.c
