#!/bin/sh
# Rows of ai-view in svm-train, and its models in ai-decide: svm-predict on the same rows
# says the very same.  svm-scale, svm-train and svm-predict are Debian's libsvm-tools.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

for program in svm-scale svm-train svm-predict; do
    command -v $program >/dev/null || skip_all "$program is not installed"
done
puts=$AI_BUILD/tests/eval/puts
for program in "$AI_BUILD/cmd/ai-view" "$AI_BUILD/cmd/ai-decide" "$puts"; do
    [ -x "$program" ] || skip_all "$program has not been built"
done

# features DOCS SEED: 8 layers, three features of different scales, one of them 0 at times, and
# one that never changes.
features() {
    awk -v docs="$1" -v x="$2" '
        function u() { x = x * 16807 % 2147483647; return x / 2147483647 }
        BEGIN {
            print "kind features"; print "meta model aaa"; print "meta layers 8"
            print "meta features gap,spread,patience,constant"
            for (d = 0; d < docs; d++) {
                print "doc", d, "-", "-"
                settles = 1 + int(u() * 8)
                for (l = 1; l <= 8; l++)
                    print "features", d, 0, 3, l, (l >= settles ? 7 : 9), (l >= settles ? 0.4 + 0.6 * u() : 0.6 * u()),
                          40 * u() - 10, (l > settles ? l - settles : int(1.2 * u())), 5
                print "end", d, 8, 1000, 1000
            }
            print "run", 1, 0, 0
        }' | "$puts"
}
features 120 1 >train.aif
features 400 2 >test.aif
ai-view --to=svmlight train.aif >train.rows
ai-view --to=svmlight test.aif >test.rows
[ "$(wc -l <train.rows)" -eq 840 ] && [ "$(cut -d ' ' -f 1 train.rows | sort -u | tr '\n' ' ')" = '0 1 ' ]
ok $? "a row for each layer but the last, labelled 0 or 1"

# same NAME MODEL PREDICTIONS ARGUMENT...: a document leaves where svm-predict first says 1
same() {
    name=$1 predicted=$2
    shift 2
    status_is 0 "$name: ai-decide takes it" ai-decide -o x.aid "$@" test.aif
    ai-view --no-header x.aid | cut -f 5 >got
    awk '{ layer = (NR - 1) % 7 + 1 } layer == 1 { exits = 8 } $1 == 1 && exits == 8 { exits = layer }
        layer == 7 { print exits }' "$predicted" >want
    same_bytes got want "$name: and says what svm-predict says, in 2800 rows"
    [ "$(sort -u got | wc -l)" -gt 3 ]
    ok $? "$name: of many a layer"
}
for type in '-s 0 -t 0' '-s 0 -t 2 -c 10' '-s 1 -t 2 -n 0.2'; do
    # shellcheck disable=SC2086
    svm-train -q $type train.rows model && svm-predict test.rows model predicted >/dev/null
    ok $? "svm-train $type: takes the rows"
    same "svm-train $type" predicted -p model
done
# the label that comes first is what a positive value means to libsvm
sort -n train.rows >zeros.rows
svm-train -q -t 2 zeros.rows model && svm-predict test.rows model predicted >/dev/null
same "labels in the other order" predicted -p model

svm-scale -l -1 -u 1 -s range train.rows >train.scaled 2>/dev/null
svm-scale -r range test.rows >test.scaled 2>/dev/null
svm-train -q -t 2 -c 10 train.scaled model && svm-predict test.scaled model predicted >/dev/null
ok $? "svm-scale takes the rows"
same "scaled" predicted -p model --range=range
status_is 0 "a model is calibrated" ai-calibrate -p model --range=range --max-flip=30% -o safe.policy test.aif
contains err 'make sure that none of them is here' "with a word of warning"
ai-decide -p safe.policy -o y.aid test.aif
[ "$(ai-view --no-header y.aid | awk -F '\t' '$7 != 7' | wc -l)" -eq "$(sed -n 's/^certified_flips //p' safe.policy)" ]
ok $? "and is a policy then"
(
    cat model >pipe &
    mkfifo fifo
    cat model >fifo &
    ai-decide -p fifo --range=range -o z.aid --no-provenance test.aif
    wait
)
ai-decide -p model --range=range -o x.aid --no-provenance test.aif
same_bytes z.aid x.aid "a model can come through a pipe"
ai-decide -p model -o x.aid test.aif && ! cmp -s x.aid z.aid
ok $? "without its range it says something else"
status_is 2 "a range for a rule" ai-decide -p 'gap>0.5' --range=range test.aif
if command -v svm-grid >/dev/null && command -v python >/dev/null; then
    head -n 300 train.scaled >few.scaled
    svm-grid -svmtrain "$(command -v svm-train)" -log2c 0,2,2 -log2g -2,0,2 -v 3 -gnuplot null few.scaled >grid.out 2>&1
    ok $? "svm-grid takes the rows"
fi
done_testing
