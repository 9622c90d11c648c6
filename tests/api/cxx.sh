#!/bin/sh
# SPDX-License-Identifier: MIT
# <rdv/rdv.hpp>: tests/api/cxx.cc, compiled without a warning as C++17 and C++20, and run,
# with the sanitizers too.
[ -n "$CXX" ] || { echo "skipped: no C++ compiler was found (g++)"; exit 77; }

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0 ran=0
strict="-Wall -Wextra -pedantic -Wundef -Wshadow -Wconversion -Wold-style-cast -Werror"
libs=$top_builddir/src/.libs
[ -e "$libs/librdv.a" ] && library=$libs/librdv.a || library="-L$libs -lrdv"
LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
echo 'int main() { return 0; }' >"$tmp/empty.cc"

# quietly COMMAND...: shows what it said if it fails
quietly() {
	"$@" >"$tmp/out" 2>&1 && return
	echo "failed: $*"
	sed 's/^/  /' "$tmp/out"
	return 1
}

# try COMPILER FLAG...: in both languages
try() {
	# what cannot build and run a program at all, or not one like the library
	if ! { "$@" "$tmp/empty.cc" -o "$tmp/empty" $LDFLAGS $library -pthread &&
	       "$tmp/empty"; } >"$tmp/out" 2>&1; then
		echo "left out: $*"
		return
	fi
	for std in c++17 c++20; do
		rm -f "$tmp/cxx"
		quietly "$@" -std=$std $strict -I"$top_srcdir/include" \
			"$top_srcdir/tests/api/cxx.cc" -o "$tmp/cxx" \
			$LDFLAGS $library -pthread &&
			quietly "$tmp/cxx" || failed=1
		ran=$((ran + 1))
	done
}

if [ -n "$SANITIZE" ]; then
	try $CXX $CXXFLAGS $SANITIZE
else
	try $CXX -O2 $CXXFLAGS
	try $CXX -g -O0 -fsanitize=address,undefined -fno-sanitize-recover=undefined $CXXFLAGS
fi

[ $ran -gt 0 ] || { echo "skipped: $CXX builds no programs here"; exit 77; }
exit $failed
