#!/bin/sh
# ai-train-crf and ai-calibrate on streams made here: what the certificate says, what is
# refused, and when there is none; and that ai-decide heeds it.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"

puts=$AI_BUILD/tests/eval/puts
for program in "$AI_BUILD/cmd/ai-calibrate" "$AI_BUILD/cmd/ai-train-crf" "$AI_BUILD/cmd/ai-decide" "$puts"; do
    [ -x "$program" ] || skip_all "$program has not been built"
done

# features DOCS SEED [MODEL [HEAD]]: 8 layers; a document settles at some layer on token 7,
# which is its label, and says 9 before; gap is high from then on, with some overlap.  Its id
# is SEED-NUMBER, and so is the digest of its prompt.
features() {
    awk -v docs="$1" -v seed="$2" -v model="${3:-aaa}" -v head="${4:-full}" '
        function u() { x = x * 16807 % 2147483647; return x / 2147483647 }
        BEGIN {
            x = seed
            print "kind features"; print "meta model " model; print "meta tokenizer ttt"; print "meta layers 8"
            print "meta features gap,top_prob"; print "meta head " head
            for (d = 0; d < docs; d++) {
                print "doc", d, seed "-" d, "seven", 7
                settles = 1 + int(u() * 8)
                for (l = 1; l <= 8; l++) {
                    gap = l >= settles ? 0.5 + 0.5 * u() : 0.6 * u()
                    print "features", d, 0, 3, l, (l >= settles ? 7 : 9), gap, gap * gap + 0.1 * u()
                }
                print "end", d, 8, 1000, 1000
            }
            print "run", 1, 0, 0
        }' >features.txt
    "$puts" <features.txt
}
features 500 1 >train.aif
features 4000 3 >truth.aif
features 800 2 >held.aif
mv features.txt held.txt
value() {
    sed -n "s/^$2 //p" "$1"
}

# ---- ai-train-crf ----
for kind in crf logistic; do
    [ $kind = crf ] && option= || option=--no-transitions
    # shellcheck disable=SC2086
    status_is 0 "$kind: trains" ai-train-crf $option --no-provenance --max-flip=5% -o $kind.policy train.aif
    [ ! -s err ]
    ok $? "$kind: in silence"
    # shellcheck disable=SC2086
    ai-train-crf $option --no-provenance --max-flip=0.05 <train.aif >again.policy
    same_bytes $kind.policy again.policy "$kind: the same bytes again"
    contains $kind.policy "^classifier $kind\$" "$kind: says what it is"
    ai-decide -p $kind.policy truth.aif | ai-view --no-header | awk -F '\t' '$7 != 7 { flips++ } { skipped += 8 - $5 }
        END { print "# " flips + 0 " of " NR " flip, " skipped / NR / 8 " skipped"
              exit !(NR == 4000 && flips < 400 && skipped / NR > 1) }'
    ok $? "$kind: new documents leave early, few of them wrongly"
done
[ "$(value crf.policy layers)" = 1-7 ]
ok $? "a chain checks all its layers"
ai-train-crf --layers=3,5-7 --max-flip=5% -o some.policy train.aif
[ "$(value some.policy layers)" = 3,5-7 ]
ok $? "--layers says which these are"
ai-decide -p some.policy -o all.aid --no-provenance held.aif
awk '$1 != "features" || $5 == 3 || $5 >= 5' held.txt | "$puts" >only.aif
ai-decide -p some.policy -o only.aid --no-provenance only.aif
ai-view all.aid >all.tsv && ai-view only.aid >only.tsv
same_bytes all.tsv only.tsv "it decides the same whether other layers are in the stream or not"
status_is 2 "--l2 takes a number" ai-train-crf --l2=much train.aif
status_is 2 "a share is one" ai-train-crf --max-flip=101% train.aif

# ---- calibration ----
ai-train-svm --no-provenance --max-flip=5% -o svm-linear.policy train.aif
for kind in svm-linear logistic crf; do
    status_is 0 "$kind: calibrates" ai-calibrate -p $kind.policy --max-flip=4% --no-provenance -o $kind.safe held.aif
    [ ! -s err ]
    ok $? "$kind: in silence"
    [ "$(value $kind.safe certified_documents)" = 800 ] && [ "$(value $kind.safe certified_confidence)" = 0.95 ] &&
        [ "$(value $kind.safe certified_flip_limit)" = 0.04 ] && [ "$(value $kind.safe certified_model)" = aaa ] &&
        [ "$(value $kind.safe certified_tokenizer)" = ttt ]
    ok $? "$kind: the certificate says what was asked"
    ai-decide -p $kind.safe -o x.aid --no-provenance held.aif 2>err
    [ ! -s err ]
    ok $? "$kind: ai-decide has nothing to add"
    ai-view --no-header x.aid | awk -F '\t' '$7 != 7 { flips++ } { skipped += 8 - $5 }
        END { print flips + 0, skipped / NR / 8 }' >got
    echo "$(value $kind.safe certified_flips) $(value $kind.safe certified_layers_skipped)" | paste -d ' ' - got |
        awk '{ d = $2 - $4; exit !($1 == $3 && d * d < 1e-10) }'
    ok $? "$kind: its numbers are those of ai-decide"
    awk -v bound="$(value $kind.safe certified_flip_bound)" 'BEGIN { exit !(bound > 0.02 && bound <= 0.04) }'
    ok $? "$kind: its bound is below the limit, and near"
    ai-decide -p $kind.safe truth.aif | ai-view --no-header | awk -F '\t' '$7 != 7 { flips++ }
        END { print "# " 100 * flips / NR " % in truth"; exit !(flips / NR <= 0.04) }'
    ok $? "$kind: and it holds on other documents"
