# Options of the programs that are shell scripts: parsed, and shown by --help and
# --dump-options, as the table says, in the way of the other programs.  Part of each
# of them; before it stand
#
#   name, version   of the program
#   table           lines of short|long|ARGUMENT|help; - where there is none
#   synopsis        what --help prints above the options
#   footer          and below
#
# and it may call, also when they are defined later,
#
#   option LONG VALUE   for each option given
#   operand WORD        for each operand

help() {
    printf '%s\n\n' "$synopsis"
    printf '%s\n' "$table" | while IFS='|' read -r short long arg text; do
        left="--$long"
        [ "$arg" = - ] || left="$left=$arg"
        case $short in
        -) left="      $left" ;;
        *) left="  $short, $left" ;;
        esac
        printf '%-30s %s\n' "$left" "$text"
    done
    printf '\n%s\n' "$footer"
}

dump_options() {
    printf '%s\n' "$table" | while IFS='|' read -r short long arg text; do
        [ "$arg" != - ] || arg=
        printf '%s\t--%s\t%s\t%s\n' "$short" "$long" "$arg" "$text"
    done
}

fail() { # STATUS MESSAGE
    printf '%s: %s\n' "$name" "$2" >&2
    exit "$1"
}
usage() {
    fail 2 "$1 (--help lists the options)"
}

# What --help and the like print must have arrived.
shown() {
    "$@" 2>/dev/null && exit 0
    fail 1 'standard output: write error'
}

# The table's line for an option, as "long|ARGUMENT"; WHICH is -x or --name.
look_up() {
    found=
    while IFS='|' read -r short long arg _; do
        if [ "$1" = "$short" ] || [ "$1" = "--$long" ]; then
            found="$long|$arg"
            return
        fi
    done <<END
$table
END
    usage "unknown option $1"
}

parse() { # "$@"
    while [ $# -gt 0 ]; do
        case $1 in
        --)
            shift
            [ $# -eq 0 ] || operand "$1"
            [ $# -le 1 ] || operand "$2"
            break
            ;;
        --*=*)
            look_up "${1%%=*}"
            case $found in *'|-') usage "option ${1%%=*} takes no argument" ;; esac
            option "${found%|*}" "${1#*=}"
            ;;
        --*)
            look_up "$1"
            case $found in
            *'|-') option "${found%|*}" '' ;;
            *)
                [ $# -ge 2 ] || usage "option $1 needs an argument"
                option "${found%|*}" "$2"
                shift
                ;;
            esac
            ;;
        -?*)
            rest=${1#-}
            letter=${rest%"${rest#?}"}
            rest=${rest#?}
            [ "$letter" != - ] || usage "unknown option $1"
            look_up "-$letter"
            case $found in
            *'|-')
                option "${found%|*}" ''
                if [ -n "$rest" ]; then # -qV is -q -V
                    shift
                    set -- "" "-$rest" "$@"
                fi
                ;;
            *)
                if [ -z "$rest" ]; then
                    [ $# -ge 2 ] || usage "option $1 needs an argument"
                    rest=$2
                    shift
                fi
                option "${found%|*}" "$rest"
                ;;
            esac
            ;;
        *) operand "$1" ;;
        esac
        shift
    done
}
