# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For the two mutations.sh, which source it: reads $table, and applies one of its mutations.

# mutations: their names
mutations() {
	awk '$1 == "name:" { print $2 }' "$table"
}

# field NAME FIELD: of a mutation
field() {
	awk -v name="$1" -v field="$2" '
		$1 == "name:" { found = $2 == name }
		found && $1 == field ":" { sub(/^[a-z]+:[ \t]*/, ""); print }
	' "$table"
}

# replace FILE OLD NEW: the one place of the text, in which \n and \t are escaped
replace() {
	old=$2 new=$3 awk '
		function plain(text) {
			gsub(/\\n/, "\n", text)
			gsub(/\\t/, "\t", text)
			return text
		}
		BEGIN { old = plain(ENVIRON["old"]); new = plain(ENVIRON["new"]) }
		{ text = text $0 "\n" }
		END {
			at = index(text, old)
			rest = substr(text, at + length(old))
			if (!at || index(rest, old))
				exit 1
			printf "%s", substr(text, 1, at - 1) new rest
		}
	' "$1" >"$work/replaced" && cat "$work/replaced" >"$1"
}
