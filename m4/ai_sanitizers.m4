# AI_SANITIZERS: --enable-sanitizers[=LIST] builds everything with the compiler's
# sanitizers (address,undefined unless a list is given), flags in SAN_CFLAGS.
AC_DEFUN([AI_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@], [build with sanitizers @<:@address,undefined@:>@])])
  SAN_CFLAGS=
  AS_CASE([$enable_sanitizers],
    [''|no], [],
    [yes], [SAN_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"],
    [SAN_CFLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"])
  AC_SUBST([SAN_CFLAGS])
])
