#!/bin/sh
# SPDX-License-Identifier: MIT
# rdv-bench runs, refuses what it should and writes JSON.  No figure is looked at.
set -u

bench=${top_builddir:-.}/bench/rdv-bench
. "${top_srcdir:-.}/tests/lacks.sh"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

fail()
{
	echo "smoke.sh: $*" >&2
	exit 1
}

# The control of the torture is a data race by intent.
case ${SANITIZE-} in
*thread*) echo "smoke.sh: not under ThreadSanitizer"; exit 77 ;;
esac

# run STATUS OPTION...: ends with that status, output in $tmp
run()
{
	want=$1
	shift
	"$bench" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status -eq "$want" ] ||
		fail "rdv-bench $*: status $status, expected $want: $(cat "$tmp/err")"
}

# refuse MESSAGE OPTION...: one line that says so, and exit status 2
refuse()
{
	message=$1
	shift
	run 2 "$@"
	[ "$(wc -l <"$tmp/err")" -eq 1 ] ||
		fail "rdv-bench $*: not one line: $(cat "$tmp/err")"
	grep -q -F -e "$message" "$tmp/err" ||
		fail "rdv-bench $*: no \"$message\" in: $(cat "$tmp/err")"
}

valid_json()
{
	if command -v jq >/dev/null; then
		jq -e . "$1" >/dev/null
	elif command -v python3 >/dev/null; then
		python3 -m json.tool "$1" >/dev/null
	else
		lack python3
	fi
}

run 0 --help
grep -q '^Exit status:' "$tmp/out" || fail "--help: no exit status"
cp "$tmp/out" "$tmp/help"
run 0 -h
cmp "$tmp/out" "$tmp/help" || fail "-h is not --help"
run 0 --version
run 0 --list
for scenario in P13 P14 P15 P16 P17; do
	grep -q " $scenario " "$tmp/out" || fail "--list: no $scenario"
done
grep -q ' P10 ' "$tmp/out" || fail "--list: no P10"
grep -q ' rdv-biased ' "$tmp/out" || fail "--list: no rdv-biased"

refuse "found 'P99'" --scenario P1,P99
refuse "found 'none'" --contender none
refuse "found an empty item" --contender rdv,,seed
refuse "found an empty item" --scenario ''
refuse "expected a number from 1 to 4080, found '0'" --threads 2,0
refuse "expected a number from 1 to 4080, found '4081'" --threads 4081
refuse "expected a number from 1 to 4080, found '-1'" --threads -1
refuse "expected a number from 1 to 4080, found '2x'" --threads 2x
refuse "expected a number from 1 to 99, found '0'" --rounds 0
refuse "expected a number from 1 to 99, found '100'" --rounds 100
refuse "expected a number from 1 to 86400, found '0'" --seconds 0
refuse "expected a number from 0 to 1024, found '1025'" --load 1025
refuse "several numbers of threads, found P2" --threads 8 --scenario P2
refuse "expected no other option" --model --quick
refuse "found '$tmp/none/out.json'" --json "$tmp/none/out.json"
refuse "found '$tmp': Is a directory" --json "$tmp"
refuse "found ''" --json ''
refuse "found '/dev/null/report'" --report /dev/null/report
touch "$tmp/file"
refuse "found '$tmp/file/index.html'" --report "$tmp/file"
refuse "expected an option" P1
refuse nonsense --nonsense
refuse json --json

run 0 --quick --rounds 1 --scenario p1,P2 --json "$tmp/out.json"
grep -q '^targets: ' "$tmp/out" || fail "no targets in the table"
valid_json "$tmp/out.json" || fail "not JSON: $(cat "$tmp/out.json")"
grep -q '^librdv against the best other' "$tmp/out" || fail "no summary before the table"
grep -q '"best_other_name": ' "$tmp/out.json" || fail "no summary in the JSON"

run 0 --quick --rounds 1 --threads 2 --contender rdv,seed --json "$tmp/out.json"
[ ! -s "$tmp/err" ] || fail "stderr, though nothing is wrong: $(cat "$tmp/err")"
valid_json "$tmp/out.json" || fail "not JSON: $(cat "$tmp/out.json")"

run 0 --quick --rounds 1 --threads 2 --scenario P14,P15,P16,P17
grep -q 'rdv: frees/s >= 1 x urcu-defer' "$tmp/out" || fail "P16: no target in the table"
grep -q 'rdv: x isolate <= 2' "$tmp/out" || fail "P17: no target in the table"

run 0 --quick --rounds 1 --scenario P11 --contender rwlock
grep -q 'no contender of these' "$tmp/out" || fail "P11: nothing said of rwlock"

# The page: with gnuplot if there is one, and with one that does not work.
run 0 --quick --rounds 1 --threads 2 --scenario P4,P7,P8 --contender rdv,seed \
	--report "$tmp/report"
grep -q '^</html>$' "$tmp/report/index.html" || fail "--report: the page has no end"
if command -v gnuplot >/dev/null; then
	[ ! -s "$tmp/err" ] || fail "--report: $(cat "$tmp/err")"
	[ "$(grep -c '<svg' "$tmp/report/index.html")" -ge 4 ] || fail "--report: no plots"
	[ "$(grep -c 'could not draw' "$tmp/report/index.html")" -eq 0 ] ||
		fail "--report: gnuplot could not draw"
	run 0 --quick --rounds 1 --threads 1 --scenario P4 --contender rdv \
		--report "$tmp/report"
	[ ! -s "$tmp/err" ] || fail "--report of one figure: $(cat "$tmp/err")"
