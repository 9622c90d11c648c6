#!/bin/sh
# SPDX-License-Identifier: MIT
# The man pages against the sources: each exported function has a page under its name,
# each macro is named in one; what a SYNOPSIS declares is what the headers declare, and
# what EXAMPLES has compiles, and works if it is a whole program; the options of a
# program are those in its page.
LC_ALL=C
export LC_ALL
man=$top_srcdir/doc/man
here=$top_srcdir/tests/man
include=$top_srcdir/include
libs=$top_builddir/src/.libs
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top_srcdir/tests/lacks.sh"
failed=0
strict="-Wall -Wextra -Werror -Wno-unused-parameter"
[ -e "$libs/librdv.a" ] && library=$libs/librdv.a || library="-L$libs -lrdv"
LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

wrong() {
	echo "$*"
	failed=1
}

# quietly WHAT COMMAND...: shows what it said if it fails
quietly() {
	what=$1
	shift
	"$@" >"$tmp/out" 2>&1 && return
	wrong "$what: failed: $*"
	sed 's/^/  /' "$tmp/out"
	return 1
}

# ------------------------------------------------------------------ names and sections

for page in "$man"/*.[1-9]; do
	file=${page##*/}
	grep -q "^	%reldir%/$file\( \\\\\)*\$" "$man/Makefile.inc" ||
		wrong "$file is not in doc/man/Makefile.inc"
	sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$page" >"$tmp/own"
	grep -q -x -F "${file%.*}" "$tmp/own" || wrong "$file does not name itself"
	[ "${file##*.}" != 3 ] || cat "$tmp/own" >>"$tmp/names"

	sections='NAME:DESCRIPTION:SEE ALSO'
	[ "${file##*.}" != 3 ] || sections="$sections:SYNOPSIS:RETURN VALUES:ERRORS:MEMORY ORDERING:EXAMPLES"
	IFS=:
	for section in $sections; do
		grep -q -x "\.Sh $section" "$page" || wrong "$file has no section $section"
	done
	unset IFS

	sed -n 's/^\.Xr \(rdv[^ ]*\) \([1-9]\).*/\1.\2/p' "$page" | sort -u >"$tmp/xr"
	while read -r other; do
		[ -e "$man/$other" ] || wrong "$file refers to $other, which is not there"
	done <"$tmp/xr"
done
sort "$tmp/names" | uniq -d >"$tmp/twice"
while read -r name; do
	wrong "$name has more than one page"
done <"$tmp/twice"

for name in $(sed -n 's/^[ 	]*\([A-Za-z0-9_]*\);$/\1/p' "$top_srcdir/src/librdv.map" |
	grep -v '^rdv_priv_'); do
	grep -q -x "$name" "$tmp/names" || wrong "$name has no page"
done

# an include guard has no value and needs no page
macros=$(find "$include" -type f -exec cat {} + |
	awk '$1 == "#define" && !($2 ~ /_HP*$/ && NF == 2) {
		sub(/\(.*/, "", $2)
		if ($2 ~ /^RDV_/ && $2 !~ /^RDV_(PRIV|STATE|GATE)_/) print $2 }' | sort -u)
[ -n "$macros" ] || wrong "no macro was found in the headers"
for macro in $macros; do
	grep -q "^\.\(Dv\|Fd\|Fn\|Fo\|It\|Nm\) .*\<$macro\>" "$man"/*.[1-9] ||
		wrong "$macro is in no page"
done

# ---------------------------------------------------------------------- what compiles

# flags SOURCE: what its headers need; false: they are not there
flags() {
	needs=
	while read -r header macro package module; do
		grep -q "^#include <$header>" "$1" || continue
		grep -q "^#define $macro 1" "$top_builddir/config.h" || { lack "$package"; return 1; }
		[ -z "$module" ] || needs="$needs $($PKG_CONFIG --cflags "$module")"
	done <<-END
		rdv/loop/uv.h HAVE_LIBUV libuv1-dev libuv
		rdv/loop/ev.h HAVE_LIBEV libev-dev
		rdv/loop/glib.h HAVE_GLIB libglib2.0-dev glib-2.0
		rdv/loop/uring.h HAVE_LIBURING liburing-dev liburing
	END
}

# compiles WHAT SOURCE: and links and runs, if there is a main()
compiles() {
	flags "$2" || return 0
	if grep -q '^#include <rdv/rdv.hpp>' "$2"; then
		[ -n "$CXX" ] || { lack g++; return; }
		set -- "$1" "$2" $CXX -x c++ -std=c++17 $CXXFLAGS
	else
		set -- "$1" "$2" $CC -x c -std=gnu11 $CFLAGS
	fi
	what=$1 source=$2
	shift 2
	if grep -q '^int main(' "$source"; then
		quietly "$what" "$@" $strict $SANITIZE -I"$include" $needs "$source" -x none \
			-o "$tmp/program" $LDFLAGS $library -pthread &&
			quietly "$what" "$tmp/program"
	else
		quietly "$what" "$@" $strict -I"$include" $needs -fsyntax-only "$source"
	fi
}

for page in "$man"/*.[37]; do
	file=${page##*/}
	# each header with its declarations, alone
	awk -f "$here/declarations.awk" "$page" |
		awk -v prefix="$tmp/synopsis" '
			/^#include/ { close(file); file = prefix (++n) ".c" }
			{ print >file }'
	for source in "$tmp"/synopsis*.c; do
		[ ! -e "$source" ] || compiles "$file, SYNOPSIS" "$source"
	done
	awk -v prefix="$tmp/example" -f "$here/examples.awk" "$page"
	for source in "$tmp"/example*.c; do
		[ -e "$source" ] || { [ "${file##*.}" != 3 ] || wrong "$file: no example"; continue; }
		grep -q '^\$ ' "$source" || compiles "$file, EXAMPLES" "$source"
	done
	rm -f "$tmp"/synopsis*.c "$tmp"/example*.c
done

# --------------------------------------------------------------------------- programs

# options PAGE PROGRAM; not every program lists --help itself
options() {
	[ -x "$2" ] || return 0
	"$2" --help | grep -o -E -e '--[a-z][a-z-]*' | grep -v -x -e --help | sort -u >"$tmp/has"
	grep -o -E -e 'Fl -[a-z][a-z-]*(( \|)? -[a-z][a-z-]*)*' "$1" |
		grep -o -E -e ' -[a-z][a-z-]*' | sed -e 's/ /-/' -e '/^--help$/d' | sort -u >"$tmp/says"
	diff "$tmp/has" "$tmp/says" >"$tmp/out" && return
	wrong "${1##*/} and the options of ${2##*/} differ:"
	sed -n -e 's/^</  not in the page:/p' -e 's/^>/  not in the program:/p' "$tmp/out"
}
options "$man/rdv-bench.1" "$top_builddir/bench/rdv-bench"
options "$man/rdv-proxy.1" "$top_builddir/examples/proxy/rdv-proxy"

finish $failed
