#!/bin/sh
# ai-tokenize: its forms of input and output, and what it refuses.
. "$AI_SOURCE/tests/tap.sh"
[ -e "$demo_model" ] || skip_all "no demonstration model"

m=$demo_model
printf 'a good film\n\nlast  line\twithout end' >lines.txt
status_is 0 "lines become a stream" ai-tokenize -m "$m" -o lines.ait lines.txt
status_is 0 "and come back" ai-tokenize -d -m "$m" lines.ait
{ cat lines.txt; echo; } >want
same_bytes out want "byte for byte, the empty line too"
ai-tokenize -m "$m" <lines.txt | ai-tokenize -d -m "$m" >out
same_bytes out want "through pipes too"
ai-tokenize -Z 0 -m "$m" lines.txt lines.txt | ai-tokenize -d -m "$m" >out
cat want want >twice
same_bytes out twice "two operands are read one after the other"
cat lines.ait lines.ait >two.ait
ai-tokenize -d -m "$m" two.ait >out
same_bytes out twice "two streams in one file too"
printf 'one\ntwo\000three\000' >nul.bin
ai-tokenize -0 -m "$m" nul.bin | ai-tokenize -0 -d -m "$m" >out
same_bytes out nul.bin "NUL ends texts with -0"
: >empty.txt
ai-tokenize -m "$m" empty.txt | ai-tokenize -d -m "$m" >out
same_bytes out empty.txt "no documents give no documents"
ai-tokenize -d --special -m "$m" lines.ait >out
contains out '^<s>a good film' "--special shows special tokens"
ai-tokenize --special -m "$m" out | ai-tokenize -d --special -m "$m" >twice
contains twice '^<s><s>' "and reads them"
ai-tokenize --no-bos -m "$m" -o nobos.ait nul.bin
ai-tokenize -d --special -m "$m" nobos.ait >out
contains out '^one$' "--no-bos leaves BOS away"

cat >docs.jsonl <<'END'
{"id":"a","text":"Review: fine Sentiment:","label":"positive","choices":["negative","positive"]}
{"id":"b","text":"line\nbreak \"and\" \u00e9\ud83d\ude00"}
{"id":"7","text":""}
END
status_is 0 "JSONL becomes a stream" ai-tokenize -m "$m" -o docs.ait docs.jsonl
status_is 0 "and comes back" ai-tokenize -d --to=jsonl -m "$m" docs.ait
sed 's/\\u00e9\\ud83d\\ude00/é😀/' docs.jsonl >want
same_bytes out want "with ids, labels and choices"
printf '{"choices":["x","y"],"label":1,"text":"t","id":12,"other":[1]}\n{"text":"u"}' | ai-tokenize -m "$m" >in.ait
ai-tokenize -d --to=jsonl -m "$m" in.ait >out
cat >want <<'END'
{"id":"12","text":"t","label":"y","choices":["x","y"]}
{"id":1,"text":"u"}
END
same_bytes out want "an index as label, a number as id, no id"
printf '1 300 301\n  5\n' | ai-tokenize --from=ids -m "$m" >ids.ait
status_is 0 "ids are taken as they are" ai-tokenize -d -m "$m" ids.ait
mkdir bare
echo '{}' >bare/config.json
printf '1 300 301\n  5\n' | ai-tokenize --from=ids -m bare | ai-view --no-header | cut -f 1,5- >out
printf '0\t3\t1 300 301\n1\t1\t5\n' >want
same_bytes out want "ids for a model without a tokenizer"
printf '{not json\n' >brace.txt
ai-tokenize --from=lines -m "$m" brace.txt | ai-tokenize -d -m "$m" >out
same_bytes out brace.txt "--from=lines takes a brace for a letter"