done
ai-calibrate -p crf.safe --max-flip=4% --no-provenance held.aif >again.safe
same_bytes crf.safe again.safe "calibrating again gives the same bytes"
{
    grep '^[km]' held.txt
    grep '^[def]' held.txt | sort -s -k 2,2nr | awk '{ new += $1 == "doc"; $2 = new - 1; print }'
} | "$puts" >turned.aif
ai-calibrate -p crf.policy --max-flip=4% --no-provenance turned.aif >turned.safe
same_bytes crf.safe turned.safe "whatever the order of the documents"
ai-calibrate -p crf.policy --max-flip=4% --confidence=99.9% held.aif >sure.safe
awk -v a="$(value crf.safe threshold)" -v b="$(value sure.safe threshold)" 'BEGIN { exit !(b > a) }'
ok $? "more confidence takes a higher threshold"
contains sure.safe '^prog ai-calibrate .*held.aif$' "the command line is kept"
contains sure.safe '^held_out_flips ' "and so is what training noted"
status_is 0 "losses against labels" ai-calibrate -p crf.policy --max-loss=4% -o loss.safe held.aif
[ "$(value loss.safe certified_losses)" = "$(value crf.safe certified_flips)" ] && ! grep -q certified_flips loss.safe
ok $? "are the changed ones where all were right"
sed 's/ seven 7$/ seven 9/' held.txt | "$puts" >wrong.aif
ai-calibrate -p crf.policy --max-loss=4% wrong.aif >wrong.safe
[ "$(value wrong.safe certified_losses)" = 0 ]
ok $? "and none where none was"
sed '/^doc 5 /s/ seven 7$/ - -/' held.txt | "$puts" >unlabelled.aif
status_is 3 "documents without labels" ai-calibrate -p crf.policy --max-loss=4% unlabelled.aif
contains err 'has no label' "are refused where labels are needed"

# ---- rules ----
status_is 0 "a rule with a threshold" ai-calibrate -p 'gap>threshold && layer>=2' --max-flip=4% -o rule.safe held.aif
contains rule.safe '^threshold 0\.[4-9]' "gets one"
ai-decide -p rule.safe -o x.aid held.aif && [ "$(ai-view --no-header x.aid | awk -F '\t' '$7 != 7' | wc -l)" -eq "$(value rule.safe certified_flips)" ]
ok $? "and decides with it"
status_is 2 "without calibration" ai-decide -p 'gap>threshold' held.aif
contains err 'ai-calibrate gives it one' "it has none"

# ---- no certificate ----
status_is 4 "a rule that is too bold" ai-calibrate -p 'gap>0.1' -o none.safe held.aif
contains err 'no threshold is safe: even the strictest' "is not safe"
features 100 4 >few.aif
status_is 4 "too few documents" ai-calibrate -p crf.policy -o none.safe few.aif
contains err 'takes 299 or more' "how many it takes is said"
status_is 5 "a policy that saves next to nothing" ai-calibrate -p 'gap>2' -o none.safe held.aif
contains err 'not worth it' "is said to be not worth it"
status_is 5 "or less than was asked" ai-calibrate -p crf.policy --max-flip=4% --min-skip=99% -o none.safe held.aif
[ ! -e none.safe ]
ok $? "nothing is written then"

# ---- what is refused ----
cat train.aif held.aif >both.aif
status_is 3 "documents that trained it" ai-calibrate -p crf.policy --max-flip=4% both.aif
contains err 'document 0 trained the policy' "are refused"
status_is 0 "--leave-out-trained" ai-calibrate -p crf.policy --max-flip=4% --leave-out-trained --no-provenance -o rest.safe both.aif
contains err '500 documents that trained the policy are left out' "leaves them out"
same_bytes rest.safe crf.safe "and only them"
sed 's/^\(doc [0-9]*\) [^ ]*/\1 -/' held.txt | "$puts" >nameless.aif
status_is 0 "documents without a digest" ai-calibrate -p crf.policy --max-flip=4% nameless.aif
contains err 'make sure that none of them is here' "bring a warning"
features 800 5 bbb >other.aif
status_is 3 "another model" ai-calibrate -p crf.policy --max-flip=4% other.aif
contains err '--any-model' "is refused"
status_is 0 "--any-model" ai-calibrate -p crf.policy --any-model --max-flip=4% -o other.safe other.aif
status_is 0 "ai-decide takes it for the model that it was calibrated for" ai-decide -p other.safe -o x.aid other.aif
[ ! -s err ]
ok $? "in silence"
status_is 0 "and for the one that trained it" ai-decide -p other.safe -o x.aid held.aif
contains err 'its certificate is of model bbb and says nothing about aaa' "with a warning"
[ "$(wc -l <err)" -eq 1 ]
ok $? "once"
features 10 6 ccc >third.aif
status_is 3 "for a third one it does not" ai-decide -p other.safe -o x.aid third.aif
features 800 7 aaa choices >choices.aif
status_is 3 "features of another head" ai-calibrate -p crf.policy --max-flip=4% choices.aif
status_is 3 "cannot be decided on either" ai-decide -p crf.policy -o x.aid choices.aif
contains err 'trained on features of the full head, these are of the choices head' "and it says why"
status_is 2 "no policy" ai-calibrate held.aif
status_is 2 "a limit that is no share" ai-calibrate -p crf.policy --max-flip=2 held.aif
status_is 2 "a limit of nothing at all" ai-calibrate -p crf.policy --max-flip=0 held.aif
status_is 2 "certainty" ai-calibrate -p crf.policy --confidence=100% held.aif
head -c 5000 held.aif >cut.aif
status_is 3 "a stream that was cut" ai-calibrate -p crf.policy cut.aif
done_testing
