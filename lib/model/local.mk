lib_libai_a_SOURCES += \
	lib/model/arch.c lib/model/arch.h \
	lib/model/files.c lib/model/files.h \
	lib/model/gguf.c lib/model/gguf.h \
	lib/model/model.c lib/model/model.h \
	lib/model/numbers.c \
	lib/model/safetensors.c \
	lib/model/tensor.c lib/model/tensor.h
