#!/bin/sh
# The commands that README.md shows exist.
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
done_testing
