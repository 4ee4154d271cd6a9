#!/bin/sh
# The commands that README.md shows exist, and its pipelines run as printed.
. "$AI_SOURCE/tests/tap.sh"

# Lines of ``` blocks, comments off, cut at what joins commands; the first word and the second.
awk '/^```/ { inside = !inside; next } inside' "$AI_SOURCE/README.md" |
    sed -e 's/^\$ //' -e 's/#.*//' | tr '|&;' '\n\n\n' | sed 's/^ *//' | grep . >commands
[ -s commands ]
ok $? "README.md shows commands"
while read -r word second _; do
    case $word in
    ai-*)
        [ -x "$AI_BUILD/cmd/$word" ]
        ok $? "README: $word is built"
        ;;
    make)
        case $second in
        '' | -*) continue ;;
        esac
        grep -q "^$second\(-am\)\{0,1\}:" "$AI_BUILD/Makefile"
        ok $? "README: make $second is a target"
        ;;
    ./*)
        [ -x "$AI_SOURCE/$word" ]
        ok $? "README: $word is in the tree"
        ;;
    examples/*)
        [ -e "$AI_SOURCE/$word" ]
        ok $? "README: $word is in the tree"
        ;;
    esac
done <commands

# Blocks that begin with mkfifo or a program of ours, in a folder like that of the pages' examples.
if [ -e "$demo_model" ] && [ -x "$AI_BUILD/cmd/ai-train-svm" ]; then
    AI_DATADIR=$AI_SOURCE/examples
    export AI_DATADIR
    mkdir work
    ln -s "$demo_model" work/demo.gguf
    ln -s "$AI_SOURCE/examples/prompts/sst2/test.tsv" work/sst2.tsv
    ln -s "$AI_SOURCE/examples/prompts/sst2/train.tsv" work/sst2-train.tsv
    awk '/^```/ { inside = !inside; if (inside) { n++; first = 1 }; next }
         inside && first { run = /^(mkfifo|ai-)/; first = 0 }
         inside && run { print >("block" n ".sh") }' "$AI_SOURCE/README.md"
    for block in block*.sh; do
        (cd work && exec timeout 60 sh -e "../$block") >out 2>err </dev/null
        status=$?
        [ $status -eq 0 ] && [ ! -s err ]
        ok $? "README: $(head -n 1 "$block") ... runs"
        sed 's/^/# /' err
    done
fi
done_testing
