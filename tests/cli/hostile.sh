#!/bin/sh
# Streams that are well formed and make no sense, and command lines that are not text.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"
command -v python3 >/dev/null || skip_all "no python3 to make streams with"

# stream KIND HEADER RECORDS: a raw stream; HEADER is key=value words, RECORDS a Python list
cat >stream.py <<'END'
import struct, sys
table = []
for i in range(256):
    for _ in range(8):
        i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
    table.append(i)
def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff
def record(kind, data):
    return struct.pack("<IHH", len(data), kind, 0) + data + bytes(-len(data) % 8)
def DOC(number):
    return 1, struct.pack("<QIHHII", number, 1, 0, 0, 0xffffffff, 0)
def TOKENS(number, *ids):
    return 2, struct.pack("<QII%dI" % len(ids), number, 0, len(ids), *ids)
def FEATURES(number, layer, *values):
    return 4, struct.pack("<QIIHHHH%dfIf" % len(values), number, 0, 0, layer, len(values), 1, 0, *values, 1, 0.5)
def DOC_END(number):
    return 6, struct.pack("<QHHIQQ", number, 12, 0, 0, 1, 1)
kind, lines, records = sys.argv[1], sys.argv[2], eval(sys.argv[3])
text = ("kind\t%s\n" % kind + lines.replace("=", "\t").replace(" ", "\n") + "\n").encode()
head = b"\x89AIS\r\n\x1a\n" + struct.pack("<HHI", 1, 0, len(text)) + text
head += struct.pack("<I", crc32c(head))
body = b"".join(record(k, d) for k, d in records)
end = struct.pack("<QQI", len(records), sum(len(d) for k, d in records), crc32c(head[:-4] + body))
sys.stdout.buffer.write(head + body + record(0xffff, end))
END
stream() {
    python3 stream.py "$@"
}

# refused PATTERN NAME COMMAND...: status 3, one line
refused() {
    pattern=$1
    shift
    status_is 3 "$@"
    contains err "$pattern" "and says why"
    [ "$(wc -l <err)" -eq 1 ]
    ok $? "in one line"
}

header='model=x layers=12 features=gap,top_prob'
stream features "$header" '[DOC(0), FEATURES(0, 1, 0.5, 0.5), FEATURES(0, 12, 0.5, 0.5), DOC_END(0)]' >good.aif
status_is 0 "a stream made by hand is read" ai-decide -p 'gap>0.8' good.aif
stream features "$header" '[DOC(0), FEATURES(0, 1, 0.5), FEATURES(0, 12, 0.5), DOC_END(0)]' >few.aif
refused '1 features, the header names 2' "ai-decide: fewer features than the header says" ai-decide -p 'top_prob>0.8' few.aif
refused '1 features, the header names 2' "ai-train-svm: fewer features than the header says" ai-train-svm few.aif
stream features 'model=x layers=12 features=gap,,top_prob' '[]' >empty.aif
refused 'none empty' "ai-decide: a feature without a name" ai-decide empty.aif
refused 'none empty' "ai-view: a feature without a name" ai-view empty.aif
stream features "$header" '[DOC(0), FEATURES(0, 12, 0.5, 0.5)]' >endless.aif
refused 'document 0 never ends' "ai-decide: a document that never ends" ai-decide endless.aif
refused 'document 0 never ends' "ai-view: a document that never ends" ai-view endless.aif
refused 'document 0 never ends' "ai-train-svm: a document that never ends" ai-train-svm endless.aif
refused 'document 0 never ends' "ai-calibrate: a document that never ends" ai-calibrate -p 'gap>0.8' endless.aif
stream features "$header" '[DOC(1), DOC(0)]' >back.aif
refused 'begins after' "ai-decide: document numbers that fall" ai-decide back.aif
stream features "$header" '[DOC(0), FEATURES(0, 3, 0.5, 0.5), FEATURES(0, 3, 0.5, 0.5), DOC_END(0)]' >again.aif
refused 'out of order' "ai-view: a layer twice, as svmlight" ai-view --to=svmlight again.aif
stream tokens 'tokenizer=x' '[DOC(3), TOKENS(3, 5), DOC(3), TOKENS(3, 5)]' >twice.ait
refused 'document 3 begins after document 3' "ai-forward: a document number twice" ai-forward -T 1 -m "$demo_model" twice.ait
stream features "$header" '[DOC(2**63)]' >far.aif
refused '2^63' "a document number that would wrap" ai-decide far.aif

# Names of files are bytes; the header is UTF-8.
odd=$(printf 'odd-\351.aif')
cp good.aif "$odd"
status_is 0 "a file name that is not UTF-8" ai-decide -o made.aid "$odd"
name=$(printf '\303\244%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)
mkdir "$name"
path=good.aif
while [ ${#path} -lt 2000 ]; do
    path=$name/../$path
done
status_is 0 "a long command line, cut inside a character" ai-decide -o made.aid "$path"
status_is 0 "or the other byte of it" ai-decide -o made.aid "./$path"
status_is 0 "and its stream is read" ai-view made.aid

done_testing
