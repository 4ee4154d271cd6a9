#!/bin/sh
# ai-infer: its command line, and what becomes of the ring when a program fails.  The
# programs of the ring are stand-ins here, so that each can fail at will.
. "$AI_SOURCE/tests/tap.sh"

mkdir bin tmp
cp "$AI_BUILD/cmd/ai-infer" bin/
PATH=$tap_dir/bin:$PATH
TMPDIR=$tap_dir/tmp
export PATH TMPDIR
: >model

# The stand-ins pass lines on and note how they were called; FAIL=program:status.
cat >stand-in <<'END'
#!/bin/sh
name=${0##*/}
echo "$name $*" >>"$LOG"
case $FAIL in
"$name:SLEEP") sleep 20; exit ;;
"$name:"*) exit "${FAIL#*:}" ;;
esac
for last; do :; done
case $name:$* in
ai-decide*--control=*)
    for word; do case $word in --control=*) control=${word#*=} ;; esac; done
    echo hello >"$control"
    ;;
ai-forward*--control=*)
    for word; do case $word in --control=*) control=${word#*=} ;; esac; done
    read -r hello <"$control"
    echo "verdicts: $hello"
    ;;
esac
case $name in
ai-prompt) sed 's/^/prompt: /' "$last" ;;
ai-tokenize) case $last in *.txt) cat "$last" ;; *) cat ;; esac ;;
*) cat ;;
esac
END
chmod +x stand-in
for program in ai-prompt ai-tokenize ai-forward ai-features ai-decide; do
    cp stand-in bin/$program
done
LOG=$tap_dir/log FAIL=
export LOG FAIL
printf 'one\ntwo\n' >in.txt

left_nothing() {
    set -- tmp/*
    [ "$*" = 'tmp/*' ]
    ok $? "$1: nothing is left behind"
}

status_is 0 "full depth" ai-infer -m model in.txt
same_bytes out in.txt "what goes in comes out at the other end"
left_nothing "full depth"
: >log
status_is 0 "a ring" ai-infer --model=model -p'gap>0.8' -T 3 --batch 7 --head=choices --features=gap \
    --to=jsonl -v --progress=never -t sst2 -- in.txt
printf 'verdicts: hello\nprompt: one\nprompt: two\n' >want
same_bytes out want "the control pipe leads back"
left_nothing "a ring"
sed 's/--control=[^ ]*/--control=CTL/' log | sort >got
cat >want <<'END'
ai-decide -p gap>0.8 --control=CTL
ai-features -m model --head=choices --features=gap
ai-forward -m model --control=CTL -T 3 --batch=7 --progress=never -v
ai-prompt -t sst2 in.txt
ai-tokenize -d -m model --to=jsonl
ai-tokenize -m model
END
same_bytes got want "options go where they belong"

echo three | ai-infer -m model >out 2>err
ok $? "standard input is read"
echo three >want
same_bytes out want "and answered"
status_is 0 "--dense outdoes -p" ai-infer -m model -p x --dense in.txt
same_bytes out in.txt "no control pipe then"
: >log
status_is 0 "-o" ai-infer -m model -o file in.txt
grep -q '^ai-decide .*-o file' log && ! grep -q 'ai-tokenize -d' log
ok $? "-o FILE goes to the decider, and no text is made"

for program in ai-tokenize ai-forward ai-features ai-decide; do
    for policy in '' '-px'; do
        [ "$program${policy:+ring}" != ai-forwardring ] || continue # its stand-in alone would open the pipe
        FAIL=$program:3
        # shellcheck disable=SC2086
        status_is 3 "$program fails with 3${policy:+, in a ring}" ai-infer -m model $policy in.txt
        left_nothing "$program fails${policy:+, in a ring}"
    done
done
for status in 1 2 141; do
    FAIL=ai-decide:$status
    status_is $status "a decider that ends with $status before the control pipe is open" ai-infer -m model -px -o file in.txt
done
FAIL=ai-forward:1
status_is 1 "a failure in the middle is not lost" ai-infer -m model in.txt
FAIL=

if command -v timeout >/dev/null; then
    for signal in TERM INT HUP; do
        FAIL=ai-features:SLEEP
        timeout --preserve-status -k 10 -s $signal 1 ai-infer -m model -p x in.txt >out 2>err
        got=$?
        [ $got -gt 128 ] && [ $got -ne 137 ]
        ok $? "SIG$signal ends it by a signal"
        left_nothing "SIG$signal"
    done
else
    echo "# no timeout(1): no signal sent"
fi
FAIL=

status_is 0 "--print" ai-infer --print -m 'my model' -p "it's>0" in.txt
cat >want <<'END'
mkfifo ctl
ai-tokenize -m 'my model' in.txt |
ai-forward -m 'my model' --control=ctl |
ai-features -m 'my model' |
ai-decide -p 'it'\''s>0' --control=ctl |
ai-tokenize -d -m 'my model'
rm ctl
END
same_bytes out want "--print quotes for a shell"
left_nothing "--print"
status_is 0 "--print of the stand-ins' ring" ai-infer --print -m model -p x in.txt
mv out ring.sh
status_is 0 "what --print says can be run" sh ring.sh
printf 'verdicts: hello\none\ntwo\n' >want
same_bytes out want "and does the same"

status_is 2 "two files are too many" ai-infer -m model in.txt in.txt
status_is 2 "an unknown format" ai-infer -m model --to=xml in.txt
status_is 2 "an argument is missing" ai-infer -m
status_is 2 "an argument too many" ai-infer --print=yes
status_is 1 "no such model" ai-infer -m no-model in.txt
contains err '^ai-infer: no-model: ' "the model is named"
status_is 1 "no such file" ai-infer -m model no.txt
contains err '^ai-infer: no.txt: ' "the file is named"
done_testing
