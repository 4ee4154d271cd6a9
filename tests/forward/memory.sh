#!/bin/sh
# Memory: weights stay in their file, and a stream's length does not matter.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"
peak=$AI_BUILD/tests/forward/peak
"$peak" || skip_all "the sanitizers' own memory hides ours"

# Peak of ai-forward: at most the weights, keys and values, and 64 MiB.  The batch is
# as large as the default allows; keys and values are left out of the limit.
within() { # MODEL NAME DOCUMENTS
    awk -v n="$3" 'BEGIN { for (d = 0; d < n; d++) { for (i = 0; i < 128; i++) printf "%d ", (i * 7 + d * d) % 500; print "" } }' |
        ai-tokenize --from=ids -m "$1" -o wide.ait
    for layers in last all; do
        rm -f kib
        "$peak" kib ai-forward -T 2 -m "$1" --layers=$layers --batch=64 --batch-tokens=8192 wide.ait >/dev/null
        ok $? "$2 runs, states of $layers"
        limit=$(($(wc -c <"$1") / 1024 + 65536))
        [ "$(cat kib)" -le $limit ]
        ok $? "and takes $(cat kib) KiB, where weights and 64 MiB are $limit KiB"
    done
}
within "$demo_model" "the demonstration model" 64
for model in gguf/gg_llama/gg_llama-F16.gguf real/stories260K/gguf/stories260K-F16.gguf; do
    [ ! -e "$AI_SHARED/conformance/$model" ] || within "$AI_SHARED/conformance/$model" "${model##*/}" 64
done
# large enough that a copy as F32 would show
"$AI_BUILD/tests/gen/gen-model" -t F16 -l 4 -w 768 -a 12 -g 12 -f 2048 large.gguf
within large.gguf "a model of $(($(wc -c <large.gguf) / 1048576)) MiB" 16
rm large.gguf

# Ten times as many documents need no more memory, in any program of the ring.
ring() { # DOCUMENTS: peaks in ./forward and so on
    rm -f tokenize forward features decide
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "{\"id\":\"document-%d\",\"text\":\"film %d\"}\n", i, i }' |
        "$peak" tokenize ai-tokenize -m "$demo_model" | "$peak" forward ai-forward -T 1 -m "$demo_model" --layers=1,12 |
        "$peak" features ai-features -T 1 -m "$demo_model" | "$peak" decide ai-decide -p 'gap>0.5' >decisions.aid
}
ring 400
ok $? "a ring of 400 documents"
for program in tokenize forward features decide; do
    mv $program few.$program
done
ring 4000
ok $? "a ring of 4000 documents"
for program in tokenize forward features decide; do
    few=$(cat few.$program) many=$(cat $program)
    [ "$many" -le $((few + 2048)) ]
    ok $? "ai-$program: $few KiB, then $many KiB"
done
done_testing
