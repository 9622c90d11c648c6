#!/bin/sh
# SPDX-License-Identifier: MIT
# What the headers promise (RDV_API), what the symbol map lists and what librdv.so
# exports are the same names, and all of them functions; librdv.a defines no global
# name outside of rdv_.
LC_ALL=C
export LC_ALL
so=$top_builddir/src/.libs/librdv.so
archive=$top_builddir/src/.libs/librdv.a
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

awk -f "$top_srcdir/tests/abi/declarations.awk" "$top_srcdir"/include/rdv/*.h |
	cut -d ' ' -f 1 | sort -u >"$tmp/headers"

sed -n 's/^[ 	]*\([A-Za-z0-9_]*\);$/\1/p' "$top_srcdir/src/librdv.map" |
	sort >"$tmp/map"

[ -s "$tmp/headers" ] || { echo "no RDV_API was found in the headers"; exit 99; }

# same A B what: compares two lists
same() {
	diff "$tmp/$1" "$tmp/$2" >"$tmp/diff" && return
	echo "$3:"
	sed -n -e "s/^</  only in $1:/p" -e "s/^>/  only in $2:/p" "$tmp/diff"
	failed=1
}

same headers map "the headers and src/librdv.map differ"
sort -c -u "$tmp/map" || failed=1

# what is private says so, and is in a node of its own
sed -n '/^LIBRDV_PRIVATE/,$s/^[ 	]*\([A-Za-z0-9_]*\);$/\1/p' "$top_srcdir/src/librdv.map" \
	>"$tmp/private"
grep '^rdv_priv_' "$tmp/map" >"$tmp/named"
same private named "the node LIBRDV_PRIVATE of src/librdv.map and the names rdv_priv_* differ"

if [ -e "$so" ]; then
	# the version node itself is an absolute symbol
	$NM -D --defined-only "$so" | sed -e 's/@.*//' -e 's/_time64$//' |
		awk '$2 != "A" { print $3 > "'"$tmp"'/library"
			if ($2 != "T") print "  " $3 " is no function (" $2 ")" }' \
		>"$tmp/data"
	sort -o "$tmp/library" "$tmp/library"
	same map library "src/librdv.map and librdv.so differ"
	if [ -s "$tmp/data" ]; then
		echo "librdv.so exports data:"
		cat "$tmp/data"
		failed=1
	fi
fi

if [ -e "$archive" ]; then
	$NM -g --defined-only "$archive" |
		awk 'NF == 3 && $3 !~ /^(rdv_|_[.]stapsdt[.]base$|__(asan|odr_asan|tsan|ubsan|msan|x86[.]get_pc_thunk))/ {
			print "  " $3 }' >"$tmp/leaked"
	if [ -s "$tmp/leaked" ]; then
		echo "librdv.a defines names outside of rdv_:"
		cat "$tmp/leaked"
		failed=1
	fi
fi

exit $failed
