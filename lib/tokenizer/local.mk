# lib/tokenizer
