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

# The source of an object, below src/.
source_of() {
	printf '%s\n' "${1#"$built"/}" | sed 's,\.libs/,,; s,librdv_core_la-,,; s,o$,c,'
}

# FILE has NAME | FILE wants NAME, of the global symbols.  A file may have two objects.  An
# object whose source is gone is left from an earlier build.
find "$built" -name 'librdv_core_la-*.o' | while read -r object; do
	[ -f "$top/src/$(source_of "$object")" ] || continue
	file=${object##*/librdv_core_la-}
	nm -g "$object" | awk -v file="${file%.o}" '
		$NF ~ /^rdv_/ { print file, $(NF - 1) == "U" ? "wants" : "has", $NF }'
done | sort -u >layers.symbols
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
