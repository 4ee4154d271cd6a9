#!/bin/sh
# Is the promise of ai-calibrate kept?
#
#     tests/measure/coverage.sh [DATA [MODEL]]
#
# On made-up documents, and on features of MODEL (the demonstration model) for the prompts
# of DATA/TASK/{dev,test}.tsv, task by task and all together: 300 random splits each (RUNS), limit
# 2 % at 95 %.  tests/measure/coverage.c says what a split is.  Status 1 if a promise is broken
# more often than chance explains.
set -eu

tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${AI_BUILD:-$tree}
PATH=$build/cmd:$PATH
coverage=$build/tests/measure/coverage
status=0

try() {
    echo "# $*"
    shift
    "$coverage" -r "${RUNS:-300}" "$@" || status=1
}
try 'made up, logistic regression' -n 500
try 'made up, chain' -n 500 -k crf
try 'made up, few documents' -n 160
[ $# -gt 0 ] || exit $status

data=$(cd "$1" && pwd)
model=${2:-$tree/examples/model/demo.gguf}
case $model in /*) ;; *) model=$PWD/$model ;; esac
folder=$(mktemp -d "${TMPDIR:-/tmp}/ai-measure.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for task in sst2 agnews trec subj; do
    for rows in dev test; do
        ai-prompt -t "$tree/examples/templates/$task" --id-prefix=$task- "$data/$task/$rows.tsv"
    done | ai-tokenize -m "$model" | ai-forward -m "$model" --layers=all | ai-features -m "$model" -o $task.aif
    documents=500
    [ $task != trec ] || documents=300 # it has 1000 in all
    try "$task" -n $documents $task.aif
done
try 'all four, logistic regression' sst2.aif agnews.aif trec.aif subj.aif
try 'all four, chain' -k crf sst2.aif agnews.aif trec.aif subj.aif
exit $status
