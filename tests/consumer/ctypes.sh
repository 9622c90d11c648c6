#!/bin/sh
# SPDX-License-Identifier: MIT
# The installed library called from Python.
. "$top_srcdir/tests/consumer/lib.sh"
needs python3
[ -z "$SANITIZE" ] || { echo "skipped: Python is built without the sanitizer"; exit 77; }
[ -e "$libdir/librdv.so" ] || { echo "skipped: no shared library was built"; exit 77; }
echo "int pointer[sizeof(void *) == $(python3 -c 'import struct; print(struct.calcsize("P"))') ? 1 : -1];" >"$tmp/size.c"
$CC $CFLAGS -fsyntax-only "$tmp/size.c" 2>"$tmp/out" ||
	{ echo "skipped: Python is for another kind of machine"; exit 77; }

python3 -B "$top_srcdir/tests/consumer/consumer.py" "$libdir/librdv.so"
