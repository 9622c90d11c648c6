#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/recipes.md against examples/: each piece of code is in one of the programs that the
# page names, as it stands there; each of these programs is quoted, and works.
set -u

top=${top_srcdir:-.}
bin=${top_builddir:-.}/examples
page=$top/doc/recipes.md
. "$top/tests/quoted.sh"
. "$top/tests/lacks.sh"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
failed=0
[ -r "$page" ] || { echo "recipes.sh: no $page" >&2; exit 99; }

wrong()
{
	echo "doc/recipes.md: $*" >&2
	failed=1
}

# ---- each block of code
blocks "$page" "$tmp"
[ -e "$tmp/block1" ] || wrong "no code"

# A lambda of C++ looks like a link, so this leaves code out.
files=$(awk '/^```/ { code = !code } !code' "$page" |
	grep -o -E '\]\([^):#]*\)' | tr -d ']()' | sort -u)
for file in $files; do
	[ -e "$top/doc/$file" ] || wrong "there is no $file"
done
programs=$(for file in $files; do basename "$file"; done | grep -E '\.(c|cc)$')

for block in "$tmp"/block*; do
	found=
	for program in $programs; do
		contains "$top/examples/$program" "$block" || continue
		found=$program
		echo "$program" >>"$tmp/quoted"
		break
	done
	[ "$found" ] || wrong "in no program: $(sed -n '2,3p' "$block")"
done
for source in "$top"/examples/recipe-*.c "$top"/examples/recipe-*.cc; do
	grep -q -x -e "$(basename "$source")" "$tmp/quoted" ||
		wrong "${source##*/} is not quoted"
done

# ---- each program
for source in "$top"/examples/recipe-*.c; do
	name=$(basename "$source" .c)
	out=$("$bin/$name" 2>&1) || wrong "$name: exit status $?: $out"
done

source=$top/examples/recipe-cxx.cc
libs=${top_builddir:-.}/src/.libs
LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
if [ -z "${CXX-}" ]; then
	lack g++
elif ! $CXX -std=c++17 -Wall -Wextra -Werror $CXXFLAGS $SANITIZE -I"$top/include" "$source" \
	-o "$tmp/cxx" $LDFLAGS -L"$libs" -lrdv -pthread; then
	wrong "recipe-cxx.cc does not compile"
else
	out=$("$tmp/cxx" 2>&1) || wrong "recipe-cxx.cc: exit status $?: $out"
fi

finish $failed
