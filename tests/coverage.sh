#!/bin/sh
# SPDX-License-Identifier: MIT
# make check-coverage: builds the library with --coverage in a directory of its own, runs
# the unit tests and, for what takes two threads that meet, rdv-stress; and prints which
# part of each source they reach.  Fails if they miss a line that tests/coverage.txt does
# not excuse, or if that excuses one that they reach.
#
# usage: coverage.sh SOURCE-DIR BUILD-DIR
set -eu
export LC_ALL=C

top=$(cd "$1" && pwd)
mkdir -p "$2"
build=$(cd "$2" && pwd)
log=$build/coverage.log

command -v "${GCOV:=gcov}" >/dev/null || { echo "coverage: gcov is missing" >&2; exit 77; }

run() {
	"$@" >>"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
}

cd "$build"
: >"$log"
# With the fork() that gcc puts in its place, what the child's handler did is forgotten.
[ -e Makefile ] || run "$top/configure" --disable-shared CPPFLAGS=-DUNIT_COVERAGE \
	CFLAGS='-O0 -g --coverage -fno-builtin-fork'
run make -j2 src/librdv-core.la src/librdv-points.a tests/stress/rdv-stress
find . -name '*.gcda' -exec rm -f {} +
run make check-unit
run tests/stress/rdv-stress --scenario mixed,duel,deadlines --seconds 30

# Most programs have the library as it is, two the one with points (RDV_PERTURB): a line
# is reached if it is in either.
rm -rf gcov
mkdir gcov gcov/plain gcov/points
for notes in src/librdv_core_la-*.gcno src/inside/librdv_core_la-*.gcno; do
	dir=$(dirname "$notes")
	file=${notes##*/librdv_core_la-}
	"$GCOV" -b -o "$dir" "${notes%.gcno}.o" >>"$log" 2>&1
	mv -f ./*.c.gcov gcov/plain
	"$GCOV" -o "$dir" "$dir/librdv_points_a-$file" >>"$log" 2>&1
	mv -f ./*.c.gcov gcov/points
	rm -f ./*.gcov
done

# FILE LINE KIND TEXT of each line that has code; KIND: + reached, - not
lines() {
	awk -F: '
		FNR == 1 { file = FILENAME; sub(/.*\//, "", file); sub(/\.gcov$/, "", file) }
		$1 !~ /^ *-$/ && $2 > 0 {
			text = $0
			sub(/^[^:]*:[^:]*:[ \t]*/, "", text)
			print file, $2 + 0, ($1 ~ /[#=]/ ? "-" : "+"), text
		}' "gcov/$1"/*.c.gcov
}
{ lines plain; lines points; } | sort -k1,1 -k2,2n -k3,3 | awk '
	{ line = $1 " " $2 }
	line != last { print; last = line }' >gcov/lines # + sorts before -

# of the library as it is
awk '
	FNR == 1 { file = FILENAME; sub(/.*\//, "", file); sub(/\.gcov$/, "", file) }
	/^branch / { all[file]++; if ($4 != "0%" && $0 !~ /never/) taken[file]++ }
	END { for (file in all) print "branches", file, 100 * taken[file] / all[file] }
	' gcov/plain/*.c.gcov >gcov/branches
printf '%-16s %8s %8s %10s\n' file lines reached branches
awk '
	$1 == "branches" { branches[$2] = sprintf("%.2f%%", $3); next }
	{ n[$1]++; all++ }
	$3 == "+" { hit[$1]++; reached++ }
	END {
		for (file in n)
			printf "%-16s %8d %7.2f%% %10s\n", file, n[file],
				100 * hit[file] / n[file], branches[file] | "sort"
		close("sort")
		printf "%-16s %8d %7.2f%%\n", "all", all, 100 * reached / all
	}' gcov/branches gcov/lines

# file: text of each line that was not reached
awk '$3 == "-" { file = $1; sub(/^[^ ]* [^ ]* [^ ]* /, ""); print file ": " $0 }' gcov/lines |
	sort -u >gcov/missed
sed -n 's/^\([a-z]*\.c: .*[^ ]\)  *# .*/\1/p' "$top/tests/coverage.txt" | sort -u >gcov/excused

status=0
comm -23 gcov/missed gcov/excused >gcov/new
comm -13 gcov/missed gcov/excused >gcov/old
if [ -s gcov/new ]; then
	echo "not reached, and not in tests/coverage.txt:"
	sed 's/^/    /' gcov/new
	status=1
fi
if [ -s gcov/old ]; then
	echo "in tests/coverage.txt, but reached or gone:"
	sed 's/^/    /' gcov/old
	status=1
fi
exit $status
