#!/bin/sh
# The whole job on prompts of four tasks: extract features, train a policy, answer
# with and without it, and compare.  `make demo` runs this.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/setup.sh"

say() {
    printf '\n# %s\n' "$*"
}

say 'Prompts of four tasks: sentiment, topic, type of question, subjective or not'
for task in sst2 agnews trec subj; do
    run "ai-prompt -t $task -o $task.jsonl $task.tsv"
    run "ai-prompt -t $task -o $task-train.jsonl $task-train.tsv"
done
run 'cat *-train.jsonl >train.jsonl'
run 'cat sst2.jsonl agnews.jsonl trec.jsonl subj.jsonl >test.jsonl'

say 'What would the model say after each block?'
run 'ai-tokenize -m demo.gguf train.jsonl |
  ai-forward -m demo.gguf --layers=all |
  ai-features -m demo.gguf -o train.aif'

say 'A classifier that learns when the answer has settled'
run 'ai-train-svm --max-flip=0.01 -o demo.policy train.aif'

say 'New prompts, all layers'
run 'ai-tokenize -m demo.gguf test.jsonl |
  ai-forward -m demo.gguf |
  ai-features -m demo.gguf |
  ai-decide -p never -o dense.aid'

say 'The same, stopping where the classifier is sure'
run 'mkfifo ctl'
run 'ai-tokenize -m demo.gguf test.jsonl |
  ai-forward -m demo.gguf --control=ctl |
  ai-features -m demo.gguf |
  ai-decide -p demo.policy --control=ctl -o early.aid'

say 'Some answers'
run 'ai-tokenize -d -m demo.gguf early.aid >answers.txt'
run 'paste answers.txt test.jsonl | awk "NR % 61 == 1" | cut -c 1-100'

say 'What it saved, and what it cost'
run 'ai-eval --against=dense.aid early.aid'
