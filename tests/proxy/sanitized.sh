#!/bin/sh
# SPDX-License-Identifier: MIT
# wire.sh and proxy.sh once more, with rdv-proxy and librdv compiled for AddressSanitizer
# and for ThreadSanitizer; and, as a control, proxy.sh without isolation and grace periods,
# which both have to notice.
#
# PROXY_SANITIZERS  which ones ("address,undefined thread")
set -u

here=$top_srcdir/tests/proxy
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

fail()
{
	echo "sanitized.sh: $*" >&2
	exit 1
}

if [ -n "${SANITIZE-}" ]; then
	echo "sanitized.sh: skipped, the build has its own: $SANITIZE"
	exit 77
fi

# build PROGRAM FLAG...
build()
{
	program=$tmp/$1
	shift
	$CC -std=gnu11 -O1 -g -fno-omit-frame-pointer -w -pthread \
		-include "$top_builddir/config.h" -DRDV_NO_INLINE -I"$top_srcdir/include" \
		-I"$top_srcdir/src" -I"$top_srcdir/examples/proxy" -I"$here" \
		"$@" -o "$program" \
		"$top_srcdir"/src/*.c "$top_srcdir"/src/inside/*.c \
		"$top_srcdir"/examples/proxy/*.c
}

echo 'int main(void) { return 0; }' >"$tmp/try.c"
control='-DPROXY_GUARD="guard-none.h"'
for sanitizer in ${PROXY_SANITIZERS:-address,undefined thread}; do
	flags="-fsanitize=$sanitizer -fno-sanitize-recover=all"
	if ! $CC $flags "$tmp/try.c" -o "$tmp/try" || ! "$tmp/try"; then
		echo "sanitized.sh: skipped, $CC has no working -fsanitize=$sanitizer"
		exit 77
	fi
	build good $flags || fail "cannot build the proxy"
	build bad $flags "$control" || fail "cannot build the control"

	echo "== $sanitizer"
	PROXY=$tmp/good sh "$here/wire.sh" || exit
	PROXY=$tmp/good sh "$here/proxy.sh" || exit
	echo "== $sanitizer, control:"
	for try in 1 2 3 4 5 6; do
		PROXY=$tmp/bad PROXY_SECONDS=20 PROXY_RATE=0 sh "$here/proxy.sh" \
			>"$tmp/out" 2>&1
		summary=$(grep -m 1 'SUMMARY: .*Sanitizer' "$tmp/out") && break
	done
	[ -n "$summary" ] || fail "not noticed: $(cat "$tmp/out")"
	echo "   $summary"
done
