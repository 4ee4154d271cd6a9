#!/bin/sh
# What early exit saves and costs on published test sets:
#
#     tests/measure/tasks.sh DATA [MODEL]
#
# DATA holds TASK/dev.tsv and TASK/test.tsv for sst2, agnews, trec and subj (columns
# as in examples/templates).  For each task a policy is trained on dev, then test is
# answered at full depth and with that policy.  Prints ai-eval's table.
# MAX_FLIP: the policies' --max-flip.
set -eu

data=$(cd "$1" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
model=${2:-$tree/examples/model/demo.gguf}
case $model in /*) ;; *) model=$PWD/$model ;; esac
PATH=${AI_BUILD:-$tree}/cmd:$PATH
folder=$(mktemp -d "${TMPDIR:-/tmp}/ai-measure.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

prompts() {
    ai-prompt -t "$tree/examples/templates/$1" --id-prefix="$1-" "$data/$1/$2.tsv"
}

for task in sst2 agnews trec subj; do
    prompts $task dev | ai-tokenize -m "$model" | ai-forward -m "$model" --layers=all |
        ai-features -m "$model" >train.aif
    ai-train-svm -v --max-flip="${MAX_FLIP:-0.005}" -o $task.policy train.aif
    prompts $task test | ai-tokenize -m "$model" >test.ait
    ai-forward -m "$model" test.ait | ai-features -m "$model" | ai-decide >$task-dense.aid
    mkfifo ctl
    ai-forward -m "$model" --control=ctl test.ait | ai-features -m "$model" |
        ai-decide -p $task.policy --control=ctl >$task-early.aid
    rm ctl
done
cat sst2-dense.aid agnews-dense.aid trec-dense.aid subj-dense.aid >dense.aid
cat sst2-early.aid agnews-early.aid trec-early.aid subj-early.aid >early.aid
ai-eval --against=dense.aid early.aid