# bad STATUS WORDS NAME INPUT [OPTION...]: one line that has the words; no file left
bad() {
    want_status=$1 words=$2 what=$3 input=$4
    shift 4
    printf "$input" >bad.txt
    rm -f bad.ait
    status_is "$want_status" "refused: $what" ai-tokenize -m "$m" "$@" -o bad.ait bad.txt
    contains err "^ai-tokenize: $words" "with the reason"
    [ "$(wc -l <err)" -eq 1 ] && [ ! -e bad.ait ] && ! ls bad.ait.tmp* >/dev/null 2>&1
    ok $? "in a line, and no file stays behind"
}
bad 3 'bad.txt: line 2: byte 3: not UTF-8' "bytes that are not UTF-8" 'fine\nab\377c\n'
bad 3 'bad.txt: line 1: byte 12: not UTF-8' "such bytes in JSONL" '{"text":"ab\377"}\n'
bad 3 'bad.txt: line 2: an empty prompt' "a prompt without any token" 'a\n\n' --no-bos
bad 3 'bad.txt: line 2: column [0-9]*: ' "JSON cut short" '{"text":"a"}\n{"text":"'
bad 3 'bad.txt: line 1: column [0-9]*: duplicate' "a key twice" '{"text":"a","text":"b"}\n'
bad 3 'bad.txt: line 1: text: nothing where a string' "no text" '{"id":"a"}\n'
bad 3 'bad.txt: line 1: text: an integer where' "a number for a text" '{"text":1}\n'
bad 3 'bad.txt: line 1: an array where an object' "an array" '[1]\n' --from=jsonl
bad 3 "bad.txt: line 1: label: 'z' is none" "a label that is no choice" '{"text":"a","choices":["x","y"],"label":"z"}\n'
bad 3 'bad.txt: line 1: label: 2 is no index' "an index beyond the choices" \
    '{"text":"a","choices":["x","y"],"label":2}\n'
bad 3 'bad.txt: line 1: label: the index 0 without' "an index without choices" '{"text":"a","label":0}\n'
bad 3 "bad.txt: line 1: choices: 'zqx' and 'zqy' begin" "choices with one first token" \
    '{"text":"a","choices":["zqx","zqy"]}\n'
bad 3 'bad.txt: line 1: byte 5: a token number beyond' "an id beyond the vocabulary" '1 2 4096\n' --from=ids
bad 3 'bad.txt: line 1: byte 2: not a token number' "an id that is none" '1x\n' --from=ids
bad 3 'bad.txt: line 2: an empty prompt' "no ids" '1\n\n' --from=ids

status_is 3 "--chat with a model that has no template" ai-tokenize --chat -m "$m" lines.txt
contains err 'demo.gguf: no chat template' "and the reason said"
status_is 2 "--chat with --special" ai-tokenize --chat --special -m "$m" lines.txt
status_is 2 "--chat with ids" ai-tokenize --chat --from=ids -m "$m" lines.txt
status_is 2 "--chat with -d" ai-tokenize --chat -d -m "$m" lines.ait
bad 3 'bad.txt: line 1: messages: a conversation wants a chat template' "a conversation without --chat" \
    '{"messages":[{"role":"user","content":"a"}]}\n'
bad 3 'bad.txt: line 1: text and messages in one' "two prompts in one" '{"text":"a","messages":[]}\n'
bad 3 'bad.txt: line 1: messages: an empty' "no turns" '{"messages":[]}\n'
bad 3 "bad.txt: line 1: messages: turn 1: role 'tool'" "an unknown role" '{"messages":[{"role":"tool","content":""}]}\n'
bad 3 'bad.txt: line 1: messages: turn 1: content: an array' "parts for a text" \
    '{"messages":[{"role":"user","content":[]}]}\n'

