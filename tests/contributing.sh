#!/bin/sh
# SPDX-License-Identifier: MIT
# The commands of CONTRIBUTING.md, which are its indented lines: the short ones work, and
# the others name scripts, options, targets, tests and variables that there are.  The cases,
# scenarios and mutations in the table of tests/README.md are there too.
set -u
page=$top_srcdir/CONTRIBUTING.md
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
failed=0

wrong() {
	echo "CONTRIBUTING.md: $*"
	failed=1
}

# What make knows; a target has to be one that somebody wrote.
make -C "$top_builddir" -pRrq : >"$tmp/make" 2>/dev/null

# make_knows WORD...: what follows "make"
make_knows() {
	for word; do
		case $word in
		TESTS=*)
			for test in ${word#TESTS=}; do
				[ -e "$top_srcdir/$test" ] || [ -e "$top_srcdir/$test.c" ] ||
					wrong "no test $test"
			done ;;
		*=*)
			# make's own, or one that a script takes from the environment
			name=${word%%=*}
			grep -q -e "($name)" -e "^$name =" "$top_builddir/Makefile" ||
				grep -q "{$name:-" "$top_srcdir"/tests/*/*.sh ||
				wrong "no variable $name" ;;
		*)
			grep -q "^$word:" "$tmp/make" || wrong "no target $word" ;;
		esac
	done
}

# works COMMAND: in the build directory, which need not be in the sources
works() {
	command=$(echo "$1" | sed "s,\.\./,$top_srcdir/,g")
	(cd "$top_builddir" && sh -c "$command") >"$tmp/out" 2>&1
	case $? in
	0) ;;
	77) echo "left out: $1: $(tail -n 1 "$tmp/out")" ;;
	*) wrong "failed: $1"; sed 's/^/  /' "$tmp/out" ;;
	esac
}

sed -n 's/^    \([^ ].*\)/\1/p' "$page" | sed 's/  *# .*//' >"$tmp/commands"
[ -s "$tmp/commands" ] || { echo "no command was found in CONTRIBUTING.md"; exit 99; }
while IFS= read -r command; do
	case $command in
	make|mkdir*) ;;
	make\ *) eval "make_knows ${command#make }" ;;
	scripts/*|./*)
		[ -x "$top_srcdir/${command%% *}" ] || wrong "no program ${command%% *}" ;;
	../configure*)
		for option in ${command#* }; do
			"$top_srcdir/configure" --help | grep -q -e "^ *$option\>" ||
				wrong "configure has no option $option"
		done ;;
	*tests/unit/test_*)
		program=${command##* }
		if [ -x "$top_builddir/$program" ]; then
			works "$command"
		else
			echo "left out: $command: it was not built"
		fi ;;
	*/tests/*|tests/*) works "$command" ;;
	*) wrong "a command that contributing.sh does not know: $command" ;;
	esac
done <"$tmp/commands"

# ------------------------------------------------------------------ tests/README.md

here=$top_srcdir/tests
{
	sed -n 's/^	UNIT(\([a-z0-9_]*\),.*/\1/p' "$here"/unit/test_*.c
	sed -n 's/^	{"\([a-z-]*\)",.*/\1/p' "$here"/model/scenario-*.cc \
		"$here/stress/scenarios.c"
	sed -n 's/^name:	//p' "$here/model/mutations.txt"
	(cd "$here" && ls -d -- * unit/test_*.c) | sed 's,^unit/\(.*\)\.c$,\1,'
	echo rdv-stress
} >"$tmp/names"
sed -n 's/^| \(G[0-9]\|handlers\|the sync\)/&/p' "$here/README.md" | grep -o '`[^`]*`' |
	tr -d '`' | sort -u >"$tmp/table"
[ -s "$tmp/table" ] || { echo "no table was found in tests/README.md"; exit 99; }
while IFS= read -r name; do
	grep -q -x -e "$(echo "$name" | sed 's/\*/.*/')" "$tmp/names" ||
		{ echo "tests/README.md: no case, scenario or mutation $name"; failed=1; }
done <"$tmp/table"
exit $failed
