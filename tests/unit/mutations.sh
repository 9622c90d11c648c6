#!/bin/sh
# SPDX-License-Identifier: MIT
#
#	mutations.sh [NAME...]
#
# Applies the mutations of tests/model/mutations.txt to the library, one at a time, and
# runs the unit tests until a case fails.  Prints which.  That none does is no failure:
# most weaker memory orders make no difference to what the machine does, but all of them
# to the model.
set -u

top=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
table=$top/tests/model/mutations.txt
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
. "$top/tests/model/mutate.sh"

programs="test_domain test_fence test_fork test_futex test_harmless test_hathreads
	test_isolate test_round test_spin test_sync test_signal test_blocking test_thread"

quietly() {
	"$@" >"$work/log" 2>&1
}

must() {
	quietly "$@" && return
	cat "$work/log" >&2
	exit 99
}

# compile: the library and the tests, from the copy
compile() {
	# shellcheck disable=SC2046 # a list
	quietly make -C "$work/build" -j"$(nproc)" $(printf ' tests/unit/%s' $programs)
}

# catch: prints the first case that fails
catch() {
	for program in $programs; do
		CMOCKA_MESSAGE_OUTPUT=TAP UNIT_TIMEOUT=${UNIT_TIMEOUT:-20} timeout 300 \
			"$work/build/tests/unit/$program" >"$work/out" 2>/dev/null && continue
		failed=$(sed -n 's/^not ok [0-9]* - //p' "$work/out" | head -n 1)
		echo "$program ${failed:-ended in the middle of $(died "$work/out")}"
		return
	done
	return 1
}

# died OUT: the number of the case that was running
died() {
	echo "case $(($(grep -c '^ok' "$1") + 1))"
}

mkdir "$work/tree" "$work/build"
(cd "$top" && git ls-files -z | tar cf - --null -T -) | tar xf - -C "$work/tree" || exit 99
(cd "$work/tree" && must ./bootstrap) || exit
(cd "$work/build" && must ../tree/configure --disable-shared) || exit
must compile
catch && { echo "a case fails without any mutation" >&2; exit 99; }
# shellcheck disable=SC2046 # a list
[ $# -gt 0 ] || set -- $(mutations)
caught=0
for name; do
	file=$(field "$name" file)
	if ! replace "$work/tree/$file" "$(field "$name" old)" "$(field "$name" new)"; then
		result='does not apply'
	elif ! compile; then
		result='does not compile'
	elif result=$(catch); then
		caught=$((caught + 1))
	else
		result='-'
	fi
	printf '%-28s %s\n' "$name" "$result"
	cp "$top/$file" "$work/tree/$file"
done
echo "$# mutations, $caught noticed"
