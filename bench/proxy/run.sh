#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares rdv-proxy with itself, with other guards around the list of servers, while that
# is changed 0, 10 and 1000 times a second.  "make bench-proxy" builds all and runs this.
set -u

name=bench-proxy
usage="usage: make bench-proxy [BENCH_ARGS='OPTION...']

  --seconds N      for each figure (3)
  --rounds N       figures, of which the median is shown (5)
  --threads N      workers of the proxy (as many as CPUs)
  --connections N  of the client (64)
  --rates LIST     admin operations in a second ('0 10 1000')
  --quick          --seconds 1 --rounds 1
  --best           the best figures instead of the medians: what else runs on the
                   machine makes them worse, and never better
  --results FILE   add the figures to those in it, and take the medians of all

An admin operation adds or deletes a server.  Needs nginx and wrk, and liburcu for two of
the guards (Debian: nginx wrk liburcu-dev)."

here=${top_srcdir:-.}/tests/proxy
driver=${top_builddir:-.}/tests/proxy/driver

seconds=3 rounds=5 threads= conns=64 rates='0 10 1000' results= which=medians
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=$2; shift ;;
	--rounds) rounds=$2; shift ;;
	--threads) threads=$2; shift ;;
	--connections) conns=$2; shift ;;
	--rates) rates=$2; shift ;;
	--best) which=best ;;
	--results) results=$2; shift ;;
	--quick) seconds=1 rounds=1 ;;
	-h|--help) echo "$usage"; exit 0 ;;
	*) echo "$name: expected an option, found '$1'" >&2; echo "$usage" >&2; exit 2 ;;
	esac
	shift
done

. "$here/lib.sh"
need
[ "$threads" ] || threads=$(cpus)
[ "$results" ] || results=$tmp/results

guards=rdv
for guard in rwlock urcu-memb urcu-qsbr; do
	if [ -x "$top_builddir/bench/proxy/proxy-$guard" ]; then
		guards="$guards $guard"
	else
		echo "$name: without $guard, which was not built (Debian: liburcu-dev)"
	fi
done

program()
{
	case $1 in
	rdv) echo "$top_builddir/examples/proxy/rdv-proxy" ;;
	*) echo "$top_builddir/bench/proxy/proxy-$1" ;;
	esac
}

# cpu_ms: of the proxy, so far
cpu_ms()
{
	awk -v hz="$(getconf CLK_TCK)" '
		{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / hz }' "/proc/$pid/stat"
}

# figure FILE PATTERN: the number before or after something
figure()
{
	sed -n "s/$2/\\1/p" "$tmp/$1"
}

# measure GUARD RATE TRAFFIC: adds a line of figures
measure()
{
	start_proxy "$(program "$1")" --servers "$tmp/servers" --threads "$threads"
	case $3 in
	close) start_wrk figures "$seconds" "$conns" -H 'Connection: close' ;;
	keep-alive) start_wrk figures "$seconds" "$conns" -- /for-ever ;;
	esac
	echo 'p50 - us' >"$tmp/storm"
	if [ "$2" != 0 ]; then
		"$driver" storm "$admin" "$tmp" "$seconds" "$2" list $ports \
			>"$tmp/storm" || fail "storm: see above"
	fi
	wait_wrk figures >/dev/null
	cpu=$(cpu_ms)
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	pid=
	requests=$(figure figures '^figures: \([0-9]*\) requests,.*')
	echo "$3 $1 $2 $(figure figures '^figures:.* \([0-9]*\) requests\/s.*')" \
		"$(figure figures '^figures:.* p99 \([0-9]*\) us.*')" \
		"$(awk "BEGIN { printf \"%.1f\", $cpu * 1000 / $requests }")" \
		"$(figure storm '.*p50 \([-0-9]*\) us.*')" >>"$results"
}

# pick TRAFFIC GUARD RATE FIELD: of the figures in all rounds
pick()
{
	order=-n
	[ "$4" != 4 ] || order=-rn
	awk -v t="$1" -v g="$2" -v r="$3" -v f="$4" \
		'$1 == t && $2 == g && $3 == r { print $f }' "$results" |
		sort $order | awk -v which=$which '
		{ v[NR] = $1 }
		END { print v[which == "best" ? 1 : int((NR + 1) / 2)] }'
}

# rounds_done: as the results have them
rounds_done()
{
	grep -c "^close rdv ${rates%% *} " "$results"
}

version()
{
	"$@" 2>&1 | grep -o -E '[0-9]+\.[0-9]+[0-9.]*' | head -n 1
}

start_backends 2
i=0
for port in $ports; do
	echo "base-$i 127.0.0.1:$port"
	i=$((i + 1))
done >"$tmp/servers"

true >>"$results" || exit 1
round=$(rounds_done)
count=$((round + rounds))
while [ "$round" -lt $count ]; do
	set -- $guards
	turn=$((round % $#))
	while [ $turn -gt 0 ]; do # another one begins in each round
		first=$1
		shift
		set -- "$@" "$first"
		turn=$((turn - 1))
	done
	for traffic in close keep-alive; do
		for rate in $rates; do
			for guard; do
				measure "$guard" "$rate" "$traffic"
			done
		done
	done
	round=$((round + 1))
done

model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
echo "rdv-proxy, by what guards its list of servers"
echo "machine: $(cpus) CPUs (${model:-$(uname -m)}), Linux $(uname -r)," \
	"load $(cut -d ' ' -f 1 /proc/loadavg)"
echo "versions: $(${CC:-cc} --version | head -n 1), nginx $(version nginx -v)," \
	"wrk $(version wrk -v)," \
	"liburcu $(pkg-config --modversion liburcu-memb 2>/dev/null || echo -)"
echo "$threads workers, $conns connections, nginx and wrk on the same CPUs;" \
	"$which of $count rounds of $seconds s, in turns"
echo "cpu_us: what a request costs the proxy; admin_us: how long an admin operation takes"

for traffic in close keep-alive; do
	echo
	case $traffic in
	close) echo "a connection for each request:" ;;
	keep-alive) echo "the same connections all the time:" ;;
	esac
	printf '%-26s%10s %10s %10s %10s\n' '' requests/s p99_us cpu_us admin_us
	for rate in $rates; do
		what="admin $rate/s"
		for guard in $guards; do
			printf '%-15s%-11s%10s %10s %10s %10s\n' "$what" "$guard" \
				"$(pick $traffic $guard $rate 4)" \
				"$(pick $traffic $guard $rate 5)" \
				"$(pick $traffic $guard $rate 6)" \
				"$(pick $traffic $guard $rate 7)"
			what=
		done
	done
done
