#!/bin/sh
# ai-eval on streams whose scores are counted by hand.
. "$AI_SOURCE/tests/tap.sh"
puts=$AI_BUILD/tests/eval/puts

# Two tasks, a model of 4 layers.  a-1, a-2, b-1 have labels; b-2 has none.
#           dense: token (layer 4)    early: token, layer
# a-1 (7)   7                         7, 2
# a-2 (8)   8                         9, 1   changed, and wrong now
# b-1 (5)   6  wrong                  6, 4
# b-2       6                         6, 3
documents() {
    cat <<END
kind decisions
meta model 0123456789abcdef0123456789abcdef
meta layers 4
doc 0 a-1 yes 7
doc 1 a-2 no 8
doc 2 b-1 red 5
doc 3 b-2 - -
END
}
{
    documents
    for d in '0 7' '1 8' '2 6' '3 6'; do echo "decision ${d% *} 0 4 ${d#* }"; done
    for d in 0 1 2 3; do echo "end $d 4 1000 1000"; done
    echo 'run 8.0 400 400'
} | "$puts" >dense.aid
{
    documents
    cat <<END
decision 0 0 2 7
end 0 2 500 1000
decision 1 0 1 9
end 1 1 250 1000
decision 3 0 3 6
decision 2 0 4 6
end 2 4 1000 1000
end 3 3 750 1000
run 5.0 380 400
END
} | "$puts" >early.aid

# mean (2+1+4+3)/4 = 2.5, variance 1.25, skipped 1.5/4; arithmetic 1 - 2880/4400
status_is 0 'JSON of an early run against a dense one' ai-eval --json --against=dense.aid early.aid
cat >want <<END
{"documents": 4, "accuracy": 0.333333333, "accuracy_dense": 0.666666667, "agreement": 0.75, "layers_mean": 2.5, "layers_variance": 1.25, "layers_skipped": 0.375, "arithmetic_skipped": 0.345454545, "seconds": 5, "seconds_dense": 8}
END
same_bytes out want 'every number as counted by hand'
status_is 0 'JSON without a dense run' ai-eval --json early.aid
cat >want <<END
{"documents": 4, "accuracy": 0.333333333, "accuracy_dense": null, "agreement": null, "layers_mean": 2.5, "layers_variance": 1.25, "layers_skipped": 0.375, "arithmetic_skipped": 0.345454545, "seconds": 5, "seconds_dense": null}
END
same_bytes out want 'what is not known is null'
status_is 0 'standard input' sh -c 'ai-eval --json - <early.aid'
same_bytes out want 'and it is the same'

status_is 0 'the table' ai-eval --against=dense.aid early.aid
contains out '^a  *2  *50.0%  *100.0%  *50.0%  *1.50 ± 0.50 of 4  *62.5%  *62.5%  *-  *-  *-$' 'a row for task a'
contains out '^b  *2  *0.0%  *0.0%  *100.0%  *3.50 ± 0.50 of 4  *12.5%  *12.5%  *-  *-  *-$' 'a row for task b'
contains out '^all  *4  *33.3%  *66.7%  *75.0%  *2.50 ± 1.12 of 4  *37.5%  *34.5%  *5.00  *8.00  *37.5%$' 'and one for all'
[ "$(sed 's/±/+/g' out | awk '{print length($0)}' | sort -u | wc -l)" -eq 1 ]
ok $? 'every line of the table is equally wide'

status_is 0 'JSON a task' ai-eval --json --tasks early.aid
contains out '^{"task": "a", "documents": 2, "accuracy": 0.5, ' 'with the task as a key'
contains out '^{"task": "all", "documents": 4, ' 'and all'
status_is 0 'bars' ai-eval --histogram early.aid
contains out '^    2         1  ####' 'one answer from layer 2'

