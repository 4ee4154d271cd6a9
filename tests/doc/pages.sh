#!/bin/sh
# Man pages: lint-clean, and their cross references lead somewhere.
. "$AI_SOURCE/tests/tap.sh"

have_mandoc=yes
command -v mandoc >/dev/null || have_mandoc=

for page in "$AI_SOURCE"/man/*.[1-9]; do
    [ -e "$page" ] || skip_all "no pages yet"
    name=${page##*/}
    if [ $have_mandoc ]; then
        # siblings are not installed yet, and the index of installed pages is not our matter
        mandoc -T lint -W style "$page" 2>&1 |
            grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' >lint
        [ ! -s lint ]
        ok $? "$name: mandoc has nothing to say"
        sed 's/^/# /' lint
    else
        tap_run=$((tap_run + 1))
        echo "ok $tap_run - $name # SKIP no mandoc"
    fi
    sed -n 's/^\.Xr \(ai-[a-z-]*\) \([1-9]\).*/\1.\2/p' "$page" | sort -u >targets
    lost=
    while read -r target; do
        [ -e "$AI_SOURCE/man/$target" ] || lost="$lost $target"
    done <targets
    [ -z "$lost" ]
    ok $? "$name: every page it refers to exists"
    [ -z "$lost" ] || echo "# missing:$lost"

    # one order of sections, so that a reader finds things where they were last time
    awk '/^\.Sh/ { $1 = ""; gsub(/"/, ""); sub(/^ /, ""); print }' "$page" |
        grep -n -x -e NAME -e SYNOPSIS -e DESCRIPTION -e ENVIRONMENT -e 'EXIT STATUS' -e EXAMPLES \
            -e DIAGNOSTICS -e 'SEE ALSO' -e BUGS >sections
    rank() { sed 's/.*://' sections | awk '
        BEGIN { split("NAME SYNOPSIS DESCRIPTION ENVIRONMENT EXIT EXAMPLES DIAGNOSTICS SEE BUGS", w, " ")
                for (i in w) r[w[i]] = i + 0 }
        { if (r[$1] < last) bad = 1; last = r[$1] } END { exit bad }'; }
    rank
    ok $? "$name: sections in the usual order"
done
done_testing
