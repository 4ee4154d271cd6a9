lib_libai_a_SOURCES += \
	lib/eval/answer.c lib/eval/answer.h \
	lib/eval/baseline.c lib/eval/baseline.h \
	lib/eval/figure.c \
	lib/eval/grid.c lib/eval/grid.h \
	lib/eval/index.c lib/eval/index.h \
	lib/eval/json.c \
	lib/eval/layerwise.c lib/eval/layerwise.h \
	lib/eval/match.c \
	lib/eval/rank.c lib/eval/rank.h \
	lib/eval/report.h \
	lib/eval/run.c lib/eval/run.h \
	lib/eval/score.c lib/eval/score.h \
	lib/eval/svg.c lib/eval/svg.h \
	lib/eval/table.c \
	lib/eval/tasks.c lib/eval/tasks.h
