#!/bin/sh
# SPDX-License-Identifier: MIT
# rdv-proxy between nginx and wrk, while its list of servers is changed, reloaded and
# shown all the time: not one request may fail.
#
# PROXY_THREADS  with how many workers (2, and then four times as many as CPUs)
# PROXY_SECONDS  how long with each number (1)
# PROXY_RATE     commands in a second (500); 0: as many as possible
# PROXY          which proxy, if it is not that of the build
set -u

name=proxy.sh
here=${top_srcdir:-.}/tests/proxy
driver=${top_builddir:-.}/tests/proxy/driver
proxy=${PROXY:-${top_builddir:-.}/examples/proxy/rdv-proxy}
. "$here/lib.sh"
need

seconds=${PROXY_SECONDS:-1}
rate=${PROXY_RATE:-500}
four_times=$((4 * $(cpus)))

open_files()
{
	ls "/proc/$pid/fd" | wc -l
}

# open_conns: how many connections the workers have
open_conns()
{
	"$driver" ask "$admin" sync | awk 'NR > 1 { n += $3 } END { print n + 0 }'
}

# run THREADS SECONDS
run()
{
	start_proxy "$proxy" --servers "$tmp/servers" --threads "$1" --check 100
	echo "$1 workers, $2 s:"
	"$driver" ask "$admin" sync >/dev/null
	files=$(open_files)
	start_wrk keep-alive "$2" 32 -- / /large
	start_wrk close "$2" 32 -H 'Connection: close'
	"$driver" run "$driver" storm "$admin" "$tmp" "$2" "$rate" all $ports \
		>"$tmp/storm" 2>&1 &
	storm=$!
	wait $storm || { cat "$tmp/storm" >&2; fail "storm: see above"; }
	storm=
	echo "    storm: $(cat "$tmp/storm")"
	wait_wrk keep-alive close

	# wrk has gone, so its connections go, and all that came with them; a health
	# check may have been on its way then or now
	since=$(date +%s)
	until [ "$(open_conns)" -eq 0 ] && [ "$(open_files)" -le "$files" ]; do
		[ $(($(date +%s) - since)) -lt 600 ] ||
			fail "$(open_conns) connections and $(open_files) files are left," \
				"expected 0 and at most $files"
	done
	"$driver" ask "$admin" 'show isolation' | sed 's/^/    /'
	kill "$pid"
	stop_proxy
	[ ! -e "$admin" ] || fail "the admin socket is still there"
}

start_backends 3
i=0
for port in $ports; do
	echo "base-$i 127.0.0.1:$port"
	i=$((i + 1))
done >"$tmp/servers"

for threads in ${PROXY_THREADS:-2 $four_times}; do
	run "$threads" "$seconds"
done

# told to stop under load: what is open goes on to its end
start_proxy "$proxy" --servers "$tmp/servers" --threads 2 --grace 1000
start_wrk stop 1000 32 -- /for-ever
until [ "$(open_conns)" -eq 32 ]; do
	! gone $wrks || fail "wrk, stop: $(cat "$tmp/stop")"
done
kill "$pid"
soon "the proxy stops" [ ! -e "$admin" ]
! gone "$pid" || fail "stop: the proxy has gone"
sleep 1 # of traffic
kill -INT $wrks
wait_wrk stop
stop_proxy

# no file left: who comes then waits, and is served
start_proxy sh -c 'ulimit -n 40; exec "$@"' sh "$proxy" --servers "$tmp/servers" \
	--threads 2
start_wrk few-files 1 48 -H 'Connection: close'
wait_wrk few-files
kill "$pid"
stop_proxy