else
	lack gnuplot-nox
fi
mkdir "$tmp/bin"
printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/gnuplot"
chmod +x "$tmp/bin/gnuplot"
path=$PATH
PATH=$tmp/bin:$PATH
run 0 --quick --rounds 1 --scenario P2 --contender rdv --report "$tmp/report"
PATH=$path
[ "$(cat "$tmp/err")" = "rdv-bench: --report: without plots: no gnuplot was found" ] ||
	fail "--report without gnuplot: $(cat "$tmp/err")"
grep -q 'no plots, as there was no gnuplot' "$tmp/report/index.html" ||
	fail "--report without gnuplot: the page does not say so"

# What does not fit into the time is left out, and the table says so.
run 0 --quick --seconds 1 --rounds 99 --scenario P8 --contender rdv,rwlock
grep -q ' of 99 rounds)$' "$tmp/out" || fail "--seconds: no \"of 99 rounds\" in the table"
grep -q 'points have all of their rounds: 1 s were' "$tmp/out" ||
	fail "--seconds: the table does not say that it was not enough"

# ended PROCESS...: waits until none of them is left
ended()
{
	for process in $1; do
		while grep -q '^State:[[:space:]]*[^ZX]' "/proc/$process/status" 2>/dev/null; do
			sleep 0.1
		done
	done
}

# interrupt SIGNAL: sends it once the measurement has begun; status and output as run()
mkfifo "$tmp/fifo"
interrupt()
{
	"$bench" --quick --load 2 --rounds 99 --scenario P2,P8 --contender rdv,rwlock --json "$tmp/part.json" \
		--report "$tmp/part" >"$tmp/fifo" 2>"$tmp/err" &
	pid=$!
	exec 3<"$tmp/fifo"
	while read -r line <&3; do
		case $line in
		rwlock*passed) break ;;
		esac
	done
	children=$(cat "/proc/$pid/task/$pid/children")
	kill -s "$1" $pid
	cat <&3 >"$tmp/out"
	exec 3<&-
	wait $pid
	status=$?
	ended "$children"
}

# is_partial JSON PAGE
is_partial()
{
	grep -q '^PARTIAL: ' "$tmp/out" || fail "interrupted: not in the table"
	grep -q '"partial": true' "$1" || fail "interrupted: not in the JSON"
	valid_json "$1" || fail "interrupted: not JSON: $(cat "$1")"
	grep -q 'PARTIAL: ' "$2" || fail "interrupted: not on the page"
	grep -q '^</html>$' "$2" || fail "interrupted: the page has no end"
}

# Interrupted: without earlier results it writes to the files themselves, and else beside.
for signal in INT TERM; do
	interrupt $signal
	[ $status -eq 5 ] || fail "SIG$signal: status $status, expected 5: $(cat "$tmp/err")"
	is_partial "$tmp/part.json" "$tmp/part/index.html"
	rm "$tmp/part.json" "$tmp/part/index.html"
done
echo earlier | tee "$tmp/part.json" >"$tmp/part/index.html"
interrupt INT
is_partial "$tmp/part.partial.json" "$tmp/part/index.partial.html"
interrupt KILL
for file in "$tmp/part.json" "$tmp/part/index.html"; do
	[ "$(cat "$file")" = earlier ] || fail "interrupted: $file was overwritten"
done
[ "$(find "$tmp/part" "$tmp"/part.* -type f | wc -l)" -eq 4 ] ||
	fail "interrupted: something was left behind: $(ls "$tmp" "$tmp/part")"

# The load is named, and ends with the program (the processes of an interrupted one did).
run 0 --quick --rounds 1 --scenario P2 --contender rdv --load 2 --json "$tmp/out.json"
grep -q '2 computing processes' "$tmp/out" || fail "--load: not in the header"
grep -q '"load": 2' "$tmp/out.json" || fail "--load: not in the JSON"

# What is not built in is refused by name.
not_built=$("$bench" --list | sed -n 's/^  \([a-z-]*\) *not built in.*/\1/p' | head -n 1)
if [ "$not_built" ]; then
	refuse "$not_built is not built in, it needs" --contender "$not_built"
fi

if [ -w /dev/full ]; then
	run 1 --quick --rounds 1 --scenario P1 --contender seed --json /dev/full
	for options in --help --list '--quick --rounds 1 --scenario P1 --contender seed'; do
		# shellcheck disable=SC2086 # a list of options
		"$bench" $options >/dev/full 2>/dev/null
		[ $? = 1 ] || fail "$options: /dev/full has room"
	done
fi
RDV_NO_MEMBARRIER=1
export RDV_NO_MEMBARRIER
refuse "rdv-biased cannot run" --contender rdv-biased
run 0 --quick --rounds 1 --scenario P1
if grep '^  rdv-biased' "$tmp/out"; then
	fail "rdv-biased ran with full fences"
fi
finish 0
