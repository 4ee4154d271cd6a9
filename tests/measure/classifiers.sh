#!/bin/sh
# What each classifier skips under the same guarantee, and what its decision costs:
#
#     tests/measure/classifiers.sh DATA [MODEL]
#
# Policies are trained on DATA/TASK/dev.tsv of all tasks together and calibrated on
# DATA/TASK/test.tsv; columns of these files as in examples/templates.  MAX_FLIP (1%) is the
# limit, at 95 % confidence.  Prints a line a policy: answers changed, their bound, layers
# skipped, microseconds of a decision.
set -eu

data=$(cd "$1" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${AI_BUILD:-$tree}" && pwd)
model=${2:-$tree/examples/model/demo.gguf}
case $model in /*) ;; *) model=$PWD/$model ;; esac
PATH=$build/cmd:$PATH
folder=$(mktemp -d "${TMPDIR:-/tmp}/ai-measure.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

for rows in dev test; do
    for task in sst2 agnews trec subj; do
        ai-prompt -t "$tree/examples/templates/$task" --id-prefix=$task- "$data/$task/$rows.tsv"
    done | ai-tokenize -m "$model" | ai-forward -m "$model" --layers=all |
        ai-features -m "$model" -f gap,top_prob,entropy,delta_gap,delta_top_prob,patience,cosine,norm_ratio -o $rows.aif
done

value() {
    sed -n "s/^$2 //p" "$1"
}
# row NAME POLICY
row() {
    status=0
    ai-calibrate -q -p "$2" --max-flip="${MAX_FLIP:-1%}" --leave-out-trained -o safe test.aif 2>why || status=$?
    case $status in
    0) ;;
    4 | 5) printf '%-34s %s\n' "$1" "$(sed 's/^ai-calibrate: //' why)"; return ;;
    *) cat why >&2; exit 1 ;;
    esac
    cost=$("$build/tests/measure/decision" safe | awk '{ print $1 }')
    printf '%-34s %5d of %d changed (at most %.2f %%)  %5.1f %% skipped  %7.3f us\n' "$1" "$(value safe certified_flips)" \
        "$(value safe certified_documents)" "$(value safe certified_flip_bound | awk '{ print 100 * $1 }')" \
        "$(value safe certified_layers_skipped | awk '{ print 100 * $1 }')" "$cost"
}

row 'rule gap > t' 'gap>threshold'
row 'rule gap > t, from layer 3' 'gap>threshold && layer>=3'
for features in gap,top_prob gap,top_prob,depth all; do
    case $features in all) list= ;; *) list=--features=$features ;; esac
    ai-train-svm $list -o policy dev.aif && row "svm linear: $features" policy
    ai-train-svm $list --kernel=rbf -o policy dev.aif && row "svm rbf: $features" policy
    ai-train-crf $list --no-transitions -o policy dev.aif && row "logistic: $features" policy
    ai-train-crf $list -o policy dev.aif && row "crf: $features" policy
done
ai-train-svm --search -o policy dev.aif && row "svm --search: $(value policy classifier)" policy
