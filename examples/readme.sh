#!/bin/sh
# SPDX-License-Identifier: MIT
# README.md against the sources: its code is that of examples/quickstart.c and .cc, the commands
# beside them build these programs, which print what the page says, and the whole program has
# 15 lines at most; the figures are those of the results that the page names; the files, functions and options that it names exist.  The same goes for
# the code of examples/proxy/README.md, and for the names in the table of doc/porting.md.
set -u

top=${top_srcdir:-.}
built=${top_builddir:-.}
dir=$built/examples
readme=$top/README.md
failed=0
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
. "$top/tests/quoted.sh"
. "$top/tests/lacks.sh"
[ -r "$readme" ] || { echo "readme.sh: no $readme" >&2; exit 99; }

# wrong MESSAGE [PAGE]
wrong()
{
	echo "${2:-README.md}: $1" >&2
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

# code PAGE SOURCE...: each piece of code is in one of the sources
code()
{
	page=$1
	shift
	rm -f "$tmp"/block*
	blocks "$page" "$tmp"
	some=
	for block in "$tmp"/block*; do
		[ "$(head -n 1 "$block")" = '```c' ] || continue
		some=1
		for source; do
			contains "$source" "$block" && continue 2
		done
		wrong "in no program: $(sed -n '2,3p' "$block")" "$page"
	done
	[ "$some" ] || wrong "no code" "$page"
}
code "$readme" "$top/examples/quickstart.c"
code "$top/examples/proxy/README.md" "$top"/examples/proxy/*.c

want=$(sed -n '/^It prints$/,$p' "$readme" | first_block)
found=$("$dir/quickstart") || wrong "examples/quickstart: exit status $?"
[ "$found" = "$want" ] || wrong "the program prints \"$found\", not \"$want\""

# by_command PATTERN COMPILER...: what the program prints that this command of the page builds,
# with the directories of this build, the compiler and its flags
by_command()
{
	command=$(grep "^$1" "$readme") || { echo "no command $1"; return; }
	shift
	eval "$(echo "$command" | sed "s|^[a-z+]*|$*|
		s,-Iinclude,-I'$top/include',; s,examples/,'$top'/examples/,
		s,build/src,'$built'/src,; s,-o quickstart,-o '$tmp/quickstart',
		s,\./quickstart,'$tmp/quickstart',")"
}

# built by the commands, if there is a static library
static=$built/src/.libs/librdv.a
if [ -e "$static" ]; then
	found=$(by_command 'cc .*quickstart\.c ' "$CC $CFLAGS $SANITIZE")
	[ "$found" = "$want" ] || wrong "built by its command, the program prints \"$found\""
fi

# ---- the whole program
awk '/^```/ { on = 0 } on; /^```cpp/ { on = 1 }' "$readme" >"$tmp/whole"
n=$(wc -l <"$tmp/whole")
[ "$n" -le 15 ] || wrong "the whole program: expected at most 15 lines, found $n"
sed 1d "$top/examples/quickstart.cc" | cmp - "$tmp/whole" ||
	wrong "the whole program is not examples/quickstart.cc"
if [ -z "${CXX-}" ]; then
	lack g++
elif [ -e "$static" ]; then
	found=$(by_command 'c++ .*quickstart\.cc ' "$CXX $CXXFLAGS $SANITIZE -Wall -Wextra -Werror")
	grep -q -F "it prints \`$found\`" "$readme" ||
		wrong "built by its command, the whole program prints \"$found\""
fi

# ---- the figures
results=$top/$(names 'bench/results/[a-z0-9-]*\.txt' | head -n 1)

# figure SCENARIO POINT CONTENDER [FACTOR]
figure()
{
	awk -v scenario="$1" -v point="$2" -v contender="$3" -v factor="${4:-}" '
		/^P[0-9]/ { here = $1 == scenario }
		/^ [^ ]/ { there = $0 == " " point }
		here && there && $1 == contender {
			print factor ? $2 * factor : $2
			exit
		}' "$results"
}

# row SCENARIO POINT [FACTOR]: as in the table of README.md
row()
{
	for contender in rdv rdv-biased urcu-memb; do
		printf '| %s ' "$(figure "$1" "$2" $contender "${3:-}")"
	done
	echo '|'
}

in_page()
{
	grep -q -F -e "$1" "$readme" || wrong "not \"$1\", as in $results"
}
in_page "$(row P2 '1 thread')"
in_page "$(row P4 'N = 60 idle')"
in_page "$(row P4 'N = 1023 idle')"
in_page "| $(printf '%.0f ns; %.1f ns' "$(figure P2 '1 thread' rdv)" \
	"$(figure P2 '1 thread' rdv-biased)") with"
in_page "$(row P14 '256 readers, idle' 1000)" # us
in_page "| $(printf '%.0f ns; %.1f us' "$(figure P4 'N = 1023 idle' rdv)" \
	"$(figure P4 'N = 1023 idle' rdv-biased 0.001)") with"
in_page "takes $(awk '/^P12/ { on = 1 } on && $1 == "rdv" { print $(NF - 1); exit }' "$results") bytes"

# ---- what it names
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
		[ -e "$top/doc/man/$name.3" ] || wrong "no header declares $name"
done
for name in $(sed -n '/^### The names of/,/^## /p' "$top/doc/porting.md" | grep '^|' |
	      grep -o -w 'thread_[a-z_]*(' | tr -d '('); do
	grep -q -w -e "$name" "$top/include/rdv/hathreads.h" ||
	grep -q -w -e "rdv_$name" "$top/include/rdv/rdv.h" ||
		wrong "<rdv/hathreads.h> has no $name" doc/porting.md
done
for option in $(names '--(en|dis)able-[a-z]+'); do
	grep -q -e "AS_HELP_STRING(\[${option}[]=]" "$top/configure.ac" ||
		wrong "./configure has no $option"
done
for option in $(names 'scripts/bench\.sh --[a-z]+' | sed 's/.* //'); do
	"$top/scripts/bench.sh" --help | grep -q -e "$option" ||
		wrong "scripts/bench.sh has no $option"
done

finish $failed
