#!/bin/sh
# How much of the arithmetic saved becomes time, and what the ring itself costs:
#
#     tests/measure/time.sh DATA [MODEL [ROUNDS]]
#
# Prompts of 40 tokens and more of DATA/agnews/test.tsv, batches of 32, policy trained
# on DATA/agnews/dev.tsv.  Runs take turns, so that a machine whose speed drifts does so
# for all; medians of ROUNDS (5) are printed.  Whole-process wall clock, loading included.
set -eu

data=$(cd "$1" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
model=${2:-$tree/examples/model/demo.gguf}
case $model in /*) ;; *) model=$PWD/$model ;; esac
rounds=${3:-5}
PATH=${AI_BUILD:-$tree}/cmd:$PATH
folder=$(mktemp -d "${TMPDIR:-/tmp}/ai-measure.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

prompts() {
    ai-prompt -t "$tree/examples/templates/agnews" --id-prefix=agnews- "$data/agnews/$1.tsv"
}
prompts dev | ai-tokenize -m "$model" | ai-forward -m "$model" --layers=all | ai-features -m "$model" |
    ai-train-svm --max-flip=0.01 -o policy
prompts test >all.jsonl
ai-tokenize -m "$model" all.jsonl | ai-view --no-header | awk -F '\t' '{ print ($5 >= 40) }' |
    paste - all.jsonl | sed -n 's/^1	//p' >long.jsonl
ai-tokenize -m "$model" long.jsonl >long.ait
echo "$(wc -l <long.jsonl | tr -d ' ') prompts of 40 tokens and more"
mkfifo ctl

dense() {
    ai-forward -m "$model" long.ait | ai-features -m "$model" | ai-decide >dense.aid
}
early() {
    ai-forward -m "$model" --control=ctl long.ait | ai-features -m "$model" |
        ai-decide -p policy --control=ctl >early.aid
}
# every layer's state goes out and is looked at; nobody waits for a verdict
open_ring() {
    ai-forward -m "$model" --layers=all long.ait | ai-features -m "$model" | ai-decide -p 'gap>2' >open.aid
}
# the same, and ai-forward waits for each verdict; none of them is exit
closed_ring() {
    ai-forward -m "$model" --control=ctl long.ait | ai-features -m "$model" |
        ai-decide -p 'gap>2' --control=ctl >closed.aid
}

now() {
    date +%s.%N
}
while [ "$rounds" -gt 0 ]; do
    rounds=$((rounds - 1))
    for run in dense early open_ring closed_ring; do
        start=$(now)
        $run
        echo "$(now) $start" | awk '{ print $1 - $2 }' >>$run.seconds
    done
done
median() {
    sort -n "$1.seconds" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
ai-eval --json --against=dense.aid early.aid >eval.json
saved=$(sed 's/.*"arithmetic_skipped": \([0-9.]*\).*/\1/' eval.json)
echo "$(median dense) $(median early) $(median open_ring) $(median closed_ring) $saved" | awk '{
    time = 1 - $2 / $1
    printf "full depth       %.3f s\nearly exit       %.3f s\n", $1, $2
    printf "arithmetic saved %.1f %%\ntime saved       %.1f %%  (%.0f %% of it)\n", 100 * $5, 100 * time, 100 * time / $5
    printf "states of all layers, no control pipe  %.3f s\n", $3
    printf "the same with it, nobody leaves        %.3f s  (%+.1f %%)\n", $4, 100 * ($4 / $3 - 1)
}'
