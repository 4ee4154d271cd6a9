#!/bin/sh
# ai-features on streams made here and the demonstration model.
. "$AI_SOURCE/tests/tap.sh"
puts=$AI_BUILD/tests/eval/puts
[ -r "$demo_model" ] || skip_all "no demonstration model"

# The model's own digest and sizes, from what ai-features says of another's stream.
printf 'kind hidden\nmeta model x\n' | "$puts" >other.aih
status_is 3 'a stream of another model' ai-features -m "$demo_model" other.aih
contains err '^ai-features: other.aih: header: the states are of model x, and this model is [0-9a-f]*$' 'names both'
digest=$(sed -n 's/.*this model is \([0-9a-f]*\)$/\1/p' err)
header="kind hidden
meta model $digest"
printf '%s\ndoc 0 - - -\nhidden 0 0 0 1 1.0\n' "$header" | "$puts" >narrow.aih
status_is 3 'a state of another width' ai-features -m "$demo_model" narrow.aih
contains err "document 0: a state of width 1, and the model's is [0-9]*$" 'names both widths'
width=$(sed -n "s/.*model's is \([0-9]*\)$/\1/p" err)
[ "$width" ] || { done_testing; }
printf '%s\nmeta layers 999\n' "$header" | "$puts" >layers.aih
status_is 3 'another number of layers' ai-features -m "$demo_model" layers.aih
contains err 'header: 999 layers, and the model has' 'names it'

# state DOC LAYER SEED [VALUE]: a hidden line; VALUE replaces the last number
state() {
    awk -v d="$1" -v l="$2" -v seed="$3" -v last="$4" -v n="$width" 'BEGIN {
        srand(seed); printf "hidden %d 0 3 %d", d, l
        for (i = 1; i < n; i++) printf " %.4f", 2 * rand() - 1
        print " " (last == "" ? "0.5" : last)
    }'
}
{
    echo "$header"
    echo 'meta tokenizer abc'
    echo 'doc 0 t-0 yes 300 yes:300 no:301'
    echo 'doc 1 t-1 no 301 no:301 yes:300 maybe:300'
    for l in 1 2 3; do
        state 0 $l $l
        state 1 $l $((l + 10))
    done
    echo 'end 1 3 5 9'
    state 0 4 4
    echo 'end 0 4 6 9'
    echo 'run 1.5 0 0'
} >text
"$puts" <text >states.aih
status_is 0 'a hidden stream' ai-features -m "$demo_model" --no-provenance -o features.aif states.aih
"$puts" -r <features.aif >shown
contains shown '^meta features gap,top_prob$' 'the default features are in the header'
contains shown '^meta head full$' 'the head too'
contains shown '^meta top 5$' 'and how many tokens'
contains shown '^meta tokenizer abc$' 'what else the header said stays'
grep -v '^meta' shown | cut -d' ' -f1-3 >order
cat >want <<END
record 1 0
record 1 1
features 0 0
features 1 0
features 0 0
features 1 0
features 0 0
features 1 0
record 6 1
features 0 0
record 6 0
record 7 0
END
same_bytes order want 'all records, in order'
awk '$1 == "features" { split($8, a, ":"); split($9, b, ":"); d = $6 - (a[2] - b[2])
        if (d * d > 1e-10 || $7 != a[2]) bad = 1 }
    END { exit bad }' shown
ok $? 'gap and top_prob are what the tokens say'

ai-features -m "$demo_model" --no-provenance <states.aih >piped.aif 2>err
same_bytes features.aif piped.aif 'standard input and output give the same'
status_is 0 'raw' ai-features -m "$demo_model" --no-provenance -Z 0 -o raw.aif states.aih
"$puts" -r <raw.aif >again
same_bytes shown again 'compressed or raw, the same records'
status_is 0 'more threads' ai-features -m "$demo_model" --no-provenance -T 3 -o three.aif states.aih
"$puts" -r <three.aif >again
# products are cut otherwise, so that last bits may differ
paste -d ' ' shown again | awk '$1 != "features" { next }
    { seen++; for (i = 6; i <= 12; i++) {
          n = split($i, a, ":"); split($(i + 12), b, ":"); d = a[n] - b[n]
          if (d * d > 1e-9 || (n == 2 && a[1] != b[1])) bad = 1
      } }
    END { exit bad || seen != 7 }'
