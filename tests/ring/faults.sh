#!/bin/sh
# The ring when one of its members fails: the others end, with a status and a line.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"

for i in 1 2 3 4 5 6 7 8; do
    echo "Review: film number $i is fine Sentiment:"
done >prompts.txt
ai-tokenize -m "$demo_model" prompts.txt >tokens.ait

# fails STATUS PATTERN NAME COMMAND: ai-forward with --decide=COMMAND
fails() {
    status_is "$1" "$3" ai-forward -m "$demo_model" --control-timeout=2 --decide="$4" tokens.ait
    contains err "$2" "and says so"
    [ "$(wc -l <err)" -eq 1 ]
    ok $? "in one line"
}
features="ai-features -m '$demo_model'"

fails 1 'ended with status 7' "a decider that dies at once" 'cat >/dev/null; exit 7'
fails 1 'ended with status 127' "a decider that is not there" 'no-such-program 2>/dev/null'
fails 1 'closed the control pipe' "a decider that says hello and goes" \
    'echo "ai-control 1 - -" >"$AI_CONTROL"; cat >/dev/null'
fails 3 'unknown' "a verdict about an unknown document" \
    '{ echo "ai-control 1 - -"; echo "continue 99 0 1"; cat >/dev/null; } >"$AI_CONTROL"'
fails 3 'out of turn' "a verdict out of turn" \
    '{ echo "ai-control 1 - -"; echo "continue 0 0 5"; cat >/dev/null; } >"$AI_CONTROL"'
fails 3 'outside the vocabulary' "a token outside the vocabulary" \
    '{ echo "ai-control 1 - -"; echo "exit 0 0 1 4000000"; cat >/dev/null; } >"$AI_CONTROL"'
fails 3 'no verdict begins so' "a line that is none" \
    '{ echo "ai-control 1 - -"; echo "perhaps 0"; cat >/dev/null; } >"$AI_CONTROL"'
fails 3 'the decider is for model' "a decider for another model" \
    '{ echo "ai-control 1 abc 12"; cat >/dev/null; } >"$AI_CONTROL"'
fails 1 'no line from the decider in 2 seconds' "a decider that never answers" \
    '{ echo "ai-control 1 - -"; cat >/dev/null; } >"$AI_CONTROL"'
fails 1 'nobody opened the control pipe in 2 seconds' "a decider that never opens the pipe" 'cat >/dev/null'

# A decider that stays though its input has ended is not waited for.
began=$(date +%s)
fails 1 'no line from the decider in 2 seconds' "a decider that hangs" \
    'exec >/dev/null 2>&1; { echo "ai-control 1 - -"; sleep 30; } >"$AI_CONTROL"'
[ $(($(date +%s) - began)) -lt 15 ]
ok $? "and the run ends all the same"

# What fails for another reason is not the decider's fault.
status_is 1 "a model that is not there" ai-forward -m nothing.gguf --decide="$features | ai-decide" tokens.ait
contains err '^ai-forward: nothing.gguf: ' "is what is told"
[ "$(wc -l <err)" -eq 1 ]
ok $? "and nothing else: no decider was started"

mkfifo ctl
(echo "ai-control 1 - -" >ctl) &
status_is 0 "when the decider goes" \
    ai-forward -m "$demo_model" --on-control-loss=continue -o states.aih --control=ctl tokens.ait
wait
contains err 'warning: .*closed the control pipe.*full depth' "with a warning"
ai-view --no-header states.aih | awk '$3 == 12' | wc -l | tr -d ' ' >got
echo 8 >want
same_bytes got want "every document reaches full depth"

status_is 1 "a FIFO that nobody opens" ai-forward -m "$demo_model" --control-timeout=0.3 --control=ctl -o never.aih tokens.ait
contains err 'nobody opened' "is told"
[ ! -e never.aih ]
ok $? "and leaves no output"
ai-forward -m "$demo_model" --layers=all tokens.ait | ai-features -m "$demo_model" >features.aif
status_is 1 "ai-decide gives up on a FIFO that nobody reads" ai-decide -p 'gap>0.5' --control=ctl --control-timeout=0.3 features.aif

done_testing
