#!/bin/sh
# SPDX-License-Identifier: MIT
# One command: installs what is missing, builds librdv and runs its tests.

name="test" # for lib.sh
usage="usage: scripts/test.sh [--build-dir DIR] [--no-install] [CONFIGURE-ARG...]

Installs the Debian packages that are missing, builds librdv in DIR (default: build,
beside the sources), runs its tests and says how many passed.  Further arguments go to
configure, for example --enable-debug, --enable-sanitizer=thread, CC=clang.

Needs root or sudo if packages are missing, and the network then.  --no-install: installs
nothing and skips the tests that would need it."

. "$(dirname -- "$0")/lib.sh"

options "$@"
shift "$shift"
prepare "build test" "$@"
must "build" make -j"$(cpus)"
must "build the tests" make -j"$(cpus)" check TESTS=

# The names of the tests, without their extensions.
tests=$(cd -- "$build" && printf 'include Makefile\nnames: ; @echo $(TEST_LOGS:.log=)\n' |
	make -s -f - names) || die "make does not know the tests"

# done_of TEST...: how many of them are done, in words
done_of() {
	n=0
	for one; do
		[ ! -e "$build/$one.trs" ] || n=$((n + 1))
	done
	echo "$n of $# test programs are done"
}

# On a terminal, for as long as this script lives: how far the tests are.
progress() {
	while kill -0 $$ 2>/dev/null; do
		# shellcheck disable=SC2086 # these are words
		printf '\r%s: run the tests ... %s ' "$name" "$(done_of $tests)"
		sleep 1
	done
}

for one in $tests; do
	rm -f -- "$build/$one.trs"
done
rm -f -- "$build/test-suite.log"
watcher=
if [ -t 1 ]; then
	progress &
	watcher=$!
fi
what="run the tests"
echo "==> make -j$(cpus) check" >>"$log"
[ "$watcher" ] || printf '%s: %s ... ' "$name" "$what"
(cd -- "$build" && make -j"$(cpus)" check) </dev/null >>"$log" 2>&1
status=$?
if [ "$watcher" ]; then
	kill "$watcher"
	wait "$watcher" 2>/dev/null
	printf '\r\033[K%s: %s ... ' "$name" "$what"
fi
[ $status = 0 ] && echo ok || echo FAILED

# count RESULT...: how many points had it, by automake's own summary
count() {
	sum=0
	for result; do
		sum=$((sum + $(sed -n "s/^# $result: *//p" "$build/test-suite.log")))
	done
	echo $sum
}

# reasons: the tests that were skipped, with the last words of those that are scripts
reasons() {
	grep -h '^SKIP: ' "$log" | while read -r result test rest; do
		[ "$rest" ] || [ ! -e "$build/${test%.sh}.log" ] ||
			rest=": $(grep -v '^SKIP ' "$build/${test%.sh}.log" | tail -n 1)"
		echo "$result $test${rest:+ $rest}"
	done | sed 's/ : \(skipped[:,] *\)*/: /'
}

if [ ! -s "$build/test-suite.log" ]; then
	end_of "$log"
	exit 1
fi
passed=$(count PASS XFAIL)
failed=$(count FAIL XPASS ERROR)
skipped=$(count SKIP)
if [ $status != 0 ] && [ "$failed" = 0 ]; then
	failed=1
	echo "$name: make check has failed and no test has" >&2
	end_of "$log"
elif [ "$failed" != 0 ]; then
	for one in $(sed -n -E 's/^(FAIL|XPASS|ERROR): ([^ ]+).*/\2/p' "$log" | sort -u); do
		[ ! -e "$build/${one%.sh}.log" ] || end_of "$build/${one%.sh}.log" 60
	done
	grep -h -E '^(FAIL|XPASS|ERROR): ' "$log" >&2
fi
[ "$skipped" = 0 ] || reasons

[ "$skipped" = 0 ] && skipped= || skipped=", $skipped skipped"
echo "$name: $passed passed, $failed failed$skipped"
[ "$failed" = 0 ]
