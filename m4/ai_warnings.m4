# AI_WARNINGS: warning flags that the compiler knows, in WARN_CFLAGS;
# --enable-werror makes them errors.
AC_DEFUN([AI_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
  WARN_CFLAGS=
  for ai_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
      -Wformat=2 -Wvla -Wpointer-arith -Wwrite-strings -Wundef; do
    ai_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $ai_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [WARN_CFLAGS="$WARN_CFLAGS $ai_flag"])
    CFLAGS=$ai_save_CFLAGS
  done
  AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])
