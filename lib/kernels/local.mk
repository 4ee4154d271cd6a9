lib_libai_a_SOURCES += \
	lib/kernels/kernels.h \
	lib/kernels/blas.c lib/kernels/blas.h \
	lib/kernels/matmul.c \
	lib/kernels/ops.c lib/kernels/ops_body.h

# The same small operators once for each instruction set.
ops_cflags = -O3 -fopenmp-simd -fno-math-errno -fno-trapping-math
noinst_LIBRARIES += lib/libops.a
lib_libops_a_SOURCES = lib/kernels/ops_generic.c
lib_libops_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags)
if X86_64
noinst_LIBRARIES += lib/libops_avx2.a lib/libops_avx512.a
lib_libops_avx2_a_SOURCES = lib/kernels/ops_avx2.c
lib_libops_avx2_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags) -mavx2 -mfma -mf16c
lib_libops_avx512_a_SOURCES = lib/kernels/ops_avx512.c
lib_libops_avx512_a_CFLAGS = $(AM_CFLAGS) $(ops_cflags) -mavx512f -mavx512bw -mavx512vl -mavx512dq -mfma -mf16c -mprefer-vector-width=512
ISA_LIBS += lib/libops_avx2.a lib/libops_avx512.a
endif
ISA_LIBS += lib/libops.a
