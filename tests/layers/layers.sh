#!/bin/sh
# The arrows between the folders hold, and the check that says so can fail.
. "$AI_SOURCE/tests/tap.sh"

check=$AI_SOURCE/build-aux/check-layers
status_is 0 "the arrows hold in this tree" sh "$check" "$AI_SOURCE"
[ ! -s out ] || sed 's/^/# /' out

# refused TEXT NAME LINE...: a tree with one file lib/policy/x.c of these lines
refused() {
    want=$1 what=$2
    shift 2
    rm -rf tree
    mkdir -p tree/lib/policy tree/lib/io tree/cmd
    printf '%s\n' "$@" >tree/lib/policy/x.c
    status_is 1 "$what is refused" sh "$check" tree
    contains out "lib/policy/x.c:$#: .*$want" "$what is named with its place"
}
refused 'may not include model' 'an include against the arrows' '#include "base/err.h"' '#include "model/model.h"'
refused 'may not include cli' 'an include of cmd' '#include "cli/cli.h"'
refused 'fprintf' 'printing' 'void f(void) { fprintf(stderr, "x"); }'
refused 'getenv' 'reading the environment' '/* getenv( in a comment' 'is fine */ char *s = "exit(1)"; char *p =' 'getenv("x");'
refused 'does not say its folder' 'an include without folder' '#include "x.h"'

mkdir -p tree/lib/io
printf '#include <zstd.h>\n' >tree/lib/policy/x.c
cp tree/lib/policy/x.c tree/lib/io/x.c
status_is 1 "an outside library behind two files is refused" sh "$check" tree
contains out 'zstd is already behind lib/io/x.c' "both files are named"
rm tree/lib/io/x.c
printf 'int snprintf_like(void);\n/* exit(1) printf(2) */ int f(void); // getenv(3)\n' >tree/lib/policy/x.c
status_is 0 "comments and longer names are no offence" sh "$check" tree
done_testing
