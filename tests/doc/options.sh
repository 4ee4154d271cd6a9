#!/bin/sh
# The options of a program, of its --help and of its page are the same.
. "$AI_SOURCE/tests/tap.sh"

# Options that .It lines of the pages given name, one a line: -o, --output.
page_options() {
    awk '
        /^\.It/ {
            for (i = 2; i < NF; i++)
                if ($i == "Fl" && $(i + 1) ~ /^-?[A-Za-z0-9]/) {
                    option = "-" $(i + 1)
                    gsub(/\\-/, "-", option)
                    sub(/[,=].*/, "", option)
                    print option
                }
        }' "$@" | sort -u
}

everywhere='--quiet --verbose --help --version --dump-options -q -v -h -V'
printf '%s\n' $everywhere | sort >everywhere
[ ! -e "$AI_SOURCE/man/ai-pipeline.7" ] || page_options "$AI_SOURCE/man/ai-pipeline.7" >overview

found=0
for path in "$AI_BUILD"/cmd/ai-*; do
    case ${path##*/} in *.*) continue ;; esac
    [ -x "$path" ] || continue
    program=${path##*/}
    found=1
    status_is 0 "$program: --dump-options" "$program" --dump-options
    awk -F '\t' '{ print $2 } $1 != "-" { print $1 }' out | sort >options
    [ "$(sort -u options | wc -l)" -eq "$(wc -l <options)" ]
    ok $? "$program: no option twice"

    status_is 0 "$program: --help" "$program" --help
    [ "$(wc -l <out)" -le 40 ]
    ok $? "$program: --help fits on a page"
    lost=
    while read -r option; do
        grep -q -e "$option\\b" out || lost="$lost $option"
    done <options
    [ -z "$lost" ]
    ok $? "$program: --help names every option"
    [ -z "$lost" ] || echo "# not in --help:$lost"
    awk 'length > 120 { exit 1 }' out
    ok $? "$program: --help fits in width"

    page=$AI_SOURCE/man/$program.1
    [ -e "$page" ]
    ok $? "$program: has a page" || continue
    [ -e "$page" ] || continue
    page_options "$page" >described
    # what every program has may be left to ai-pipeline(7)
    comm -23 options described >undescribed
    if [ -e overview ]; then
        comm -12 undescribed everywhere >left
        comm -23 left overview >not_there
        comm -23 undescribed everywhere | sort - not_there >undescribed.new
        mv undescribed.new undescribed
    fi
    [ ! -s undescribed ]
    ok $? "$program: the page describes every option"
    sed 's/^/# not described: /' undescribed
    comm -13 options described >invented
    [ ! -s invented ]
    ok $? "$program: the page describes no other option"
    sed 's/^/# not an option: /' invented
done
[ $found -eq 1 ] || skip_all "no programs built"
done_testing
