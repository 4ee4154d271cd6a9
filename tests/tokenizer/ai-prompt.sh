#!/bin/sh
# ai-prompt: templates, rows of both forms, shots, and what is refused.
. "$AI_SOURCE/tests/tap.sh"

AI_DATADIR=$AI_SOURCE/examples
export AI_DATADIR
printf '0\tdull " stuff\n1\tjoy\n' >rows.tsv
status_is 0 "rows become documents" ai-prompt -t sst2 rows.tsv
cat >want <<'END'
{"id":"rows-1","text":"Review: dull \" stuff Sentiment:","label":"negative","choices":["negative","positive"]}
{"id":"rows-2","text":"Review: joy Sentiment:","label":"positive","choices":["negative","positive"]}
END
same_bytes out want "as the template says"
ai-prompt -t sst2 <rows.tsv >out
sed 's/rows-/sst2-/' want >want2
same_bytes out want2 "from standard input, named by the template"
ai-prompt -t sst2 --id-prefix=x rows.tsv >out
sed 's/rows-/x/' want >want2
same_bytes out want2 "--id-prefix"
printf '{"text":"dull \\" stuff","label":0,"more":[]}\n{"label":"1","text":"joy"}' >rows.jsonl
ai-prompt -t sst2 rows.jsonl >out
same_bytes out want "rows as JSONL"
status_is 0 "-o writes a file" ai-prompt -t sst2 -o file.jsonl rows.tsv
same_bytes file.jsonl want "the same"
for task in agnews trec subj; do
    rows=$AI_SOURCE/examples/prompts/$task/test.tsv
    [ -e "$rows" ] || continue
    status_is 0 "$task: template and prompts" ai-prompt -t $task "$rows"
    [ "$(wc -l <out)" -eq "$(wc -l <"$rows")" ]
    ok $? "$task: a document a row"
done

cat >mine <<'END'
# comment
columns a b

prompt {{{a}}}\t{b}\\\n
answer b
END
printf 'x y\tz\n' | ai-prompt -t ./mine >out
printf '%s\n' '{"id":"mine-1","text":"{x y}\tz\\\n","label":"z"}' >want
same_bytes out want "braces, escapes, an answer without choices"

i=0
while [ $i -lt 40 ]; do
    printf '%d\tpool row %d\n' $((i % 2)) $i
    i=$((i + 1))
done >pool.tsv
status_is 0 "shots" ai-prompt -t sst2 --shots=4 --pool=pool.tsv --seed=3 rows.tsv
[ "$(head -1 out | grep -o 'Sentiment: negative' | wc -l)" -eq 2 ] &&
    [ "$(head -1 out | grep -o 'Sentiment: positive' | wc -l)" -eq 2 ]
ok $? "two of each answer"
sed -n '1s/Review: dull.*//p; 2s/Review: joy.*//p' out | sed 's/rows-[12]//' | uniq | wc -l >count
[ "$(cat count)" -eq 1 ]
ok $? "the same in front of every prompt"
cp out first
ai-prompt -t sst2 --shots=4 --pool=pool.tsv --seed=3 rows.tsv >out
same_bytes out first "one seed, one choice"
ai-prompt -t sst2 --shots=4 --pool=pool.tsv --seed=4 rows.tsv >out
! cmp -s out first
ok $? "another seed, another choice"
status_is 3 "a pool that is too small" ai-prompt -t sst2 --shots=6 --pool=rows.tsv rows.tsv
contains err 'rows.tsv: 1 rows with the answer' "said with its name"
status_is 2 "shots without a pool" ai-prompt -t sst2 --shots=4 rows.tsv

# Multiple choice, lists of right answers, rows that a template leaves out.
printf '%s\n' '{"question":"q?","choices":["w","x","y","z"],"answer":2}' \
    '{"question":"r?","choices":["1","2",3,true],"answer":null}' >mc.jsonl
printf '%s\n' \
    '{"id":"mc-1","text":"Question: q?\nA. w\nB. x\nC. y\nD. z\nAnswer:","label":"C","choices":["A","B","C","D"]}' \
    '{"id":"mc-2","text":"Question: r?\nA. 1\nB. 2\nC. 3\nD. true\nAnswer:","choices":["A","B","C","D"]}' >want
