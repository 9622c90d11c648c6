#!/bin/sh
# SPDX-License-Identifier: MIT
# Each mutation of mutations.txt has one place in the sources where it applies.  By
# text only: whether it is caught is for mutations.sh.
top=${top_srcdir:-$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)}

awk -v top="$top" '
	function plain(text) {
		gsub(/\\n/, "\n", text)
		gsub(/\\t/, "\t", text)
		return text
	}
	function source(file,    line, text) {
		if (file in sources)
			return sources[file]
		while ((getline line <(top "/" file)) > 0)
			text = text line "\n"
		return sources[file] = text
	}
	{ line = $0 }
	$1 == "name:" { name = $2; count++ }
	$1 == "file:" { file = $2 }
	$1 == "old:" {
		sub(/^old:[ \t]*/, "", line)
		old = plain(line)
		text = source(file)
		at = index(text, old)
		if (!at || index(substr(text, at + length(old)), old)) {
			print name " does not apply to " file (at ? ": twice" : "")
			failed = 1
		}
	}
	END {
		if (!count)
			print "no mutations were found"
		exit failed || !count
	}' "$top/tests/model/mutations.txt"
