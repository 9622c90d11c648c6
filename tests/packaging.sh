#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/packaging.md against an installation and the sources: each file that is installed is in
# its table, each line of the table is about some file, and the options, tests, files and the
# soname that it names exist.
set -u

[ -e "$top_srcdir/debian/rules" ] || { echo "skipped: a release has no debian/"; exit 77; }

page=$top_srcdir/doc/packaging.md
root=$top_builddir/tests/consumer/root
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0

wrong()
{
	echo "doc/packaging.md: $*" >&2
	failed=1
}

pc=$(find "$root" -name rdv.pc)
[ -n "$pc" ] || { echo "rdv.pc is not installed" >&2; exit 99; }
prefix=$root$(sed -n 's/^prefix=//p' "$pc")
libdir=$(dirname "$(dirname "$pc")")

# named PATTERN: what in the page matches it, without its backquotes
named()
{
	grep -o -E -e "$1" "$page" | tr -d '`' | sort -u
}

(cd "$prefix" && find . ! -type d) | sed "s,^\./,,; s,^${libdir#"$prefix/"}/,lib/," >"$tmp/files"
# shellcheck disable=SC2016 # these are not for the shell
sed -n 's/^| `\([a-z]*\/[^`]*\)` |.*/\1/p' "$page" >"$tmp/patterns"
[ -s "$tmp/files" ] && [ -s "$tmp/patterns" ] || exit 99

while IFS= read -r pattern; do
	while IFS= read -r file; do
		# shellcheck disable=SC2254 # it is a pattern
		case $file in
		$pattern) continue 2 ;;
		esac
	done <"$tmp/files"
	case $pattern in
	lib/librdv.a|lib/librdv.so*) ;; # a build may do without
	*) wrong "no file is $pattern" ;;
	esac
done <"$tmp/patterns"
while IFS= read -r file; do
	while IFS= read -r pattern; do
		# shellcheck disable=SC2254 # it is a pattern
		case $file in
		$pattern) continue 2 ;;
		esac
	done <"$tmp/patterns"
	wrong "not in its table: $file"
done <"$tmp/files"

for option in $(named '--(en|dis)able-[a-z]+|--without-[a-z]+'); do
	"$top_srcdir/configure" --help | grep -q -e "$option\>" ||
		"$top_srcdir/configure" --help | grep -q -e "--enable-${option#--disable-}\>" ||
		wrong "./configure has no $option"
done
for file in $(named '\b(tests|scripts|src|examples|include)/[A-Za-z0-9_./-]*[a-z]'); do
	[ -e "$top_srcdir/$file" ] || wrong "there is no $file"
done
soname=$(named 'librdv\.so\.[0-9]+' | head -n 1)
[ ! -e "$libdir/librdv.so" ] || [ -e "$libdir/$soname" ] || wrong "the soname is not $soname"

# the short list of tests is that of Debian's package
sed -n 's/^    make check TESTS=.\(.*\).$/\1/p' "$page" | tr ' ' '\n' >"$tmp/short"
sed -n '/^checks = /,/[^\\]$/p' "$top_srcdir/debian/rules" | tr -d '\\\t' |
	sed 's/^checks = //' | tr ' ' '\n' | grep . >"$tmp/debian"
cmp -s "$tmp/short" "$tmp/debian" || wrong "its list of tests is not that of debian/rules"
exit $failed
