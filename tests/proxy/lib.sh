# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What the scripts around rdv-proxy have in common: nginx behind it, wrk before it.  They
# set $name, $here (this directory), $driver and $proxy, and source it.  All that is
# started is on 127.0.0.1, on ports that the kernel chose, and gone when the script is.

tmp=$(mktemp -d) || exit 99
backends=
pid=
storm=
wrks=

cleanup()
{
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
	[ -z "$backends" ] || kill $backends 2>/dev/null # and their workers
	[ -z "$storm" ] || kill -KILL "$storm" 2>/dev/null
	[ -z "$wrks" ] || kill -KILL $wrks 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 99' HUP INT TERM

fail()
{
	echo "$name: $*" >&2
	[ ! -s "$tmp/err" ] || sed 's/^/    /' "$tmp/err" >&2
	exit 1
}

# gone PROCESS: it has ended, whether somebody waits for it or not
gone()
{
	! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null
}

# soon WHAT COMMAND...: until it is true; what takes longer than five minutes hangs
soon()
{
	what=$1 since=$(date +%s)
	shift
	until "$@"; do
		[ $(($(date +%s) - since)) -lt 300 ] ||
			fail "$what: not after 300 s; the proxy's threads and files:" \
				"$(cat "/proc/$pid"/task/*/wchan; ls -l "/proc/$pid/fd")"
		sleep 0.1
	done
}

cpus()
{
	getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

# need: says what is missing, exit status 77
need()
{
	PATH=$PATH:/usr/sbin:/sbin
	lacks=
	for program in nginx wrk; do
		command -v $program >/dev/null || lacks="$lacks $program"
	done
	[ -z "$lacks" ] || { echo "skipped: no$lacks"; exit 77; }
}

# start_backends N: sets $backends and $ports
start_backends()
{
	ports=
	i=0
	while [ $i -lt "$1" ]; do
		dir=$tmp/nginx-$i
		mkdir "$dir" && mkfifo "$dir/port" || exit 99
		"$driver" listen sh "$here/backend.sh" "$dir" >"$dir/port" 2>"$dir/log" &
		backends="$backends $!"
		read -r port <"$dir/port" || fail "nginx did not start: $(cat "$dir/log")"
		ports="$ports $port"
		i=$((i + 1))
	done
}

# start_proxy PROGRAM OPTION...: sets $pid, $address and $admin
start_proxy()
{
	rm -f "$tmp/address"
	mkfifo "$tmp/address" || exit 99
	admin=$tmp/admin
	"$driver" run "$@" --listen 127.0.0.1:0 --admin "$admin" >"$tmp/address" 2>"$tmp/err" &
	pid=$!
	read -r _ _ address <"$tmp/address" || fail "$*: did not start"
}

# stop_proxy: it ends by itself, or by the signal that it got
stop_proxy()
{
	soon "the proxy ends" gone "$pid"
	wait "$pid"
	status=$?
	pid=
	[ $status -eq 0 ] || fail "the proxy: exit status $status, expected 0"
}

# start_wrk NAME SECONDS CONNECTIONS ARG...: its figures go to $tmp/NAME; adds to $wrks
start_wrk()
{
	out=$tmp/$1 wrk_seconds=$2 wrk_conns=$3
	shift 3
	"$driver" run wrk -t 1 -c "$wrk_conns" -d "${wrk_seconds}s" --timeout 1000s -s "$here/wrk.lua" \
		"http://$address/" "$@" >"$out" 2>&1 &
	wrks="$wrks $!"
}

# wait_wrk NAME...: all of them have ended and nothing has failed
wait_wrk()
{
	for process in $wrks; do
		soon "wrk ends" gone "$process"
	done
	wait $wrks
	wrks=
	for out; do
		line=$(sed -n 's/^figures: //p' "$tmp/$out")
		case $line in
		*' 0 failed,'*) echo "    wrk, $out: $line" ;;
		*)
			sed 's/^/    /' "$tmp/$out" >&2
			fail "wrk, $out: requests have failed"
			;;
		esac
		case $line in
		'0 requests'*) echo "    wrk, $out: it was given no time for a request" ;;
		esac
	done
}