status_is 0 'a picture' ai-eval --svg --against=dense.aid early.aid
contains out '<title>layer 2: 1</title>' 'shows the answer from layer 2'
[ "$(grep -c 'documents, accuracy' out)" -eq 3 ] && [ "$(grep -c 'font-weight' out)" -eq 3 ]
ok $? 'and three panels with their scores'
mv out early.svg
if command -v python3 >/dev/null; then
    status_is 0 'it is well-formed XML' python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' early.svg
fi

# Other order, matched by id; and two segments of one task each have clocks of their own.
{
    cat <<END
kind decisions
meta model 0123456789abcdef0123456789abcdef
meta layers 4
doc 0 b-2 - -
doc 1 b-1 red 5
decision 0 0 4 6
decision 1 0 4 6
end 0 4 1000 1000
end 1 4 1000 1000
run 4.5 100 200
segment
doc 0 a-1 yes 7
doc 1 a-2 no 8
decision 0 0 4 7
decision 1 0 4 8
end 0 4 1000 1000
end 1 4 1000 1000
run 3.5 0 0
END
} | "$puts" >two.aid
status_is 0 'documents in another order' ai-eval --json --against=two.aid early.aid
contains out '"accuracy_dense": 0.666666667, "agreement": 0.75' 'are matched by their ids'
status_is 0 'two segments' ai-eval --json --tasks --against=two.aid two.aid
contains out '"task": "b".*"arithmetic_skipped": 0.0454545455, "seconds": 4.5, "seconds_dense": 4.5' 'seconds of task b'
contains out '"task": "a".*"seconds": 3.5, "seconds_dense": 3.5' 'seconds of task a'
contains out '"task": "all".*"seconds": 8, ' 'seconds of both'

# A replay: full depth was computed, the answers come from lower layers.
{
    documents
    printf '%s\n' '0 2 7' '1 1 9' '2 2 6' '3 3 6' | while read -r doc layer token; do
        echo "decision $doc 0 $layer $token"
        echo "end $doc 4 1000 1000"
    done
    echo 'run 8.0 400 400'
} | "$puts" >replay.aid
status_is 0 'a replay' ai-eval --json replay.aid
contains out '"arithmetic_skipped": 0.454545455, "seconds": null' 'its arithmetic is estimated, its seconds are nobody'\''s'
status_is 0 'a replay as a table' ai-eval replay.aid
contains out 'estimated' 'says that it is estimated'
contains out '~45.5%' 'and marks the number'

# No ids, no labels, no clock, more than one step, a document without an answer.
{
    cat <<END
kind decisions
meta layers 4
doc 0 - - -
doc 1 - - -
doc 2 - - -
decision 0 0 2 7
decision 0 1 4 9
decision 1 0 4 3
END
} | "$puts" >bare.aid
sed 's/^decision 0 1 4 9/decision 0 1 4 8/' <<END | "$puts" >bare-dense.aid
kind decisions
meta layers 4
doc 0 - - -
doc 1 - - -
doc 2 - - -
decision 0 0 4 7
decision 0 1 4 9
decision 1 0 4 3
END
status_is 0 'a bare stream' ai-eval --json --against=bare-dense.aid bare.aid
cat >want <<END
{"documents": 3, "accuracy": null, "accuracy_dense": null, "agreement": 0.666666667, "layers_mean": 3.33333333, "layers_variance": 0.888888889, "layers_skipped": 0.166666667, "arithmetic_skipped": null, "seconds": null, "seconds_dense": null}
END
same_bytes out want 'has few numbers, and those are right'
status_is 0 'a bare stream as a table' ai-eval bare.aid
contains out '^1 of the documents have no answer' 'says that an answer is missing'
printf 'kind decisions\nmeta layers 4\n' | "$puts" >none.aid
status_is 0 'no documents at all' ai-eval --json none.aid
contains out '"documents": 0, "accuracy": null' 'has no accuracy'

