#!/bin/sh
# SPDX-License-Identifier: MIT
# rdv-top shows what the echo server exports, says when it has ended, and refuses what is
# no export; the admin port prints the statistics too.
dir=$top_builddir/examples
top=$top_builddir/tools/rdv-top
tmp=$(mktemp -d) || exit 99
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$tmp"' EXIT

fail() {
	echo "top.sh: $*" >&2
	exit 1
}

"$dir/echo-client" --probe || exit $?
mkfifo "$tmp/ports" || exit 99
"$dir/echo-server" --port 0 --admin-port 0 --export "$tmp/page" >"$tmp/ports" &
server=$!
exec 3<"$tmp/ports"
read -r _ _ _ <&3 && read -r _ _ _ <&3 || fail "the server did not start"

"$top" --count 2 --interval 0.1 "$tmp/page" >"$tmp/out" || fail "rdv-top failed"
cat "$tmp/out"
for text in "^echo, process $server: " 'per second: ' '^to isolation ' \
	'^isolated ' '^held ' '^to release ' ' admin '; do
	[ "$(grep -c "$text" "$tmp/out")" = 2 ] || fail "not twice: $text"
done

kill "$server"
wait "$server" || fail "the server failed"
server=
[ ! -e "$tmp/page" ] || fail "the file is still there"
"$top" "$tmp/page" 2>"$tmp/err" && fail "rdv-top shows what is not there"
grep -q 'No such file' "$tmp/err" || fail "$(cat "$tmp/err")"
dd if=/dev/zero of="$tmp/other" bs=1k count=64 2>/dev/null
"$top" "$tmp/other" 2>"$tmp/err" && fail "rdv-top shows any file"
grep -q 'no file that rdv_export_open' "$tmp/err" || fail "$(cat "$tmp/err")"
"$dir/echo-server" --port 0 --admin-port 0 --export "$tmp/other" >/dev/null \
	2>"$tmp/err" && fail "the server takes any file"
grep -q 'File exists' "$tmp/err" || fail "$(cat "$tmp/err")"
exit 0