ok $? 'threads change nothing that matters'
zstd -q -19 -c states.aih >packed.aih 2>/dev/null && {
    ai-features -m "$demo_model" --no-provenance packed.aih >again 2>err
    same_bytes features.aif again 'a compressed stream gives the same'
}
cat states.aih states.aih >twice.aih
status_is 0 'two streams, concatenated' ai-features -m "$demo_model" --no-provenance -o twice.aif twice.aih
[ "$("$puts" -r <twice.aif | awk '$1 == "features" { print $2 }' | sort -u | tr '\n' ' ')" = '0 1 2 3 ' ]
ok $? 'have four documents'

status_is 0 'only the choices' ai-features -m "$demo_model" --head=choices --top=9 \
    --features=top_prob,gap,entropy,depth -o choices.aif states.aih
"$puts" -r <choices.aif >shown
contains shown '^meta head choices$' 'are in the header'
awk '$1 == "features" { n++; split($10, a, ":"); split($11, b, ":")
        if (NF != 11 || a[1] + b[1] != 601 || a[2] + b[2] < 0.99999 || a[2] + b[2] > 1.00001) bad = 1 }
    END { exit bad || n != 7 }' shown
ok $? 'two tokens compete, each once, and their probabilities add up to 1'

# Cosines of neighbouring blocks come from ai-forward.
printf '0\tdull and long\n1\ta joy from start to end , warm and funny\n' >rows.tsv
ai-prompt -t "$AI_SOURCE/examples/templates/sst2" rows.tsv | ai-tokenize -m "$demo_model" -o rows.ait
status_is 0 'states with cosines' ai-forward -m "$demo_model" --layers=all --cosines -o with.aih rows.ait
status_is 0 'all features' ai-features -m "$demo_model" --features=all -o with.aif with.aih
ai-view with.aif >shown
contains shown '	cosine	norm_ratio	depth	state_cosine	attention_cosine	mlp_cosine	' 'and the three are among them'
awk 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    { d = $c["cosine"] - $c["state_cosine"]; a = $c["attention_cosine"]; m = $c["mlp_cosine"]
      if ($c["layer"] == 1 ? a != 0 || m != 0 : d * d > 1e-10 || a * a > 1 || m * m > 1 || a == 0 || m == 0) bad = 1 }
    END { exit bad || NR < 20 }' shown
ok $? 'of the states it is what states of all layers say themselves'
status_is 0 'states of two layers' ai-forward -m "$demo_model" --layers=3,7,12 --cosines -o some.aih rows.ait
ai-features -m "$demo_model" --features=mlp_cosine,attention_cosine,state_cosine some.aih >some.aif
ai-features -m "$demo_model" --features=mlp_cosine,attention_cosine,state_cosine with.aih >every.aif
ai-view --no-header some.aif >some
ai-view --no-header every.aif | awk '$3 == 3 || $3 == 7 || $3 == 12' >every
same_bytes some every 'have the same cosines'
status_is 0 'without them' ai-forward -m "$demo_model" --layers=all -o without.aih rows.ait
status_is 0 'all features are fewer' ai-features -m "$demo_model" --features=all -o without.aif without.aih
ai-view -t header without.aif >shown
contains shown '^features	gap,.*,depth$' 'and end before the cosines'
status_is 3 'a cosine that is not there' ai-features -m "$demo_model" --features=mlp_cosine -o no.aif without.aih
contains err 'document 0: layer 1: the state comes without cosines (ai-forward --cosines' 'says whose they are'
status_is 2 'cosines of all positions' ai-forward -m "$demo_model" --cosines --positions=all rows.ait
status_is 0 'what is done with them' ai-decide -p 'state_cosine>0.9 && layer>2' -o with.aid with.aif
ai-view -t header with.aid >shown
contains shown '^cosines	yes$' 'the header says that they were there'

