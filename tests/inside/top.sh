#!/bin/sh
# SPDX-License-Identifier: MIT
# rdv-top shows what a program exports, says when it has ended, and refuses what is no
# export.
exported=$top_builddir/tests/inside/exported
top=$top_builddir/tools/rdv-top
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top_srcdir/tests/lacks.sh"

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
for text in "^watched, process $program, as of " 'per second: ' '^to isolation ' \
	'^isolated ' '^held ' '^to release ' \
	'^to grace ' ' grace periods, ' '^retired items that wait: ' \
	'^last grace period waited for thread 1 (laggard): ' \
	'^longest grace period waited for thread 1 (laggard): ' ' watcher?\[2J"\\ '; do
	[ "$(grep -c "$text" "$tmp/out")" = 2 ] || fail "not twice: $text"
done

[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' "$tmp/out")" -le 80 ] ||
	fail "a line has more than 80 columns"

"$top" --openmetrics "$tmp/page" >"$tmp/metrics" || fail "--openmetrics failed"
awk -f "$top_srcdir/tests/inside/openmetrics.awk" "$tmp/metrics" ||
	fail "--openmetrics is not OpenMetrics"
for text in '^rdv_isolations_total{domain="watched"} [1-9]' \
	'^rdv_to_isolation_seconds_count{domain="watched"} [1-9]' \
	'^rdv_threads{domain="watched"} 1$' \
	'^rdv_grace_periods_total{domain="watched"} [1-9]' \
	'^rdv_retired_total{domain="watched"} [1-9]' \
	'^rdv_retired_waiting{domain="watched"} 0$' \
	'^rdv_to_grace_seconds_count{domain="watched"} [1-9]' \
	'^rdv_thread_retired_waiting{domain="watched",id="0",.* 0$' \
	'{domain="watched",id="0",thread="watcher?\[2J\\"\\\\"} [1-9]' \
	"^rdv_domain_info{domain=\"watched\",pid=\"$program\",fence=\"full\"} 1\$"; do
	grep -q -e "$text" "$tmp/metrics" || fail "--openmetrics does not have $text"
done

# says TEXT STATUS COMMAND...: it fails so, and says this
says() {
	text=$1 expected=$2
	shift 2
	timeout 10 "$@" >/dev/null 2>"$tmp/err"
	status=$?
	[ $status = "$expected" ] || fail "$*: exit status $status, not $expected"
	grep -q -e "$text" "$tmp/err" || fail "$*: $(cat "$tmp/err")"
}

says "expected a number from 1, found '-5'" 2 "$top" -n -5 "$tmp/page"
says "expected a number from 1, found '1x'" 2 "$top" -n 1x "$tmp/page"
says "expected seconds from 0.1 to 3600, found 'often'" 2 "$top" -i often "$tmp/page"
says 'expected one file, found 0' 2 "$top"
mkfifo "$tmp/fifo" || exit 99
says 'no file that rdv_export_open' 1 "$top" "$tmp/fifo"
"$top" --version | grep -q '^rdv-top [0-9]' || fail "no version"
if [ -c /dev/full ]; then
	"$top" -n 1 "$tmp/page" >/dev/full 2>"$tmp/err" && fail "/dev/full has room"
	grep -q 'standard output: No space' "$tmp/err" || fail "$(cat "$tmp/err")"
	"$top" --help >/dev/full 2>/dev/null && fail "--help: /dev/full has room"
fi

"$top_builddir/tests/inside/terminal" "$top" "$tmp/page" || fail "the terminal"

# Truncated by somebody: the program goes on, and makes it whole again.
cp "$tmp/page" "$tmp/short" && truncate -s 100 "$tmp/short" || exit 99
says 'no file that rdv_export_open' 1 "$top" "$tmp/short"
: >"$tmp/page"
until "$top" -n 1 "$tmp/page" >/dev/null 2>&1; do
	kill -0 "$program" || fail "the program has not survived"
	sleep 0.05
done

# Alive, as another user sees it too, and from another pid namespace.
if unshare --user --pid --fork true 2>/dev/null; then
	unshare --user --pid --fork "$top" -n 1 "$tmp/page" >"$tmp/out" ||
		fail "rdv-top failed in another namespace"
	! grep 'has ended' "$tmp/out" || fail "the program is alive"
else
	lack "unshare"
fi

# A copy has no lock: its program is not there.
cp "$tmp/page" "$tmp/short"
"$top" "$tmp/short" | grep -q 'the program has ended' || fail "a copy is alive"
says 'the program has ended' 1 "$top" --openmetrics "$tmp/short"

# Killed while it was writing: the number of changes, 12 bytes from the start, is odd
# for ever.
printf '\001\001\001\001' | dd of="$tmp/short" bs=1 seek=12 conv=notrunc 2>/dev/null || exit 99
"$top" "$tmp/short" | grep -q 'the program has ended' || fail "half a copy is alive"
says 'the program has ended' 1 "$top" --openmetrics "$tmp/short"

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
finish 0
