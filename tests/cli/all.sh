#!/bin/sh
# What holds for every program: help and version, unknown options, where output fails,
# who reads binary on a terminal, an empty input, a reader that leaves.
. "$AI_SOURCE/tests/tap.sh"

printf 'one prompt\n' >lines.txt
have_full=
[ ! -c /dev/full ] || have_full=yes

# A working command line for each program; streams are made once, below.
arguments() {
    case $1 in
    ai-prompt) echo "-t $AI_SOURCE/examples/templates/sst2 $AI_SOURCE/examples/prompts/sst2/test.tsv" ;;
    ai-tokenize) echo "-m $demo_model lines.txt" ;;
    ai-forward) echo "-m $demo_model -T 1 tokens.ait" ;;
    ai-features) echo "-m $demo_model hidden.aih" ;;
    ai-train-svm | ai-train-crf) echo "--max-flip=0.5 train.aif" ;;
    ai-calibrate) echo "-p gap>threshold --max-flip=0.9 train.aif" ;;
    ai-decide) echo "-p gap>0.8 features.aif" ;;
    ai-eval) echo "decisions.aid" ;;
    ai-view) echo "tokens.ait" ;;
    ai-infer) echo "-m $demo_model -T 1 lines.txt" ;;
    ai-probe) echo "-q -m $demo_model -T 1 lines.txt" ;;
    *) echo ;;
    esac
}

programs=
for path in "$AI_BUILD"/cmd/ai-*; do
    case ${path##*/} in *.*) continue ;; esac
    [ ! -x "$path" ] || programs="$programs ${path##*/}"
done
[ -n "$programs" ] || skip_all "no programs built"

# ---- without a model ----
for program in $programs; do
    status_is 0 "$program: --help" "$program" --help
    [ -s out ] && [ ! -s err ]
    ok $? "$program: --help speaks on standard output"
    status_is 0 "$program: --version" "$program" --version
    contains out "^$program (ai-tools) [0-9]" "$program: --version says name and number"
    status_is 2 "$program: an unknown option is a usage error" "$program" --no-such-option
    [ "$(wc -l <err)" -le 2 ] && [ ! -s out ] && grep -q "^$program: " err
    ok $? "$program: an unknown option is answered in a line on standard error"
    status_is 2 "$program: an unknown short option too" "$program" -%
    if [ $have_full ]; then
        for option in --help --version --dump-options; do
            "$program" $option >/dev/full 2>err
            [ $? -eq 1 ] && [ -s err ]
            ok $? "$program: $option to a full disk fails"
        done
    fi
    for option in --help --version; do
        "$program" $option >&- 2>err
        [ $? -eq 1 ]
        ok $? "$program: $option with standard output closed fails"
    done
done

streams=yes
for program in ai-tokenize ai-forward ai-features ai-decide ai-eval ai-view ai-infer; do
    [ -x "$AI_BUILD/cmd/$program" ] || streams=
done
if [ ! $streams ] || [ ! -e "$demo_model" ]; then
    echo "# programs or the demonstration model are missing: the rest is left out"
    done_testing
fi

# ---- with the demonstration model ----
ai-tokenize -m "$demo_model" -o tokens.ait lines.txt &&
    ai-forward -m "$demo_model" -T 1 --layers=all -o hidden.aih tokens.ait &&
    ai-features -m "$demo_model" -o features.aif hidden.aih &&
    ai-decide -p 'gap>0.8' -o decisions.aid features.aif
ok $? "the streams to test with can be made"
# several documents whose answers settle at different layers, for those that learn
cut -f 2 "$AI_SOURCE/examples/prompts/sst2/train.tsv" | head -n 30 >some.txt
ai-tokenize -m "$demo_model" some.txt | ai-forward -m "$demo_model" -T 1 --layers=all |
    ai-features -m "$demo_model" -o train.aif
ok $? "rows to train with can be made"

for program in $programs; do
    args=$(arguments "$program")
    [ -n "$args" ] || continue
    # shellcheck disable=SC2086
    status_is 0 "$program: works" "$program" $args
    [ ! -s err ]
    ok $? "$program: is silent when all is well"

    if [ $have_full ]; then
        # shellcheck disable=SC2086
        "$program" $args >/dev/full 2>err
        [ $? -eq 1 ] && [ "$(wc -l <err)" -ge 1 ]
        ok $? "$program: a full disk is a failure with a message"
    fi
    # shellcheck disable=SC2086
    "$program" $args >&- 2>err
    [ $? -eq 1 ]
    ok $? "$program: a closed standard output is a failure"

    # shellcheck disable=SC2086
    status_is 1 "$program: an output that cannot be made" "$program" -o no/such/folder/x $args
    [ "$(wc -l <err)" -eq 1 ] || [ "$program" = ai-infer ]
    ok $? "$program: says so in one line"
done

# An empty input where a stream must be is a stream cut short.
for program in ai-forward ai-features ai-decide ai-eval ai-view ai-train-svm ai-train-crf ai-calibrate; do
    case $program in
    ai-forward | ai-features) args="-m $demo_model" ;;
    ai-decide | ai-calibrate) args='-p gap>0.8' ;;
    *) args= ;;
    esac
    # shellcheck disable=SC2086
    status_is 3 "$program: an empty input is no stream" "$program" $args
    [ "$(wc -l <err)" -eq 1 ] && grep -q "^$program: standard input: " err
    ok $? "$program: says so in one line"
    echo 'text, not a stream' >text
    # shellcheck disable=SC2086
    "$program" $args <text >out 2>err
    [ $? -eq 3 ]
    ok $? "$program: text is no stream"
