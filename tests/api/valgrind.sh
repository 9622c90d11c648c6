#!/bin/sh
# SPDX-License-Identifier: MIT
# helgrind and drd with tools/rdv.supp, and memcheck, have nothing to say about a program
# with the annotations of rdv_sanitizers(7); and the first two still find a race.
libs=$top_builddir/src/.libs

[ -z "$SANITIZE" ] || { echo "skipped: a sanitizer and valgrind exclude each other"; exit 77; }
[ -e "$libs/librdv.so" ] || { echo "skipped: no shared library was built"; exit 77; }
command -v valgrind >/dev/null || { echo "skipped: no valgrind"; exit 77; }

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0 tried=0
LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

# try TOOL HEADER EXPECTED FLAGS
try() {
	$CC $CFLAGS $4 -DTOOL="<valgrind/$2.h>" -D_GNU_SOURCE -I"$top_srcdir/include" \
		"$top_srcdir/tests/api/valgrind.c" -o "$tmp/program" $LDFLAGS -L"$libs" -lrdv \
		-pthread || exit 99
	valgrind --tool="$1" --suppressions="$top_srcdir/tools/rdv.supp" --fair-sched=try \
		--error-exitcode=66 "$tmp/program" >"$tmp/out" 2>&1
	status=$?
	[ $status = "$3" ] && return
	# seen with helgrind 3.19 for 32 bits: it lost the number of a thread
	if grep -qi "^$1: .*Assertion '.*' failed" "$tmp/out"; then
		echo "skipped: $1 itself has failed"
		exit 77
	fi
	# valgrind 3.19 does not know all of DWARF 5, as clang writes it
	if grep -q 'Valgrind: debuginfo reader' "$tmp/out"; then
		echo "skipped: valgrind cannot read the debug information of $CC"
		exit 77
	fi
	echo "$1 $4: exit status $status, expected $3"
	sed 's/^/  /' "$tmp/out"
	failed=1
}

# Its headers may be missing, and it does not know the threads of each machine.
cat >"$tmp/empty.c" <<'EOS'
#include <pthread.h>
static void *nothing(void *arg) { return arg; }
int main(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
}
EOS
for tool in helgrind drd; do
	$CC $CFLAGS -include "valgrind/$tool.h" "$tmp/empty.c" -o "$tmp/empty" -pthread \
		2>/dev/null &&
		valgrind --tool=$tool "$tmp/empty" >/dev/null 2>&1 || continue
	tried=1
	try $tool $tool 0 ""
	try $tool $tool 66 -DRACE
	[ $tool = drd ] || try memcheck $tool 0 ""
done
[ $tried = 1 ] || { echo "skipped: valgrind or its headers do not work here"; exit 77; }

exit $failed
