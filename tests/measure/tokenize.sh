#!/bin/sh
# How fast text becomes tokens, next to SentencePiece on the same text:
#
#     tests/measure/tokenize.sh TEXT TOKENIZER.model [MODEL]...
#
# Processor seconds of whole processes that take turns, the smallest of ROUNDS (5);
# ai-tokenize's loading (an empty text) is shown apart.  spm_encode is Debian's
# package sentencepiece.  More models are measured without it.
set -eu

text=$1 model=$2
shift 2
tree=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${AI_BUILD:-$tree}/cmd:$PATH
rounds=${ROUNDS:-5}
folder=$(mktemp -d "${TMPDIR:-/tmp}/ai-measure.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# processor COMMAND...: its processor seconds, into $folder/NAME as one line more
processor() {
    name=$1
    shift
    sh -c '"$@" >/dev/null; times' sh "$@" <"$text" |
        awk 'NR == 2 { gsub("s", ""); n = 0
            for (i = 1; i <= 2; i++) { split($i, t, "m"); n += 60 * t[1] + t[2] }
            print n }' >>"$folder/$name"
}
least() {
    sort -g "$folder/$1" | head -n 1
}
ours() {
    processor ours ai-tokenize --from=lines -Z 0 -m "$1" "$text"
    processor load ai-tokenize --from=lines -Z 0 -m "$1" /dev/null
}
report() {
    awk -v name="$1" -v bytes="$(wc -c <"$text")" -v all="$(least ours)" -v load="$(least load)" 'BEGIN {
        printf "%s: %.2f s, of it %.2f s loading; %.1f MB/s, %.1f MB/s without loading\n", name, all, load,
               bytes / 1e6 / all, bytes / 1e6 / (all - load > 0.001 ? all - load : 0.001) }'
}

for _ in $(seq "$rounds"); do
    ours "$model"
    processor theirs spm_encode --model="$model" --output_format=id
done
report "ai-tokenize, $model"
awk -v bytes="$(wc -c <"$text")" -v theirs="$(least theirs)" -v ours="$(least ours)" 'BEGIN {
    printf "spm_encode: %.2f s; %.1f MB/s; ai-tokenize takes 1/%.1f of its time\n", theirs, bytes / 1e6 / theirs,
           theirs / ours }'
for model; do
    rm -f "$folder/ours" "$folder/load"
    for _ in $(seq "$rounds"); do
        ours "$model"
    done
    report "ai-tokenize, $model"
done
