#!/bin/sh
# SPDX-License-Identifier: MIT
# make check-coverage: builds the library with --coverage in a directory of its own, runs
# the unit tests, and prints which part of each source they reach.  Fails if they miss a
# line that tests/coverage.txt does not excuse, or if that excuses one that they reach.
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
[ -e Makefile ] || run "$top/configure" --disable-shared CFLAGS='-O0 -g --coverage'
run make -j2 src/librdv-core.la
find . -name '*.gcda' -exec rm -f {} +
# no perturbation, no examples: what the cases of tests/unit reach
run make check TESTS='$(unit_programs)'

rm -rf gcov
mkdir gcov
for notes in src/librdv_core_la-*.gcno; do
	"$GCOV" -b -o src "${notes%.gcno}.o" 2>>"$log" |
	awk -v top="$top/src/" '
		/^File / { file = substr($0, 7, length($0) - 7); ours = index(file, top) == 1 }
		ours && /^Lines executed:/ { split($0, a, /[:% ]+/); lines = a[3]; n = a[5] }
		ours && /^No branches/ { branches = "-" }
		ours && /^Taken at least once:/ { split($0, a, /[:% ]+/); branches = a[5] }
		ours && /^(No calls|Calls executed)/ {
			sub(top, "", file)
			printf "%s %s %d %s\n", file, lines, n, branches
			branches = "-"
		}' >>gcov/summary
	mv -f ./*.gcov gcov/ 2>/dev/null || true
done
printf '%-16s %8s %8s %10s\n' file lines reached 'branches'
grep '\.c ' gcov/summary | sort -u | awk '
	{ printf "%-16s %8d %7s%% %9s%%\n", $1, $3, $2, $4; all += $3; hit += $3 * $2 / 100 }
	END { printf "%-16s %8d %7.2f%%\n", "all", all, all ? 100 * hit / all : 0 }'

# file:text of each line that was not reached
awk -F: '
	FNR == 1 { file = FILENAME; sub(/.*\//, "", file); sub(/\.gcov$/, "", file) }
	$1 ~ /#####/ {
		text = $0
		sub(/^[^:]*:[^:]*:[ \t]*/, "", text)
		print file ": " text
	}' gcov/*.c.gcov | sort -u >gcov/missed
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
