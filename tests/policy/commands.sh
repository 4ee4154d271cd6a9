#!/bin/sh
# ai-train-svm and ai-decide on feature streams made here, where it is known at which
# layer each document settles.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

puts=$AI_BUILD/tests/eval/puts
for program in "$AI_BUILD/cmd/ai-train-svm" "$AI_BUILD/cmd/ai-decide" "$AI_BUILD/cmd/ai-view" "$puts"; do
    [ -x "$program" ] || skip_all "$program has not been built"
done

# features DOCS SEED MODEL [FIRST]: 8 layers; a document settles at layer FIRST..8 on
# token 7 and says 9 before; gap is high from then on, with some overlap.
features() {
    awk -v docs="$1" -v seed="$2" -v model="$3" -v first="${4:-1}" '
        function u() { seed = seed * 16807 % 2147483647; return seed / 2147483647 }
        BEGIN {
            print "kind features"; print "meta model " model; print "meta layers 8"
            print "meta features gap,top_prob,delta_gap"; print "meta head full"
            for (d = 0; d < docs; d++) {
                print "doc", d, "-", "-"
                settles = first + int(u() * (9 - first)); before = 0
                for (l = 1; l <= 8; l++) {
                    gap = l >= settles ? 0.5 + 0.5 * u() : 0.6 * u()
                    print "features", d, 0, 3, l, (l >= settles ? 7 : 9), gap, gap * gap + 0.1 * u(), gap - before
                    before = gap
                }
                print "end", d, 8, 1000, 1000
            }
            print "run", 1, 0, 0
        }' | "$puts"
}
features 500 1 aaa >train.aif
features 300 2 aaa >test.aif
features 300 3 bbb >other.aif
features 500 4 aaa 5 >late.aif

# one_line NAME: ./err is one line
one_line() {
    [ "$(wc -l <err)" -eq 1 ]
    ok $? "$1: in one line"
}

# ---- training ----
for kernel in linear rbf; do
    status_is 0 "$kernel: trains" ai-train-svm --no-provenance --kernel=$kernel --max-flip=0.05 -o $kernel.policy train.aif
    [ ! -s err ]
    ok $? "$kernel: in silence"
    ai-train-svm --no-provenance --kernel=$kernel --max-flip=0.05 <train.aif >again.policy
    same_bytes $kernel.policy again.policy "$kernel: the same bytes again"
    contains $kernel.policy "^classifier svm-$kernel\$" "$kernel: says what it is"
    grep -q '^prog ' $kernel.policy
    [ $? -eq 1 ]
    ok $? "$kernel: --no-provenance keeps the command line out"
    ai-decide -p $kernel.policy -o $kernel.aid test.aif
    ai-view --no-header $kernel.aid >$kernel.tsv
    awk -F '\t' '$7 != 7 { flips++ } { skipped += 8 - $5 }
        END { print "# " flips + 0 " of " NR " flip, " skipped / NR / 8 " skipped"
              exit !(NR == 300 && flips < 30 && skipped / NR > 1) }' $kernel.tsv
    ok $? "$kernel: new documents leave early, few of them wrongly"
done
ai-train-svm --max-flip=0.05 train.aif | grep -q '^prog ai-train-svm .*train.aif$'
ok $? "the command line is kept otherwise"
ai-train-svm --kernel=rbf --max-rows=500 --seed=5 -v --max-flip=0.05 -o small.policy train.aif 2>err
[ "$(grep -c '^sv ' small.policy)" -le 500 ] && grep -q '^rows 500$' small.policy && grep -q 'support vectors' err
ok $? "--max-rows and -v"

ai-train-svm --kernel=rbf --max-sv=40 -v --max-flip=0.05 -o small.policy train.aif 2>err
[ "$(grep -c '^sv ' small.policy)" -le 40 ] && grep -q '^classifier svm-rbf' small.policy
ok $? "--max-sv ($(grep -c '^sv ' small.policy) support vectors)"

