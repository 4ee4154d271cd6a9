#!/bin/sh
# Features of every layer of every prompt, as a table: no control pipe, nothing exits.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/setup.sh"

ai-prompt -t "${1:-sst2}" "${1:-sst2}.tsv" |
    ai-tokenize -m demo.gguf |
    ai-forward -m demo.gguf --layers=all |
    ai-features -m demo.gguf |
    ai-view
