# SPDX-License-Identifier: MIT
# For tags.sh: of C sources "comment FILE NAME" of each name() that stands in a comment, and
# "code NAME" of each that is called, defined or declared outside of them.
function names(text, before, brackets) {
	while (match(text, "[A-Za-z_][A-Za-z_0-9]*" brackets)) {
		name = substr(text, RSTART, RLENGTH)
		sub(/\(.*/, "", name)
		print before, name
		text = substr(text, RSTART + RLENGTH)
	}
}
{
	rest = $0
	while (rest != "") {
		mark = inside ? "*/" : "/*"
		at = index(rest, mark)
		text = at ? substr(rest, 1, at - 1) : rest
		rest = at ? substr(rest, at + 2) : ""
		if (inside)
			names(text, "comment " FILENAME, "\\(\\)")
		else
			names(text, "code", "\\(")
		if (at)
			inside = !inside
	}
}
