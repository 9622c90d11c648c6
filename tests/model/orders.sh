#!/bin/sh
# SPDX-License-Identifier: MIT
#
#	orders.sh [FILE...]
#
# Weakens each seq_cst access of the protocol in turn, and runs the scenarios until one
# fails.  Prints for each, weaker order which scenario noticed after how many executions,
# or "nothing": then doc/design.md says why the order stays.  All sources, with what is inline
# in their headers, or those that are named.
set -u
. "$(dirname -- "$0")/build.sh"

# How many executions of each scenario, before each has more.
budgets=${BUDGETS:-1000 20000}

# weaken FILE:LINE:OPERATION=ORDER: one line of the table
weaken() {
	how=$1
	for budget in $budgets; do
		noticed=$("$built/rdv-model" --executions "$budget" --stop \
			--weaken "$how" 2>&1)
		case $? in
		0) continue ;;
		1) echo "$how $(echo "$noticed" | grep -v '  ok (' | tail -n 1)" ;;
		*) echo "$how $noticed" ;;
		esac
		return
	done
	echo "$how nothing"
}

# orders OPERATION: those that are weaker
orders() {
	case $1 in
	load) echo acquire relaxed ;;
	store) echo release relaxed ;;
	*) echo acq_rel relaxed ;;
	esac
}

if [ "${1-}" = --one ]; then
	weaken "$2"
	exit
fi
build
# shellcheck disable=SC2046 # a list
[ $# -gt 0 ] || set -- domain.h window.h \
	$(sed -n 's/^#include "\(.*\.c\)"$/\1/p' "$model/protocol.cc")
for file; do
	grep -n '' "$top/src/$file" | grep -o '^[0-9]*:\|rdv_[a-z]*_sc(' | awk -v file="$file" '
		/^[0-9]/ { line = $0; next }
		{ split($0, name, "_"); print file ":" line name[2] }'
done | sort -u -t: -k1,1 -k2,2n -k3 | while IFS= read -r site; do
	for order in $(orders "${site##*:}"); do
		echo "$site=$order"
	done
done | xargs -P "${JOBS:-$(nproc)}" -n 1 "$0" --one
