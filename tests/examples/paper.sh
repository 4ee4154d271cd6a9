#!/bin/sh
# The paper's experiment, small: rows of examples/prompts, and data sets as published.
. "$AI_SOURCE/tests/tap.sh"
[ -r "$demo_model" ] || skip_all "no demonstration model"
[ -x "$AI_BUILD/cmd/ai-train-crf" ] && [ -x "$AI_BUILD/cmd/ai-calibrate" ] || skip_all "programs are missing"
run=$AI_SOURCE/examples/paper/run

status_is 0 'help' "$run" --help
status_is 2 'no model' "$run" -d .
status_is 1 'no such data' "$run" -d missing "$demo_model"
mkdir -p small/sst2
awk -F '\t' '{ for (i = 0; i < 10; i++) print $1 "\t" i " " $2 }' "$AI_SOURCE/examples/prompts/sst2/train.tsv" >small/sst2/train.tsv
cp "$AI_SOURCE/examples/prompts/sst2/test.tsv" small/sst2
status_is 0 'a small run' "$run" -d small -o results -n 40 -k '0 2 40 400' -t sst2 -l 10% -T 1 "$demo_model"
contains out '^sst2  *0 full depth  *[0-9.]*  *-  *100.00  *12.00  *0.00  *0.00  *1.000 ' 'full depth'
contains out '^sst2  *0 svm  *[0-9.]*  *-  *[0-9.]* ' 'the SVM'
contains out '^sst2  *2 crf  *[0-9.]*  *-  *[0-9.]* ' 'the CRF, two shots'
grep -q '^sst2  *0 rule-safe .*at most 10% change' out || grep -q 'sst2, 0 shots: rule: no' err
ok $? 'the rule has a certificate, or a reason why not'
contains err 'sst2, 400 shots: skipped, there are no such prompts' 'more shots than there are are skipped'
contains err 'sst2, 40 shots: skipped, only 0 of 40 prompts fit' 'prompts that do not fit are skipped with a message'
same_bytes out results/table.txt 'the table stays in the results'
cp out first
status_is 0 'the same again' "$run" -d small -o results -n 40 -k '0 2' -t sst2 -l 10% "$demo_model"
same_bytes out first 'has nothing left to do'
[ ! -s err ]
ok $? 'and says nothing'
rm results/sst2-0/numbers results/sst2-0/svm.aid
status_is 0 'after a loss' "$run" -d small -o results -n 40 -k '0 2' -t sst2 -l 10% "$demo_model"
[ "$(grep -c 'sst2, 0 shots: ' err)" -ge 1 ] && ! grep -q 'states to train on' err
ok $? 'only what is missing is made'
echo 0123 >results/model
status_is 1 'results of another model' "$run" -d small -o results -t sst2 "$demo_model"

command -v python3 >/dev/null || { echo '# no python3: the rest is left out'; done_testing; }
mkdir -p data/SST-2 data/ag_news_csv data/mmlu/dev data/mmlu/test
printf 'sentence\tlabel\na fine  film \t1\n' >data/SST-2/train.tsv
cp data/SST-2/train.tsv data/SST-2/dev.tsv
printf '"3","Title, one","He said ""buy"""\n' >data/ag_news_csv/train.csv
cp data/ag_news_csv/train.csv data/ag_news_csv/test.csv
printf '"What, now?",w,x,"y, z",v,C\n' >data/mmlu/dev/some_subject_dev.csv
cp data/mmlu/dev/some_subject_dev.csv data/mmlu/test/some_subject_test.csv
printf '%s\n' '{"id":"i","answerKey":"B","question":{"stem":"s?","choices":[{"label":"A","text":"a"},{"label":"B","text":"b"}]}}' \
    >data/train_rand_split.jsonl
cp data/train_rand_split.jsonl data/dev_rand_split.jsonl
printf '%s' '{"data":[{"paragraphs":[{"context":"c","qas":[{"id":"1","question":"q ","answers":[{"text":"a"},{"text":"a"},{"text":"b"}]}]}]}]}' \
    >data/train-v1.1.json
cp data/train-v1.1.json data/dev-v1.1.json
for task in sst2 agnews mmlu commonsenseqa squad; do
    status_is 0 "$task as published" python3 "$AI_SOURCE/examples/paper/published.py" data rows $task
done
printf '1\ta fine film\n' >want
same_bytes rows/sst2/test.tsv want 'SST-2'
printf '2\tTitle, one\tHe said "buy"\n' >want
same_bytes rows/agnews/train.tsv want 'AG News'
printf '%s\n' '{"subject": "some_subject", "question": "What, now?", "choices": ["w", "x", "y, z", "v"], "answer": 2}' >want
same_bytes rows/mmlu/dev.jsonl want 'MMLU'
printf '%s\n' '{"id": "i", "question": "s?", "choices": ["a", "b"], "answer": 1}' >want
same_bytes rows/commonsenseqa/test.jsonl want 'CommonsenseQA'
printf '%s\n' '{"id": "1", "context": "c", "question": "q", "answers": ["a", "b"]}' >want
same_bytes rows/squad/train.jsonl want 'SQuAD'
status_is 1 'nothing there' python3 "$AI_SOURCE/examples/paper/published.py" rows more squad
contains err 'none of train-v1.1.json' 'is said'
done_testing
