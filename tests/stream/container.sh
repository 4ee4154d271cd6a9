#!/bin/sh
# Streams through other tools: zstd(1), cat, a reader written from the manual page;
# and ai-view on them.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"

for i in 1 2 3 4 5; do
    printf '{"id":"t-%d","text":"Review: film number %d Sentiment:","label":"positive","choices":["negative","positive"]}\n' $i $i
done >docs.jsonl
ai-tokenize -m "$demo_model" docs.jsonl >tokens.ait
ai-tokenize -m "$demo_model" -Z 0 docs.jsonl >tokens.raw
ai-forward -m "$demo_model" --layers=all tokens.ait >states.aih
ai-features -m "$demo_model" states.aih >features.aif
ai-decide -p 'gap>0.5' features.aif >decisions.aid

ai-view tokens.ait >want.tsv
for form in tokens.raw; do
    ai-view $form >got.tsv
    same_bytes got.tsv want.tsv "a raw stream shows the same"
done
if command -v zstd >zstd.path; then
    zstd -dc <tokens.ait >plain.ait
    ai-view plain.ait >got.tsv
    same_bytes got.tsv want.tsv "what zstd -d makes of a stream is the stream"
    zstd -19 -c <plain.ait >small.ait
    ai-view small.ait >got.tsv
    same_bytes got.tsv want.tsv "what zstd -19 makes of it is, too"
    zstd -t -q tokens.ait
    ok $? "zstd -t accepts it"
fi
cat tokens.ait tokens.raw tokens.ait >three.ait
ai-view --no-header three.ait | wc -l | tr -d ' ' >got
echo 15 >want
same_bytes got want "cat makes one stream of three"
ai-forward -m "$demo_model" three.ait | ai-features -m "$demo_model" | ai-decide | ai-view --no-header | cut -f 1 >got
seq 0 14 >want
same_bytes got want "documents of later segments count on"

for f in tokens.ait states.aih features.aif decisions.aid three.ait; do
    status_is 0 "--check: $f is whole" ai-view --check $f
    [ ! -s out ] && [ ! -s err ]
    ok $? "and nothing is printed"
    head -c "$(($(wc -c <$f) - 3))" $f >short.s
    status_is 3 "--check: $f cut is not" ai-view --check short.s
done
ai-view --to=jsonl features.aif >f.jsonl
[ "$(wc -l <f.jsonl)" -eq 60 ] && { ! command -v jq >jq.path || jq -e .gap <f.jsonl >jq.out; }
ok $? "features as JSON lines"
ai-view --to=svmlight features.aif | grep -c '^[01] 1:[0-9.e-]* 2:' >got
echo 55 >want
same_bytes got want "features as svmlight rows, the last layer left out"
width=$(ai-view --to=header states.aih | awk '$1 == "width" { print $2 }')
ai-view --values states.aih | awk -F '\t' -v n="$width" 'n < 1 || NF != 5 + n { bad = 1 } END { exit bad }'
ok $? "hidden states with all their values"
status_is 3 "features in another order cannot be put behind" sh -c '
    ai-features -m "$1" -f gap,top_prob states.aih >a.aif && ai-features -m "$1" -f top_prob,gap states.aih >b.aif &&
    cat a.aif b.aif | ai-decide -p "gap>0.5" >mixed.aid' sh "$demo_model"
contains err 'do not go together: features' "and that is said"
ai-view features.aif features.aif | grep -c '^doc' >got
echo 1 >want
same_bytes got want "one line of column names for two files of one kind"
ai-view features.aif decisions.aid | grep -c '^doc' >got
echo 2 >want
same_bytes got want "two for two kinds"
status_is 2 "svmlight is for features" ai-view --to=svmlight tokens.ait
status_is 0 "a model shows what it is" ai-view "$demo_model"
contains out '^layers	12' "with its layers"
for i in 0 1 2 3 4 5 6 7 8 9; do cat features.aif features.aif features.aif features.aif features.aif; done >long.aif
(ai-view long.aif; echo $? >status) | head -n 1 >out
[ "$(cat status)" -eq 141 ]
ok $? "a reader that leaves is no error of ours" # the pipe holds more than it reads

# The first half of a live stream must show while the second has not come: the feeder
# writes that only when it has seen the rows, or has lost its patience.
mkfifo live
: >live.tsv
(
    exec >live
    cat tokens.raw
    for try in $(seq 300); do
        [ "$(wc -l <live.tsv)" -lt 5 ] || { : >seen; break; }
        sleep 0.1
    done
    cat tokens.raw
) &
ai-view --no-header live >live.tsv &
viewer=$!
wait "$viewer"
ok $? "a viewer in a live ring ends well"
[ -e seen ]
ok $? "what had come was shown before more came"
[ "$(wc -l <live.tsv)" -eq 10 ]
ok $? "with all of it"

# Header lines are UTF-8; names of files need not be.
name=$(printf 'caf\351.jsonl')
if cp docs.jsonl "$name" 2>cp.err; then
    status_is 0 "a file name in another encoding is no obstacle" ai-tokenize -m "$demo_model" -o named.ait "$name"
    ai-view --to=header named.ait >out
    contains out 'caf?.jsonl' "and is shown with a mark"
fi
status_is 1 "a full disk is" sh -c 'ai-view features.aif >/dev/full'

if command -v python3 >py.path; then
    cat tokens.raw tokens.raw | python3 "$AI_SOURCE/tests/stream/read_stream.py" >py.out 2>err
    ok $? "a reader written from ai-stream(5) reads it"
    grep -c '^2 ' py.out >got
    echo 10 >want
    same_bytes got want "and finds the tokens"
    ai-features -Z 0 -m "$demo_model" states.aih | ai-decide -Z 0 -p 'gap>0.5' | python3 "$AI_SOURCE/tests/stream/read_stream.py" >py.out
    ok $? "decisions too"
fi
done_testing