# ---- searching ----
features 150 7 aaa >some.aif
status_is 0 "--search" ai-train-svm --search -v --no-provenance --max-flip=0.05 -o search.policy some.aif
[ "$(grep -c 'of the layers skipped$' err)" -eq 3 ] && [ "$(grep -c 'support vectors$' err)" -eq 9 ]
ok $? "tries linear and rbf machines"
contains search.policy '^classifier svm-linear' "takes a line where a line is enough"
ai-train-svm --search --no-provenance --max-flip=0.05 -o again.policy some.aif
same_bytes search.policy again.policy "the same bytes again"
# here a document is settled where gap is neither high nor low: no line says that
"$puts" -r <some.aif >/dev/null && awk 'BEGIN {
    x = 8
    print "kind features"; print "meta model aaa"; print "meta layers 8"; print "meta features gap"
    for (d = 0; d < 150; d++) {
        print "doc", d, "-", "-"
        x = x * 16807 % 2147483647; settles = 1 + x % 8
        for (l = 1; l <= 8; l++) {
            x = x * 16807 % 2147483647; u = x / 2147483647
            print "features", d, 0, 3, l, (l >= settles ? 7 : 9), (l >= settles ? 0.4 + 0.2 * u : u < 0.5 ? 0.7 * u : 1 - 0.7 * (1 - u))
        }
        print "end", d, 8, 1000, 1000
    }
}' | "$puts" >band.aif
ai-train-svm --search --max-flip=0.05 -o band.policy band.aif
contains band.policy '^classifier svm-rbf' "and a bent one where it is not"

layers() { sed -n 's/^layers //p' "$1"; }
ai-train-svm --features=gap,top_prob,depth --max-flip=0.05 -o late.policy late.aif
case $(layers late.policy) in
5* | 6*) true ;;
*) false ;;
esac
ok $? "layers where nobody settles are not checked ($(layers late.policy))"
ai-train-svm --features=gap,delta_gap --max-flip=0.05 -o back.policy late.aif
[ "$(layers back.policy)" = 1-7 ]
ok $? "unless a feature looks back to them ($(layers back.policy))"
ai-train-svm --features=gap --layers=6,7 --max-flip=0.05 late.aif >given.policy 2>err
[ ! -s err ] && case $(layers given.policy) in 6 | 7 | 6-7) true ;; *) false ;; esac
ok $? "--layers says where it may stop"
ai-train-svm --features=delta_gap --layers=6,7 --max-flip=0.05 late.aif >given.policy 2>err
contains err 'looks back' "and warns of a feature that looks back to others"
status_is 0 "a limit that nothing keeps" ai-train-svm --max-flip=0.001 -o never.policy train.aif
contains err 'never stops early' "and says so"
[ -z "$(layers never.policy)" ] && grep -q '^layers $' never.policy
ok $? "such a policy stops nowhere"
status_is 2 "--features without a name" ai-train-svm --features= train.aif
status_is 2 "--features with one twice" ai-train-svm --features=gap,gap train.aif
status_is 3 "a feature that the stream does not have" ai-train-svm --features=gap,moon train.aif
contains err "'moon'" "is named"
status_is 2 "--layers beyond the model" ai-train-svm --layers=3-9 train.aif
status_is 3 "streams of two models" ai-train-svm train.aif other.aif
one_line "streams of two models"
features 40 9 aaa | "$puts" -r >/dev/null
ok $? "(the maker of streams works)"
printf 'kind features\nmeta model m\nmeta layers 8\nmeta features gap\ndoc 0 - -\nfeatures 0 0 1 3 7 0.5\nend 0 3 1 1\n' |
    "$puts" >early.aif
status_is 3 "a document that left early" ai-train-svm early.aif
contains err 'document 0: its last layer, 8, and one before are needed' "is named"
features 3 9 aaa >few.aif
status_is 3 "fewer documents than folds" ai-train-svm few.aif

