#!/bin/sh
# SPDX-License-Identifier: MIT
# Each edge of the protocol has a tag, such as [GATE].  It must be listed once in the
# table of doc/design.md, and stand at both its ends in the source; and the source
# must not have a tag that the table does not explain.  And a relaxed access has its reason,
# and a comment speaks of functions that there are.
set -eu
export LC_ALL=C

top=${top_srcdir:-$(dirname "$0")/..}
design=$top/doc/design.md
status=0

fail() {
	echo "tags: $*" >&2
	status=1
}

listed=$(sed -n 's/^| `\(\[[A-Z][A-Z-]*\]\)` |.*/\1/p' "$design" | sort)
used=$(grep -ho '\[[A-Z][A-Z-]*\]' "$top"/src/*.[ch] "$top"/src/inside/*.[ch] "$top"/include/rdv/*.h | sort -u)

[ -n "$listed" ] || fail "no table of tags in $design"
for tag in $(printf '%s\n' "$listed" | uniq -d); do
	fail "$tag is listed twice in doc/design.md"
done
for tag in $(printf '%s\n' "$listed" | uniq); do
	n=$(grep -hF "$tag" "$top"/src/*.c "$top"/src/inside/*.c "$top"/include/rdv/*.h | wc -l)
	[ "$n" -ge 2 ] || fail "$tag stands at $n places in the source, expected 2 or more"
done
for tag in $used; do
	printf '%s\n' "$listed" | grep -qxF "$tag" ||
		fail "$tag is in the source, but not in the table of doc/design.md"
done

# Each relaxed access has the letter of a reason that src/atomic.h gives.
letters=$(sed -n 's/^ \*\t(\([a-z]\)).*/\1/p' "$top/src/atomic.h" | tr -d '\n')
[ -n "$letters" ] || fail "no reasons in src/atomic.h"
for file in "$top"/src/*.[ch]; do
	[ "${file##*/}" != atomic.h ] || continue
	lines=$(grep -n '_rlx(' "$file" | grep -v "/\* ([$letters])") || continue
	fail "${file#"$top/"}: a relaxed access without its reason, such as /* (a) */:
$lines"
done

# Each name() in a comment of src/ is there, or one of the C library's.
stale=$(awk -f "$top/tests/names.awk" "$top"/src/*.[ch] "$top"/src/inside/*.[ch] \
	"$top"/include/rdv/*.h | awk -v src="$top/src/" '
	BEGIN { known["fork"]; known["write"] }
	$1 == "code" { known[$2] }
	$1 == "comment" && index($2, src) == 1 { name[++n] = $3; file[n] = $2 }
	END {
		for (i = 1; i <= n; i++)
			if (!(name[i] in known))
				print substr(file[i], length(src) + 1) " " name[i] "()"
	}')
[ -z "$stale" ] || fail "a comment of src/ names what is not there:
$stale"
exit $status
