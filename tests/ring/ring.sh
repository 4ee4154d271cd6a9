#!/bin/sh
# The ring: however it is closed, it gives the decisions that a recording gives.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"
prompts=$AI_SOURCE/examples/prompts
templates=$AI_SOURCE/examples/templates
policy='gap>0.6 && layer>=2'

for task in sst2 agnews trec subj; do
    ai-prompt -t "$templates/$task" "$prompts/$task/test.tsv"
done >docs.jsonl
ai-tokenize -m "$demo_model" docs.jsonl >tokens.ait

# document, layer, early, token of each decision, in the order of documents
shown() {
    ai-view --no-header "$1" | sort -n | cut -f 1,2,5,6,7
}

ai-forward -m "$demo_model" --layers=all tokens.ait | ai-features -m "$demo_model" >features.aif
ai-decide -p "$policy" features.aif >replayed.aid
shown replayed.aid >want
[ "$(wc -l <want)" -eq 240 ] && cut -f 4 want | grep -q 1 && cut -f 4 want | grep -q 0
ok $? "some of 240 documents leave early and some do not"

mkfifo ctl
ai-forward -m "$demo_model" --control=ctl tokens.ait 2>forward.err |
    ai-features -m "$demo_model" 2>features.err | ai-decide -p "$policy" --control=ctl >fifo.aid 2>decide.err
ok $? "the ring by hand ends well"
cat forward.err features.err decide.err >errors
same_bytes errors /dev/null "and in silence"
shown fifo.aid >got
same_bytes got want "its decisions are those of the recording"

# a shell that holds ai-forward's output open does not stop the end from coming
(
    ai-forward -m "$demo_model" --control-timeout=60 --control=ctl tokens.ait
    echo $? >status
    sleep 1
) | ai-features -m "$demo_model" | ai-decide -p "$policy" --control=ctl >held.aid
echo 0 >zero
same_bytes status zero "nor does a wrapper around it"
shown held.aid >got
same_bytes got want "the decisions are the same again"

ai-forward -m "$demo_model" --stats=stats.json --decide="ai-features -m '$demo_model' | ai-decide -p '$policy'" \
    tokens.ait >decided.aid 2>err
ok $? "the ring that ai-forward starts by itself ends well"
same_bytes err /dev/null "in silence"
shown decided.aid >got
same_bytes got want "with the same decisions"
contains stats.json '"left_early": [1-9]' "--stats counts who left"

for options in '-T 1' '-T 3' '--batch=1' '--batch=7' '--batch-tokens=200' '--prefix-cache=0' '--layers=2-12'; do
    ai-forward -m "$demo_model" $options --decide="ai-features -m '$demo_model' | ai-decide -p '$policy'" \
        tokens.ait >some.aid
    shown some.aid >got
    same_bytes got want "$options: the same decisions"
done
ai-forward -m "$demo_model" --decide="ai-features -T 2 --head=choices -m '$demo_model' | ai-decide -p never" \
    tokens.ait >choices.aid
ok $? "with the choices alone as the head"
ai-eval --json choices.aid >choices.json
contains choices.json '"layers_skipped": *0[,.}]' "a policy that never stops skips nothing"

ai-forward -m "$demo_model" --decide="tee states.aih | ai-features -m '$demo_model' | ai-decide -p '$policy'" \
    tokens.ait >some.aid
ai-view --check states.aih
ok $? "the states can be tapped with tee"
ai-view --no-header states.aih | cut -f 1,3 | sort | uniq -d >twice
same_bytes twice /dev/null "no state comes twice"
# a document's states end where it left
ai-view --no-header states.aih | awk '{ if ($3 > last[$1]) last[$1] = $3 } END { for (d in last) print d "\t" last[d] }' |
    sort -n >got
cut -f 1,3 want >layers
same_bytes got layers "no block runs for a document that has left"

# Answers stream out while prompts come in.
{
    echo 'Review: a fine film Sentiment:'
    sleep 2
    echo 'Review: a dull film Sentiment:'
} | {
    ai-tokenize -m "$demo_model" | ai-forward -m "$demo_model" |
        ai-features -m "$demo_model" | ai-decide | ai-tokenize -d -m "$demo_model" >answers
} &
sleep 1.5
[ "$(wc -l <answers)" -eq 1 ]
ok $? "the first answer comes before the second prompt"
wait
[ "$(wc -l <answers)" -eq 2 ]
ok $? "and then the second"

# Documents with a common beginning.
long='The review that follows was printed in the evening paper of a small town by the sea and says this'
for word in good bad dull fine great poor; do
    echo "$long : $word film Sentiment:"
done >shots.txt
ai-tokenize -m "$demo_model" shots.txt >shots.ait
ai-forward -m "$demo_model" --stats=shared.json shots.ait | ai-features -m "$demo_model" | ai-decide >shared.aid
ai-forward -m "$demo_model" --stats=alone.json --prefix-cache=0 shots.ait | ai-features -m "$demo_model" | ai-decide >alone.aid
shown shared.aid >got
shown alone.aid >want
same_bytes got want "a shared beginning changes no answer"
asked=$(sed 's/.*"tokens_asked": \([0-9]*\).*/\1/' shared.json)
computed=$(sed 's/.*"tokens_computed": \([0-9]*\).*/\1/' shared.json)
[ "$computed" -lt $((asked / 2)) ]
ok $? "and is computed once ($computed of $asked tokens)"
done_testing
