#!/bin/sh
# SPDX-License-Identifier: MIT
# librdv.so needs the C library and nothing else, stays loaded once loaded, and
# has a name of its own.
so=$top_builddir/src/.libs/librdv.so

[ -e "$so" ] || { echo "skipped: no shared library was built"; exit 77; }
[ -z "$SANITIZE" ] || { echo "skipped: a sanitizer brings libraries along"; exit 77; }

dynamic=$($READELF -dW "$so") || exit 99
failed=0

# libpthread is a part of the C library, and until glibc 2.34 a file of its own
for needed in $(echo "$dynamic" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'); do
	case $needed in
	libc.so.*|libpthread.so.0) ;;
	# musl, as it calls itself and as Alpine does
	libc.so|libc.musl-*.so.1) ;;
	*) echo "librdv.so needs $needed"; failed=1 ;;
	esac
done

# expect PATTERN WHAT
expect() {
	echo "$dynamic" | grep -q "$1" || { echo "librdv.so: $2"; failed=1; }
}

expect '(SONAME).*\[librdv\.so\.0\]' "the soname is not librdv.so.0"
expect 'NODELETE' "not linked with -z nodelete"
! echo "$dynamic" | grep -q TEXTREL || { echo "librdv.so: text relocations"; failed=1; }

exit $failed