# In a live ring nothing may wait for a buffer.
mkfifo in out.fifo
ai-features -m "$demo_model" <in >out.fifo 2>err &
pid=$!
"$puts" -r <out.fifo >live &
reader=$!
{
    size=$(wc -c <states.aih)
    head -c $((size - 200)) states.aih
    tries=0
    while [ "$(grep -c '^features' live)" -lt 6 ] && [ $tries -lt 200 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    grep -c '^features' live >before_end
    tail -c 200 states.aih
} >in
wait $pid
ok $? 'a live stream'
wait $reader
[ "$(cat before_end)" -ge 6 ]
ok $? 'its states are answered before more comes'

fails() { # STATUS REGEX NAME COMMAND...
    status=$1 regex=$2 name=$3
    shift 3
    status_is "$status" "$name" "$@"
    contains err "$regex" "$name: says why"
    [ "$(wc -l <err)" -eq 1 ]
    ok $? "$name: one line"
}
for bad in nan inf; do
    { echo "$header"; echo 'doc 5 - - -'; state 5 2 1 $bad; } | "$puts" >bad.aih
    fails 3 '^ai-features: bad.aih: .*document 5: layer 2: the state is not finite' "a state with $bad" \
        ai-features -m "$demo_model" -o no.aif bad.aih
done
[ ! -e no.aif ]
ok $? 'no output file is left'
{ echo "$header"; echo 'doc 5 - - -'; state 5 2 1; state 5 2 1; } | "$puts" >bad.aih
fails 3 '^ai-features: bad.aih: document 5: layer 2 comes after layer 2' 'a layer twice' \
    ai-features -m "$demo_model" -o no.aif bad.aih
{ echo "$header"; echo 'doc 5 - - -'; state 5 999 1; } | "$puts" >bad.aih
fails 3 'document 5: layer 999, and the model has' 'a layer too deep' ai-features -m "$demo_model" -o no.aif bad.aih
{ echo "$header"; state 5 1 1; } | "$puts" >bad.aih
fails 3 'document 5: it has not begun' 'a state without a document' ai-features -m "$demo_model" -o no.aif bad.aih
{ echo "$header"; echo 'doc 5 - - -'; echo 'end 5 1 1 1'; state 5 1 1; } | "$puts" >bad.aih
fails 3 'document 5: it has ended' 'a state after the end' ai-features -m "$demo_model" -o no.aif bad.aih
{ echo "$header"; echo 'doc 5 - - -'; echo 'doc 5 - - -'; } | "$puts" >bad.aih
fails 3 'document 5: it begins twice' 'a document twice' ai-features -m "$demo_model" -o no.aif bad.aih
{ echo "$header"; echo 'doc 5 - - -'; } | "$puts" >bad.aih
fails 3 'document 5: it has no choices' 'no choices' ai-features -m "$demo_model" --head=choices -o no.aif bad.aih
{ echo "$header"; echo 'doc 5 - - - yes:999999999'; } | "$puts" >bad.aih
fails 3 'document 5: choice 1 is token 999999999' 'a choice outside the vocabulary' \
    ai-features -m "$demo_model" --head=choices -o no.aif bad.aih
printf 'kind hidden\n' | "$puts" >bad.aih
fails 3 'bad.aih: header: it does not say which model' 'no digest' ai-features -m "$demo_model" -o no.aif bad.aih
printf 'kind decisions\n' | "$puts" >bad.aid
fails 3 '^ai-features: bad.aid: ' 'a stream of another kind' ai-features -m "$demo_model" -o no.aif bad.aid
bad=0
size=$(wc -c <states.aih)
for n in 0 1 8 50 200 $((size / 2)) $((size - 9)) $((size - 1)); do
    head -c "$n" states.aih >cut.aih
    ai-features -m "$demo_model" -o no.aif cut.aih 2>err
    if [ $? -ne 3 ] || [ -e no.aif ]; then
        bad=1
        echo "# $n bytes"
    fi
done
ok $bad 'every tested prefix is refused'
status_is 2 'no model' ai-features states.aih
status_is 2 'an unknown feature' ai-features -m "$demo_model" -f gap,gips states.aih
contains err "'gips' is none of: gap, top_prob" 'lists what there is'
status_is 2 'top 0' ai-features -m "$demo_model" -k 0 states.aih
status_is 2 'another head' ai-features -m "$demo_model" -H tail states.aih
ai-features -m "$demo_model" states.aih 2>err >/dev/full
[ $? -eq 1 ]
ok $? 'a full disk is status 1'
done_testing
