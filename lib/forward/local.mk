# lib/forward
