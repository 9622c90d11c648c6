# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# HAProxy between nginx and wrk, for its test and its benchmark.  They set $name, source it
# and call haproxy_need VARIANT... first.

here=${top_srcdir:-.}/tests/proxy
driver=${top_builddir:-.}/tests/proxy/driver
trees=${top_builddir:-.}/tests/haproxy/tree
. "$here/lib.sh"
loads=

open_files_limit()
{
	# shellcheck disable=SC3045 # bash and dash have it
	ulimit -n
}

# HAProxy tells of each server that comes and goes.
fail()
{
	echo "$name: $*" >&2
	grep -v -E '^\[(NOTICE|WARNING)\]' "$tmp/err" 2>/dev/null | tail -n 40 |
		sed 's/^/    /' >&2
	exit 1
}

haproxy_need()
{
	reason=$(need) || { echo "SKIP: HAProxy: ${reason#*skipped, }"; exit 77; }
	need # sets PATH
	sh "${top_srcdir:-.}/tests/haproxy/build.sh" "$@" || exit
}

# start_haproxy VARIANT THREADS: sets $pid, $address, $admin and $map.  The socket of the
# frontend is open before it starts, so whoever comes early waits.
start_haproxy()
{
	admin=$tmp/admin
	map=$tmp/map
	files=$(open_files_limit)
	rm -f "$tmp/address" "$admin"
	mkfifo "$tmp/address" || exit 99
	true >"$map"
	{
		cat <<-END_OF_CONFIG
		global
			nbthread $2
			maxconn $((files / 2 - 500))
			stats socket $admin mode 600 level admin
			stats timeout 60s
		defaults
			mode http
			timeout connect 60s
			timeout client 60s
			timeout server 60s
		frontend web
			bind "fd@\${FD}"
			http-request set-header X-Map %[path,map_beg($map,none)]
			default_backend nginx
		frontend idle
			mode tcp
			bind unix@$tmp/idle backlog 1024
			timeout client 1h
			tcp-request inspect-delay 1h
			tcp-request content accept if { req.len gt 1000 }
			default_backend none
		backend nginx
			balance roundrobin
		END_OF_CONFIG
		i=0
		for port in $ports; do
			echo "server base-$i 127.0.0.1:$port"
			i=$((i + 1))
		done
		echo 'backend none'
		echo 'mode tcp'
	} >"$tmp/haproxy.cfg"
	# shellcheck disable=SC2016 # expanded by that shell
	"$driver" listen sh -c 'echo "$PORT"; FD=${NGINX%;} exec "$@" >/dev/null' sh \
		"$trees/$1/haproxy" -db -f "$tmp/haproxy.cfg" >"$tmp/address" 2>"$tmp/err" &
	pid=$!
	read -r port <"$tmp/address" || fail "$1: did not start"
	address=127.0.0.1:$port
	until [ -S "$admin" ]; do
		kill -0 "$pid" 2>/dev/null || fail "$1: did not start"
		sleep 0.1
	done
}

# start_crowd N: as many connections that do nothing but be listed
start_crowd()
{
	rm -f "$tmp/crowd"
	mkfifo "$tmp/crowd" || exit 99
	"$driver" run "$driver" crowd "$tmp/idle" "$1" "$admin" >"$tmp/crowd" &
	storm=$! # for cleanup()
	read -r _ <"$tmp/crowd" || fail "no crowd"
}

stop_crowd()
{
	[ -n "$storm" ] || return 0
	kill -KILL "$storm"
	wait "$storm" 2>/dev/null
	storm=
}

# start_load N: as many processes that compute, until stop_load
start_load()
{
	i=0
	while [ $i -lt "$1" ]; do
		"$driver" run awk 'BEGIN { for (;;) ; }' &
		loads="$loads $!"
		i=$((i + 1))
	done
}

stop_load()
{
	[ -n "$loads" ] || return 0
	kill -KILL $loads
	wait $loads 2>/dev/null
	loads=
}

# stop_haproxy: a soft stop, after which all threads have left
stop_haproxy()
{
	kill -USR1 "$pid"
	tries=0
	while [ -e "/proc/$pid/exe" ]; do # a zombie has none
		tries=$((tries + 1))
		[ $tries -lt 6000 ] || fail "a soft stop: not over after ten minutes"
		sleep 0.1
	done
	wait "$pid"
	status=$?
	pid=
	[ $status -eq 0 ] || fail "a soft stop: exit status $status, expected 0"
}
