#!/bin/sh
# SPDX-License-Identifier: MIT
# What bash completes: each option of --help, and what follows some of them.
command -v bash >/dev/null || { echo "skipped: no bash"; exit 77; }
exec bash -s <<'EOS'
. "$top_srcdir/tools/completion.bash" || exit 99
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

# check PROGRAM PREVIOUS CURRENT EXPECTED: words in any order
check() {
	_rdv "$1" "$3" "$2"
	found=$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')
	expected=$(printf '%s\n' $4 | sort | tr '\n' ' ')
	[[ $found == "$expected" ]] && return
	echo "${1##*/} $2 $3: expected $expected, found $found"
	failed=1
}

bench=$top_builddir/bench/rdv-bench proxy=$top_builddir/examples/proxy/rdv-proxy
top=$top_builddir/tools/rdv-top
for program in "$bench" "$proxy" "$top"; do
	name=${program##*/}
	options=$("$program" --help | grep '^  -' | grep -o -e '--[a-z]*' | sort -u)
	[[ $options == *--help* ]] || { echo "$name --help has no options"; exit 99; }
	check "$program" "$name" - "$options"
	complete -p "$name" >/dev/null || failed=1
done
check "$bench" rdv-bench --sc --scenario
check "$bench" --scenario P1 "$(echo P1 P10 P11 P12 P13 P14 P15 P16 P17)"
check "$bench" --scenario P2,P4 P2,P4
check "$bench" --contender rdv "$("$bench" --list | grep -o '^  rdv[a-z-]*')"
check "$bench" --rounds '' ''
mkdir "$tmp/a" && : >"$tmp/b"
check "$bench" --report "$tmp/" "$tmp/a"
check "$proxy" --servers "$tmp/" "$tmp/a $tmp/b"
check "$proxy" --listen "$tmp/" ''
check "$top" --openmetrics "$tmp/" "$tmp/a $tmp/b"
exit $failed
EOS
