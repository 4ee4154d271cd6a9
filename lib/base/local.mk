lib_libai_a_SOURCES += \
	lib/base/binomial.c lib/base/binomial.h \
	lib/base/arena.c lib/base/arena.h \
	lib/base/buf.c lib/base/buf.h \
	lib/base/bytes.h \
	lib/base/crc32c.c lib/base/crc32c.h \
	lib/base/err.c lib/base/err.h \
	lib/base/mem.c lib/base/mem.h \
	lib/base/pool.c lib/base/pool.h \
	lib/base/rng.c lib/base/rng.h \
	lib/base/sha256.c lib/base/sha256.h \
	lib/base/utf8.c lib/base/utf8.h
