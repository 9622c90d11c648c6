#!/bin/sh
# SPDX-License-Identifier: MIT
# ThreadSanitizer has nothing to say about a program that uses the library rightly, although
# the library was not compiled with it; and still finds a race.
libs=$top_builddir/src/.libs

[ -z "$SANITIZE" ] || { echo "skipped: the library is not an ordinary one"; exit 77; }
[ -e "$libs/librdv.so" ] || { echo "skipped: no shared library was built"; exit 77; }

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0 tried=0
LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
TSAN_OPTIONS=exitcode=66
export LD_LIBRARY_PATH TSAN_OPTIONS

# try EXPECTED COMPILER...
try() {
	expected=$1
	shift
	"$@" -g -fsanitize=thread -D_GNU_SOURCE -I"$top_srcdir/include" \
		"$top_srcdir/tests/api/tsan.c" -o "$tmp/program" $LDFLAGS -L"$libs" -lrdv \
		-pthread || exit 99
	"$tmp/program" >"$tmp/out" 2>&1
	status=$?
	[ $status = "$expected" ] && return
	echo "$*: exit status $status, expected $expected"
	sed 's/^/  /' "$tmp/out"
	failed=1
}

# Whether it works at all: it may be missing, not know this kernel's addresses, or be for
# another machine than the library.
echo 'int main(void) { return 0; }' >"$tmp/empty.c"
for compiler in "$CC" clang; do
	$compiler -fsanitize=thread "$tmp/empty.c" -o "$tmp/empty" -L"$libs" -lrdv -pthread \
		2>/dev/null &&
		"$tmp/empty" 2>/dev/null || continue
	tried=1
	try 0 $compiler -O2
	try 0 $compiler -O0 # calls the functions that are inline otherwise
	try 66 $compiler -O1 -DRACE
done
[ $tried = 1 ] || { echo "skipped: no compiler with -fsanitize=thread"; exit 77; }

exit $failed
