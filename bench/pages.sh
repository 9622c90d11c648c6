#!/bin/sh
# SPDX-License-Identifier: MIT
# rdv-bench, its man page and the README agree: in every number of --help, in the names of
# scenarios and contenders and in what each is.
set -u

here=${top_srcdir:-.}
bench=${top_builddir:-.}/bench/rdv-bench
page=$here/doc/man/rdv-bench.1
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
failed=0

# Both become lines of "KEY NUMBER", the key an option or an exit status.
numbers='
	function tell(text,   n, word, i) {
		gsub(/[^0-9]+/, " ", text)
		n = split(text, word, " ")
		for (i = 1; i <= n; i++)
			if (key != "")
				print key, word[i]
		if (key != "")
			print key
	}'
"$bench" --help | awk "$numbers"'
	/^$/ { key = "" }
	match($0, /--[a-z]+/) && /^  -/ {
		key = substr($0, RSTART, RLENGTH)
		$0 = substr($0, RSTART + RLENGTH)
	}
	/^  [0-9] / { key = "status " $1; $1 = "" }
	{ tell($0) }' | sort -u >"$tmp/help"
awk "$numbers"'
	/^\.Sh/ { key = "" }
	/^\.El/ { key = "" }
	/^\.Xr/ { next }
	/^\.It Fl/ {
		key = ""
		if (match($0, / -[a-z]+/))
			key = "-" substr($0, RSTART + 1, RLENGTH - 1)
		$0 = ""
	}
	/^\.It [0-9]/ { key = "status " $2; $0 = "" }
	{ tell($0) }' "$page" | sort -u >"$tmp/page"
if ! diff "$tmp/help" "$tmp/page" >"$tmp/diff"; then
	echo "rdv-bench --help and rdv-bench.1 differ:"
	sed -n -e 's/^</  --help only:/p' -e 's/^>/  the page only:/p' "$tmp/diff"
	failed=1
fi
grep -q -e '^--rounds 5$' "$tmp/help" || { echo "no number was found"; exit 99; }

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

# How long a quick look takes.
most=$(sed -n 's/^--quick \(.*\)/\1 minutes/p' "$tmp/help")
for file in README.md CONTRIBUTING.md bench/README.md scripts/bench.sh; do
	grep -E -e '^  --quick|rdv-bench --quick|bench\.sh --quick' "$here/$file" |
		grep -e minute | grep -v -F -e "$most" >"$tmp/wrong" || continue
	echo "$file: expected \"$most\" in:"
	cat "$tmp/wrong"
	failed=1
done
exit $failed
