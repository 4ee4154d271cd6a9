# Every command is one file over libcli.a (cmd/cli) and libai.a (lib).
noinst_LIBRARIES += cmd/libcli.a
cmd_libcli_a_SOURCES = \
	cmd/cli/cli.c cmd/cli/cli.h cmd/cli/internal.h \
	cmd/cli/files.c \
	cmd/cli/message.c \
	cmd/cli/progress.c \
	cmd/cli/signals.c \
	cmd/cli/spawn.c cmd/cli/spawn.h \
	cmd/cli/train.c cmd/cli/train.h \
	cmd/cli/values.c \
	cmd/cli/version.h
cmd_ldadd = cmd/libcli.a $(AI_LIBS)

# Shell programs: NAME.in with the options' part in its place.
bin_SCRIPTS += cmd/ai-infer cmd/ai-probe
EXTRA_DIST += cmd/ai-infer.in cmd/ai-probe.in cmd/cli/options.sh
CLEANFILES += cmd/ai-infer cmd/ai-probe
make_script = $(AM_V_GEN)sed -e 's,@VERSION''@,$(VERSION),g' -e 's,@pkgdatadir''@,$(pkgdatadir),g' \
	    -e '/^@OPTIONS@$$/r $(srcdir)/cmd/cli/options.sh' -e '/^@OPTIONS@$$/d' \
	    $(srcdir)/$@.in >$@.tmp && chmod +x $@.tmp && mv $@.tmp $@
cmd/ai-infer: cmd/ai-infer.in cmd/cli/options.sh Makefile
	$(make_script)
cmd/ai-probe: cmd/ai-probe.in cmd/cli/options.sh Makefile
	$(make_script)
bin_PROGRAMS += cmd/ai-eval
cmd_ai_eval_SOURCES = cmd/ai-eval.c
cmd_ai_eval_LDADD = $(cmd_ldadd)

bin_PROGRAMS += cmd/ai-tokenize
cmd_ai_tokenize_SOURCES = cmd/ai-tokenize.c
cmd_ai_tokenize_LDADD = $(cmd_ldadd)

bin_PROGRAMS += cmd/ai-prompt
cmd_ai_prompt_SOURCES = cmd/ai-prompt.c
cmd_ai_prompt_LDADD = $(cmd_ldadd)
bin_PROGRAMS += cmd/ai-forward
cmd_ai_forward_SOURCES = cmd/ai-forward.c
cmd_ai_forward_LDADD = $(cmd_ldadd)

bin_PROGRAMS += cmd/ai-features
cmd_ai_features_SOURCES = cmd/ai-features.c
cmd_ai_features_LDADD = $(cmd_ldadd)
bin_PROGRAMS += cmd/ai-decide
cmd_ai_decide_SOURCES = cmd/ai-decide.c
cmd_ai_decide_LDADD = $(cmd_ldadd)

bin_PROGRAMS += cmd/ai-train-svm
cmd_ai_train_svm_SOURCES = cmd/ai-train-svm.c
cmd_ai_train_svm_LDADD = $(cmd_ldadd)

bin_PROGRAMS += cmd/ai-train-crf
cmd_ai_train_crf_SOURCES = cmd/ai-train-crf.c
cmd_ai_train_crf_LDADD = $(cmd_ldadd)

bin_PROGRAMS += cmd/ai-calibrate
cmd_ai_calibrate_SOURCES = cmd/ai-calibrate.c
cmd_ai_calibrate_LDADD = $(cmd_ldadd)

bin_PROGRAMS += cmd/ai-view
cmd_ai_view_SOURCES = cmd/ai-view.c
cmd_ai_view_LDADD = $(cmd_ldadd)
