#!/bin/sh
# ai-features --rank on rows whose areas and bits are counted by hand.
. "$AI_SOURCE/tests/tap.sh"
puts=$AI_BUILD/tests/eval/puts

# Six documents, three layers; layer 3's token is always 7.  At layer 1 documents 0, 1, 2
# are settled, at layer 2 all but 5.
#   layer 1: settled have x = 3, 2, 1 and y = 1, 1, 1; the others x = 2, 0, 0 and y = 0, 0, 0
#   pairs of x: 3>2 3>0 3>0, 2=2 2>0 2>0, 1<2 1>0 1>0: (3 + 2.5 + 2) / 9 = 0.833; y: 1
{
    echo 'kind features'
    echo 'meta layers 3'
    echo 'meta features x,y'
    for d in 0 1 2 3 4 5; do echo "doc $d - - -"; done
    echo 'features 0 0 0 1 7 3 1'
    echo 'features 1 0 0 1 7 2 1'
    echo 'features 2 0 0 1 7 1 1'
    echo 'features 3 0 0 1 8 2 0'
    echo 'features 4 0 0 1 8 0 0'
    echo 'features 5 0 0 1 9 0 0'
    for d in 0 1 2 3 4; do echo "features $d 0 0 2 7 1 1"; done
    echo 'features 5 0 0 2 9 1 1'
    for d in 0 1 2 3 4 5; do echo "features $d 0 0 3 7 0 0"; echo "end $d 3 1 1"; done
} >text
"$puts" <text >rows.aif
status_is 0 'a table' ai-features --rank rows.aif
contains out '^6 documents, 12 rows$' 'counts documents and rows, the last layer aside'
contains out '^ *1  *50.0%  *0.833  *1.000$' 'areas of layer 1'
contains out '^ *2  *83.3%  *0.500  *0.500$' 'a feature that never changes says nothing'
# y at layer 1 tells the one bit there is, less 1 / (2 * 6 * ln 2) = 0.120.  x is 0 0 1 2 2 3: the
# pair 2 2 keeps one of the 6 rows undecided by 1/3 of a bit, and there are 4 classes: 1 - 1/3 - 0.361
contains out '^ *1  *1.000  *0.306  *0.880$' 'bits of layer 1'
contains out '^ *2  *0.650  *0.000  *0.000$' 'and none where nothing changes'
# all: y is 1 in 9 rows, 8 of them settled, and 0 in 3, none settled: 8 * 3 + 1 * 3 / 2 of 8 * 4
contains out '^  all  *66.7%  *[0-9.]*  *0.875$' 'and one line of all layers'
sed 's/^/x/' rows.aif >noise
status_is 3 'noise' ai-features --rank noise
grep -v '^features 5 0 0 3' text | "$puts" >short.aif
status_is 3 'a document without its last layer' ai-features --rank short.aif
contains err '^ai-features: short.aif: .*document 5: its last layer, 3, is not in the stream$' 'says which'
printf 'kind features\nmeta layers 3\nmeta features x\n' | "$puts" >none.aif
status_is 0 'no documents' ai-features --rank none.aif
grep -v '^end 5' text | "$puts" >open.aif
status_is 3 'a document that does not end' ai-features --rank open.aif
printf 'kind hidden\n' | "$puts" >states.aih
status_is 3 'hidden states' ai-features --rank states.aih
status_is 2 'a model besides' ai-features --rank -m x rows.aif
ai-features --rank rows.aif 2>err >/dev/full
[ $? -eq 1 ]
ok $? 'a full disk is status 1'
done_testing
