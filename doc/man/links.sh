#!/bin/sh
# SPDX-License-Identifier: MIT
# For each name in the section NAME of a page, but the page's own: adds a page under that
# name which leads to it, or removes it, or says so.
#
#	links.sh add|remove|list MANDIR PAGE...
set -e

does=$1 mandir=$2
shift 2

for page; do
	file=${page##*/}
	section=${file##*.}
	dir=$mandir/man$section
	for name in $(sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$page"); do
		link=$name.$section
		[ "$link" != "$file" ] || continue
		case $does in
		add)
			mkdir -p "$dir"
			echo ".so man$section/$file" >"$dir/$link"
			chmod 644 "$dir/$link"
			;;
		remove)
			rm -f "$dir/$link"
			;;
		list)
			echo "$link $file"
			;;
		esac
	done
done
