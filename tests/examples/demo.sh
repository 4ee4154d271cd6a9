#!/bin/sh
# The demonstration: runs as `make demo` does, saves layers, and cleans up.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"
for program in ai-prompt ai-tokenize ai-forward ai-features ai-train-svm ai-decide ai-eval; do
    [ -x "$AI_BUILD/cmd/$program" ] || skip_all "$program is not built"
done
mkdir tmp
TMPDIR=$tap_dir/tmp
export TMPDIR
status_is 0 "the demonstration runs" sh "$AI_SOURCE/examples/demo.sh"
contains out '^all  *240 ' "it prints the table of ai-eval"
awk '$1 == "all" && $2 == 240 { ok = $(NF - 1) ~ /%$/ && $(NF - 2) > 0 && $(NF - 3) > 0 } END { exit !ok }' out
ok $? "with the time of both runs"
[ ! -s err ]
ok $? "and nothing on standard error"
set -- tmp/*
[ "$*" = 'tmp/*' ]
ok $? "it leaves nothing behind"
done_testing
