#!/bin/sh
# make install puts everything in place, what it installs works, make uninstall takes
# it all back.
. "$AI_SOURCE/tests/tap.sh"

: "${MAKE:=make}"
unset MAKEFLAGS MFLAGS MAKELEVEL
prefix=$tap_dir/root/usr
status_is 0 "make install" "$MAKE" -C "$AI_BUILD" install DESTDIR="$tap_dir/root" prefix=/usr
programs=0
for path in "$AI_BUILD"/cmd/ai-*; do
    case ${path##*/} in *.*) continue ;; esac
    [ -x "$path" ] || continue
    program=${path##*/}
    programs=$((programs + 1))
    for file in "bin/$program" "share/man/man1/$program.1" "share/bash-completion/completions/$program" \
        "share/zsh/site-functions/_$program"; do
        [ -s "$prefix/$file" ]
        ok $? "$file is installed"
    done
    bash_file=$prefix/share/bash-completion/completions/$program
    if command -v bash >/dev/null; then
        bash -n "$bash_file"
        ok $? "$program: bash reads its completions"
        # complete `PROGRAM --hel`, then `PROGRAM --progress=n` where there is such an option
        # shellcheck disable=SC2016
        bash -c '. "$1"; COMP_WORDS=("$2" --hel) COMP_CWORD=1
            f=$(complete -p "$2" | sed "s/.*-F \([^ ]*\).*/\1/")
            compopt() { :; }; "$f"; echo "${COMPREPLY[*]}"' - "$bash_file" "$program" >out 2>err
        contains out '^--help$' "$program: bash completes an option"
    fi
    if command -v zsh >/dev/null; then
        zsh -n "$prefix/share/zsh/site-functions/_$program"
        ok $? "$program: zsh reads its completions"
    fi
done
[ $programs -gt 0 ]
ok $? "there are programs"
[ -s "$prefix/share/ai-tools/demo.gguf" ]
ok $? "the demonstration model is installed"
for page in "$AI_SOURCE"/man/*.[57]; do
    page=${page##*/}
    [ -s "$prefix/share/man/man${page##*.}/$page" ]
    ok $? "$page is installed"
done

# The installed examples find the installed model, templates and programs.
if [ -x "$prefix/bin/ai-decide" ] && [ -x "$prefix/bin/ai-view" ]; then
    status_is 0 "an installed example runs" env -u AI_BUILD -u AI_SOURCE PATH=/usr/local/bin:/usr/bin:/bin \
        sh "$prefix/share/ai-tools/examples/ring-fifo.sh"
    [ -s out ]
    ok $? "and answers"
fi

status_is 0 "make uninstall" "$MAKE" -C "$AI_BUILD" uninstall DESTDIR="$tap_dir/root" prefix=/usr
find "$tap_dir/root" ! -type d >left
[ ! -s left ]
ok $? "leaves no file behind"
sed 's/^/# /' left
[ ! -e "$prefix/share/ai-tools" ]
ok $? "and no folder of ours"
done_testing
