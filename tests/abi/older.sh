#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that was built against the first baseline runs with the library of today.  It
# is compiled with the headers of that time, without inlining and with, and linked with
# nothing but the names and versions that the library had then.
baseline=$top_srcdir/tests/abi/baseline
libs=$top_builddir/src/.libs
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

[ -e "$libs/librdv.so" ] || { echo "skipped: no shared library was built"; exit 77; }
[ -z "$SANITIZE" ] || { echo "skipped: an older program has no sanitizer"; exit 77; }

sed -n 's/^[ 	]*\([A-Za-z0-9_]*\);$/void \1(void);\nvoid \1(void) {}/p' \
	"$baseline/librdv.map" >"$tmp/then.c"
$CC $CFLAGS -shared -fPIC -nostdlib "$tmp/then.c" -o "$tmp/librdv.so" -Wl,-soname,librdv.so.0 \
	-Wl,--version-script="$baseline/librdv.map" || exit 99

for level in -O0 -O2; do
	$CC -std=gnu11 $CFLAGS $level -Wall -Wextra -Werror -pthread -I"$baseline/include" \
		"$baseline/program.c" -o "$tmp/program" $LDFLAGS -L"$tmp" -lrdv || exit 99
	LD_BIND_NOW=1 LD_LIBRARY_PATH=$libs "$tmp/program" ||
		{ echo "the program ($level) ends with $?"; failed=1; }
done
exit $failed
