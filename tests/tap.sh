# TAP for the shell tests: `. "$AI_SOURCE/tests/tap.sh"`, then checks, then done_testing.
# A scratch directory is the working directory and goes away at the end.
# Run by hand: AI_BUILD and AI_SOURCE default to the tree that the test lies in.

: "${AI_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}"
: "${AI_BUILD:=$AI_SOURCE}"
: "${AI_SHARED:=$AI_SOURCE/../shared}"
PATH="$AI_BUILD/cmd:$PATH"
export AI_SOURCE AI_BUILD AI_SHARED PATH
demo_model=$AI_SOURCE/examples/model/demo.gguf

tap_run=0 tap_failed=0
tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/ai-test.XXXXXX") || exit 99
trap 'cd /; rm -rf "$tap_dir"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$tap_dir" || exit 99

# ok STATUS NAME
ok() {
    tap_run=$((tap_run + 1))
    if [ "$1" -eq 0 ]; then
        printf '%s\n' "ok $tap_run - $2" # echo would read backslashes
    else
        printf '%s\n' "not ok $tap_run - $2"
        tap_failed=$((tap_failed + 1))
    fi
}
# status_is WANT NAME COMMAND...: stdout in ./out, stderr in ./err
status_is() {
    tap_want=$1 tap_name=$2
    shift 2
    "$@" >out 2>err </dev/null
    tap_got=$?
    [ "$tap_got" -eq "$tap_want" ]
    ok $? "$tap_name"
    if [ "$tap_got" -ne "$tap_want" ]; then
        echo "# status $tap_got, want $tap_want: $*"
        sed 's/^/# /' err
    fi
}
# same_bytes FILE FILE NAME
same_bytes() {
    cmp "$1" "$2" >cmp.out 2>&1
    tap_got=$?
    ok $tap_got "$3"
    [ $tap_got -eq 0 ] || sed 's/^/# /' cmp.out
}
# contains FILE BASIC-REGEX NAME
contains() {
    grep -q -e "$2" "$1"
    tap_got=$?
    ok $tap_got "$3"
    [ $tap_got -eq 0 ] || { echo "# no '$2' in:"; head -5 "$1" | sed 's/^/# /'; }
}
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}
done_testing() {
    echo "1..$tap_run"
    [ "$tap_failed" -eq 0 ]
    exit $?
}
