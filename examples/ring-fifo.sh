#!/bin/sh
# The ring as one types it: a named pipe leads the verdicts back to ai-forward.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/setup.sh"

ai-prompt -t sst2 -o prompts.jsonl sst2.tsv || exit

mkfifo ctl
ai-tokenize -m demo.gguf prompts.jsonl |
    ai-forward -m demo.gguf --control=ctl |
    ai-features -m demo.gguf |
    ai-decide -p 'gap>0.8' --control=ctl |
    ai-tokenize -d -m demo.gguf
