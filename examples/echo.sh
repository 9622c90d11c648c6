#!/bin/sh
# SPDX-License-Identifier: MIT
# The echo server over real sockets: echo-client checks what it says, this script how it
# starts and ends.
set -u

dir=${top_builddir:-.}/examples
tmp=$(mktemp -d) || exit 99
server=

cleanup()
{
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 99' HUP INT TERM

fail()
{
	echo "echo.sh: $*" >&2
	exit 1
}

# refuse STATUS MESSAGE OPTION...: the server ends with that status and says so
refuse()
{
	want=$1 message=$2
	shift 2
	"$dir/echo-server" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status -eq "$want" ] || fail "echo-server $*: exit status $status, expected $want"
	grep -q -F -e "$message" "$tmp/err" ||
		fail "echo-server $*: no \"$message\" in: $(cat "$tmp/err")"
}

# start OPTION...: sets server, port and admin_port
start()
{
	rm -f "$tmp/ports"
	mkfifo "$tmp/ports" || exit 99
	"$dir/echo-server" --port 0 --admin-port 0 "$@" >"$tmp/ports" &
	server=$!
	exec 3<"$tmp/ports"
	read -r _ _ port <&3 && read -r _ _ admin_port <&3 ||
		fail "echo-server $*: did not print its ports"
}

# stop: the server has been told to
stop()
{
	wait "$server"
	status=$?
	server=
	exec 3<&-
	[ $status -eq 0 ] || fail "echo-server: exit status $status, expected 0"
}

"$dir/echo-client" --probe || exit $?

"$dir/echo-server" --help | grep -q '^usage: ' || fail "--help: no usage"
refuse 2 'expected a number from 1 to 256, found "0"' --threads 0
refuse 2 'expected a number from 0 to 65535, found "65536"' --port 65536
refuse 2 'expected a number from 0 to 65535, found "x"' --admin-port x
refuse 2 'expected options, found "x"' x
refuse 2 nonsense --nonsense

start
refuse 1 "cannot listen on 127.0.0.1 port $admin_port: " --admin-port "$admin_port"
"$dir/echo-client" "$port" "$admin_port" "$server" || fail "stopped by SIGTERM: see above"
stop

start --threads 16
"$dir/echo-client" "$port" "$admin_port" || fail "stopped by command: see above"
stop
