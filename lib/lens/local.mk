lib_libai_a_SOURCES += \
	lib/lens/documents.c lib/lens/documents.h \
	lib/lens/extract.c lib/lens/extract.h \
	lib/lens/features.c lib/lens/features.h \
	lib/lens/lens.c lib/lens/lens.h \
	lib/lens/softmax.c lib/lens/softmax.h
