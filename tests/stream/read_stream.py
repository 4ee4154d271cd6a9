"""A reader of raw streams written from ai-stream(5) alone: prints the header's
lines, then for each record its type, document and payload length."""

import struct
import sys

TABLE = []
for n in range(256):
    for _ in range(8):
        n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
    TABLE.append(n)


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def segment(data, at, base):
    start = at
    magic, major, _, size = struct.unpack_from("<8sHHI", data, at)
    assert magic == b"\x89AIS\r\n\x1a\n" and major == 1
    text = data[at + 16:at + 16 + size].decode()
    at += 16 + size
    crc = crc32c(data[start:at])
    assert struct.unpack_from("<I", data, at)[0] == crc
    at += 4
    first = at
    for line in text.splitlines():
        key, value = line.split("\t")
        if key != "prog":
            print(key, value)
    records = payload = 0
    largest = base
    while True:
        length, kind, flags = struct.unpack_from("<IHH", data, at)
        body = data[at + 8:at + 8 + length]
        end = at + 8 + length + -length % 8
        assert not any(data[at + 8 + length:end]) and flags in (0, 1)
        if kind == 0xFFFF:
            assert struct.unpack("<QQI", body) == (records, payload, crc32c(data[first:at], crc))
            return end, largest
        records += 1
        payload += length
        if kind < 7:
            document = base + struct.unpack_from("<Q", body)[0]
            largest = max(largest, document + 1)
            print(kind, document, length)
        at = end


def main():
    data = sys.stdin.buffer.read()
    at = base = 0
    while at < len(data):
        at, base = segment(data, at, base)


main()
