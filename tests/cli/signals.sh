#!/bin/sh
# A program that a signal ends in mid-run dies by that signal and leaves nothing: no
# temporary file beside -o FILE, no FIFO; also while it computes and reads nothing.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"
command -v python3 >/dev/null || skip_all "no python3 to give SIGINT its meaning back"
mkdir tmp out_dir
TMPDIR=$tap_dir/tmp
export TMPDIR

printf 'one prompt\nanother prompt\n' >lines.txt
ai-tokenize -m "$demo_model" -o tokens.ait lines.txt &&
    ai-forward -m "$demo_model" -T 1 --layers=all -o hidden.aih tokens.ait &&
    ai-features -m "$demo_model" -o features.aif hidden.aih &&
    ai-decide -p 'gap>0.8' -o decisions.aid features.aif
ok $? "the streams to test with can be made"

# holds_something FOLDER: waits until there is a file in it
holds_something() {
    tries=0
    until [ -n "$(ls "$1")" ] || [ $tries -ge 200 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    [ $tries -lt 200 ]
}
nothing_left() {
    left=$(find out_dir tmp ! -name out_dir ! -name tmp)
    [ -z "$left" ]
    ok $? "$1: leaves nothing"
    [ -z "$left" ] || echo "# $left"
    rm -rf out_dir tmp
    mkdir out_dir tmp
}

# ends_by SIGNAL NUMBER NAME INPUT COMMAND...: the command reads INPUT from a pipe that
# then stays open; the signal comes when its temporary file is there.
ends_by() {
    signal=$1 number=$2 what="$3, SIG$1" input=$4
    shift 4
    mkfifo in.pipe
    # what a shell runs in the background ignores SIGINT, and no shell can undo that
    { cat "$input"; exec sleep 20; } >in.pipe &
    feeder=$!
    python3 -c '
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" <in.pipe >out 2>err &
    pid=$!
    holds_something out_dir
    ok $? "$what: the run has begun"
    kill -s "$signal" $pid
    wait $pid
    status=$?
    [ $status -eq $((128 + number)) ]
    ok $? "$what: dies by it"
    [ $status -eq $((128 + number)) ] || echo "# status $status"
    [ ! -s err ]
    ok $? "$what: in silence"
    kill $feeder 2>/dev/null
    wait $feeder 2>/dev/null
    rm -f in.pipe
    nothing_left "$what"
}

for signal in 'TERM 15' 'INT 2' 'HUP 1'; do
    # shellcheck disable=SC2086
    set -- $signal
    ends_by "$1" "$2" ai-tokenize lines.txt ai-tokenize -m "$demo_model" -o out_dir/x
    size=$(($(wc -c <tokens.ait) - 4))
    head -c $size tokens.ait >short.s
    ends_by "$1" "$2" ai-forward short.s ai-forward -m "$demo_model" -T 1 -o out_dir/x
    head -c $(($(wc -c <hidden.aih) - 4)) hidden.aih >short.s
    ends_by "$1" "$2" ai-features short.s ai-features -m "$demo_model" -o out_dir/x
    head -c $(($(wc -c <features.aif) - 4)) features.aif >short.s
    ends_by "$1" "$2" ai-decide short.s ai-decide -p 'gap>0.8' -o out_dir/x
    head -c $(($(wc -c <tokens.ait) - 4)) tokens.ait >short.s
    ends_by "$1" "$2" ai-view short.s ai-view -o out_dir/x
done

# A FIFO that nobody opens at the other end, and a ring of our own.
mkfifo lonely
ai-view lonely >out 2>err &
pid=$!
sleep 0.2
kill -TERM $pid
wait $pid
[ $? -eq 143 ] && [ ! -s err ]
ok $? "waiting for somebody to open a FIFO: dies by SIGTERM in silence"

mkfifo in.pipe
{ cat short.s; exec sleep 20; } >in.pipe &
feeder=$!
ai-forward -m "$demo_model" -T 1 --decide='sleep 1; exec cat >/dev/null' <in.pipe >out 2>err &
pid=$!
holds_something tmp
ok $? "--decide: its FIFO is there"
kill -TERM $pid
wait $pid
[ $? -eq 143 ] && [ ! -s err ]
ok $? "--decide: dies by SIGTERM in silence"
nothing_left "--decide"
kill $feeder 2>/dev/null
wait $feeder 2>/dev/null

# A computation that makes no system calls: training on noise.
python3 - >big.aif <<'END' || exit 99
import random, struct, sys
def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff
table = []
for i in range(256):
    for _ in range(8):
        i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
    table.append(i)
random.seed(1)
text = b"kind\tfeatures\nmodel\tx\nlayers\t12\nfeatures\tgap,top_prob\n"
head = b"\x89AIS\r\n\x1a\n" + struct.pack("<HHI", 1, 0, len(text)) + text
head += struct.pack("<I", crc32c(head))
records, payload, body = 0, 0, []
def put(kind, data):
    global records, payload
    body.append(struct.pack("<IHH", len(data), kind, 0) + data + bytes(-len(data) % 8))
    records += 1
    payload += len(data)
for doc in range(1500):
    put(1, struct.pack("<QIHHII", doc, 1, 0, 0, 0xffffffff, 0))
    for layer in range(1, 13):
        put(4, struct.pack("<QIIHHHHffIf", doc, 0, 0, layer, 2, 1, 0, random.random(), random.random(),
                           random.randrange(2), 0.5))
    put(6, struct.pack("<QHHIQQ", doc, 12, 0, 0, 1, 1))
body = b"".join(body)
end = struct.pack("<QQI", records, payload, crc32c(head[:-4] + body))
sys.stdout.buffer.write(head + body + struct.pack("<IHH", len(end), 0xffff, 0) + end + bytes(-len(end) % 8))
END
ai-train-svm --kernel=rbf -C 1e6 -o out_dir/x big.aif >out 2>err &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
status=$?
[ $status -eq 143 ] && [ ! -s err ]
ok $? "ai-train-svm: SIGTERM ends a long training"
[ $status -eq 143 ] || { echo "# status $status"; sed 's/^/# /' err; }
nothing_left "ai-train-svm"

done_testing
