#!/bin/sh
# The examples of the man pages work as printed.
#
# In the section EXAMPLES of a page, commands are `.Dl $ command` lines, or lines of a
# `.Bd -literal` block that begin with `$ ` (`> ` continues).  Without any `$ `, a .Dl
# line or a whole block is the command.  Those of one page run in turn, in one folder
# that holds demo.gguf, TASK.tsv and TASK-train.tsv of examples/prompts, and the
# templates by name.  A line `.\" not run: why` before a .Dl or .Bd leaves that one out.
. "$AI_SOURCE/tests/tap.sh"

[ -e "$demo_model" ] || skip_all "no demonstration model"
[ -x "$AI_BUILD/cmd/ai-view" ] || skip_all "programs are missing"

# Prints the commands of a page, each ended by a line of "%".
commands() {
    awk '
        function text(s) {
            gsub(/\\\(aq/, "\047", s); gsub(/\\\(dq/, "\"", s); gsub(/\\\(ti/, "~", s)
            gsub(/\\\(ha/, "^", s); gsub(/\\\(ba/, "|", s); gsub(/\\&/, "", s); gsub(/\\-/, "-", s)
            gsub(/\\[e]/, "\\", s)
            return s
        }
        function flush_command() {
            if (command != "" && !left_out)
                print command "\n%"
            command = ""
        }
        /^\.Sh/ { inside = /EXAMPLES/; next }
        !inside { next }
        /^\.\\" *not run/ { skip_next = 1; next }
        /^\.Dl/ {
            left_out = skip_next; skip_next = 0
            sub(/^\.Dl +/, "")
            gsub(/^"|"$/, "")
            sub(/^\$ /, "")
            command = text($0)
            flush_command()
            next
        }
        /^\.Bd/ {
            left_out = skip_next; skip_next = 0
            block = 1; prompted = 0; command = ""
            next
        }
        /^\.Ed/ { flush_command(); block = 0; next }
        block && /^\$ / { flush_command(); prompted = 1; command = text(substr($0, 3)); next }
        block && prompted && /^> / { command = command "\n" text(substr($0, 3)); next }
        block && prompted { next } # what it prints
        block { command = command (command == "" ? "" : "\n") text($0) }' "$1"
}

prepare() {
    rm -rf work
    mkdir work
    ln -s "$demo_model" work/demo.gguf
    for task in "$AI_SOURCE"/examples/prompts/*/; do
        task=${task%/}
        ln -s "$task/test.tsv" "work/${task##*/}.tsv"
        ln -s "$task/train.tsv" "work/${task##*/}-train.tsv"
    done
    for template in "$AI_SOURCE"/examples/templates/*; do
        [ ! -e "$template" ] || ln -s "$template" "work/${template##*/}"
    done
}

AI_DATADIR=$AI_SOURCE/examples
export AI_DATADIR
for page in "$AI_SOURCE"/man/*.[1-9]; do
    name=${page##*/}
    commands "$page" >commands
    [ -s commands ] || continue
    prepare
    : >command.sh
    while IFS= read -r line; do
        if [ "$line" != % ]; then
            printf '%s\n' "$line" >>command.sh
            continue
        fi
        (cd work && exec timeout 60 sh -e ../command.sh) >out 2>err </dev/null
        status=$?
        [ $status -eq 0 ]
        ok $? "$name: $(head -n 1 command.sh)"
        if [ $status -ne 0 ]; then
            echo "# status $status of:"
            sed 's/^/#   /' command.sh
            sed 's/^/# /' err
        fi
        : >command.sh
    done <commands
done
done_testing
