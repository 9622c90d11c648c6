#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares HAProxy as it is with HAProxy over librdv, in turns, between nginx and wrk, while
# an administrator gives it commands.  "make bench-haproxy" builds all and runs this.
set -u

name=bench-haproxy
usage="usage: make bench-haproxy [BENCH_ARGS='OPTION...']

  --seconds N      for each figure (5)
  --rounds N       of which the medians are shown (7)
  --threads LIST   of HAProxy ('2 8 32')
  --rates LIST     commands in a second; 'list': one listing of --crowd connections
                   after the other ('0 10 300 list')
  --connections N  of wrk (64)
  --crowd N        connections that do nothing but be listed (3000)
  --load N         computing processes beside it (0)
  --quick          --seconds 1 --rounds 1
  --results FILE   add the figures to those in it, and show the medians of all
  --report FILE    show the medians of those in it, and measure nothing

The commands list connections, sessions and threads, add and delete servers, change a map:
see tests/haproxy/commands.c.  Needs nginx, wrk, and HAProxy's source from Debian."

seconds=5 rounds=7 threads_list='2 8 32' rates='0 10 300 list' conns=64 crowd=3000 load=0
results= report=
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) echo "$usage"; exit 0 ;;
	--quick) seconds=1 rounds=1; shift; continue ;;
	--seconds|--rounds|--threads|--rates|--connections|--crowd|--load|--results|--report)
		[ $# -gt 1 ] || { echo "$name: $1 needs a value" >&2; exit 2; }
		;;
	*) echo "$name: expected an option, found '$1'" >&2; echo "$usage" >&2; exit 2 ;;
	esac
	case $1 in
	--results|--report) ;;
	--threads|--rates)
		for value in $2; do
			case $1$value in
			--rateslist) continue ;;
			*[!0-9]|--*[!a-z]*[!0-9]*) ;;
			*) continue ;;
			esac
			echo "$name: $1: expected numbers, found '$2'" >&2
			exit 2
		done
		;;
	*)
		case $2 in
		''|*[!0-9]*) echo "$name: $1: expected a number, found '$2'" >&2; exit 2 ;;
		esac
		;;
	esac
	case $1 in
	--seconds) seconds=$2 ;;
	--rounds) rounds=$2 ;;
	--threads) threads_list=$2 ;;
	--rates) rates=$2 ;;
	--connections) conns=$2 ;;
	--crowd) crowd=$2 ;;
	--load) load=$2 ;;
	--results) results=$2 ;;
	--report) report=$2 ;;
	esac
	shift 2
done

. "${top_srcdir:-.}/tests/haproxy/lib.sh"

# usage_of PID: CPU time so far in ms, and context switches of all its threads
usage_of()
{
	awk -v hz="$(getconf CLK_TCK)" '
		{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / hz }' "/proc/$1/stat"
	cat /proc/"$1"/task/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'
}

# figure FILE PATTERN: the number before or after something
figure()
{
	sed -n "s/$2/\\1/p" "$tmp/$1"
}

# measure ROUND VARIANT THREADS RATE: adds a line of figures
measure()
{
	start_haproxy "$2" "$3"
	[ "$4" != list ] || start_crowd "$crowd"
	# shellcheck disable=SC2046 # two words each
	set -- "$@" $(usage_of "$pid")
	start_wrk figures "$seconds" "$conns" -- /for-ever
	echo '- p50 - us, p99 - us' >"$tmp/commands"
	case $4 in
	0) ;;
	list) "$driver" listings "$admin" "$seconds" "$crowd" >"$tmp/commands" ;;
	*) "$driver" commands "$admin" "$seconds" "$4" "$map" $ports >"$tmp/commands" ;;
	esac || fail "$2, $3 threads, $4: a command failed"
	wait_wrk figures >/dev/null
	# shellcheck disable=SC2046
	set -- "$@" $(usage_of "$pid")
	requests=$(figure figures '^figures: \([0-9]*\) requests,.*')
	echo "$1 $2 $3 $4 $(figure figures '^figures:.* \([0-9]*\) requests\/s.*')" \
		"$(figure figures '^figures:.* p50 \([0-9]*\) us.*')" \
		"$(figure figures '^figures:.* p99 \([0-9]*\) us.*')" \
		"$(figure figures '^figures:.* p99\.9 \([0-9]*\) us.*')" \
		"$(echo "$5 $6 $7 $8 $requests" | awk '{
			printf "%.1f %.2f", ($3 - $1) * 1000 / $5, ($4 - $2) / $5 }')" \
		"$(figure commands '.*p50 \([-0-9]*\) us.*')" \
		"$(figure commands '.*p99 \([-0-9]*\) us.*')" >>"$results"
	stop_crowd
	stop_haproxy
}

