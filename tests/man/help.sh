#!/bin/sh
# SPDX-License-Identifier: MIT
# Each program and its man page agree: in the options of --help, in every number beside an
# option and in the exit statuses that are listed.
set -u

here=${top_srcdir:-.}
built=${top_builddir:-.}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

# Both become lines of "KEY" and "KEY NUMBER", the key an option or an exit status.  IPv6 is
# no number.
numbers='
	function tell(text,   n, word, i) {
		if (key == "")
			return
		gsub(/[A-Za-z]+[0-9]+/, "", text)
		gsub(/[^0-9]+/, " ", text)
		n = split(text, word, " ")
		for (i = 1; i <= n; i++)
			if (word[i] != "")
				print key, word[i]
		print key
	}'

of_help()
{
	"$1" --help | awk "$numbers"'
		/^$/ { key = "" }
		match($0, /--[a-z]+/) && /^  -/ {
			key = substr($0, RSTART, RLENGTH)
			$0 = substr($0, RSTART + RLENGTH)
		}
		/^  [0-9] / { key = "status " $1; $1 = "" }
		{ tell($0) }' | sort -u
}

of_page()
{
	awk "$numbers"'
		/^\.S[hs]/ { key = "" }
		/^\.El/ { key = "" }
		/^\.Xr/ { next }
		/^\.It Fl/ {
			key = ""
			if (match($0, / -[a-z]+/))
				key = "-" substr($0, RSTART + 1, RLENGTH - 1)
			$0 = ""
		}
		/^\.It [0-9]/ { key = listed ? "status " $2 : ""; $0 = "" }
		{ tell($0) }' listed="$2" "$1" | sort -u
}

for program in bench/rdv-bench examples/proxy/rdv-proxy tools/rdv-top; do
	name=${program##*/}
	of_help "$built/$program" >"$tmp/help"
	grep -q '^--help$' "$tmp/help" || { echo "$name --help has no options"; exit 99; }
	of_page "$here/doc/man/$name.1" "$(grep -c '^status' "$tmp/help" | sed 's/^0$//')" \
		>"$tmp/page"
	diff "$tmp/help" "$tmp/page" >"$tmp/diff" && continue
	echo "$name --help and $name.1 differ:"
	sed -n -e 's/^</  --help only:/p' -e 's/^>/  the page only:/p' "$tmp/diff"
	failed=1
done
exit $failed
