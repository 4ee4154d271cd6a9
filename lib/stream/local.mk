# lib/stream
