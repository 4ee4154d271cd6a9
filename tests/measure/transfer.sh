#!/bin/sh
# Policies away from home: trained and calibrated on one task, used on the others, and with
# other models:
#
#     tests/measure/transfer.sh DATA [MODEL [OTHER MODEL]...]
#
# Halves of DATA/TASK/dev.tsv train and calibrate (2 % at 90 %, since halves are small; MAX_FLIP,
# CONFIDENCE), DATA/TASK/test.tsv is decided.  Prints for each task and each place: answers changed,
# layers skipped, and whether the certificate's limit held there; ai-decide's warning names a
# model that the certificate says nothing about.  OTHER MODEL: the same in another quantisation, or
# another one with the same features.
set -eu

data=$(cd "$1" && pwd)
shift
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${AI_BUILD:-$tree}" && pwd)
[ $# -gt 0 ] || set -- "$tree/examples/model/demo.gguf"
PATH=$build/cmd:$PATH
folder=$(mktemp -d "${TMPDIR:-/tmp}/ai-measure.XXXXXX")
trap 'rm -rf "$folder"' EXIT
limit=${MAX_FLIP:-2%}

# features MODEL PROMPTS OUTPUT
features() {
    ai-tokenize -m "$1" "$2" | ai-forward -m "$1" --layers=all |
        ai-features -m "$1" -f gap,top_prob,entropy -o "$3"
}
for task in sst2 agnews trec subj; do
    for rows in dev test; do
        ai-prompt -t "$tree/examples/templates/$task" --id-prefix=$task- -o "$folder/$task-$rows" "$data/$task/$rows.tsv"
    done
    awk -v out="$folder/$task" '{ print >(out (NR % 2 ? "-train" : "-held")) }' "$folder/$task-dev"
    features "$1" "$folder/$task-train" "$folder/$task-train.aif"
    features "$1" "$folder/$task-held" "$folder/$task-held.aif"
    ai-train-crf --no-transitions --max-flip="$limit" -o "$folder/$task.policy" "$folder/$task-train.aif"
    ai-calibrate -p "$folder/$task.policy" --max-flip="$limit" --confidence="${CONFIDENCE:-90%}" --leave-out-trained \
        -o "$folder/$task.safe" "$folder/$task-held.aif" 2>"$folder/$task.why" || :
done

for model; do
    echo "# on ${model##*/}, limit $limit"
    for used in sst2 agnews trec subj; do
        features "$model" "$folder/$used-test" "$folder/here.aif"
        ai-decide -p never -o "$folder/dense.aid" "$folder/here.aif"
        ai-view --no-header "$folder/dense.aid" | sort -n >"$folder/dense.tsv" # answers come as they settle
        for task in sst2 agnews trec subj; do
            if [ ! -e "$folder/$task.safe" ]; then
                printf '%-8s on %-8s %s\n' $task $used "$(tail -n 1 "$folder/$task.why")"
                continue
            fi
            ai-decide --any-model -p "$folder/$task.safe" -o "$folder/early.aid" "$folder/here.aif" 2>"$folder/said"
            ai-view --no-header "$folder/early.aid" | sort -n | paste "$folder/dense.tsv" - |
                awk -F '\t' -v name="$(printf '%-8s on %-8s' $task $used)" -v limit="${limit%\%}" \
                    -v said="$(sed 's/.*: its certificate/certificate/' "$folder/said" | tail -n 1)" '
                    { changed += $7 != $16; skipped += $5 - $14; full += $5 }
                    END { share = 100 * changed / NR
                          printf "%s %6.2f %% changed  %5.1f %% skipped  %s%s\n", name, share, 100 * skipped / full,
                                 share <= limit ? "limit held" : "LIMIT BROKEN", said == "" ? "" : "  (" said ")" }'
        done
    done
done
