#!/bin/sh
# SPDX-License-Identifier: MIT
# The probes that doc/man/rdv_probes.7 lists are those that the library has, with as many
# arguments; and the scripts in tools/ use no others.
[ "$probes" = yes ] || { echo "skipped: built without probes (systemtap-sdt-dev)"; exit 77; }

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0
library=$top_builddir/src/.libs/librdv.so
[ -e "$library" ] || library=$top_builddir/tests/inside/stuck

# name and number of arguments, of each
$READELF -nW "$library" | awk '
	/Provider: / { ours = $NF == "librdv" }
	$1 == "Name:" { name = $2 }
	$1 == "Arguments:" && ours { print name, NF - 1 }' | sort -u >"$tmp/library"
awk '$1 == ".It" && $2 == "Fn" { print $3, NF - 3 }' \
	"$top_srcdir/doc/man/rdv_probes.7" | sort -u >"$tmp/page"
sed -n 's/^usdt:.*:librdv:\([a-z_]*\)$/\1/p' "$top_srcdir"/tools/*.bt | sort -u \
	>"$tmp/used"

[ -s "$tmp/library" ] || { echo "no probe was found in $library"; exit 1; }
[ -s "$tmp/used" ] || { echo "tools/*.bt use no probe"; exit 1; }
diff "$tmp/page" "$tmp/library" ||
	{ echo "doc/man/rdv_probes.7 (<) and $library (>) differ"; failed=1; }
while read -r name; do
	grep -q "^$name " "$tmp/library" || { echo "tools/*.bt: no probe $name"; failed=1; }
done <"$tmp/used"
exit $failed
