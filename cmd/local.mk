# Every command is one file over libcli.a (cmd/cli) and libai.a (lib).
noinst_LIBRARIES += cmd/libcli.a
cmd_libcli_a_SOURCES = \
	cmd/cli/cli.c cmd/cli/cli.h cmd/cli/internal.h \
	cmd/cli/files.c \
	cmd/cli/message.c \
	cmd/cli/progress.c \
	cmd/cli/signals.c \
	cmd/cli/version.h
cmd_ldadd = cmd/libcli.a $(AI_LIBS)
