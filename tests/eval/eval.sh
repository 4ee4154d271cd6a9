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

# 3 of 4 agree: 2.5 % of all samples have 3 or more at p = 0.194 (4 p^3 - 3 p^4), 3 or fewer at 0.994 (1 - p^4)
# mean (2+1+4+3)/4 = 2.5, variance 1.25, skipped 1.5/4; arithmetic 1 - 2880/4400
status_is 0 'JSON of an early run against a dense one' ai-eval --json --against=dense.aid early.aid
cat >want <<END
{"documents": 4, "accuracy": 0.333333333, "accuracy_dense": 0.666666667, "agreement": 0.75, "layers_mean": 2.5, "layers_variance": 1.25, "layers_skipped": 0.375, "arithmetic_skipped": 0.345454545, "seconds": 5, "seconds_dense": 8, "agreement_low": 0.19412045, "agreement_high": 0.993690537, "flips": 1, "flips_lost": 1, "flips_won": 0, "exact_match": null, "f1": null, "documents_per_second": 0.8, "checks": null, "head_arithmetic": null, "head_seconds": null, "decide_seconds": null, "estimated": false, "exits": [0, 1, 1, 1, 1]}
END
same_bytes out want 'every number as counted by hand'
status_is 0 'JSON without a dense run' ai-eval --json early.aid
cat >want <<END
{"documents": 4, "accuracy": 0.333333333, "accuracy_dense": null, "agreement": null, "layers_mean": 2.5, "layers_variance": 1.25, "layers_skipped": 0.375, "arithmetic_skipped": 0.345454545, "seconds": 5, "seconds_dense": null, "agreement_low": null, "agreement_high": null, "flips": null, "flips_lost": null, "flips_won": null, "exact_match": null, "f1": null, "documents_per_second": 0.8, "checks": null, "head_arithmetic": null, "head_seconds": null, "decide_seconds": null, "estimated": false, "exits": [0, 1, 1, 1, 1]}
END
same_bytes out want 'what is not known is null'
status_is 0 'standard input' sh -c 'ai-eval --json - <early.aid'
same_bytes out want 'and it is the same'

status_is 0 'the table' ai-eval --against=dense.aid early.aid
contains out '^a  *2  *50.0%  *100.0%  *1  *50.0%  *1.3..98.7  *1.50 ± 0.50 of 4  *62.5%  *62.5%  *-  *-  *-  *-$' 'a row for task a'
contains out '^b  *2  *0.0%  *0.0%  *0  *100.0%  *15.8..100.0  *3.50 ± 0.50 of 4  *12.5%  *12.5%  *-  *-  *-  *-$' 'a row for task b'
contains out '^all  *4  *33.3%  *66.7%  *1  *75.0%  *19.4..99.4  *2.50 ± 1.12 of 4  *37.5%  *34.5%  *5.00  *8.00  *37.5%  *0.8$' 'and one for all'
[ "$(sed 's/±/+/g' out | awk '{print length($0)}' | sort -u | wc -l)" -eq 1 ]
ok $? 'every line of the table is equally wide'

status_is 0 'JSON a task' ai-eval --json --tasks early.aid
contains out '^{"task": "a", "documents": 2, "accuracy": 0.5, ' 'with the task as a key'
contains out '^{"task": "all", "documents": 4, ' 'and all'
status_is 0 'bars' ai-eval --histogram early.aid
contains out '^    2         1  ####' 'one answer from layer 2'

status_is 0 'a figure besides' ai-eval --svg=early.svg --against=dense.aid early.aid
contains out '^all  *4 ' 'the table comes all the same'
contains early.svg '<title>layer 2: 25.0%</title>' 'one of four answers from layer 2'
contains early.svg '(a) Accuracy against arithmetic' 'accuracy'
[ "$(grep -c 'class="title"' early.svg)" -eq 2 ]
ok $? 'without depths there are two panels'
status_is 0 'a figure of each task' ai-eval --svg=tasks.svg --tasks --against=dense.aid early.aid dense.aid
[ "$(grep -c 'class="title"' tasks.svg)" -eq 6 ] && grep -q '>dense.aid</text>' tasks.svg
ok $? 'has a row of panels for each, and the names of the runs'
if command -v python3 >/dev/null; then
    for file in early.svg tasks.svg; do
        status_is 0 "$file is well-formed XML" python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' $file
    done
fi
status_is 1 'a figure that cannot be written' ai-eval --svg=no/such/folder.svg early.aid
[ ! -s out ]
ok $? 'and then nothing else is'

