#!/bin/sh
# SPDX-License-Identifier: MIT
# README.md against the sources: its program is examples/quickstart.c and prints what it
# says; the other code is in examples/ as it stands there; the files, functions and options
# that it names exist.
set -u

top=${top_srcdir:-.}
built=${top_builddir:-.}
dir=$built/examples
readme=$top/README.md
failed=0
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top/tests/quoted.sh"
[ -r "$readme" ] || { echo "readme.sh: no $readme" >&2; exit 99; }

wrong()
{
	echo "README.md: $*" >&2
	failed=1
}

# first_block: the text of the first code block on stdin
first_block()
{
	awk '/^```/ && on { exit } on; /^```/ { on = 1 }'
}

# names PATTERN, words PATTERN: what in README.md matches it
names()
{
	grep -o -E -e "$1" "$readme" | sort -u
}

words()
{
	grep -o -w -E -e "$1" "$readme" | sort -u
}

blocks "$readme" "$tmp"
program=
for block in "$tmp"/block*; do
	[ "$(head -n 1 "$block")" = '```c' ] || continue
	tail -n +2 "$block" | cmp -s - "$top/examples/quickstart.c" && program=$block
	found=
	for source in "$top"/examples/*.c "$top"/examples/*/*.c; do
		contains "$source" "$block" && found=$source
	done
	[ "$found" ] || wrong "in no program: $(sed -n '2,3p' "$block")"
done
[ "$program" ] || wrong "the program is not the one in examples/quickstart.c"

want=$(sed -n '/^It prints$/,$p' "$readme" | first_block)
found=$("$dir/quickstart") || wrong "examples/quickstart: exit status $?"
[ "$found" = "$want" ] || wrong "the program prints \"$found\", not \"$want\""

for file in $(names '(scripts|examples|doc|tests|bench|include)/[A-Za-z0-9_./-]*[a-z]') \
	    $(names '\]\([^):#]*\)' | tr -d ']()'); do
	[ -e "$top/$file" ] || [ -e "$built/$file" ] || wrong "there is no $file"
done
for file in $(names 'scripts/[a-z-]+\.sh'); do
	[ -x "$top/$file" ] || wrong "$file is not executable"
done
for file in $(names '<rdv/[a-z]+\.h>' | tr -d '<>'); do
	[ -e "$top/include/$file" ] || wrong "there is no <$file>"
done

for name in $(words 'rdv_[a-z_]+[a-z]') $(words 'RDV_[A-Z_]+[A-Z]'); do
	grep -q -w -e "$name" "$top"/include/rdv/*.h || [ -e "$top/doc/man/$name.7" ] ||
		wrong "no header declares $name"
done
for name in $(words 'thread_[a-z_]+\(' | tr -d '('); do
	grep -q -w -e "$name" "$top/include/rdv/hathreads.h" ||
	grep -q -w -e "rdv_$name" "$top/include/rdv/rdv.h" ||
		wrong "<rdv/hathreads.h> has no $name"
done
for option in $(names '--(en|dis)able-[a-z]+'); do
	grep -q -e "AS_HELP_STRING(\[${option}[]=]" "$top/configure.ac" ||
		wrong "./configure has no $option"
done
for option in $(names 'scripts/bench\.sh --[a-z]+' | sed 's/.* //'); do
	"$top/scripts/bench.sh" --help | grep -q -e "$option" ||
		wrong "scripts/bench.sh has no $option"
done

exit $failed
