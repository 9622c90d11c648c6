#!/bin/sh
# SPDX-License-Identifier: MIT
#
#	apply.sh [--fix]
#
# Each mutation of mutations.txt quotes one place of the sources, where it applies.  This
# compares the text only: whether a mutation is caught is for mutations.sh.  For one that
# does not apply it prints where its text stands now, or the line that is most like it.
# --fix writes the new file: of those whose text has moved as it is.
top=${top_srcdir:-$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)}
table=$top/tests/model/mutations.txt
fixed=$(mktemp) || exit 99
trap 'rm -f "$fixed"' EXIT

(cd "$top" && find src include/rdv -name '*.[ch]' | sort) | awk -v top="$top" -v fixed="$fixed" '
	function plain(text) {
		gsub(/\\n/, "\n", text)
		gsub(/\\t/, "\t", text)
		return text
	}
	function source(file,    line, text) {
		if (!(file in sources)) {
			while ((getline line <(top "/" file)) > 0)
				text = text line "\n"
			sources[file] = text
		}
		return sources[file]
	}
	function count(text, what,    n, at) {
		for (; (at = index(text, what)); n++)
			text = substr(text, at + length(what))
		return n + 0
	}
	# the only file that has it; else ""
	function elsewhere(what,    i, n, found) {
		for (i = 1; i <= files; i++)
			if ((n = count(source(file[i]), what))) {
				if (n > 1 || found)
					return ""
				found = file[i]
			}
		return found
	}
	# how many words b has of a, less those that only b has
	function alike(a, b,    n, i, word, has, score) {
		n = split(a, word, /[^A-Za-z0-9]+/)
		for (i = 1; i <= n; i++)
			has[word[i]]++
		n = split(b, word, /[^A-Za-z0-9]+/)
		for (i = 1; i <= n; i++)
			if (word[i] != "")
				score += has[word[i]]-- > 0 ? 2 : -1
		return score
	}
	# the lines of the file, as many as what has, that are most like it
	function nearest(file, what,    size, n, i, k, line, text, score, best, at) {
		size = count(what, "\n") + 1
		n = split(source(file), line, "\n")
		for (i = 1; i + size - 1 <= n; i++) {
			text = line[i]
			for (k = 1; k < size; k++)
				text = text "\n" line[i + k]
			if ((score = alike(what, text)) > best) {
				best = score
				at = file ":" i ":\n" text
			}
		}
		return at
	}
	NR == FNR { file[++files] = $0; next }
	{ line = text = $0 }
	$1 == "name:" { name = $2; mutations++ }
	$1 == "file:" { in_file = $2; lines++; kept = NR }
	$1 == "old:" {
		sub(/^old:[ \t]*/, "", text)
		old = plain(text)
		n = count(source(in_file), old)
		if (n != 1) {
			failed = 1
			if (n)
				print name ": " in_file " has its old: " n " times, expected once"
			else if ((to = elsewhere(old)) != "") {
				print name ": its old: is not in " in_file " but in " to
				output[kept] = "file:\t" to
				moved = 1
			} else {
				print name ": its old: is not in " in_file "; most like it is"
				print nearest(in_file, old)
			}
		}
	}
	{ output[NR] = line }
	END {
		for (i = files + 1; i <= NR; i++)
			print output[i] >fixed
		if (!mutations)
			print "no mutations were found"
		if (moved)
			print "\"sh tests/model/apply.sh --fix\" writes the new files."
		if (failed)
			print "Change file:, old: and new: in tests/model/mutations.txt, so that each" \
				"\nis the same mistake in the new text; then let it be caught:" \
				"\n    sh tests/model/mutations.sh NAME..."
		exit failed || !mutations
	}' - "$table"
status=$?
[ "$1" != --fix ] || cat "$fixed" >"$table"
exit $status