# show FILE: medians, and the ratio in the rounds with its spread
show()
{
	awk '
	function median(list, n,    i, j, v, s) {
		for (i = 1; i <= n; i++)
			s[i] = list[i]
		for (i = 2; i <= n; i++) {
			v = s[i]
			for (j = i - 1; j > 0 && s[j] > v; j--)
				s[j + 1] = s[j]
			s[j + 1] = v
		}
		low = s[1]
		high = s[n]
		if (n % 2 || s[1] == "-")
			return s[int((n + 1) / 2)]
		return (s[n / 2] + s[n / 2 + 1]) / 2
	}
	function number(v) {
		return v == "-" ? v : v < 100 ? sprintf("%.1f", v) : sprintf("%.0f", v)
	}
	BEGIN {
		n_names = split("requests/s p50_us p99_us p99.9_us cpu_us switches " \
			"cmd_p50_us cmd_p99_us", names)
	}
	/^#/ { print substr($0, 3); next }
	NF == 12 {
		where = $3 SUBSEP $4
		if (!(where in seen)) {
			seen[where]
			order[++n_where] = where
		}
		for (f = 5; f <= 12; f++)
			value[where, $2, $1, f - 4] = $f
		if ($1 > last)
			last = $1
	}
	END {
		for (w = 1; w <= n_where; w++) {
			split(order[w], key, SUBSEP)
			what = key[2] " commands/s"
			if (key[2] == "list")
				what = "one listing after the other"
			printf "\n%s threads, %s:\n%-14s", key[1], what, ""
			for (f = 1; f <= n_names; f++)
				printf " %10s", names[f]
			split("original rdv", variant, " ")
			for (v = 1; v <= 2; v++) {
				printf "\n%-14s", variant[v]
				for (f = 1; f <= n_names; f++) {
					n = 0
					for (r = 1; r <= last; r++)
						if ((order[w], variant[v], r, f) in value)
							list[++n] = value[order[w], variant[v], r, f]
					v50 = n ? median(list, n) : "-"
					printf " %10s", number(v50)
				}
			}
			for (f = 1; f <= n_names; f++) {
				n = 0
				for (r = 1; r <= last; r++) {
					a = value[order[w], "original", r, f]
					b = value[order[w], "rdv", r, f]
					if (a > 0 && b > 0)
						list[++n] = b / a
				}
				ratio[1, f] = n ? sprintf("%.2f", median(list, n)) : "-"
				ratio[2, f] = n ? sprintf("%.2f", low) : "-"
				ratio[3, f] = n ? sprintf("%.2f", high) : "-"
			}
			split("rdv/original,  lowest,  highest", label, ",")
			for (l = 1; l <= (last > 1 ? 3 : 1); l++) {
				printf "\n%-14s", label[l]
				for (f = 1; f <= n_names; f++)
					printf " %10s", ratio[l, f]
			}
			printf "\n"
		}
	}' "$1"
}

version()
{
	"$@" 2>&1 | grep -o -E '[0-9]+\.[0-9]+[0-9.]*' | head -n 1
}

# describe: what the figures below it were measured with
describe()
{
	model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
	echo "# HAProxy $(cat "$trees/source/VERSION") as it is (original) and over librdv (rdv)"
	echo "# machine: $(cpus) CPUs (${model:-$(uname -m)}), Linux $(uname -r)," \
		"load $(cut -d ' ' -f 1-3 /proc/loadavg)"
	echo "# versions: $(${CC:-cc} --version | head -n 1), nginx $(version nginx -v)," \
		"wrk $(version wrk -v)"
	echo "# $conns connections of wrk, nginx and wrk on the same CPUs, $load computing" \
		"processes beside them"
	echo "# medians of rounds of $seconds s, in turns; rdv/original: the median of the" \
		"ratios in a round, and the lowest and highest of them"
	echo "# cpu_us, switches: CPU time and context switches of HAProxy for each request," \
		"commands included; cmd: how long a command takes"
}

if [ -n "$report" ]; then
	[ -r "$report" ] || { echo "$name: cannot read $report" >&2; exit 2; }
	show "$report"
	exit
fi
haproxy_need original rdv
[ -n "$results" ] || results=$tmp/results
true >>"$results" || exit 2
files=$(open_files_limit)
case " $rates " in
*' list '*)
	[ "$files" -ge $((2 * crowd + 2000)) ] ||
		{ echo "$name: --crowd $crowd needs more than the $files files of ulimit -n"; exit 2; }
	;;
esac

start_backends 2
start_load "$load"
round=$(awk 'NF == 12 && $1 > last { last = $1 } END { print last + 0 }' "$results")
[ "$round" -gt 0 ] || describe >"$results"
count=$((round + rounds))
while [ "$round" -lt $count ]; do
	round=$((round + 1))
	for threads in $threads_list; do
		for rate in $rates; do
			# another one begins in each round
			[ $((round % 2)) = 1 ] && set -- original rdv || set -- rdv original
			for variant; do
				measure $round "$variant" "$threads" "$rate"
			done
		done
	done
done
stop_load
show "$results"