# ---- deciding ----
status_is 0 "-e when some stop early" ai-decide -e -p linear.policy -o x.aid test.aif
status_is 4 "-e when none does" ai-decide -e -p never.policy -o x.aid test.aif
status_is 3 "another model's policy" ai-decide -p linear.policy -o x.aid other.aif
contains err 'trained for model aaa, these features are of bbb' "both are named"
one_line "another model's policy"
status_is 0 "--any-model" ai-decide --any-model -p linear.policy -o x.aid other.aif
contains err 'trained for model aaa' "warns"
status_is 3 "a rule that does not parse" ai-decide -p 'gap>0.5 &&' -o x.aid test.aif
contains err 'column 11' "its column is named"
status_is 3 "a rule of a feature that is not there" ai-decide -p 'moon>1' -o y.aid test.aif
contains err "'moon'" "is named"
[ ! -e y.aid ]
ok $? "and leaves nothing behind"
ai-decide -p 'gap>0.5' test.aif | ai-view --no-header | awk -F '\t' '{ print $1, $5, $7 }' >got
features 300 2 aaa | "$puts" -r | awk '$1 == "features" { split($9, top, ":")
    if (!done[$2] && ($6 > 0.5 || $5 == 8)) { print $2, $5, top[1]; done[$2] = 1 } }' >want
same_bytes got want "a rule decides as awk does"

# ---- the control pipe ----
# Nobody reads it until all features have been taken: verdicts wait, ai-decide does not.
features 2500 6 aaa >many.aif
mkfifo ctl in
exec 4<>ctl
ai-decide -p 'gap>0.9' --control=ctl -o live.aid in &
decider=$!
{
    head -c "$(($(wc -c <many.aif) - 300))" many.aif # all but RUN and END
    echo taken >taken
    tail -c 300 many.aif
} >in &
tries=0
while [ ! -e taken ] && [ $tries -lt 200 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
[ -e taken ]
ok $? "features are read while nobody reads the verdicts"
cat <&4 >lines &
reader=$!
wait $decider
ok $? "and the verdicts come when somebody does"
exec 4>&-
sleep 0.1
kill $reader
wait $reader 2>/dev/null
[ "$(head -n 1 lines)" = "ai-control 1 aaa 8" ]
ok $? "the first line says model and layers"
ai-decide -p 'gap>0.9' -o offline.aid --no-provenance many.aif
ai-view --no-header live.aid >live.tsv
ai-view --no-header offline.aid >offline.tsv
same_bytes live.tsv offline.tsv "the decisions are those without a control pipe"
awk -F '\t' '$5 < 8 { print $1, $5, $7 }' live.tsv >early
sed -n 's/^exit \([0-9]*\) 0 \([0-9]*\) \([0-9]*\)$/\1 \2 \3/p' lines >exits
same_bytes exits early "and each early one has its exit line"
awk '$1 == "continue" { n++ } END { exit !n }' lines
ok $? "the others were told to go on"

# A policy by hand, as in ai-policy(5), for a model with fewer layers.
printf 'ai-policy 1\nlayers 4-11\nclassifier rule\nrule gap>0.8\nend 7a42fa89\n' >hand.policy
ai-decide -p hand.policy --control=ctl -o x.aid test.aif &
decider=$!
cat ctl >lines
wait $decider
ok $? "a policy by hand"
[ "$(head -n 1 lines)" = "ai-control 1 aaa 8 4-8" ]
ok $? "asks for layers that there are"

# Its reader leaves after the first line.
rm -f in && mkfifo in
ai-decide -p 'gap>0.9' --control=ctl -o y.aid in 2>err &
decider=$!
exec 5>in
head -c 2000 many.aif >&5
head -n 1 ctl >lines
tail -c +2001 many.aif >&5 2>/dev/null
exec 5>&-
wait $decider
[ $? -eq 1 ]
ok $? "a control pipe whose reader has gone is a failure"
one_line "a control pipe whose reader has gone"
contains err 'ctl: nobody reads the control pipe any more' "that is named"
[ ! -e y.aid ]
ok $? "and leaves nothing behind"
done_testing
