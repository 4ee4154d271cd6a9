#!/bin/sh
# Shell scripts: shellcheck has nothing to say, and a POSIX shell can read them.
. "$AI_SOURCE/tests/tap.sh"

command -v shellcheck >/dev/null || skip_all "no shellcheck"
for script in "$AI_SOURCE/bootstrap" "$AI_SOURCE"/build-aux/check-* "$AI_SOURCE"/build-aux/gen-* \
    "$AI_SOURCE"/examples/*.sh "$AI_SOURCE"/examples/paper/run "$AI_BUILD"/cmd/ai-infer "$AI_BUILD"/cmd/ai-probe; do
    [ -e "$script" ] || continue
    shellcheck -x "$script" >out 2>&1
    ok $? "${script##*/}: shellcheck"
    sed 's/^/# /' out
done
done_testing
