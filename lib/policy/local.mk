lib_libai_a_SOURCES += \
	lib/policy/file.c \
	lib/policy/policy.c lib/policy/policy.h \
	lib/policy/ranks.c lib/policy/ranks.h \
	lib/policy/rule.c lib/policy/rule.h \
	lib/policy/svm.c lib/policy/svm.h \
	lib/policy/train.c lib/policy/train.h
