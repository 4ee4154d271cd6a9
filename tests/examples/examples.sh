#!/bin/sh
# The scripts of examples/ run, and leave nothing behind.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"
for program in ai-prompt ai-tokenize ai-forward ai-features ai-decide ai-view; do
    [ -x "$AI_BUILD/cmd/$program" ] || skip_all "$program is not built"
done
mkdir tmp
TMPDIR=$tap_dir/tmp
export TMPDIR
documents=$(wc -l <"$AI_SOURCE/examples/prompts/sst2/test.tsv")

left_nothing() {
    set -- tmp/*
    [ "$*" = 'tmp/*' ]
    ok $? "$name leaves nothing behind"
}

for name in ring-fifo.sh ring-awk.sh; do
    status_is 0 "$name runs" sh "$AI_SOURCE/examples/$name"
    [ "$(wc -l <out)" -eq "$documents" ]
    ok $? "$name answers every prompt"
    [ ! -s err ]
    ok $? "$name says nothing else"
    left_nothing
    cp out "$name.out"
done
same_bytes ring-fifo.sh.out ring-awk.sh.out "a line of awk decides as ai-decide does"

name=extract.sh
status_is 0 "$name runs" sh "$AI_SOURCE/examples/$name"
contains out 'gap' "$name names its columns"
[ "$(wc -l <out)" -gt $((documents * 10)) ]
ok $? "$name has a row for each layer"
left_nothing
done_testing
