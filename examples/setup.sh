# shellcheck shell=sh
# For the scripts beside it, which source it: finds the demonstration model, prompts and
# templates, here in the tree or where they were installed, and makes a temporary working
# folder with demo.gguf, and TASK.tsv and TASK-train.tsv for each of the four tasks.
#
# AI_MODEL: another model instead.

examples=$(cd "$(dirname "$0")" && pwd) || exit 1
if [ -e "$examples/model/demo.gguf" ]; then
    AI_DATADIR=$examples model=$examples/model/demo.gguf
    [ ! -x "$examples/../cmd/ai-forward" ] || PATH=$examples/../cmd:$PATH
else
    AI_DATADIR=${examples%/*} model=${examples%/*}/demo.gguf
    # PREFIX/share/ai-tools/examples: the programs are in PREFIX/bin
    [ ! -x "$examples/../../../bin/ai-forward" ] || PATH=$examples/../../../bin:$PATH
fi
model=${AI_MODEL:-$model}
case $model in
/*) ;;
*) model=$PWD/$model ;;
esac
export AI_DATADIR PATH

for file in "$model" "$examples/prompts"; do
    if [ ! -e "$file" ]; then
        echo "${0##*/}: $file: no such file" >&2
        exit 1
    fi
done

folder=$(mktemp -d "${TMPDIR:-/tmp}/ai-example.XXXXXX") || exit 1
trap 'cd /; rm -rf "$folder"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$folder" || exit 1
ln -s "$model" demo.gguf
for task in sst2 agnews trec subj; do
    ln -s "$examples/prompts/$task/test.tsv" $task.tsv
    ln -s "$examples/prompts/$task/train.tsv" $task-train.tsv
done

# run COMMAND: show a command line, then do it; its failure is ours.
run() {
    printf '$ %s\n' "$1"
    eval "$1" || exit
}
