#!/bin/sh
# How much of the arithmetic saved becomes time, and what the ring itself costs:
#
#     tests/measure/time.sh DATA [MODEL [ROUNDS]]
#
# A quarter of the prompts of 40 tokens and more of DATA/agnews/test.tsv, batches of 32,
# policy trained on DATA/agnews/dev.tsv.  Runs are short and take turns, so that a machine
# whose speed drifts does so for all: seconds are medians of ROUNDS (9), shares medians of
# each round's.  Whole-process wall clock, loading included.
set -eu

data=$(cd "$1" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
model=${2:-$tree/examples/model/demo.gguf}
case $model in /*) ;; *) model=$PWD/$model ;; esac
rounds=${3:-9}
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
    paste - all.jsonl | sed -n 's/^1	//p' | awk 'NR % 4 == 1' >long.jsonl
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
    sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
# of the rounds, one run's seconds over another's
ratio() {
    paste "$1.seconds" "$2.seconds" | awk '{ print $1 / $2 }' | median
}
ai-eval --json --against=dense.aid early.aid >eval.json
saved=$(sed 's/.*"arithmetic_skipped": \([0-9.]*\).*/\1/' eval.json)
echo "$saved $(ratio early dense) $(ratio closed_ring open_ring)" \
    "$(median <dense.seconds) $(median <early.seconds)" \
    "$(median <open_ring.seconds) $(median <closed_ring.seconds)" | awk '{
    printf "full depth       %.3f s\nearly exit       %.3f s\n", $4, $5
    printf "arithmetic saved %.1f %%\ntime saved       %.1f %%  (%.0f %% of it)\n", 100 * $1, 100 * (1 - $2), 100 * (1 - $2) / $1
    printf "states of all layers, no control pipe  %.3f s\n", $6
    printf "the same with it, nobody leaves        %.3f s  (%+.1f %%)\n", $7, 100 * ($3 - 1)
}'
