#!/bin/sh
# SPDX-License-Identifier: MIT
# abidiff between the stored baseline and the library: nothing that a program may rely on
# has gone or changed; additions are listed and are no fault.
#
#	check.sh [update]
baseline=$top_srcdir/tests/abi/baseline/librdv.abi
so=$top_builddir/src/.libs/librdv.so
include=$top_srcdir/include

for tool in abidw abidiff; do
	command -v $tool >/dev/null || { echo "skipped: no $tool (abigail-tools)"; exit 77; }
done
[ -e "$so" ] || { echo "skipped: no shared library was built"; exit 77; }
[ -z "$SANITIZE" ] || { echo "skipped: built with a sanitizer"; exit 77; }
if ! $READELF -SW "$so" | grep -q '\.debug_info'; then
	echo "skipped: librdv.so was built without -g"
	exit 77
fi

write() {
	abidw --short-locs --no-corpus-path --no-comp-dir-path "$so"
}

# The licence comes second: the first line tells abidiff what it reads.
if [ "$1" = update ]; then
	write | sed '1a <!-- SPDX-License-Identifier: MIT -->' >"$baseline.new" &&
		mv "$baseline.new" "$baseline"
	exit
fi

machine() {
	sed -n "s/.* architecture='\([^']*\)'.*/\1/p" | head -n 1
}
then=$(machine <"$baseline")
[ "$then" = "$(write | machine)" ] || { echo "skipped: the baseline is for $then"; exit 77; }

# compare OPTION...: 0 equal, 4 changed, 12 changed so that programs break.  What is not
# in the public headers does not count.
compare() {
	abidiff --headers-dir1 "$include" --headers-dir2 "$include" "$@" "$baseline" "$so"
}
compare
case $? in
0) exit 0 ;;
4) ;;
*) exit 1 ;;
esac
compare --no-added-syms >/dev/null || { echo "more than additions"; exit 1; }
