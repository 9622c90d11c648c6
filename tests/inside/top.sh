#!/bin/sh
# SPDX-License-Identifier: MIT
# rdv-top shows what a program exports, says when it has ended, and refuses what is no
# export.
exported=$top_builddir/tests/inside/exported
top=$top_builddir/tools/rdv-top
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

fail() {
	echo "top.sh: $*" >&2
	exit 1
}

# The program runs until this script, which holds the other end, closes its input.
mkfifo "$tmp/input" "$tmp/said" || exit 99
"$exported" "$tmp/page" <"$tmp/input" >"$tmp/said" &
program=$!
exec 4>"$tmp/input" 3<"$tmp/said"
read -r _ <&3 || fail "the program did not start"

"$top" --count 2 --interval 0.1 "$tmp/page" >"$tmp/out" || fail "rdv-top failed"
cat "$tmp/out"
for text in "^watched, process $program: " 'per second: ' '^to isolation ' \
	'^isolated ' '^held ' '^to release ' ' watcher '; do
	[ "$(grep -c "$text" "$tmp/out")" = 2 ] || fail "not twice: $text"
done

exec 4>&-
wait "$program" || fail "the program failed"
[ ! -e "$tmp/page" ] || fail "the file is still there"
"$top" "$tmp/page" 2>"$tmp/err" && fail "rdv-top shows what is not there"
grep -q 'No such file' "$tmp/err" || fail "$(cat "$tmp/err")"
dd if=/dev/zero of="$tmp/other" bs=1k count=64 2>/dev/null
"$top" "$tmp/other" 2>"$tmp/err" && fail "rdv-top shows any file"
grep -q 'no file that rdv_export_open' "$tmp/err" || fail "$(cat "$tmp/err")"
"$exported" "$tmp/other" </dev/null 2>"$tmp/err" && fail "the program takes any file"
grep -q 'File exists' "$tmp/err" || fail "$(cat "$tmp/err")"
exit 0
