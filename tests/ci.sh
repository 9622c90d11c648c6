#!/bin/sh
# SPDX-License-Identifier: MIT
# What .ci/run counts: parts that pass, fail, hang, check nothing, print nothing, or are
# not to be had.  Each prints one line, and the last line is the sum.
[ -e "$top_srcdir/.ci/lib.sh" ] || { echo "skipped: no repository"; exit 77; }
command -v bash >/dev/null || { echo "skipped: no bash"; exit 77; }
tmp=$(mktemp -d) || exit 99
export top_srcdir
trap 'rm -rf "$tmp"' EXIT

# The README's test command, in small: it says what it is told to.
mkdir -p "$tmp/scripts" "$tmp/ci"
cat >"$tmp/scripts/test.sh" <<'END'
#!/bin/sh
[ "$1" = --no-install ] || exit 9
[ -z "$3" ] || echo "$3"
exit "$2"
END
chmod +x "$tmp/scripts/test.sh"
cat >"$tmp/run" <<'END'
. "$top_srcdir/.ci/lib.sh"
part_good() { checks good echo 'PASS: one'; }
part_three() { checks three printf '%s\n' 'PASS: a' 'SKIP: b' 'PASS: c'; }
part_fails() { checks fails echo 'FAIL: one'; return 1; }
part_breaks() { checks breaks sh -c 'echo PASS: one; exit 3'; }
part_buries() { checks buries sh -c 'seq 900; echo "why one"; echo "FAIL: one"; seq 900
	echo "FAIL: two"; seq 900'; }
part_hangs() { limit=1; checks hangs sleep 1000; limit=1200; }
part_silent() { return 0; }
part_twice() { checks twice echo 'PASS: a'; checks twice echo 'PASS: b'; }
part_empty() { checks empty true; }
part_skips() { checks skips printf '%s\n' 'SKIP: no x' 'SKIP: no y'; }
part_lacks() { lack lacks 'no z'; }
part_m32() { lack m32 'not this machine'; }
part_tests() { suite tests 0 'test: 12 passed, 0 failed, 3 skipped'; }
part_suite_fails() { suite suite_fails 1 'test: 10 passed, 2 failed'; }
part_suite_dies() { suite suite_dies 1; }
part_suite_mute() { suite suite_mute 0; }
part_suite_lies() { suite suite_lies 1 'test: 10 passed, 0 failed'; }
part_unknown() { no_such_command 2>/dev/null; }
for part; do
	run_part $part
done
closing
END

failed=0
# try CI STATUS WANTED PART...: the lines, without the logs and the seconds
try() {
	when=$1 status=$2 want=$3
	shift 3
	CI=$when top=$tmp ci=$tmp/ci bash "$tmp/run" "$@" >"$tmp/out"
	found=$?
	sed -e '/^    /d' -e 's/, [0-9]* s$//' -e 's/   */ /' "$tmp/out" >"$tmp/lines"
	echo "$want" | diff - "$tmp/lines" || { echo "for: $*, CI=$when"; failed=1; }
	[ $found = "$status" ] || { echo "$*: exit status $found, not $status"; failed=1; }
}

try '' 0 "good 1 passed, 0 failed, 0 skipped
three 2 passed, 0 failed, 1 skipped
tests 12 passed, 0 failed, 3 skipped
15 passed, 0 failed, 4 skipped" good three tests

for part in fails:0:1: breaks:1:1: 'hangs:0:1: (not done after 1 s)' \
		'silent:0:1: (it has not said how it went)' \
		'unknown:0:1: (it has not said how it went)' \
		suite_fails:10:2: suite_dies:0:1: suite_mute:0:1: suite_lies:10:1:; do
	remark=${part##*:} part=${part%:*}
	bad=${part##*:} part=${part%:*}
	good=${part#*:} part=${part%:*}
	try '' 1 "good 1 passed, 0 failed, 0 skipped
$part $good passed, $bad failed, 0 skipped$remark
good 1 passed, 0 failed, 0 skipped
$((good + 2)) passed, $bad failed, 0 skipped" good "$part" good
done

try '' 1 "twice 1 passed, 0 failed, 0 skipped
twice 1 passed, 0 failed, 0 skipped
twice 0 passed, 1 failed, 0 skipped (it has said 2 times how it went)
2 passed, 1 failed, 0 skipped" twice

# What checks nothing does not count as passed, and is a failure for a CI.
try '' 0 "empty 0 passed, 0 failed, 1 skipped (checked nothing)
skips 0 passed, 0 failed, 1 skipped (no x;no y)
lacks 0 passed, 0 failed, 1 skipped (no z)
m32 0 passed, 0 failed, 1 skipped (not this machine)
0 passed, 0 failed, 4 skipped" empty skips lacks m32
try true 1 "empty 0 passed, 1 failed, 0 skipped (checked nothing)
skips 0 passed, 1 failed, 0 skipped (no x;no y)
lacks 0 passed, 1 failed, 0 skipped (no z)
m32 0 passed, 0 failed, 1 skipped (not this machine)
0 passed, 3 failed, 1 skipped" empty skips lacks m32

# A failure shows what has failed and what was said of it, however much follows.
CI='' top=$tmp ci=$tmp/ci bash "$tmp/run" breaks buries >"$tmp/out"
sed -n 's/^    //p' "$tmp/out" >"$tmp/lines"
for line in 'PASS: one' 'why one' 'FAIL: one' 'FAIL: two'; do
	grep -q "^$line\$" "$tmp/lines" || { echo "a failure does not show: $line"; failed=1; }
done
exit $failed