done

# A half-written file never stays.
for program in $programs; do
    case $program in
    ai-forward) cut=tokens.ait args="-m $demo_model" ;;
    ai-features) cut=hidden.aih args="-m $demo_model" ;;
    ai-train-svm | ai-train-crf) cut=train.aif args= ;;
    ai-calibrate) cut=train.aif args='-p gap>0.8 --max-flip=0.9' ;;
    ai-decide) cut=features.aif args='-p gap>0.8' ;;
    *) continue ;;
    esac
    size=$(wc -c <$cut)
    head -c $((size - 5)) $cut >short.s
    # shellcheck disable=SC2086
    status_is 3 "$program: a stream cut short" "$program" $args -o made short.s
    set -- made*
    [ "$*" = 'made*' ]
    ok $? "$program: leaves no output behind"
    rm -f made*
done

# A reader that leaves: silence, and the status of SIGPIPE.
big=0
while [ $big -lt 3000 ]; do
    echo "line $big of a longer text that fills pipes"
    big=$((big + 1))
done >many.txt
ai-tokenize -m "$demo_model" -o many.ait many.txt
ok $? "a longer stream can be made"
left_alone() { # NAME COMMAND...
    what=$1
    shift
    { "$@" 2>err; echo $? >status; } | head -c 10 >/dev/null
    [ "$(cat status)" -eq 141 ] && [ ! -s err ]
    ok $? "$what: a reader that leaves ends it in silence"
    [ "$(cat status)" -eq 141 ] || sed "s/^/# status $(cat status): /" err
}
left_alone ai-view ai-view many.ait
left_alone ai-tokenize ai-tokenize -Z 0 -m "$demo_model" many.txt
left_alone 'ai-tokenize -d' ai-tokenize -d -m "$demo_model" many.ait
left_alone ai-forward ai-forward -Z 0 -T 1 -m "$demo_model" many.ait
left_alone ai-infer ai-infer -T 1 -m "$demo_model" many.txt
left_alone 'ai-infer with a policy' ai-infer -T 1 -p 'gap>0.5' -m "$demo_model" many.txt
left_alone 'ai-forward with a decider' ai-forward -T 1 -m "$demo_model" \
    --decide="ai-features -m '$demo_model' | ai-decide -p 'gap>0.5'" many.ait

# Binary is not for the eyes: script(1) gives a terminal.
if command -v script >/dev/null && script -q -e -c true /dev/null >/dev/null 2>&1 </dev/null; then
    for program in ai-tokenize ai-forward ai-features ai-decide; do
        script -q -e -c "$program $(arguments $program | sed 's/>/\\>/')" /dev/null >out 2>&1 </dev/null
        [ $? -eq 2 ] && grep -q 'terminal' out
        ok $? "$program: refuses to write a stream to a terminal"
    done
else
    echo "# no script(1): nothing tried on a terminal"
fi
done_testing
