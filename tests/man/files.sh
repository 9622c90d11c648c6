#!/bin/sh
# SPDX-License-Identifier: MIT
# What the man pages name is installed, below the prefix; and what the pages in the
# documentation link to, unless it is in the sources only.
root=$top_builddir/tests/consumer/root
failed=0

pc=$(find "$root" -name rdv.pc)
[ -n "$pc" ] || { echo "rdv.pc is not installed"; exit 99; }
prefix=$root$(sed -n 's/^prefix=//p' "$pc")

for page in "$top_srcdir"/doc/man/*.[1-9]; do
	for file in $(grep -o -E 'share/(doc/)?librdv[A-Za-z0-9_./-]*[a-z]' "$page" | sort -u); do
		[ -e "$prefix/$file" ] ||
			{ echo "${page##*/}: $file is not installed"; failed=1; }
	done
	# relative to the sources, which the reader does not have
	grep -n -E '\.Pa (tools|doc|examples|tests|bench|src)/' "$page" &&
		{ echo "${page##*/} names what is in the sources"; failed=1; }
done

docs=$prefix/share/doc/librdv
[ -e "$docs/doc/guide.md" ] || { echo "no documentation is installed"; failed=1; }
for page in "$docs"/*.md "$docs"/*/*.md "$docs"/*/*/*.md; do
	[ -e "$page" ] || continue
	# a lambda of C++ looks like a link, so this leaves code out
	for link in $(awk '/^```/ { code = !code } !code' "$page" |
		grep -o -E '\]\([^):#]*' | tr -d ']()'); do
		to=$(realpath -m "$(dirname "$page")/$link")
		case ${to#"$(realpath "$docs")"/} in
		src/*|include/*|tests/*|CONTRIBUTING.md) ;;
		*) [ -e "$to" ] || { echo "${page#"$docs"/}: no $link"; failed=1; } ;;
		esac
	done
done

if [ -n "$PKG_CONFIG" ]; then
	dir=$(PKG_CONFIG_LIBDIR=${pc%/rdv.pc} $PKG_CONFIG --variable=toolsdir rdv)
	[ -e "$root$dir/rdv-gdb.py" ] || { echo "pkg-config: no rdv-gdb.py in $dir"; failed=1; }
fi
exit $failed
