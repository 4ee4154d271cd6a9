#!/bin/sh
# Models of published shapes, with random weights in the published layout, through
# ai-forward: what it takes to run those that barely fit the machine, or do not.
#
#     tests/measure/big-shapes.sh FOLDER [SHAPE...]
#
# Shapes are opt-13b and llama-2-7b, or any that gen-model knows.  Each is written
# into FOLDER (26 and 13.5 GB), measured and removed.  Printed are:
#
#     first state   from the start of the program to the state after the first block,
#                   and after the last one, of one prompt of 16 tokens
#     tokens/s      of DOCUMENTS (16) prompts of 16 tokens in one batch, and the
#                   processors' seconds that it took
#     peak memory   of that run: all that was resident, pages of the mapped files
#                   included, and what was the program's own
#
# Memory and processors' seconds are read from Linux' /proc.
set -eu

[ $# -ge 1 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
[ $# -ge 1 ] || set -- opt-13b llama-2-7b
tree=$(cd "$(dirname "$0")/../.." && pwd)
build=${AI_BUILD:-$tree}
PATH=$build/cmd:$PATH
documents=${DOCUMENTS:-16}
work=$(mktemp -d "$folder/big-shapes.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

now() {
    date +%s.%N
}
generate() {
    "$build/tests/gen/gen-model" -s "$shape" -t F16 -n 3 "$@" model
}
# N documents of 16 tokens
tokens() {
    awk -v n="$1" 'BEGIN {
        for (d = 0; d < n; d++) {
            for (i = 0; i < 16; i++)
                printf "%d ", 100 + (i * 37 + d * 911) % 30000
            print ""
        }
    }' | ai-tokenize --from=ids -m model
}
# What program $1 takes, as long as it runs: resident and own memory at most, in KiB, and seconds of processors
watch() {
    while memory=$(awk '/^VmHWM/ { all = $2 } /^RssAnon/ { own = $2 } END { print all + 0, own + 0; exit !all }' \
        "/proc/$1/status" 2>/dev/null); do
        echo "$memory $(cut -d ' ' -f 14,15 "/proc/$1/stat")"
        sleep 0.2
    done | awk -v ticks="$(getconf CLK_TCK)" '
        $1 > all { all = $1 } $2 > own { own = $2 } $3 + $4 > cpu { cpu = $3 + $4 }
        END { print all + 0, own + 0, cpu / ticks }'
}

for shape in "$@"; do
    start=$(now)
    case $shape in
    opt-*) generate -k opt -b ;;
    *) generate -k llama ;;
    esac
    for file in model/*.bin model/*.safetensors; do
        [ ! -f "$file" ] || wc -c <"$file"
    done | awk -v s="$shape" -v t="$(echo "$(now) $start" | awk '{ print $1 - $2 }')" '
        { bytes += $1 } END { printf "%s: %.1f GB in %d files, written in %.0f s\n", s, bytes / 1e9, NR, t }'
    tokens 1 >one.ait
    tokens "$documents" >all.ait

    start=$(now)
    ai-forward -q -m model --layers=all -Z 0 --flush=record one.ait | ai-view --no-header |
        while read -r _; do date +%s.%N; done >stamps
    awk -v s="$start" 'NR == 1 { first = $1 - s } { last = $1 - s }
        END { printf "  first state  %.2f s after the first block, %.2f s after all %d\n", first, last, NR }' stamps

    ai-forward -q -m model --stats=stats -o last.aih all.ait &
    used=$(watch $!)
    wait $!
    printf '%s %s\n' "$(cat stats)" "$used" | awk '{
        match($0, /"tokens_computed": [0-9]+/); tokens = substr($0, RSTART + 19, RLENGTH - 19)
        match($0, /"seconds": [0-9.]+/); seconds = substr($0, RSTART + 11, RLENGTH - 11)
        printf "  %d tokens in %.1f s: %.2f tokens/s, %.1f s of processors\n", tokens, seconds, tokens / seconds, $NF
        printf "  peak memory  %.2f GiB resident, %.0f MiB of them its own\n", $(NF - 2) / 1048576, $(NF - 1) / 1024
    }'
    rm -r model one.ait all.ait last.aih
done
