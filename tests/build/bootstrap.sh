#!/bin/sh
# bootstrap asks the package managers only for what is missing.  Stand-ins for all of
# them: nothing is installed here.
. "$AI_SOURCE/tests/tap.sh"

cp "$AI_SOURCE/bootstrap" .
cat >configure <<'END'
#!/bin/sh
echo "configure $*" >>log
END
cat >stand-in <<'END'
#!/bin/sh
name=${0##*/}
[ "$name" != sudo ] || [ "$*" != '-n true' ] || exit ${SUDO:-0}
case $name in
id) echo "${USERID:-0}"; exit ;;
dpkg-query)
    for package; do :; done
    case " $MISSING " in *" $package "*) exit 1 ;; *) printf installed; exit ;; esac
    ;;
rpm)
    case " $MISSING " in *" $3 "*) exit 1 ;; *) exit 0 ;; esac
    ;;
brew)
    case $1 in
    list) case " $MISSING " in *" $3 "*) exit 1 ;; *) exit 0 ;; esac ;;
    --prefix) echo /brew; exit ;;
    esac
    ;;
esac
echo "$name $*${DEBIAN_FRONTEND:+ ($DEBIAN_FRONTEND)}" >>log
case $name in
sudo) shift; exec "$@" ;;
esac
case " $FAIL " in *" $name "*) exit 100 ;; esac
END
chmod +x configure stand-in

# machine MANAGER TOOL...: a PATH with a package manager and some build tools
machine() {
    rm -rf bin
    mkdir bin
    for tool in sh env cat dirname sed; do
        ln -s "$(command -v $tool)" bin/$tool
    done
    for tool in id autoreconf "$@"; do
        cp stand-in "bin/$tool"
    done
    : >log
}
tools='sudo cc make autoconf automake pkg-config zstd mandoc shellcheck script'
boot() { # WANT NAME ARGUMENT...
    want=$1 what=$2
    shift 2
    status_is "$want" "$what" env PATH="$PWD/bin" MISSING="$missing" FAIL="$fail" USERID="$user" SUDO="$sudo" \
        sh ./bootstrap "$@"
}
unset DEBIAN_FRONTEND
missing='' fail='' user=0 sudo=0

# shellcheck disable=SC2086
machine apt-get dpkg-query $tools
boot 0 "all is here" --prefix=/x CFLAGS='-O1 -g'
printf 'autoreconf -fi\nconfigure --prefix=/x CFLAGS=-O1 -g\n' >want
same_bytes log want "then no package manager is called, and configure gets the options"

missing='libsvm-dev libutf8proc-dev'
: >log
boot 0 "two libraries are missing"
cat >want <<'END'
apt-get -q update
apt-get -q -y --no-install-recommends install libsvm-dev libutf8proc-dev (noninteractive)
autoreconf -fi
configure 
END
same_bytes log want "those two are installed, with no question"
contains out 'installing: libsvm-dev libutf8proc-dev' "and it says so"
: >log
boot 0 "--no-install" --no-install
printf 'autoreconf -fi\nconfigure \n' >want
same_bytes log want "installs nothing"

: >log
user=1000
boot 0 "not root"
contains log '^sudo -n apt-get -q update' "sudo is used, without asking"
sudo=1
: >log
boot 1 "sudo wants a password"
contains err 'As root: apt-get' "says what root should do"
[ ! -s log ]
ok $? "and goes no further"
user=0 sudo=0

missing='' fail=apt-get
# shellcheck disable=SC2086
machine apt-get dpkg-query cc make autoconf automake pkg-config
boot 0 "packages that only tests want may fail"
contains out 'warning: not installed: zstd mandoc shellcheck' "with a warning"
missing=libsvm-dev
: >log
boot 1 "packages that the build needs may not"
contains err 'could not be installed: libsvm-dev' "and are named"
missing='' fail=''

# shellcheck disable=SC2086
machine dnf rpm $tools
missing='openblas-devel'
boot 0 "Fedora"
contains log '^dnf -y install openblas-devel' "dnf installs what rpm does not know"
# shellcheck disable=SC2086
machine brew $tools
missing='openblas'
boot 0 "Homebrew"
contains log '^brew install openblas' "brew installs what it does not list"
# shellcheck disable=SC2086
machine $tools
boot 0 "no package manager"
contains out 'by hand' "leaves it to the person"
status_is 0 "--help" sh ./bootstrap --help
contains out '^Usage: ./bootstrap' "is a usage"
done_testing