status_is 0 "elements of a list in a prompt" ai-prompt -t mmlu mc.jsonl
same_bytes out want "and a row without its answer"
printf '%s\n' '{"q":{"stem":"s","of":[{"t":"u"}]},"a.b":"dotted"}' >path.jsonl
printf 'prompt {q.stem} {q.of.0.t} {a.b}\n' >path
status_is 0 "paths" ai-prompt -t ./path path.jsonl
contains out '"text":"s u dotted"' "lead into lists and objects; a member of that very name comes first"
printf 'prompt {q.of.1.t}\n' >path
status_is 3 "a path beyond a list" ai-prompt -t ./path path.jsonl
contains err "column 'q.of.1.t' is missing" "is a column that is missing"
printf '%s\n' '{"context":"c","question":"q","answers":["one","a two"],"is_impossible":false}' \
    '{"context":"c","question":"r","answers":[],"is_impossible":true}' \
    '{"context":"c","question":"s","answers":["three"]}' >reading.jsonl
printf '%s\n' '{"id":"reading-1","text":"c\nQuestion: q\nAnswer:","label":["one","a two"]}' \
    '{"id":"reading-3","text":"c\nQuestion: s\nAnswer:","label":"three"}' >want
status_is 0 "several right answers" ai-prompt -t squad reading.jsonl
same_bytes out want "are a list, and rows without are left out"
if [ -r "$demo_model" ]; then
    ai-tokenize -m "$demo_model" out | ai-view --no-header | cut -f 2,3 >labels
    printf 'reading-1\tone\\na two\nreading-3\tthree\n' >want
    same_bytes labels want "they travel as lines of the label"
fi
status_is 0 "shots without choices" ai-prompt -t squad --shots=2 --pool=reading.jsonl reading.jsonl
contains out 'Answer: one\\n\\n.*Answer:"' "show the first of the right answers"
status_is 3 "more shots than rows" ai-prompt -t squad --shots=3 --pool=reading.jsonl reading.jsonl
contains err "reading.jsonl: 2 rows with the answer 'any' where 3 are wanted" "which the rows left out do not fill"

# bad WORDS NAME ROWS: rows that are refused
bad() {
    printf "$3" >bad.tsv
    rm -f bad.jsonl
    status_is 3 "refused: $2" ai-prompt -t sst2 -o bad.jsonl bad.tsv
    contains err "^ai-prompt: bad.tsv: $1" "with its place"
    [ "$(wc -l <err)" -eq 1 ] && [ ! -e bad.jsonl ]
    ok $? "in a line, and no file stays behind"
}
bad "line 2: column 'label': '2' is the value of no choice" "an unknown label" '0\ta\n2\tb\n'
bad "line 1: column 'text' is missing" "a column too few" '0\n'
bad 'line 1: 3 columns where the template has 2' "a column too many" '0\ta\tb\n'
bad 'line 2: byte 3: not UTF-8' "bytes that are not UTF-8" '0\ta\n0\t\377\n'
bad "line 1: column 'text' is missing" "a member missing" '{"label":0}\n'
bad 'line 1: text: an object where' "an object for a text" '{"label":0,"text":{}}\n'
bad 'line 1: text: a list inside a list' "a list of lists" '{"label":0,"text":[["a"]]}\n'
bad "line 1: column 'text' is missing" "an empty list" '{"label":0,"text":[]}\n'

# bad_template WORDS NAME LINES
bad_template() {
    printf "$3" >bad
    status_is 3 "refused: $2" ai-prompt -t ./bad rows.tsv
    contains err "^ai-prompt: ./bad: $1" "with its line"
}
bad_template "line 1: 'colums' is none of" "an unknown key" 'colums a b\n'
bad_template "line 2: '{' without '}'" "a brace left open" 'columns a b\nprompt {a\n'
bad_template "line 2: 'c' is none of the columns" "an unknown column" 'columns a b\nprompt {c}\n'
bad_template "line 3: a second line 'prompt'" "two prompts" 'columns a b\nprompt {a}\nprompt {b}\n'
bad_template "line 1: .*without a line 'prompt'" "no prompt" 'columns a b\n'
bad_template "line 3: .*without a line 'answer'" "choices without an answer" 'columns a b\nprompt {a}\nchoice 1 one\n'
bad_template "line 2: 'choice' wants" "a choice without a text" 'columns a b\nchoice 1\n'
bad_template 'line 1: .x is none of' "an unknown escape" 'prompt \\x\n'
printf 'prompt {text}\n' >jsonl_only
status_is 3 "TSV without columns in the template" ai-prompt -t ./jsonl_only rows.tsv
status_is 0 "JSONL needs none" ai-prompt -t ./jsonl_only rows.jsonl
status_is 1 "a template that is not there" ai-prompt -t nosuch rows.tsv
status_is 2 "no template" ai-prompt rows.tsv
done_testing
