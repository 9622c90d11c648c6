#!/bin/sh
# SPDX-License-Identifier: MIT
#
#	mutations.sh [NAME...]
#
# Weakens the protocol in one place at a time, as mutations.txt has it, and runs the
# scenarios until one fails.  Prints which and after how many executions; fails if a
# mutation survives, or does not apply any more.  All, or those that are named.
set -u
. "$(dirname -- "$0")/build.sh"
. "$model/mutate.sh"

table=$model/mutations.txt

# How many executions of each scenario, before each has more.
budgets=${BUDGETS:-1000 10000 100000 1000000}
# ... and at last the scenario that the table names: as many as in check-model.
most=5000000
jobs=${JOBS:-$(nproc)}

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# All is compiled from a copy, in which the sources stay as they are.
base=$work/base
mkdir "$base" || exit 99
cp -r "$top/src" "$top/include" "$base" || exit 99
built=$work/built

# mutate NAME: builds it; false if it does not apply
mutate() {
	rm -rf "${work:?}/lib" "$work/out"
	mkdir -p "$work/out"
	cp -r "$base" "$work/lib" || exit 99
	file=$(field "$1" file)
	[ -n "$file" ] || return
	replace "$work/lib/$file" "$(field "$1" old)" "$(field "$1" new)" || return
	affected=protocol
	case $file in
	*.h) affected="protocol ${units#engine main}" ;;
	esac
	# shellcheck disable=SC2086 # a list
	compile "$work/lib" "$work/out" $affected &&
		link "$work/out" "$work/rdv-model"
}

# catch NAME: prints who caught it; false if nobody
catch() {
	first=$(field "$1" first)
	for budget in $budgets; do
		for scenario in $first all; do
			caught=$("$work/rdv-model" --executions "$budget" --stop \
				--scenario "$scenario" | grep -v '  ok (') || continue
			echo "$caught"
			return
		done
	done
	[ -n "$first" ] &&
		"$work/rdv-model" --executions "$most" --scenario "$first" |
			grep -v '  ok ('
}

# sweep JOB NAME...: every so many of them
sweep() (
	work=$work/$1
	turn=$1
	shift
	mkdir "$work" || exit 99
	for name; do
		turn=$((turn + 1))
		[ $((turn % jobs)) = 0 ] || continue
		if ! mutate "$name"; then
			printf '%-28s does not apply\n' "$name"
		elif caught=$(catch "$name"); then
			printf '%-28s %s\n' "$name" "${caught%% (*}"
			echo "$name" >>"$work/caught"
		else
			printf '%-28s SURVIVED\n' "$name"
		fi
	done
)

mkdir "$built"
# shellcheck disable=SC2086 # a list
compile "$base" "$built" $units protocol || die "the model does not compile"
link "$built" "$built/rdv-model"
"$built/rdv-model" --executions 10000 --stop --jobs "$jobs" >"$work/log" || {
	cat "$work/log"
	die "a scenario fails without any mutation"
}
# shellcheck disable=SC2046 # a list
[ $# -gt 0 ] || set -- $(mutations)
printf '%-28s %-28s %10s  %s\n' mutation 'caught by' executions how
job=0
while [ $job -lt "$jobs" ]; do
	sweep $job "$@" &
	job=$((job + 1))
done
wait
caught=$(cat "$work"/*/caught 2>/dev/null | wc -l)
echo "$# mutations, $(($# - caught)) not caught"
[ "$caught" = $# ]