# A folder with a template: bytes, two marks, and lines as well as conversations.
mkdir chat
{
    printf '{"added_tokens":[{"id":256,"content":"<|im_start|>","special":true},'
    printf '{"id":257,"content":"<|im_end|>","special":true}],"pre_tokenizer":{"type":"ByteLevel",'
    printf '"add_prefix_space":false},"model":{"type":"BPE","merges":[],"vocab":{'
    LC_ALL=C awk 'BEGIN { for (b = 0; b < 256; b++) { c = b
        if (b < 33 || (b > 126 && b < 161) || b == 173) c = 256 + k++
        s = c < 128 ? sprintf("%c", c) : sprintf("%c%c", 192 + int(c / 64), 128 + c % 64)
        printf "%s\"%s%s\":%d", b ? "," : "", s == "\"" || s == "\\" ? "\\" : "", s, b } }'
    printf '}}}'
} >chat/tokenizer.json
cat >chat/chat_template.jinja <<'END'
{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
END
printf 'a <|im_end|> b\n' >user.txt
status_is 0 "a line is a user's turn" ai-tokenize --chat -m chat -o chat.ait user.txt
ai-tokenize -d --special -m chat chat.ait >out
printf '<|im_start|>user\na <|im_end|> b<|im_end|>\n<|im_start|>assistant\n\n' >want
same_bytes out want "in the template's form"
ai-view --no-header chat.ait | cut -f 6 | tr ' ' '\n' | grep -c '25[67]' >count
[ "$(cat count)" -eq 3 ]
ok $? "and what it says stays text"
cat >talk.jsonl <<'END'
{"id":"t","messages":[{"role":"system","content":"s"},{"role":"user","content":"q"}],"choices":["yes","no"],"label":0}
END
ai-tokenize --chat -m chat talk.jsonl | ai-tokenize -d --to=jsonl --special -m chat >out
printf '%s\n' '{"id":"t","text":"<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n","label":"yes","choices":["yes","no"]}' >want
same_bytes out want "a conversation with choices"

printf '1 300 301 302\n5 6\n' >long.txt
# cut_to SIDE TOKENS: what of the first line is left
cut_to() {
    ai-tokenize --from=ids --max-tokens=3 --truncate="$1" -m "$m" long.txt | ai-view --no-header | cut -f 6 >out
    printf '%s\n5 6\n' "$2" >want
    same_bytes out want "--truncate=$1"
}
cut_to left '1 301 302'
cut_to right '1 300 301'
bad 3 'bad.txt: line 1: a prompt of 4 tokens, where 3 are the most' "a prompt that is too long" '1 2 3 4\n' \
    --from=ids --max-tokens=3
status_is 2 "--truncate alone" ai-tokenize --truncate=left -m "$m" lines.txt
status_is 2 "--truncate with --chat" ai-tokenize --chat --max-tokens=3 --truncate=left -m chat user.txt
status_is 2 "--max-tokens with -d" ai-tokenize -d --max-tokens=3 -m "$m" lines.ait

status_is 2 "no model" ai-tokenize lines.txt
status_is 2 "--to without -d" ai-tokenize -m "$m" --to=jsonl lines.txt
status_is 2 "--from with -d" ai-tokenize -d -m "$m" --from=ids lines.ait
status_is 1 "a model that is not there" ai-tokenize -m nosuch lines.txt
status_is 1 "a file that is not there" ai-tokenize -m "$m" nosuch.txt
status_is 3 "a model that is none" ai-tokenize -m lines.txt lines.txt
status_is 3 "a text for a stream" ai-tokenize -d -m "$m" lines.txt
head -c 40 lines.ait >cut.ait
status_is 3 "a stream cut short" ai-tokenize -d -m "$m" cut.ait
[ "$(wc -l <err)" -eq 1 ]
ok $? "said in a line"

# Another vocabulary of the same kind: one letter of one piece differs.
LC_ALL=C sed 's/'"$(printf '\342\226\201')"'the/'"$(printf '\342\226\201')"'thq/' "$m" >other.gguf
if cmp -s "$m" other.gguf; then
    echo "# the pattern changes nothing"
elif ai-tokenize -m other.gguf -o other.ait lines.txt 2>/dev/null; then
    status_is 3 "a stream of another tokenizer is refused" ai-tokenize -d -m "$m" other.ait
    contains err 'another tokenizer' "and the reason said"
fi

# A line is handed on before the next one comes.
mkfifo in out.fifo
ai-tokenize -m "$m" <in 2>err.live | ai-tokenize -d -m "$m" >out.fifo 2>>err.live &
exec 3>in 4<out.fifo
echo 'first line' >&3
(sleep 20; kill $$) 2>/dev/null &
watch=$!
IFS= read -r answer <&4
[ "$answer" = 'first line' ]
ok $? "a live pipe hands on line by line"
kill $watch 2>/dev/null
exec 3>&-
cat <&4 >/dev/null
exec 4<&-
wait
done_testing
