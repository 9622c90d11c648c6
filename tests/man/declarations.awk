# SPDX-License-Identifier: MIT
# The section SYNOPSIS of a page in mdoc(7) as C: the #include lines and declarations.

function unquoted(text) {
	gsub(/"/, "", text)
	return text
}

/^\.Sh / { on = $2 == "SYNOPSIS" }
!on { next }
/^\.In / { print "#include <" $2 ">" }
/^\.Ft / { type = unquoted(substr($0, 5)) }
/^\.Fn / && type != "" {
	text = substr($0, 5)
	name = text
	sub(/ .*/, "", name)
	arguments = ""
	text = substr(text, length(name) + 2)
	while (text != "") {
		if (text ~ /^"/) {
			text = substr(text, 2)
			end = index(text, "\"")
			one = substr(text, 1, end - 1)
			text = substr(text, end + 2)
		} else {
			one = text
			sub(/ .*/, "", one)
			text = substr(text, length(one) + 2)
		}
		arguments = arguments (arguments == "" ? "" : ", ") one
	}
	print type " (" name ")(" arguments ");" # it may be a macro too
	type = ""
}
/^\.Fo / { name = $2; arguments = "" }
/^\.Fa / && name != "" {
	arguments = arguments (arguments == "" ? "" : ", ") unquoted(substr($0, 5))
}
/^\.Fc/ && name != "" {
	print type " (" name ")(" arguments ");" # it may be a macro too
	name = type = ""
}
