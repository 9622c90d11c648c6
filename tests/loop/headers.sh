#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header of <rdv/loop/> whose library is there compiles twice without a warning, as
# C11 and as C++, and leaves no macro but its own.
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top_srcdir/tests/lacks.sh"
failed=0
strict="-Wall -Wextra -pedantic -Wundef -Wshadow -Wconversion -Werror -D_GNU_SOURCE"

# accepts COMPILER...: $tmp/text
accepts()
{
	"$@" $strict $cflags -fsyntax-only -I"$top_srcdir/include" "$tmp/text" \
		>"$tmp/out" 2>&1 && return
	echo "$header: $*"
	sed 's/^/  /' "$tmp/out"
	failed=1
}

# try HEADER MACRO PACKAGE [MODULE]
try()
{
	header=rdv/loop/$1
	if ! grep -q "^#define $2 1" "$top_builddir/config.h"; then
		lack "$3"
		return
	fi
	cflags=
	[ $# = 3 ] || cflags=$($PKG_CONFIG --cflags "$4") || exit 99
	printf '#include <%s>\n' "$header" "$header" >"$tmp/text"
	accepts $CC -x c -std=c11 -Wstrict-prototypes -Wmissing-prototypes
	for std in ${CXX:+c++11 c++17 c++20}; do
		accepts $CXX -x c++ -std=$std
	done
	$CC -x c $strict $cflags -E -dD -I"$top_srcdir/include" "$tmp/text" >"$tmp/defs" ||
		exit 99
	awk '
		/^# [0-9]+ "/ { ours = $3 ~ /\/rdv\/loop\/[a-z]*\.h"$/ }
		ours && $1 == "#define" && $2 !~ /^RDV_/ {
			print "'"$header"' defines " $2; found = 1 }
		END { exit found }' "$tmp/defs" || failed=1
}

[ -n "$CXX" ] || lack g++
try uv.h HAVE_LIBUV libuv1-dev libuv
try ev.h HAVE_LIBEV libev-dev
try glib.h HAVE_GLIB libglib2.0-dev glib-2.0
try uring.h HAVE_LIBURING liburing-dev liburing
finish $failed
