lib_libai_a_SOURCES += \
	lib/kernels/kernels.h \
	lib/kernels/blas.c lib/kernels/blas.h \
	lib/kernels/matmul.c lib/kernels/matmul.h \
	lib/kernels/own.c lib/kernels/way.c lib/kernels/way.h \
	lib/kernels/panels.c \
	lib/kernels/ops.c lib/kernels/ops_body.h \
	lib/kernels/f32_body.h lib/kernels/f32_tile.h lib/kernels/int8_body.h lib/kernels/int8_formats.h lib/kernels/vec.h

# The small operators and the inner loops of products, once for each instruction set.
ops_cflags = -O3 -fopenmp-simd -fno-math-errno -fno-trapping-math
avx2_cflags = -mavx2 -mfma -mf16c
avx512_cflags = -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c -mprefer-vector-width=512
noinst_LIBRARIES += lib/libops.a
lib_libops_a_SOURCES = lib/kernels/ops_generic.c
lib_libops_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags)
if X86_64
noinst_LIBRARIES += lib/libops_avx2.a lib/libops_avx512.a lib/libops_vnni.a lib/libops_bf16.a
lib_libops_avx2_a_SOURCES = lib/kernels/ops_avx2.c lib/kernels/f32_avx2.c lib/kernels/int8_avx2.c
lib_libops_avx2_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags) $(avx2_cflags)
lib_libops_avx512_a_SOURCES = lib/kernels/ops_avx512.c lib/kernels/f32_avx512.c
lib_libops_avx512_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags) $(avx512_cflags)
lib_libops_vnni_a_SOURCES = lib/kernels/int8_avx512.c
lib_libops_vnni_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags) $(avx512_cflags) -mavx512vnni
lib_libops_bf16_a_SOURCES = lib/kernels/bf16_avx512.c
lib_libops_bf16_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags) $(avx512_cflags) -mavx512bf16
ISA_LIBS += lib/libops_avx2.a lib/libops_avx512.a lib/libops_vnni.a lib/libops_bf16.a
endif
if AVXVNNI
noinst_LIBRARIES += lib/libops_avxvnni.a
lib_libops_avxvnni_a_SOURCES = lib/kernels/int8_avxvnni.c
lib_libops_avxvnni_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags) $(avx2_cflags) -mavxvnni
ISA_LIBS += lib/libops_avxvnni.a
endif
ISA_LIBS += lib/libops.a
