lib_libai_a_SOURCES += \
	lib/model/arch.c lib/model/arch.h \
	lib/model/blocks.h \
	lib/model/decode.c lib/model/decode.h lib/model/decode_body.h \
	lib/model/describe.c \
	lib/model/files.c lib/model/files.h \
	lib/model/find.c lib/model/find.h \
	lib/model/gguf.c lib/model/gguf.h \
	lib/model/longrope.c \
	lib/model/gguf_add.c \
	lib/model/model.c lib/model/model.h \
	lib/model/names.c \
	lib/model/numbers.c \
	lib/model/pickle.c lib/model/pickle.h \
	lib/model/rotary.c \
	lib/model/safetensors.c \
	lib/model/split.c lib/model/split.h \
	lib/model/strided.c \
	lib/model/tensor.c lib/model/tensor.h \
	lib/model/weights.c \
	lib/model/window.c \
	lib/model/torch_bin.c lib/model/torch_pickle.c lib/model/torch.h \
	lib/model/zip.c lib/model/zip.h

# The same decoders once for each instruction set.
decode_cflags = -fopenmp-simd -fno-trapping-math
noinst_LIBRARIES += lib/libdecode.a
lib_libdecode_a_SOURCES = lib/model/decode_generic.c
lib_libdecode_a_CFLAGS = $(AM_CFLAGS) $(decode_cflags)
if X86_64
noinst_LIBRARIES += lib/libdecode_avx2.a lib/libdecode_avx512.a
lib_libdecode_avx2_a_SOURCES = lib/model/decode_avx2.c
lib_libdecode_avx2_a_CFLAGS = $(AM_CFLAGS) $(decode_cflags) -mavx2 -mfma -mf16c
lib_libdecode_avx512_a_SOURCES = lib/model/decode_avx512.c
lib_libdecode_avx512_a_CFLAGS = $(AM_CFLAGS) $(decode_cflags) -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c \
	-mprefer-vector-width=512
ISA_LIBS += lib/libdecode_avx2.a lib/libdecode_avx512.a
endif
ISA_LIBS += lib/libdecode.a
