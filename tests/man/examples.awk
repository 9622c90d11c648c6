# SPDX-License-Identifier: MIT
# The code in the section EXAMPLES of a page in mdoc(7), each block in a file of its own:
# prefix 1.c, prefix 2.c and so on.

/^\.Sh / { on = $2 == "EXAMPLES" }
!on { next }
/^\.Bd -literal/ { file = prefix (++n) ".c"; printf "" >file; next }
/^\.Ed/ { close(file); file = ""; next }
file != "" {
	sub(/^\\&/, "")
	gsub(/\\e/, "\\")
	gsub(/\\-/, "-")
	gsub(/\\\(dq/, "\"")
	gsub(/\\\(aq/, "'")
	print >file
}