# Depths.  Three layers; what each layer says of documents 0..3, whose labels are 7:
#   layer 1: 7 8 9 8    layer 2: 7 7 9 8    layer 3: 7 7 7 8
# Depth 1 agrees in 2 of 4, depth 2 in 3; document 3 is wrong everywhere.  The oracle stops at
# 1, 2, 3 and 1, mean 1.75; document 2 given up (saves 2) makes 1.25 with 3 of 4, 1 too makes 1.
{
    echo 'kind features'
    echo 'meta layers 3'
    echo 'meta features gap'
    for d in 0 1 2 3; do echo "doc $d t-$d seven 7"; done
    layer=0
    for tokens in '7 8 9 8' '7 7 9 8' '7 7 7 8'; do
        layer=$((layer + 1)) d=0
        for token in $tokens; do
            echo "features $d 0 0 $layer $token 0.5"
            d=$((d + 1))
        done
    done
    for d in 0 1 2 3; do echo "end $d 3 300 300"; done
} >depths
"$puts" <depths >depths.aif
status_is 0 'depths alone' ai-eval --depths=depths.aif
contains out '^t, 4 documents$' 'a table a task'
contains out '^ *1  *50.0%  *6.8..93.2  *50.0%  *25.0%  #*$' 'layer 1'
contains out '^ *2  *75.0%  *19.4..99.4  *75.0%  *50.0%  #*$' 'layer 2'
status_is 0 'the same for a program' ai-eval --json --depths=depths.aif
contains out '^{"baseline": "depth", "documents": 4, "settled": 0.75, "accuracy": 0.5, "accuracy_dense": 0.75, "agreement": 0.75, "layers_mean": 2, ' 'depth 2'
contains out '^{"baseline": "oracle", .*"accuracy": 0.75, .*"agreement": 1, "layers_mean": 1.75, .*"arithmetic_skipped": 0.416666667' 'the oracle'
{
    sed -n '/^meta layers/p; /^doc/p' depths | sed '1i kind decisions'
    echo 'decision 0 0 1 7'
    echo 'decision 1 0 2 7'
    echo 'decision 2 0 2 9'
    echo 'decision 3 0 2 8'
    echo 'end 0 1 100 300'
    for d in 1 2 3; do echo "end $d 2 200 300"; done
} | "$puts" >run.aid
status_is 0 'a run against depths' ai-eval --depths=depths.aif --svg=depths.svg run.aid
contains out '^t  *4  *50.0%  *75.0%  *1  *75.0% ' 'full depth is the last of them'
contains out '^this run  *1.75  *58.3%  *50.0%  *75.0%$' 'the run'
contains out '^  last 2 layers dropped (best depth)  *1.00  *~33.3%  *25.0%  *50.0%$' 'what its arithmetic buys without a policy'
contains out '^oracle  *1.75  *~58.3%  *75.0%  *100.0%$' 'and the least that keeps every answer'
[ "$(grep -c 'class="title"' depths.svg)" -eq 3 ]
ok $? 'the figure has three panels'
grep -v '^features 2 0 0 3' depths | "$puts" >short.aif
status_is 3 'depths without the last layer' ai-eval --depths=short.aif
contains err 'document 2: its last layer, 3, is not in the stream' 'says which'

# What head and policy spent.
sed 's/^run 5.0.*/&\ncost ai-features 10 88 0.25\ncost ai-decide 10 0 0.03125/' <<END >costs
$(documents)
decision 0 0 2 7
decision 1 0 1 9
decision 3 0 3 6
decision 2 0 4 6
end 0 2 500 1000
end 1 1 250 1000
end 2 4 1000 1000
end 3 3 750 1000
run 5.0 380 400
END
"$puts" <costs >costs.aid
status_is 0 'costs' ai-eval --json costs.aid
contains out '"checks": 2.5, "head_arithmetic": 0.02, "head_seconds": 0.25, "decide_seconds": 0.03125' 'are known'
status_is 0 'costs as a table' ai-eval costs.aid
contains out '^all  *2.50  *2.0%  *0.25  *0.03$' 'are below'

# Answers as text: no choices, several right ones.
if [ -r "$demo_model" ]; then
    token() { # WORD: its first token as an answer
        printf '{"text": "x", "label": "%s", "choices": ["%s"]}\n' "$1" "$1" | ai-tokenize -m "$demo_model" 2>/dev/null |
            ai-forward -m "$demo_model" | ai-features -m "$demo_model" --head=choices | ai-decide | ai-view --no-header |
            cut -f 7
    }
    good=$(token good)
    {
        echo 'kind decisions'
        echo 'meta layers 4'
        echo "doc 0 q-0 The~Good! 5"
        echo "doc 1 q-1 bad|good~film 5"
        echo "doc 2 q-2 bad 5"
        echo "doc 3 q-3 - -"
        for d in 0 1 2 3; do echo "decision $d 0 4 $good"; done
    } | "$puts" >texts.aid
    status_is 0 'texts' ai-eval --json -m "$demo_model" texts.aid
    # exact 1 0 0, F1 1 2/3 0
    contains out '"exact_match": 0.333333333, "f1": 0.555555556' 'are scored against every gold answer'
    status_is 0 'texts as a table' ai-eval -m "$demo_model" texts.aid
    contains out ' F1 ' 'in columns of their own'
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
{"documents": 3, "accuracy": null, "accuracy_dense": null, "agreement": 0.666666667, "layers_mean": 3.33333333, "layers_variance": 0.888888889, "layers_skipped": 0.166666667, "arithmetic_skipped": null, "seconds": null, "seconds_dense": null, "agreement_low": 0.0942993241, "agreement_high": 0.991596241, "flips": 1, "flips_lost": 0, "flips_won": 0, "exact_match": null, "f1": null, "documents_per_second": null, "checks": null, "head_arithmetic": null, "head_seconds": null, "decide_seconds": null, "estimated": false, "exits": [0, 0, 1, 0, 2]}
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
status_is 2 'a figure without a name' ai-eval early.aid --svg
ai-eval early.aid 2>err >/dev/full
[ $? -eq 1 ]
ok $? 'a full disk is status 1'
status_is 0 'a table in a file' ai-eval -o table early.aid
contains table '^all ' 'and it is there'
status_is 0 'a run against itself' ai-eval --against=early.aid early.aid
contains err 'warning: .*not a run at full depth' 'a dense run that stops early is remarked upon'
done_testing
