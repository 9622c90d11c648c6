#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/rdv-gdb.py prints from a core of a stuck program what the program has told of
# itself, but for the clock.
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
stuck=$top_builddir/tests/inside/stuck

skip() {
	echo "skipped: $*"
	exit 77
}

command -v gdb >/dev/null 2>&1 || skip "no gdb"
gdb -nx -batch -ex 'python print("yes")' 2>/dev/null | grep -q yes ||
	skip "gdb has no Python"
$READELF -SW "$stuck" | grep -q debug_info || skip "built without debugging symbols"
[ -z "$SANITIZE" ] || skip "a sanitizer does not leave cores"
case $(cat /proc/sys/kernel/core_pattern) in
'|'*|/*) skip "cores go elsewhere: /proc/sys/kernel/core_pattern" ;;
esac

cd "$tmp" || exit 99
# shellcheck disable=SC3045 # dash and bash both have it
ulimit -c unlimited 2>/dev/null || skip "ulimit -c"
"$stuck" "$tmp/told" >/dev/null 2>&1
core=$(ls core* 2>/dev/null)
[ -n "$core" ] || skip "no core was written"

gdb -nx -batch -x "$top_srcdir/tools/rdv-gdb.py" -ex rdv-dump "$stuck" $core \
	>"$tmp/out" 2>"$tmp/err"
sed -n '/^librdv-dump/,/^end/p' "$tmp/out" >"$tmp/read"
cat "$tmp/told"
[ -s "$tmp/read" ] || { cat "$tmp/out" "$tmp/err"; echo "gdb printed no dump"; exit 1; }
grep -v '^clock' "$tmp/told" >"$tmp/a"
grep -v '^clock' "$tmp/read" >"$tmp/b"
diff "$tmp/a" "$tmp/b"
