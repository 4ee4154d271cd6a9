lib_libai_a_SOURCES += \
	lib/policy/calibrate.c lib/policy/calibrate.h \
	lib/policy/certificate.c lib/policy/file.h \
	lib/policy/chain.c lib/policy/chain.h \
	lib/policy/crf.c lib/policy/crf.h \
	lib/policy/folds.c \
	lib/policy/format.c \
	lib/policy/gather.c lib/policy/gather.h \
	lib/policy/libsvm.c lib/policy/libsvm.h \
	lib/policy/open.c \
	lib/policy/parse.c \
	lib/policy/policy.c lib/policy/policy.h \
	lib/policy/ranks.c lib/policy/ranks.h \
	lib/policy/rule.c lib/policy/rule.h \
	lib/policy/search.c \
	lib/policy/svm.c lib/policy/svm.h \
	lib/policy/train.c lib/policy/train.h
