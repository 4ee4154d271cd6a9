#!/bin/sh
# ai-probe: verdicts, and what it refuses.
. "$AI_SOURCE/tests/tap.sh"
[ -r "$demo_model" ] || skip_all "no demonstration model"
AI_DATADIR=$AI_SOURCE/examples
export AI_DATADIR
sst2=$AI_SOURCE/examples/prompts/sst2/test.tsv

mkdir tmp
TMPDIR=$tap_dir/tmp
export TMPDIR
status_is 0 'the demonstration model' ai-probe -q -m "$demo_model" -t sst2 -n 40 --svg=figure.svg "$sst2"
contains out '^test, 40 documents$' 'looks at as many prompts as it is told'
contains out '^ *12  *100.0%  *91.2..100.0  *100.0%  *[0-9.]*%  #' 'and at each layer'
contains out '^oracle, every layer checked  *[0-9.]*  *[0-9.]*%  *100.0%  *[0-9.]*%$' 'the oracle'
contains out '^rule gap>0.999  *12.00  *0.0%  *100.0%  *-[0-9.]*%$' 'a rule that never stops costs its checks'
contains out '^verdict: worth trying: gap>' 'is worth trying'
contains out '^(40 prompts are few' 'and few prompts are called few'
contains figure.svg '>gap&gt;0.8</text>' 'the figure has the rules'
[ -z "$(ls tmp)" ]
ok $? 'nothing stays behind'

status_is 0 'prompts of lines' sh -c 'printf "one two\nthree\n" | ai-probe -q -m "$0"' "$demo_model"
contains out '^verdict: ' 'also have a verdict'
status_is 0 'no prompts' sh -c 'ai-probe -q -m "$0" </dev/null' "$demo_model"
contains out '^no prompts: nothing to say$' 'have none'
status_is 2 'a number that is none' ai-probe -n x "$sst2"
status_is 2 'another head' ai-probe --head=tail "$sst2"
status_is 1 'no such model' ai-probe -m missing.gguf "$sst2"
status_is 3 'rows that are none' ai-probe -q -m "$demo_model" -t sst2 "$demo_model"
[ ! -s out ]
ok $? 'give no output'
ai-probe -q -m "$demo_model" -t sst2 -n 5 "$sst2" 2>err >/dev/full
[ $? -eq 1 ]
ok $? 'a full disk is status 1'
[ -z "$(ls tmp)" ]
ok $? 'and nothing stays behind then'
done_testing
