#!/bin/sh
# SPDX-License-Identifier: MIT
# The sources of the library use one another in one direction: there is no circle between
# their objects.  And src/inside/ tells about the protocol, and is no part of it: the files
# of src/ include inside/record.h, where the calls are that stand in them, and no other.
set -eu
export LC_ALL=C

top=${top_srcdir:-$(dirname "$0")/..}
built=${top_builddir:-$top}/src
status=0

# FILE has NAME | FILE wants NAME, of the global symbols.  A file may have two objects.  An
# object whose source is gone is left from an earlier build.
{
	find "$top/src" -name '*.c'
	find "$built" -name 'librdv_core_la-*.o' -exec nm -A -g {} +
} | awk '
	{ sub(/^.*\/(librdv_core_la-)?/, "") }
	/^[^ ]*\.c$/ { sub(/\.c$/, ""); source[$0] = 1; next }
	$NF ~ /^rdv_/ {
		file = $0
		sub(/\.o:.*/, "", file)
		if (file in source)
			print file, $(NF - 1) ~ /U$/ ? "wants" : "has", $NF
	}' | sort -u >layers.symbols
[ -s layers.symbols ] || { echo "layers: no objects in $built" >&2; exit 99; }

# USER USED
awk '
	$2 == "has" { in_file[$3] = $1; next }
	{ user[++n] = $1; name[n] = $3 }
	END {
		for (i = 1; i <= n; i++)
			if (in_file[name[i]] != "" && in_file[name[i]] != user[i])
				print user[i], in_file[name[i]]
	}' layers.symbols | sort -u >layers.pairs
if ! tsort layers.pairs >/dev/null 2>layers.circle; then
	echo "layers: a circle between the sources:" >&2
	cat layers.circle >&2
	status=1
fi
rm -f layers.symbols layers.pairs layers.circle

if grep -n '#include "inside/' "$top"/src/*.[ch] | grep -v '"inside/record\.h"$' >&2; then
	echo "layers: expected inside/record.h alone" >&2
	status=1
fi
exit $status
