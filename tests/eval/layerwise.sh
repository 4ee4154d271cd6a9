#!/bin/sh
# ai-view --lens: one document, layer by layer.
. "$AI_SOURCE/tests/tap.sh"
puts=$AI_BUILD/tests/eval/puts

{
    printf 'kind features\nmeta layers 3\nmeta features gap\n'
    printf 'doc 0 a-1 yes 7\ndoc 1 5 - -\ndoc 5 b-2 - -\n'
    for layer in 1 2 3; do
        echo "features 0 0 9 $layer 10$layer 0"
        echo "features 1 0 9 $layer 20$layer 0"
        echo "features 5 0 9 $layer 30$layer 0"
    done
    for d in 0 1 5; do echo "end $d 3 1 1"; done
} >text
"$puts" <text >rows.aif
status_is 0 'the first document' ai-view --lens rows.aif
cat >want <<END
document 0, a-1, label yes
layer
  1    101  50.0%
  2    102  50.0%
  3    103  50.0%
END
sed 's/  *$//; s/^ *\([0-9]\)/  \1/' out >got
same_bytes got want 'layer by layer, tokens as numbers'
status_is 0 'a document by its id' ai-view --lens --doc=b-2 rows.aif
contains out '^document 5, b-2$' 'found'
status_is 0 'a number that is an id of another' ai-view --lens --doc=5 rows.aif
contains out '^document 1, 5$' 'is taken as the id'
status_is 3 'a document that is not there' ai-view --lens --doc=zz rows.aif
contains err '^ai-view: rows.aif: no document zz$' 'is said to be missing'
printf 'kind decisions\nmeta layers 3\ndoc 0 b-2 - -\ndoc 1 a-1 - -\ndecision 0 0 1 1\ndecision 1 0 2 102\n' |
    "$puts" >rows.aid
status_is 0 'where it stopped' ai-view --lens --decisions=rows.aid rows.aif
contains out '^ *2 \*  *102 ' 'is marked'
contains out '^\* stopped after layer 2 of 3$' 'and said'
status_is 3 'no decision on it' ai-view --lens --doc=5 --decisions=rows.aid rows.aif
contains err '^ai-view: rows.aid: no decision on document 1, 5$' 'is said'
status_is 0 'a picture' ai-view --lens --to=svg --decisions=rows.aid rows.aif
contains out '>stopped here</text>' 'shows it too'
if command -v python3 >/dev/null; then
    mv out lens.svg
    status_is 0 'it is well-formed XML' python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' lens.svg
fi
{ cat text; echo 'features 0 0 9 3 1 0'; } | grep -v '^end 0' | "$puts" >twice.aif
status_is 3 'a layer twice' ai-view --lens twice.aif
contains err 'layer 3 after layer 3: one position of a document is wanted' 'says so'
printf 'kind hidden\nmeta layers 3\n' | "$puts" >states.aih
status_is 3 'hidden states' ai-view --lens states.aih
for n in 0 20 60 150; do
    head -c "$n" rows.aif >cut.aif
    ai-view --lens --doc=zz cut.aif >out 2>err
    [ $? -eq 3 ] && [ ! -s out ]
    ok $? "a stream of $n bytes is refused"
done
status_is 2 'a picture of something else' ai-view --to=svg rows.aif
status_is 2 'JSON of a lens' ai-view --lens --to=jsonl rows.aif
if [ -r "$demo_model" ]; then
    echo 'Review: a joy Sentiment:' | ai-tokenize -m "$demo_model" | ai-forward -m "$demo_model" --layers=all |
        ai-features -m "$demo_model" -o real.aif
    status_is 0 'a real document' ai-view --lens -m "$demo_model" real.aif
    contains out '·positive  *[0-9.]*%' 'tokens are text'
fi
done_testing
