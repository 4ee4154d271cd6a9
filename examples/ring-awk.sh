#!/bin/sh
# The ring with two lines of awk in the place of ai-decide: stop when the most probable
# token leads by more than 0.8, or after the last layer.  ai-control(5) has the lines
# that go back, ai-view(1) the columns that come in.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/setup.sh"

ai-prompt -t sst2 -o prompts.jsonl sst2.tsv || exit
layers=$(ai-view demo.gguf | awk '$1 == "layers" { print $2 }')

# mawk would wait for a full buffer before it looks at a line, and the ring stand still
awk='awk'
case $(awk -W version 2>&1 </dev/null) in
mawk*) awk='awk -W interactive' ;;
esac

mkfifo ctl
# shellcheck disable=SC2016 # $ is awk's
ai-tokenize -m demo.gguf prompts.jsonl |
    ai-forward -m demo.gguf --control=ctl |
    ai-features -m demo.gguf --features=gap |
    ai-view --no-header |
    $awk -v last="$layers" -F '\t' '
        BEGIN { print "ai-control 1 - -" >"ctl"; fflush("ctl") }
        { settled = $5 > 0.8 || $3 == last
          print settled ? "exit " $1 " " $2 " " $3 " " $6 : "continue " $1 " " $2 " " $3 >"ctl"; fflush("ctl") }
        settled { print $1 "\t" $6 }' |
    sort -n | cut -f 2 >tokens || exit

# numbers of tokens to words
ai-tokenize -m demo.gguf --from=ids --no-bos tokens | ai-tokenize -d -m demo.gguf
