#!/bin/sh
# SPDX-License-Identifier: MIT
# rdv-bench, its man page and the README agree: in the names of scenarios and contenders, in
# what each is and in how long a quick look takes.  tests/man/help.sh has the rest of --help.
set -u

here=${top_srcdir:-.}
bench=${top_builddir:-.}/bench/rdv-bench
page=$here/doc/man/rdv-bench.1
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
failed=0

# The page has what --list has; of a contender that is not built in, its name.
"$bench" --list | sed -n 's/^  \([^ ]*\)  *\(.*\)/\1 \2/p' | sed 's/; left out: .*//' >"$tmp/list"
awk '/^\.Sh/ { listing = /SCENARIOS|CONTENDERS/ }
	listing && /^\.It Cm/ { name = $3; getline; print name, $0 }' "$page" >"$tmp/listed"
while read -r name what; do
	case $what in
	"not built in"*) grep -q -e "^$name " "$tmp/listed" && continue ;;
	*) grep -q -x -F -e "$name $what" "$tmp/listed" && continue ;;
	esac
	echo "rdv-bench.1 does not have: $name $what"
	failed=1
done <"$tmp/list"
[ "$(wc -l <"$tmp/list")" -eq "$(wc -l <"$tmp/listed")" ] || {
	echo "rdv-bench.1 has scenarios or contenders that --list does not have"
	failed=1
}
grep -o '^P[0-9]*' "$tmp/list" >"$tmp/names"
while read -r name; do
	grep -q -e "^\*\*$name " "$here/bench/README.md" || {
		echo "bench/README.md does not explain $name"
		failed=1
	}
done <"$tmp/names"

# What other pages tell to measure.
for page in README.md doc/tuning.md doc/performance.md bench/README.md CONTRIBUTING.md; do
	grep rdv-bench "$here/$page" | grep -o -E -e '--(scenario|contender) [A-Za-z0-9,-]+' |
		sed 's/^[^ ]* //' | tr , '\n' | sort -u >"$tmp/words"
	while read -r name; do
		grep -q -e "^$name " "$tmp/list" || {
			echo "$page: rdv-bench has no $name"
			failed=1
		}
	done <"$tmp/words"
done

# How long a quick look takes.
most=$("$bench" --help | sed -n 's/^  --quick .* \([0-9]* minutes\) at most$/\1/p')
[ "$most" ] || { echo "rdv-bench --help does not say how long a quick look takes"; exit 99; }
for file in README.md CONTRIBUTING.md bench/README.md scripts/bench.sh; do
	grep -E -e '^  --quick|rdv-bench --quick|bench\.sh --quick' "$here/$file" |
		grep -e minute | grep -v -F -e "$most" >"$tmp/wrong" || continue
	echo "$file: expected \"$most\" in:"
	cat "$tmp/wrong"
	failed=1
done
exit $failed
