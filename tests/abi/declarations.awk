# SPDX-License-Identifier: MIT
# What the public headers declare: a line for each RDV_API, with the name of the function
# and then the declaration.  Comments go and declarations are joined; the name is what
# stands before the "(".

!comment && (macro || /^[ \t]*#/) { macro = /\\$/; next }
{
	line = $0
	while (line != "") {
		at = index(line, comment ? "*/" : "/*")
		if (!comment)
			text = text " " (at ? substr(line, 1, at - 1) : line)
		if (at)
			comment = !comment
		line = at ? substr(line, at + 2) : ""
	}
}
END {
	count = split(text, part, /[;{}]/)
	for (i = 1; i <= count; i++) {
		if (part[i] !~ /(^|[^A-Za-z0-9_])RDV_API[^A-Za-z0-9_]/)
			continue
		declaration = part[i]
		sub(/[ \t]*RDV_PRIV_TIMED\([a-z_0-9]*\)/, "", declaration)
		gsub(/(RDV_[A-Z_]*|inline|static|extern)[ \t]+/, "", declaration)
		gsub(/[ \t]+/, " ", declaration)
		gsub(/^ | $/, "", declaration)
		name = declaration
		sub(/ *\(.*/, "", name)
		sub(/.*[^A-Za-z0-9_]/, "", name)
		print name " " declaration
	}
}
