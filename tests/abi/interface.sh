#!/bin/sh
# SPDX-License-Identifier: MIT
# The binary interface against the list in interface.txt: the functions that librdv.so
# exports, each with its version and its declaration; on machines with 64 bits also the
# sizes and offsets of what public structures have, and the values of constants.
#
# What was added after it was looked at is entered by "make update-interface".
LC_ALL=C
export LC_ALL
here=$top_srcdir/tests/abi
list=$here/interface.txt
so=$top_builddir/src/.libs/librdv.so
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

[ -e "$so" ] || { echo "skipped: no shared library was built"; exit 77; }

# nothing public that layout.c does not know; what is in <rdv/loop/> is the program's
for name in $(sed -n -e 's/^\(typedef \)*struct \(rdv_[a-z_]*\) {$/\2/p' \
	-e 's/^#define \(RDV_[A-Z_]*\)  *\([0-9(U].*\)/\1/p' "$top_srcdir"/include/rdv/*.h |
	sort -u); do
	# for C++ alone; with a mutex of the C library in it; what each release changes
	case $name in rdv_priv_scope | rdv_once_flag | RDV_VERSION_*) continue ;; esac
	grep -q "\<$name\>" "$here/layout.c" ||
		{ echo "tests/abi/layout.c does not print $name"; failed=1; }
done

awk -f "$here/declarations.awk" "$top_srcdir"/include/rdv/*.h | sort -u >"$tmp/declared"
$NM -D --defined-only "$so" | sed -n 's/.* T \([^@]*\)@@*\(.*\)/\1 \2/p' |
	sed 's/_time64 / /' | sort |
	join - "$tmp/declared" | sed 's/^/function /' >"$tmp/has"
[ -s "$tmp/has" ] || { echo "no function was found in librdv.so"; exit 99; }
grep '^function ' "$list" | sort >"$tmp/wants"

echo 'int long_is_64_bits[sizeof(long) == 8 ? 1 : -1];' >"$tmp/lp64.c"
if $CC $CFLAGS -fsyntax-only "$tmp/lp64.c" 2>"$tmp/out"; then
	$CC $CFLAGS $SANITIZE -I"$top_srcdir/include" "$here/layout.c" -o "$tmp/layout" \
		$LDFLAGS -L"$top_builddir/src/.libs" -lrdv -pthread &&
		LD_LIBRARY_PATH=$top_builddir/src/.libs "$tmp/layout" >>"$tmp/has" || exit 99
	grep -v -e '^function ' -e '^#' "$list" >>"$tmp/wants"
elif [ "$1" = update ]; then
	echo "interface.txt is for machines with 64 bits"
	exit 1
fi

if [ "$1" = update ]; then
	[ $failed = 0 ] || exit 1
	{ grep '^#' "$list"; cat "$tmp/has"; } >"$tmp/new" && cp "$tmp/new" "$list"
	exit
fi

diff "$tmp/wants" "$tmp/has" >"$tmp/diff" || {
	echo "the binary interface is not what tests/abi/interface.txt has:"
	sed -n -e 's/^</  gone:  /p' -e 's/^>/  added: /p' "$tmp/diff"
	failed=1
}
exit $failed
