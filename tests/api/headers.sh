#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, and twice, and with all others, without a
# warning, as C11 and as C++; and defines no macro outside of RDV_.
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top_srcdir/tests/lacks.sh"
failed=0
headers=$(cd "$top_srcdir/include" && echo rdv/*.h)
strict="-Wall -Wextra -pedantic -Wundef -Wshadow -Wconversion -Werror"

# accepts WHAT COMPILER...: the text on standard input
accepts() {
	what=$1
	shift
	"$@" $strict -fsyntax-only -I"$top_srcdir/include" "$tmp/text" >"$tmp/out" 2>&1 &&
		return
	echo "$what: $*"
	sed 's/^/  /' "$tmp/out"
	failed=1
}

# text HEADER...
text() {
	printf '#include <%s>\n' "$@" >"$tmp/text"
}

everywhere() {
	accepts "$1" $CC -x c -std=c11 -Wstrict-prototypes -Wmissing-prototypes
	accepts "$1" $CC -x c -std=gnu11 -D_GNU_SOURCE
	for std in ${CXX:+c++11 c++17 c++20}; do
		accepts "$1" $CXX -x c++ -std=$std
	done
}

for header in $headers; do
	text $header
	everywhere "$header alone"
	text $header $header
	everywhere "$header twice"

	# <rdv/hathreads.h> has names from elsewhere, that is what it is for.
	[ $header != rdv/hathreads.h ] || continue
	text $header
	$CC -x c -std=c11 -E -dD -I"$top_srcdir/include" "$tmp/text" >"$tmp/defs" || exit 99
	awk '
		/^# [0-9]+ "/ { ours = $3 ~ /\/rdv\/[a-z]*\.h"$/ }
		ours && $1 == "#define" && $2 !~ /^RDV_/ {
			print "'$header' defines " $2; found = 1 }
		END { exit found }' "$tmp/defs" || failed=1
done
text $headers
everywhere "all headers"

[ -n "$CXX" ] || lack g++
finish $failed