status_is 0 'two runs side by side' ai-eval --against=dense.aid early.aid dense.aid
contains out '^early.aid  all  *4 ' 'a row for the first'
contains out '^dense.aid  all  *4 ' 'a row for the second'

# What is refused.
fails() { # STATUS REGEX NAME COMMAND...
    status=$1 regex=$2 name=$3
    shift 3
    status_is "$status" "$name" "$@"
    contains err "$regex" "$name: says why"
    [ "$(wc -l <err)" -eq 1 ] && [ ! -s out ]
    ok $? "$name: one line, no output"
}
sed 's/^/x/' early.aid >noise
fails 3 '^ai-eval: noise: ' 'noise' ai-eval noise
fails 1 '^ai-eval: missing.aid: ' 'no such file' ai-eval missing.aid
fails 3 '^ai-eval: early.aid: .*bare.aid' 'other documents' ai-eval --against=bare.aid early.aid
{ documents; echo 'doc 4 b-3 - -'; } | "$puts" >five.aid
fails 3 '^ai-eval: early.aid: 4 documents, and five.aid has 5' 'more documents' ai-eval --against=five.aid early.aid
documents | sed 's/b-2/b-9/' | "$puts" >other-id.aid
fails 3 "^ai-eval: other-id.aid: no document with the id 'b-2'" 'other ids' ai-eval --against=other-id.aid early.aid
documents | sed 's/0123/9999/' | "$puts" >other-model.aid
fails 3 '^ai-eval: early.aid: it is of model 0123' 'another model' ai-eval --against=other-model.aid early.aid
printf 'kind decisions\nmeta layers 4\ndecision 7 0 1 1\n' | "$puts" >lost.aid
fails 3 '^ai-eval: lost.aid: .*document 7 has not begun' 'a decision without a document' ai-eval lost.aid
printf 'kind decisions\nmeta layers 4\ndoc 0 - - -\ndecision 0 0 5 1\n' | "$puts" >deep.aid
fails 3 '^ai-eval: deep.aid: .*layer 5 of 4' 'a layer that the model does not have' ai-eval deep.aid
printf 'kind decisions\nmeta layers 4\ndoc 0 - - -\ndecision 0 1 4 1\n' | "$puts" >step.aid
fails 3 '^ai-eval: step.aid: .*answer 1 where 0 is due' 'a missing step' ai-eval step.aid
printf 'kind decisions\nmeta layers 4\ndoc 0 - - -\ndoc 0 - - -\n' | "$puts" >twice.aid
fails 3 '^ai-eval: twice.aid: .*begins twice' 'a document twice' ai-eval twice.aid
printf 'kind decisions\ndoc 0 - - -\n' | "$puts" >flat.aid
fails 3 '^ai-eval: flat.aid: .*layers' 'a header without layers' ai-eval flat.aid
printf 'kind features\nmeta layers 4\n' | "$puts" >kind.aif
fails 3 '^ai-eval: kind.aif: ' 'a stream of another kind' ai-eval kind.aif
size=$(wc -c <early.aid) bad=0
for n in 0 1 7 8 20 60 100 200 $((size / 2)) $((size - 9)) $((size - 1)); do
    head -c "$n" early.aid >cut.aid
    ai-eval cut.aid >out 2>err
    if [ $? -ne 3 ] || [ -s out ]; then
        bad=1
        echo "# $n bytes"
    fi
done
ok $bad 'every tested prefix is refused'
status_is 2 'an unknown option' ai-eval --nonsense early.aid
status_is 2 'bars in JSON' ai-eval --json --histogram early.aid
ai-eval early.aid 2>err >/dev/full
[ $? -eq 1 ]
ok $? 'a full disk is status 1'
status_is 0 'a table in a file' ai-eval -o table early.aid
contains table '^all ' 'and it is there'
status_is 0 'a run against itself' ai-eval --against=early.aid early.aid
contains err 'warning: .*not a run at full depth' 'a dense run that stops early is remarked upon'
done_testing
