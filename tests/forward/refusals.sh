#!/bin/sh
# What ai-forward refuses: a line that says what and where, the status, no output.
. "$AI_SOURCE/tests/tap.sh"

PATH="$AI_BUILD/tests/gen:$PATH"
command -v gen-model >/dev/null || skip_all "no gen-model"

# refused STATUS PATTERN NAME ARGUMENTS...: of ai-forward, stdin empty
refused() {
    want=$1 pattern=$2 name=$3
    shift 3
    status_is "$want" "$name" ai-forward -T 1 -o made.aih "$@"
    [ "$(wc -l <err)" -eq 1 ] && grep -q "^ai-forward: $pattern" err
    tap_got=$?
    ok $tap_got "and one line says why"
    [ $tap_got -eq 0 ] || sed 's/^/# /' err
    set -- made.aih*
    [ "$*" = 'made.aih*' ]
    ok $? "and no output is left"
    rm -f made.aih*
}

gen-model -l 3 -c 16 m.gguf && gen-model -k llama -l 3 -n 2 dir
ok $? "models can be made"
printf '1 5 7 9\n9 8 7\n1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n' | ai-tokenize --from=ids -m m.gguf -o t.ait
status_is 0 "they run, also a prompt as long as the context" ai-forward -T 1 -m m.gguf -o good.aih t.ait

# ---- prompts that the model cannot take ----
printf '1\n1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n' | ai-tokenize --from=ids -m m.gguf -o long.ait
refused 3 'long.ait: record 3: document 1: 17 tokens are more than .*context of 16' "a prompt beyond the context" \
    -m m.gguf long.ait
mkdir bare
echo '{}' >bare/config.json
printf '1\n1 512\n' | ai-tokenize --from=ids -m bare -o beyond.ait
refused 3 'beyond.ait: record 3: document 1: token 512 is outside the .*vocabulary of 512' "a token beyond the vocabulary" \
    -m m.gguf beyond.ait

# ---- models ----
size=$(wc -c <m.gguf)
for n in 0 3 4 20 100 1000 $((size / 2)) $((size - 1)); do
    head -c "$n" m.gguf >cut.gguf
    refused 3 'cut.gguf: ' "a model cut after $n of $size bytes" -m cut.gguf t.ait
done
for file in dir/model-*1-of-*.safetensors dir/config.json dir/model.safetensors.index.json; do
    cp "$file" kept
    head -c $(($(wc -c <kept) / 2)) kept >"$file"
    refused 3 "$file: " "$file cut in the middle" -m dir t.ait
    mv kept "$file"
done
mv dir/config.json kept
refused 1 'dir/config.json: No such file' "a directory without config.json" -m dir t.ait
mv kept dir/config.json
rm dir/model-*1-of-*.safetensors
refused 3 'dir/model.safetensors.index.json: .*: model-.* is missing' "a shard that is not there" -m dir t.ait
refused 1 'no.gguf: No such file' "no such model" -m no.gguf t.ait
mkfifo fifo
refused 3 'fifo: ' "a FIFO as the model" -m fifo t.ait
refused 3 't.ait: not a GGUF file' "a stream as the model" -m t.ait t.ait
refused 3 'm.gguf: not a stream' "a model as the stream" -m m.gguf m.gguf
refused 2 "--layers: '4'" "a layer too many" --layers=4 -m m.gguf t.ait
refused 2 '-m MODEL' "no model at all" t.ait

# ---- weights that are not numbers ----
for type in F32 F16 BF16 Q8_0; do
    gen-model -l 3 -t $type -N blk.1.ffn_up.weight nan.gguf
    refused 3 'nan.gguf: document 0: layer 2: .*not finite' "NaN in a matrix of $type" --layers=all -m nan.gguf t.ait
done
for name in attn_q attn_k attn_v attn_output ffn_gate ffn_down; do
    gen-model -l 3 -N blk.1.$name.weight nan.gguf
    refused 3 'nan.gguf: document 0: layer 2: .*not finite' "NaN in $name" --layers=all -m nan.gguf t.ait
done
refused 3 'nan.gguf: document 0: layer 3: .*not finite' "the last layer alone tells too" -m nan.gguf t.ait
gen-model -k llama -t BF16 -l 3 -N model.layers.1.mlp.gate_proj.weight nan
refused 3 'nan: document 0: layer 2: .*not finite' "NaN in a directory" --layers=all -m nan t.ait
gen-model -l 3 -N blk.1.attn_norm.weight nan.gguf
refused 3 'nan.gguf: .*attn_norm.* not finite' "NaN in a norm is seen at once" -m nan.gguf t.ait

# in the ring: the cause reaches the end
gen-model -l 3 -N blk.1.ffn_up.weight nan.gguf
status_is 3 "NaN with a decider" ai-forward -m nan.gguf --decide="ai-features -m nan.gguf | ai-decide" t.ait
contains err '^ai-forward: nan.gguf: document 0: layer 2: ' "ai-forward says so"
contains err '^ai-decide: .*document 0: layer 2: ' "and ai-decide knows of it"
gen-model -l 3 -N output.weight nan.gguf
ai-forward -T 1 -m nan.gguf --layers=all t.ait >states.aih
status_is 3 "NaN in the head" ai-features -m nan.gguf -o made.aif states.aih
contains err '^ai-features: .*document 0: layer 1: ' "ai-features says so"
[ ! -e made.aif ]
ok $? "and leaves no output"
done_testing
