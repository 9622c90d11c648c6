#!/bin/sh
# SPDX-License-Identifier: MIT
# "make install" into a directory of its own, then a program is compiled through
# pkg-config against what is there, as C and C++, with and without inlining, shared
# and static, and run; each function has a man page there; then "make uninstall" leaves
# no file.
[ -n "$PKG_CONFIG" ] || { echo "skipped: no pkg-config"; exit 77; }
unset MAKEFLAGS MFLAGS MAKELEVEL

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top_srcdir/tests/lacks.sh"
root=$tmp/root
failed=0

[ -n "$CXX" ] || lack g++
# A C++ compiler may lack the libraries for what $CC builds, e.g. with -m32.
echo 'int main(void) { return 0; }' >"$tmp/empty.c"
if [ -n "$CXX" ] &&
   ! $CXX -x c++ $CXXFLAGS $SANITIZE "$tmp/empty.c" -o "$tmp/empty" 2>/dev/null; then
	echo "$CXX does not link: tried as C only"
	CXX=
fi

# quietly COMMAND...: shows what it said if it fails
quietly() {
	"$@" >"$tmp/out" 2>&1 && return
	echo "failed: $*"
	sed 's/^/  /' "$tmp/out"
	return 1
}

quietly make -C "$top_builddir" install DESTDIR="$root" || exit 1

pc=$(find "$root" -name rdv.pc)
[ -n "$pc" ] || { echo "rdv.pc is not installed"; exit 1; }
PKG_CONFIG_LIBDIR=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
export PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS

cflags=$($PKG_CONFIG --cflags rdv) && libs=$($PKG_CONFIG --libs rdv) &&
	static_libs=$($PKG_CONFIG --static --libs rdv) || exit 1
libdir=$(dirname "$(find "$root" -name 'librdv.so' -o -name 'librdv.a' | head -n 1)")

for flag in $static_libs; do
	[ "$flag" = -pthread ] && found=yes
done
[ "$found" ] || { echo "rdv.pc: no -pthread for static linking"; failed=1; }

# consumer LIBS COMPILER...: compiles and runs tests/api/consumer.c and other.c
consumer() {
	libs_now=$1
	shift
	rm -f "$tmp/consumer"
	quietly "$@" -Wall -Wextra -pedantic -Werror $cflags $SANITIZE \
		"$top_srcdir/tests/api/consumer.c" "$top_srcdir/tests/api/other.c" \
		-x none -o "$tmp/consumer" $LDFLAGS $libs_now &&
		LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
			quietly "$tmp/consumer" || failed=1
}

# everywhere LIBS FLAGS...
everywhere() {
	libs_now=$1
	shift
	for level in -O0 -O2; do
		consumer "$libs_now" $CC -x c -std=c11 $CFLAGS $level "$@"
		for std in ${CXX:+c++11 c++20}; do
			consumer "$libs_now" $CXX -x c++ -std=$std $CXXFLAGS $level "$@"
		done
	done
}

if [ -e "$libdir/librdv.so" ]; then
	everywhere "$libs"
fi

if [ -e "$libdir/librdv.a" ]; then
	# without the C library's archive, or beside a sanitizer, ours alone
	if [ -z "$SANITIZE" ] &&
	   $CC $CFLAGS -static "$tmp/empty.c" -o "$tmp/empty" 2>/dev/null; then
		everywhere "$static_libs" -static
	else
		everywhere "-Wl,-Bstatic $static_libs -Wl,-Bdynamic"
	fi
fi

# each function has a page under its name, or one that leads there
for name in $(sed -n 's/^[ 	]*\([A-Za-z0-9_]*\);$/\1/p' "$top_srcdir/src/librdv.map" |
	grep -v '^rdv_priv_'); do
	page=$(find "$root" -path "*/man3/$name.3")
	to=$([ -z "$page" ] || sed -n 's/^\.so //p' "$page")
	[ "$page" ] && { [ -z "$to" ] || [ -e "${page%/man3/*}/$to" ]; } ||
		{ echo "no page $name(3) is installed"; failed=1; }
done

quietly make -C "$top_builddir" uninstall DESTDIR="$root" || failed=1
left=$(find "$root" ! -type d)
if [ -n "$left" ]; then
	echo "make uninstall leaves:"
	echo "$left"
	failed=1
fi

finish $failed
