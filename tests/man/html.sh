#!/bin/sh
# SPDX-License-Identifier: MIT
# The HTML of the man pages: each page is there and in the index, and each link to a page of
# ours, or into a page, has an end.
command -v mandoc >/dev/null || { echo "skipped: no mandoc"; exit 77; }
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

cd "$top_srcdir" || exit 99
sh doc/man/html.sh "$tmp" doc/man/*.[1-9] || exit 1
for page in doc/man/*.[1-9]; do
	name=${page##*/}.html
	grep -q "<a href=\"$name\">" "$tmp/index.html" || { echo "no $name in the index"; failed=1; }
	grep -q '</html>' "$tmp/$name" || { echo "$name has no end"; failed=1; }
	for link in $(grep -o 'href="[^"]*"' "$tmp/$name" | sed 's/href="//; s/"//' | sort -u); do
		file=${link%%#*}
		case $link in
		https:*/rdv*) echo "$name: $link is not there"; failed=1 ;;
		https:*|style.css) ;;
		*) [ -e "$tmp/${file:-$name}" ] || { echo "$name: no $link"; failed=1; } ;;
		esac
		case $link in
		*'#'*) grep -q -e "id=\"${link#*#}\"" "$tmp/${file:-$name}" ||
			{ echo "$name: nothing is called $link"; failed=1; } ;;
		esac
	done
done
exit $failed
