lib_libai_a_SOURCES += \
	lib/model/gguf.c lib/model/gguf.h \
	lib/model/model.h \
	lib/model/tensor.c lib/model/tensor.h
