#!/bin/sh
# SPDX-License-Identifier: MIT
# One command: installs what is missing, builds librdv and runs its tests.

name="test" # for lib.sh
usage="usage: scripts/test.sh [--build-dir DIR] [CONFIGURE-ARG...]

Installs the Debian packages that are missing, builds librdv in DIR (default: build,
beside the sources), runs its tests and says how many passed.  Further arguments go to
configure, for example --enable-debug, --enable-sanitizer=thread, CC=clang.

Needs root or sudo if packages are missing, and the network then."

. "$(dirname -- "$0")/lib.sh"

while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) echo "$usage"; exit 0 ;;
	--build-dir) use_build_dir "$2"; shift 2 ;;
	--build-dir=*) use_build_dir "${1#*=}"; shift ;;
	*) break ;;
	esac
done

prepare "build test" "$@"
must "build" make -j"$(cpus)"
must "build the tests" make -j"$(cpus)" check TESTS=
rm -f -- "$build/test-suite.log"
step "run the tests" make check
status=$?

# count RESULT...: how many points had it, by automake's own summary
count() {
	sum=0
	for result; do
		sum=$((sum + $(sed -n "s/^# $result: *//p" "$build/test-suite.log")))
	done
	echo $sum
}

if [ ! -s "$build/test-suite.log" ]; then
	echo "---- the end of $log:" >&2
	tail -n 40 -- "$log" >&2
	exit 1
fi
passed=$(count PASS XFAIL)
failed=$(count FAIL XPASS ERROR)
skipped=$(count SKIP)
[ $status = 0 ] || [ "$failed" != 0 ] || failed=1

if [ "$failed" != 0 ]; then
	echo "---- the end of $build/test-suite.log:" >&2
	tail -n 60 -- "$build/test-suite.log" >&2
	grep -h -E '^(FAIL|XPASS|ERROR): ' "$log" >&2
fi
[ "$skipped" = 0 ] || grep -h '^SKIP: ' "$log"
grep -h '^# unit tests: ' "$log"

[ "$skipped" = 0 ] && skipped= || skipped=", $skipped skipped"
echo "$name: $passed passed, $failed failed$skipped"
[ "$failed" = 0 ]
